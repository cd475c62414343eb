#include "CPlatform.h"
#include <linux/errqueue.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>

int64_t cplatform_tcp_send_window(int fd) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) < 0) return -1;
    if (length < offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd) return -1;
    return info.tcpi_snd_wnd;
}

/// Whether a message of an error queue carries a struct sock_extended_err: IP_RECVERR, IPV6_RECVERR, VSOCK_RECVERR.
static int is_extended_error(const struct cmsghdr *item) {
    return (item->cmsg_level == 0 && item->cmsg_type == 11) || (item->cmsg_level == 41 && item->cmsg_type == 25) ||
           (item->cmsg_level == 287 && item->cmsg_type == 1);
}

int cplatform_zero_copy_done(int fd, uint32_t *count, int *copied) {
    union {
        char bytes[256];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    *count = 0;
    *copied = 0;
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
        if (!is_extended_error(item)) continue;
        struct sock_extended_err error;
        memcpy(&error, CMSG_DATA(item), sizeof error);
        if (error.ee_errno != 0 || error.ee_origin != SO_EE_ORIGIN_ZEROCOPY) continue;
        *count = error.ee_data - error.ee_info + 1;
        *copied = (error.ee_code & SO_EE_CODE_ZEROCOPY_COPIED) != 0;
    }
    return 1;
}

void cplatform_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

uint64_t cplatform_memlock_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_MEMLOCK, &limit) < 0 ? 0 : limit.rlim_cur;
}
