// Tests of BlockImages stand here.
