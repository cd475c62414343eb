// Tests of QMP stand here.
