/* What a bare-metal guest needs of the riscv `virt` board: console, clock, power switch, device tree. */
#pragma once
typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned char u8;

enum { TICKS_PER_SECOND = 10000000 }; /* the board's timebase-frequency */

static inline u64 ticks(void) { u64 t; __asm__ volatile("csrr %0, time" : "=r"(t)); return t; }
static inline u64 retired(void) { u64 n; __asm__ volatile("csrr %0, minstret" : "=r"(n)); return n; }

#define UART ((volatile u8 *)0x10000000UL)
#define POWER ((volatile u32 *)0x00100000UL)
#define TIMER ((volatile u64 *)0x02004000UL) /* hart 0's mtimecmp */
#define SOFTWARE ((volatile u32 *)0x02000000UL) /* each hart's msip */

static void put(char c) { while (!(UART[5] & 0x20)) { } UART[0] = (u8)c; }
static void text(const char *s) { while (*s) put(*s++); }
static void number(u64 v)
{
    char digits[24];
    int n = 0;
    do { digits[n++] = (char)('0' + v % 10); v /= 10; } while (v);
    while (n) put(digits[--n]);
}
static void hex(u64 v) { text("0x"); for (int i = 60; i >= 0; i -= 4) put("0123456789abcdef"[v >> i & 15]); }
static void field(const char *name, u64 v) { put(' '); text(name); put(' '); number(v); }
static inline int key(void) { return UART[5] & 1 ? UART[0] : -1; }
/* Sleeps until the clock says `when`. Interrupts stay masked: a pending one only wakes the hart. */
static inline void sleep_until(u64 when)
{
    *TIMER = when;
    __asm__ volatile("csrs mie, %0\n\twfi" : : "r"(1UL << 7) : "memory");
}
static inline void power_off(void) { *POWER = 0x5555; for (;;) { } }

void trapped(u64 cause, u64 pc, u64 value)
{
    text("\ntrap cause "); hex(cause); text(" at "); hex(pc); text(" value "); hex(value); put('\n');
}

/* The compiler may turn loops into calls of these. */
void *memset(void *to, int c, u64 n) { volatile u8 *p = to; while (n--) *p++ = (u8)c; return to; }
void *memcpy(void *to, const void *from, u64 n)
{
    volatile u8 *p = to;
    const u8 *q = from;
    while (n--) *p++ = *q++;
    return to;
}

static int same(const char *a, const char *b) { while (*a && *a == *b) { a++; b++; } return *a == *b; }
static int begins(const char *s, const char *with) { while (*with) if (*s++ != *with++) return 0; return 1; }
static u32 be32(const u8 *p) { return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3]; }

static char words[512];   /* /chosen/bootargs */
static u64 memory_size = 32UL << 20;

static void read_device_tree(const u8 *tree)
{
    if (be32(tree) != 0xd00dfeed) return;
    const u8 *p = tree + be32(tree + 8), *names = tree + be32(tree + 12);
    const char *node = "";
    for (;;) {
        u32 token = be32(p);
        p += 4;
        if (token == 1) { /* a node begins */
            node = (const char *)p;
            while (*p) p++;
            p = (const u8 *)(((u64)p + 4) & ~3UL);
        } else if (token == 3) { /* a property */
            u32 length = be32(p);
            const char *name = (const char *)names + be32(p + 4);
            p += 8;
            if (begins(node, "memory@") && same(name, "reg") && length >= 16)
                memory_size = (u64)be32(p + 8) << 32 | be32(p + 12);
            if (same(node, "chosen") && same(name, "bootargs"))
                for (u32 i = 0; i < length && i < sizeof words - 1; i++) words[i] = (char)p[i];
            p = (const u8 *)(((u64)p + length + 3) & ~3UL);
        } else if (token == 9) {
            return;
        }
    }
}

/* The number after NAME= in the boot arguments (K, M and G allowed), or `otherwise`. */
static u64 argument(const char *name, u64 otherwise)
{
    for (const char *s = words; *s;) {
        while (*s == ' ') s++;
        if (begins(s, name)) {
            u64 v = 0;
            while (*name) { name++; s++; }
            if (*s != '=') return otherwise;
            for (s++; *s >= '0' && *s <= '9'; s++) v = v * 10 + (u64)(*s - '0');
            return *s == 'K' ? v << 10 : *s == 'M' ? v << 20 : *s == 'G' ? v << 30 : v;
        }
        while (*s && *s != ' ') s++;
    }
    return otherwise;
}
