/* What the programs of the guest share: Linux system calls, lines of output, the way in. No C library, so any riscv64
 * compiler (riscv64-linux-gnu-gcc, or clang --target=riscv64-linux-gnu) can build them. A program defines `run`. */
typedef unsigned long u64;
typedef long s64;

static s64 sys(s64 n, s64 a, s64 b, s64 c, s64 d, s64 e, s64 f)
{
    register s64 a0 __asm__("a0") = a;
    register s64 a1 __asm__("a1") = b;
    register s64 a2 __asm__("a2") = c;
    register s64 a3 __asm__("a3") = d;
    register s64 a4 __asm__("a4") = e;
    register s64 a5 __asm__("a5") = f;
    register s64 a7 __asm__("a7") = n;
    __asm__ volatile("ecall" : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                     : "memory");
    return a0;
}
enum { SYS_write = 64, SYS_exit = 93, SYS_nanosleep = 101, SYS_clock_gettime = 113 };

static char line[256];
static int len;
static void str(const char *s) { while (*s && len < 250) line[len++] = *s++; }
static void num(u64 v)
{
    char t[24];
    int n = 0;
    do { t[n++] = (char)('0' + v % 10); v /= 10; } while (v);
    while (n && len < 250) line[len++] = t[--n];
}
static void flush(void) { line[len++] = '\n'; sys(SYS_write, 1, (s64)line, len, 0, 0, 0); len = 0; }
static u64 now_us(void)
{
    s64 ts[2] = { 0, 0 };
    sys(SYS_clock_gettime, 1, (s64)ts, 0, 0, 0, 0);
    return (u64)ts[0] * 1000000UL + (u64)ts[1] / 1000UL;
}
static void sleep_us(u64 us)
{
    s64 ts[2] = { (s64)(us / 1000000UL), (s64)(us % 1000000UL * 1000UL) };
    sys(SYS_nanosleep, (s64)ts, 0, 0, 0, 0, 0);
}
/* The number at *s, which is left behind it. */
static u64 parse(const char **s)
{
    u64 v = 0;
    while (**s >= '0' && **s <= '9') v = v * 10 + (u64)(*(*s)++ - '0');
    return v;
}
static u64 mix(u64 x) { x ^= x >> 33; x *= 0xff51afd7ed558ccdUL; x ^= x >> 33; return x; }

static int run(int argc, const char **argv);
__attribute__((used, noreturn)) void begin(s64 *sp)
{
    sys(SYS_exit, run((int)sp[0], (const char **)(sp + 1)), 0, 0, 0, 0, 0);
    for (;;) { }
}
__asm__(".globl _start\n_start:\n.option push\n.option norelax\n  mv a0, sp\n  andi sp, sp, -16\n  call begin\n.option pop\n");
