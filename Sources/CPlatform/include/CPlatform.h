// What Swift cannot reach on Linux: variadic system calls and values behind macros.
// Header-only; every function is a plain wrapper of the call it names.
#ifndef CPLATFORM_H
#define CPLATFORM_H

// Without _GNU_SOURCE: its fd_set differs from the one that Swift's Glibc module knows.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <pthread.h>

static inline int cplatform_memfd_create(const char *name, unsigned flags) {
    return (int)syscall(SYS_memfd_create, name, flags);
}
static inline int cplatform_gettid(void) { return (int)syscall(SYS_gettid); }
static inline int cplatform_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }
static inline int cplatform_fcntl_int(int fd, int command, int argument) { return fcntl(fd, command, argument); }
static inline int cplatform_fcntl_lock(int fd, int command, struct flock *lock) { return fcntl(fd, command, lock); }
static inline int cplatform_ioctl_pointer(int fd, unsigned long request, void *argument) {
    return ioctl(fd, request, argument);
}
static inline int cplatform_ioctl_int(int fd, unsigned long request, int argument) {
    return ioctl(fd, request, argument);
}
static inline ssize_t cplatform_getrandom(void *bytes, size_t count) {
    return syscall(SYS_getrandom, bytes, count, 0);
}
static inline int cplatform_fallocate(int fd, int mode, int64_t offset, int64_t length) {
    return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}
/// Bytes that the peer of a tcp socket said it has room for (TCP_INFO, tcpi_snd_wnd); -1: it is none, or unknown.
int64_t cplatform_tcp_send_window(int fd);
/// Lets the process have as many descriptors as it may (RLIMIT_NOFILE).
void cplatform_raise_descriptor_limit(void);
/// Bytes of memory that the process may lock (RLIMIT_MEMLOCK).
uint64_t cplatform_memlock_limit(void);
/// Takes one message about sends with MSG_ZEROCOPY off a socket's error queue: 1: `count` of them are done, and the
/// system `copied` them after all, or not; 0: there is none; -1: failed, see errno.
int cplatform_zero_copy_done(int fd, uint32_t *count, int *copied);
static inline void cplatform_set_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/// A monotonic clock in nanoseconds.
static inline int64_t cplatform_monotonic_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
/// The wall clock in nanoseconds since 1970.
static inline int64_t cplatform_realtime_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static inline struct cmsghdr *cplatform_cmsg_first(struct msghdr *message) { return CMSG_FIRSTHDR(message); }
static inline struct cmsghdr *cplatform_cmsg_next(struct msghdr *message, struct cmsghdr *item) {
    return CMSG_NXTHDR(message, item);
}
static inline unsigned char *cplatform_cmsg_data(struct cmsghdr *item) { return CMSG_DATA(item); }
static inline size_t cplatform_cmsg_space(size_t length) { return CMSG_SPACE(length); }
static inline size_t cplatform_cmsg_length(size_t length) { return CMSG_LEN(length); }

#endif
