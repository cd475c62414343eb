// Tests of QAPI stand here.
