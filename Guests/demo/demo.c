/* The guest of `make demo`: it works on its memory and knows what every page must hold.
 *
 * Memory from 0x80400000 on: the working set (`set` bytes), rewritten page by page at `rate` bytes a second, then
 * the fill (`fill` bytes), written once. Before a page is rewritten, and for all pages at key `v`, what it holds is
 * compared with what was last written there: a page that a migration lost, kept back or mixed up cannot hide.
 *
 * Boot arguments: set=16M rate=32M fill=0 beat=20 (milliseconds between heartbeats, 0 = none) sleep=0 (1: the hart
 * sleeps while there is nothing to do. Not for a move to or among QEMU 10.0.2, which loses the board's timer then).
 * Lines it prints:  demo ready …   beat N   corrupt page A word W found F wanted W   verdict ok|BAD …   report …
 * Keys it knows:    v verify everything   r report   x power off
 */
#include "board.h"

enum { PAGE = 4096, WORDS = 512 };
#define BASE 0x80400000UL

static u64 set_pages, fill_pages, rate_pages, beat_ticks, sleeps;
static u64 cursor, pass;           /* next page to rewrite; how often every page before it was written */
static u64 rewritten, beats, faults;

static u64 scramble(u64 x)
{
    x ^= x >> 31;
    x *= 0x7fb5d329728ea185UL;
    x ^= x >> 27;
    return x * 0x81dadef4bc2dd44dUL + 1;
}

/* Three words of a page change with each pass: one at either end, one at a place that depends on the page. */
static inline u64 middle(u64 page) { return 1 + (page >> 12) * 37 % 510; }
static inline u64 stamp(u64 page, u64 word, u64 generation)
{
    return (page + word * 8) * 0x9e3779b97f4a7c15UL ^ generation * 0xd6e8feb86659fd93UL;
}

static void complain(u64 page, u64 word, u64 found, u64 wanted)
{
    if (faults++ >= 8) return;
    text("corrupt page "); hex(page); text(" word "); number(word);
    text(" found "); hex(found); text(" wanted "); hex(wanted); put('\n');
}
static inline void expect(volatile u64 *p, u64 word, u64 generation)
{
    u64 wanted = stamp((u64)p, word, generation), found = p[word];
    if (found != wanted) complain((u64)p, word, found, wanted);
}
static inline void sign(volatile u64 *p, u64 generation)
{
    u64 page = (u64)p, m = middle(page);
    p[0] = stamp(page, 0, generation);
    p[m] = stamp(page, m, generation);
    p[511] = stamp(page, 511, generation);
}

/* The other words of a page: a sequence that its address starts. */
static void write_filling(u64 page)
{
    u64 *p = (u64 *)page, x = scramble(page);
    for (u64 i = 0; i < WORDS; i += 4) {
        p[i] = x; x = x * 0x5851f42d4c957f2dUL + 1;
        p[i + 1] = x; x = x * 0x5851f42d4c957f2dUL + 1;
        p[i + 2] = x; x = x * 0x5851f42d4c957f2dUL + 1;
        p[i + 3] = x; x = x * 0x5851f42d4c957f2dUL + 1;
    }
}
static void verify_page(u64 page, int signed_page, u64 generation)
{
    volatile u64 *p = (volatile u64 *)page;
    u64 x = scramble(page), m = middle(page);
    for (u64 i = 0; i < WORDS; i++, x = x * 0x5851f42d4c957f2dUL + 1) {
        if (signed_page && (i == 0 || i == m || i == 511)) expect(p, i, generation);
        else if (p[i] != x) complain(page, i, p[i], x);
    }
}

static void rewrite_next(void)
{
    volatile u64 *p = (volatile u64 *)(BASE + cursor * PAGE);
    expect(p, 0, pass);
    expect(p, middle((u64)p), pass);
    expect(p, 511, pass);
    sign(p, pass + 1);
    rewritten++;
    if (++cursor == set_pages) { cursor = 0; pass++; }
}

static void counts(void)
{
    field("pages", set_pages + fill_pages); field("passes", pass); field("rewritten", rewritten);
    field("beats", beats); field("faults", faults); put('\n');
}
static void verify(void)
{
    for (u64 i = 0; i < set_pages; i++) verify_page(BASE + i * PAGE, 1, i < cursor ? pass + 1 : pass);
    for (u64 i = 0; i < fill_pages; i++) verify_page(BASE + (set_pages + i) * PAGE, 0, 0);
    text(faults ? "verdict BAD" : "verdict ok");
    counts();
}

void guest_main(const u8 *tree)
{
    read_device_tree(tree); /* not needed again: the fill may lie over it */
    u64 top = 0x80000000UL + memory_size;
    u64 room = top > BASE ? (top - BASE) / PAGE : 0;
    set_pages = argument("set", 16UL << 20) / PAGE;
    fill_pages = argument("fill", 0) / PAGE;
    rate_pages = argument("rate", 32UL << 20) / PAGE;
    beat_ticks = argument("beat", 20) * (TICKS_PER_SECOND / 1000);
    sleeps = argument("sleep", 0);
    if (set_pages == 0 || set_pages > room || fill_pages > room - set_pages) {
        text("demo: set and fill do not fit the memory of"); field("bytes", memory_size); put('\n');
        power_off();
    }
    for (u64 i = 0; i < set_pages + fill_pages; i++) {
        write_filling(BASE + i * PAGE);
        if (i < set_pages) sign((volatile u64 *)(BASE + i * PAGE), 0);
    }
    text("demo ready");
    field("set", set_pages * PAGE); field("fill", fill_pages * PAGE); field("rate", rate_pages * PAGE);
    put('\n');

    u64 start = ticks(), done = 0, next_beat = start, next_key = start;
    for (;;) {
        u64 now = ticks();
        int busy = 0;
        if (rate_pages) {
            u64 due = (now - start) * rate_pages / TICKS_PER_SECOND;
            if (due > done + rate_pages / 8 + 64) { /* far behind: the lost time is not made up in one burst */
                start = now;
                done = due = 0;
            }
            for (int batch = 0; done < due && batch < 32; batch++, done++) rewrite_next();
            busy = done < due;
        }
        if (beat_ticks && now >= next_beat) {
            text("beat "); number(++beats); put('\n');
            next_beat += beat_ticks;
            if (next_beat < now) next_beat = now + beat_ticks;
        }
        if (now >= next_key) {
            next_key = now + TICKS_PER_SECOND / (sleeps ? 200 : 1000);
            int k = key();
            if (k == 'v') { verify(); start = ticks(); done = 0; }
            else if (k == 'r') { text("report"); counts(); }
            else if (k == 'x') { text("demo off\n"); power_off(); }
        }
        /* Nothing to do for a few milliseconds: pages that fall due until then are written together. */
        if (sleeps && !busy) sleep_until(beat_ticks && next_beat < next_key ? next_beat : next_key);
    }
}
