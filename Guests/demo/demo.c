/* The guest of `make demo`: it works on its memory and knows what every page must hold.
 *
 * Memory from 0x80400000 on: the working set (`set` bytes), rewritten page by page at `rate` bytes a second, then
 * the fill (`fill` bytes), written once. With `harts` the harts from 1 on have a working set each behind that, which they
 * rewrite at `others` bytes a second. Before a page is rewritten, and for all pages at key `v`, what it holds is
 * compared with what was last written there: a page that a migration lost, kept back or mixed up cannot hide.
 *
 * Boot arguments: set=16M rate=32M fill=0 beat=20 (milliseconds between heartbeats, 0 = none) sleep=0 (1: the hart
 * sleeps while there is nothing to do. Not for a move to or among QEMU 10.0.2, which loses the board's timer then)
 * harts=1 others=32M text=0 (1: what is not rewritten is words of eight letters instead of random numbers).
 * Lines it prints:  demo ready …   beat N   corrupt page A word W found F wanted W   verdict ok|BAD …   report …
 * Keys it knows:    v verify everything   r report   x power off
 */
#include "board.h"

enum { PAGE = 4096, WORDS = 512, MOST_HARTS = 8 };
#define BASE 0x80400000UL

/* A working set and how far it is rewritten. */
static struct set {
    u64 base;
    u64 cursor, pass;              /* next page to rewrite; how often every page before it was written */
    u64 rewritten;
    u64 rate, start, done;         /* pages a second; since when, and how many since then */
} sets[MOST_HARTS];

static u64 set_pages, fill_pages, harts, beat_ticks, sleeps;
static u64 beats;
static volatile u64 faults;

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
    if (__atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED) >= 8) return;
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

/* The other words of a page: a sequence that its address starts, or the words of a vocabulary that it picks. */
static u64 text_like, vocabulary[256];
static void write_text(u64 page)
{
    u64 *p = (u64 *)page, x = scramble(page);
    for (u64 i = 0; i < WORDS; i++, x = x * 0x5851f42d4c957f2dUL + 1) p[i] = vocabulary[x >> 56];
}
static void write_filling(u64 page)
{
    if (text_like) { write_text(page); return; }
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
        else {
            u64 wanted = text_like ? vocabulary[x >> 56] : x, found = p[i];
            if (found != wanted) complain(page, i, found, wanted);
        }
    }
}

static void rewrite_next(struct set *s)
{
    volatile u64 *p = (volatile u64 *)(s->base + s->cursor * PAGE);
    expect(p, 0, s->pass);
    expect(p, middle((u64)p), s->pass);
    expect(p, 511, s->pass);
    sign(p, s->pass + 1);
    s->rewritten++;
    if (++s->cursor == set_pages) { s->cursor = 0; s->pass++; }
}

/* Rewrites what is due, some pages at most. Whether more is. */
static int rewrite_due(struct set *s)
{
    if (s->rate == 0) return 0;
    u64 now = ticks(), due = (now - s->start) * s->rate / TICKS_PER_SECOND;
    if (due > s->done + s->rate / 8 + 64) { /* far behind: the lost time is not made up in one burst */
        s->start = now;
        s->done = due = 0;
    }
    for (int batch = 0; s->done < due && batch < 32; batch++, s->done++) rewrite_next(s);
    return s->done < due;
}

/* Every hart but the first. */
void guest_other(u64 hart)
{
    struct set *s = &sets[hart];
    s->start = ticks();
    for (;;) rewrite_due(s);
}

static void counts(void)
{
    field("pages", set_pages + fill_pages); field("passes", sets[0].pass); field("rewritten", sets[0].rewritten);
    field("beats", beats); field("faults", faults);
    for (u64 h = 1; h < harts; h++) field("other", *(volatile u64 *)&sets[h].rewritten);
    put('\n');
}
/* The others' sets change meanwhile: each hart looks at its own. */
static void verify(void)
{
    u64 cursor = sets[0].cursor, pass = sets[0].pass;
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
    u64 rate_pages = argument("rate", 32UL << 20) / PAGE, other_pages = argument("others", 32UL << 20) / PAGE;
    harts = argument("harts", 1);
    if (harts < 1 || harts > MOST_HARTS) harts = 1;
    beat_ticks = argument("beat", 20) * (TICKS_PER_SECOND / 1000);
    sleeps = argument("sleep", 0);
    text_like = argument("text", 0);
    for (u64 i = 0; i < 256; i++) vocabulary[i] = 0x6161616161616161UL + (scramble(i + 1) & 0x0f0f0f0f0f0f0f0fUL);
    if (set_pages == 0 || set_pages > room / harts || fill_pages > room - set_pages * harts) {
        text("demo: set and fill do not fit the memory of"); field("bytes", memory_size); put('\n');
        power_off();
    }
    for (u64 h = 0; h < harts; h++) {
        sets[h].base = BASE + (h ? fill_pages + h * set_pages : 0) * PAGE;
        sets[h].rate = h ? other_pages : rate_pages;
    }
    for (u64 i = 0; i < set_pages * harts + fill_pages; i++) {
        write_filling(BASE + i * PAGE);
        if (i < set_pages || i >= set_pages + fill_pages) sign((volatile u64 *)(BASE + i * PAGE), 0);
    }
    text("demo ready");
    field("set", set_pages * PAGE); field("fill", fill_pages * PAGE); field("rate", rate_pages * PAGE);
    put('\n');
    for (u64 h = 1; h < harts; h++) SOFTWARE[h] = 1;

    u64 start = ticks(), next_beat = start, next_key = start;
    sets[0].start = start;
    for (;;) {
        u64 now = ticks();
        int busy = rewrite_due(&sets[0]);
        if (beat_ticks && now >= next_beat) {
            text("beat "); number(++beats); put('\n');
            next_beat += beat_ticks;
            if (next_beat < now) next_beat = now + beat_ticks;
        }
        if (now >= next_key) {
            next_key = now + TICKS_PER_SECOND / (sleeps ? 200 : 1000);
            int k = key();
            if (k == 'v') { verify(); sets[0].start = ticks(); sets[0].done = 0; }
            else if (k == 'r') { text("report"); counts(); }
            else if (k == 'x') { text("demo off\n"); power_off(); }
        }
        /* Nothing to do for a few milliseconds: pages that fall due until then are written together. */
        if (sleeps && !busy) sleep_until(beat_ticks && next_beat < next_key ? next_beat : next_key);
    }
}
