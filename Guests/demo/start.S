# Entry of every hart in machine mode: a0 = hart, a1 = device tree. Hart 0 runs, the others sleep; with HARTS they work once
# it sends them a software interrupt.
    .section .text.start, "ax"
    .globl _start
_start:
    csrw    mie, zero
    csrw    satp, zero
    la      t0, trap
    csrw    mtvec, t0
    csrr    t0, mhartid
#ifdef HARTS
    bnez    t0, other
#else
    bnez    t0, park
#endif
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

#ifdef HARTS
other:
    li      t1, 1 << 3          # machine software interrupts: enabled here, and off for all of them
    csrw    mie, t1
    wfi
    csrr    t2, mip
    and     t2, t2, t1
    beqz    t2, other
    csrw    mie, zero
    la      sp, stack_top
    slli    t1, t0, 12          # 4 KiB for each of them, above the first one's
    add     sp, sp, t1
    mv      a0, t0
    call    guest_other
    j       park
#endif

    .balign 4
trap:
    csrr    a0, mcause
    csrr    a1, mepc
    csrr    a2, mtval
    call    trapped
    j       park
