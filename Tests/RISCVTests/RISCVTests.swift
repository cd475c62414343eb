// Tests of RISCV stand here.
