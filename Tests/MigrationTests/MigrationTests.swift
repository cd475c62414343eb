// Tests of Migration stand here.
