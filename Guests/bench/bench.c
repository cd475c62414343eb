/* How fast does a guest run? Three programs, each in a function that does one unit of work and returns a value that
 * depends on all of it:
 *
 *   integer   hashing, multiplication and division in registers
 *   copy      64 KiB copied by 8-byte words, then searched byte by byte
 *   branchy   sorting 2 048 numbers and interpreting a byte code
 *
 * Boot arguments: ms=1000 (measure each for that long) or units=N (do exactly N units of each; with a clock that
 * counts instructions this tells how many instructions a unit takes).
 * Lines: bench NAME units N ticks T retired R value V   (T in 100 ns), then `bench done`, then power off.
 */
#include "board.h"

static u64 integer(u64 seed)
{
    u64 a = seed | 1, b = 0x9e3779b97f4a7c15UL, sum = 0;
    for (int i = 0; i < 2000; i++) {
        a ^= a << 13; a ^= a >> 7; a ^= a << 17;
        b = b * 0x5851f42d4c957f2dUL + a;
        sum += (b >> 33) ^ (a & 0xffff);
        if ((i & 63) == 0) sum += b / (a >> 40 | 1) + (u32)b % ((u32)a | 1);
    }
    return sum;
}

static u64 from[8192], to[8192];
static u64 copy(u64 seed)
{
    from[seed & 8191] = seed;
    for (int i = 0; i < 8192; i += 8) {
        u64 a = from[i], b = from[i + 1], c = from[i + 2], d = from[i + 3];
        u64 e = from[i + 4], f = from[i + 5], g = from[i + 6], h = from[i + 7];
        to[i] = a; to[i + 1] = b; to[i + 2] = c; to[i + 3] = d;
        to[i + 4] = e; to[i + 5] = f; to[i + 6] = g; to[i + 7] = h;
    }
    const u8 *p = (const u8 *)to;
    u64 n = 0;
    for (int i = 0; i < 16384; i++) n += p[i] == (u8)seed;
    return n + to[seed & 8191];
}

static u32 numbers[2048];
static void sort(u32 *v, int low, int high)
{
    while (low < high) {
        u32 pivot = v[(low + high) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i <= j) { u32 t = v[i]; v[i++] = v[j]; v[j--] = t; }
        }
        if (j - low < high - i) { sort(v, low, j); low = i; } else { sort(v, i, high); high = j; }
    }
}
/* push n · add · xor · duplicate · swap · jump back while the counter runs · stop */
static const u8 code[] = { 0, 7, 3, 1, 0, 13, 2, 4, 1, 3, 2, 5, 6 };
static u64 interpret(u64 seed, int turns)
{
    u64 stack[16], top = 0;
    const u8 *p = code;
    stack[0] = seed; stack[1] = seed >> 7; top = 2;
    for (;;) {
        switch (*p++) {
        case 0: stack[top++ & 15] = *p++; break;
        case 1: top--; stack[(top - 1) & 15] += stack[top & 15]; break;
        case 2: top--; stack[(top - 1) & 15] ^= stack[top & 15] << 1; break;
        case 3: stack[top & 15] = stack[(top - 1) & 15]; top++; break;
        case 4: { u64 t = stack[(top - 1) & 15]; stack[(top - 1) & 15] = stack[(top - 2) & 15]; stack[(top - 2) & 15] = t; } break;
        case 5: if (turns-- > 0) p = code; break;
        default: return stack[(top - 1) & 15];
        }
    }
}
static u64 branchy(u64 seed)
{
    u32 x = (u32)seed | 1;
    for (int i = 0; i < 2048; i++) { x ^= x << 13; x ^= x >> 17; x ^= x << 5; numbers[i] = x; }
    sort(numbers, 0, 2047);
    return interpret(numbers[1024], 2000) + numbers[17];
}

static void measure(const char *name, u64 (*unit)(u64), u64 units, u64 limit)
{
    u64 value = 0, n = 0;
    for (int i = 0; i < 3; i++) value += unit((u64)i); /* warm */
    u64 start = ticks(), first = retired(), now = start;
    do {
        value += unit(n++);
        if (units ? n >= units : (now = ticks()) - start >= limit) break;
    } while (1);
    u64 last = retired();
    now = ticks();
    text("bench "); text(name);
    field("units", n); field("ticks", now - start); field("retired", last - first); field("value", value);
    put('\n');
}

void guest_main(const u8 *tree)
{
    read_device_tree(tree);
    u64 units = argument("units", 0), limit = argument("ms", 1000) * (TICKS_PER_SECOND / 1000);
    measure("integer", integer, units, limit);
    measure("copy", copy, units, limit);
    measure("branchy", branchy, units, limit);
    text("bench done\n");
    power_off();
}
