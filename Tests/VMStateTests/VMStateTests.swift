// Tests of VMState stand here.
