# Entry of every hart in machine mode: a0 = hart, a1 = device tree. Hart 0 runs, the others sleep.
    .section .text.start, "ax"
    .globl _start
_start:
    csrw    mie, zero
    csrw    satp, zero
    la      t0, trap
    csrw    mtvec, t0
    csrr    t0, mhartid
    bnez    t0, park
    la      sp, stack_top
    la      t0, bss_start
    la      t1, bss_end
clear:
    bgeu    t0, t1, go
    sd      zero, 0(t0)
    addi    t0, t0, 8
    j       clear
go:
    mv      a0, a1
    call    guest_main
park:
    wfi
    j       park

    .balign 4
trap:
    csrr    a0, mcause
    csrr    a1, mepc
    csrr    a2, mtval
    call    trapped
    j       park
