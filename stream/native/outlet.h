/* Sending many datagrams in few system calls.
 *
 * Owns a batch of GSO sends for sendmmsg(2), and what becomes of those that the kernel does not take. The
 * law is that of UdpSender in stream/transport/fanout.py: wait once, shortly, for a full buffer; where a
 * route takes no segments, send one by one; count everything else and go on. Knows nothing of Python. */

#ifndef ROSTRUM_OUTLET_H
#define ROSTRUM_OUTLET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    MAX_MESSAGES = 128,        /* in one sendmmsg; a run is a message */
    OUTLET_BYTES = 256 * 1024, /* of datagrams waiting; four of the longest runs */
    MAX_SOURCE = 64,           /* bytes of the caller's control messages, with their headers */
    CONTROL_ROOM = MAX_SOURCE + CMSG_SPACE(sizeof(uint16_t)),
    MAX_ERRNO = 160,
};

/* Where a peer is, and from which of our addresses it is to be answered. */
struct target {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t address_length;
    size_t source_length;
    _Alignas(struct cmsghdr) uint8_t source[MAX_SOURCE];
};

/* What became of the datagrams; see the counters of UdpSender. */
struct tally {
    uint64_t sent, full, refused;
    bool failed;
    uint64_t errors[MAX_ERRNO];
};

struct outlet {
    size_t used, messages;
    struct tally tally;
    struct mmsghdr headers[MAX_MESSAGES];
    struct iovec vectors[MAX_MESSAGES];
    struct { _Alignas(struct cmsghdr) uint8_t bytes[CONTROL_ROOM]; } controls[MAX_MESSAGES];
    uint16_t segment[MAX_MESSAGES]; /* bytes of each datagram of a message but the last */
    uint16_t packets[MAX_MESSAGES];
    _Alignas(64) uint8_t bytes[OUTLET_BYTES];
};

/* Tell whether a run of so many bytes must wait for a flush. */
bool outlet_full(const struct outlet *outlet, size_t bytes);

/* Where the next run is to be written. */
uint8_t *outlet_place(struct outlet *outlet);

/* Add the run written there: `packets` datagrams of `segment` bytes, the last one perhaps shorter. */
void outlet_add(struct outlet *outlet, const struct target *target, size_t bytes, size_t segment,
                size_t packets);

/* Send what was added, and tally it. May wait milliseconds. */
void outlet_flush(struct outlet *outlet, int socket);

#endif
