/* netloop ADDRESS PORT
 *
 * Sends datagrams of random content to an UDP echo service and checks each answer before the next one goes out. A
 * datagram that is not answered in 0.2 s is sent again, for a network may lose it; one that is answered with other
 * bytes is an error. One report a second:
 *
 *   net N ok echoes E resent R
 *   net CORRUPT echo E byte B                  (and exit status 1)
 *   net ERROR no answer to echo E              (and exit status 1, after 60 s)
 */
#include "program.h"

enum { SYS_ppoll = 73, SYS_socket = 198, SYS_connect = 203, SYS_sendto = 206, SYS_recvfrom = 207 };
enum { size = 1400, pause_us = 20000, patience_us = 200000, tries = 300 };

static u64 out[size / 8], in[size / 8];

static int run(int argc, const char **argv)
{
    if (argc < 3) { str("usage: netloop ADDRESS PORT"); flush(); return 2; }
    unsigned char to[16] = { 2, 0 };  /* AF_INET */
    const char *p = argv[1], *q = argv[2];
    for (int i = 0; i < 4; i++) { to[4 + i] = (unsigned char)parse(&p); if (*p == '.') p++; }
    u64 port = parse(&q);
    to[2] = (unsigned char)(port >> 8);
    to[3] = (unsigned char)port;
    s64 fd = sys(SYS_socket, 2, 2, 0, 0, 0, 0);
    if (fd < 0 || sys(SYS_connect, fd, (s64)to, 16, 0, 0, 0) < 0) { str("net ERROR no socket"); flush(); return 2; }
    u64 echoes = 0, resent = 0, reports = 0, last = now_us();
    for (;;) {
        out[0] = echoes;
        for (int i = 1; i < size / 8; i++) out[i] = mix(echoes * 1000 + (u64)i);
        int answered = 0;
        for (int t = 0; t < tries && !answered; t++) {
            if (t) resent++;
            sys(SYS_sendto, fd, (s64)out, size, 0, 0, 0);
            u64 end = now_us() + patience_us, at;
            while (!answered && (at = now_us()) < end) {
                int item[2] = { (int)fd, 1 };  /* POLLIN */
                s64 wait[2] = { 0, (s64)((end - at) * 1000) };
                sys(SYS_ppoll, (s64)item, 1, (s64)wait, 0, 8, 0);
                s64 got = sys(SYS_recvfrom, fd, (s64)in, size, 0x40, 0, 0);  /* MSG_DONTWAIT */
                if (got != size || in[0] != echoes) continue;  /* none, or one that was answered before */
                for (int i = 0; i < size / 8; i++) {
                    if (in[i] == out[i]) continue;
                    str("net CORRUPT echo "); num(echoes); str(" byte "); num((u64)i * 8); flush();
                    return 1;
                }
                answered = 1;
            }
        }
        if (!answered) { str("net ERROR no answer to echo "); num(echoes); flush(); return 1; }
        echoes++;
        sleep_us(pause_us);
        u64 t = now_us();
        if (t - last >= 1000000UL) {
            str("net "); num(++reports); str(" ok echoes "); num(echoes); str(" resent "); num(resent); flush();
            last = t;
        }
    }
}
