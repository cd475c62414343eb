// Tests of Bytes stand here.
