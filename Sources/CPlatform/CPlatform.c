#include "CPlatform.h"
#include <linux/tcp.h>
#include <netinet/in.h>

int64_t cplatform_tcp_send_window(int fd) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0) return -1;
    if (length < offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd) return -1;
    return info.tcpi_snd_wnd;
}
