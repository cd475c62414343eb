// Tests of Transport stand here.
