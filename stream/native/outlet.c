/* See outlet.h. */

#define _GNU_SOURCE

#include "outlet.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

enum { WAIT_WRITABLE_MS = 2 };

bool outlet_full(const struct outlet *outlet, size_t bytes)
{
    return outlet->messages == MAX_MESSAGES || outlet->used + bytes > OUTLET_BYTES;
}

uint8_t *outlet_place(struct outlet *outlet)
{
    return outlet->bytes + outlet->used;
}

void outlet_add(struct outlet *outlet, const struct target *target, size_t bytes, size_t segment,
                size_t packets)
{
    const size_t place = outlet->messages++;
    struct msghdr *header = &outlet->headers[place].msg_hdr;
    uint8_t *control = outlet->controls[place].bytes;
    size_t control_length = 0;
    if (packets > 1) {
        const uint16_t size = (uint16_t)segment;
        struct cmsghdr *message = (struct cmsghdr *)control;
        memset(control, 0, CMSG_SPACE(sizeof size));
        message->cmsg_level = SOL_UDP;
        message->cmsg_type = UDP_SEGMENT;
        message->cmsg_len = CMSG_LEN(sizeof size);
        memcpy(CMSG_DATA(message), &size, sizeof size);
        control_length = CMSG_SPACE(sizeof size);
    }
    memcpy(control + control_length, target->source, target->source_length);
    control_length += target->source_length;
    outlet->vectors[place] = (struct iovec){outlet->bytes + outlet->used, bytes};
    *header = (struct msghdr){
        .msg_name = (void *)&target->address.any,
        .msg_namelen = target->address_length,
        .msg_iov = &outlet->vectors[place],
        .msg_iovlen = 1,
        .msg_control = control_length ? control : NULL,
        .msg_controllen = control_length,
    };
    outlet->segment[place] = (uint16_t)segment;
    outlet->packets[place] = (uint16_t)packets;
    outlet->used += bytes;
}

static void count_error(struct tally *tally, int error, uint64_t packets)
{
    tally->failed = true;
    tally->errors[error > 0 && error < MAX_ERRNO ? error : 0] += packets;
}

/* Send one datagram after the other, as UdpSender does where a route takes no segments. */
static void send_singly(struct outlet *outlet, size_t place, int socket)
{
    struct msghdr header = outlet->headers[place].msg_hdr;
    const size_t segment_control = CMSG_SPACE(sizeof(uint16_t));
    struct iovec vector;
    uint8_t *start = outlet->vectors[place].iov_base;
    size_t left = outlet->vectors[place].iov_len;
    header.msg_iov = &vector;
    header.msg_controllen -= segment_control;
    header.msg_control = header.msg_controllen ? (uint8_t *)header.msg_control + segment_control : NULL;
    while (left > 0) {
        vector.iov_base = start;
        vector.iov_len = left < outlet->segment[place] ? left : outlet->segment[place];
        start += vector.iov_len;
        left -= vector.iov_len;
        for (bool waited = false;;) {
            if (sendmsg(socket, &header, MSG_NOSIGNAL) >= 0) {
                outlet->tally.sent++;
            } else if (errno == EINTR) {
                continue;
            } else if (errno == EAGAIN && !waited) {
                poll(&(struct pollfd){.fd = socket, .events = POLLOUT}, 1, WAIT_WRITABLE_MS);
                waited = true;
                continue;
            } else if (errno == EAGAIN) {
                outlet->tally.failed = true;
                outlet->tally.full++;
            } else {
                count_error(&outlet->tally, errno, 1);
            }
            break;
        }
    }
}

void outlet_flush(struct outlet *outlet, int socket)
{
    struct tally *tally = &outlet->tally;
    size_t next = 0;
    bool waited = false;
    while (next < outlet->messages) {
        const int sent = sendmmsg(socket, outlet->headers + next, (unsigned)(outlet->messages - next),
                                  MSG_NOSIGNAL);
        const int error = errno;
        const uint64_t packets = outlet->packets[next];
        if (sent > 0) {
            for (int place = 0; place < sent; place++)
                tally->sent += outlet->packets[next + (size_t)place];
            next += (size_t)sent;
            waited = false;
            continue;
        }
        if (sent < 0 && error == EINTR)
            continue;
        if (sent < 0 && error == EAGAIN && !waited) {
            poll(&(struct pollfd){.fd = socket, .events = POLLOUT}, 1, WAIT_WRITABLE_MS);
            waited = true;
            continue;
        }
        if (sent < 0 && error == EAGAIN) {
            tally->failed = true;
            tally->full += packets;
        } else if (sent < 0 && packets > 1 && (error == EINVAL || error == EMSGSIZE || error == EIO)) {
            tally->failed = true;
            tally->refused++;
            send_singly(outlet, next, socket);
        } else {
            count_error(tally, sent < 0 ? error : 0, packets);
        }
        next++;
        waited = false;
    }
    outlet->messages = 0;
    outlet->used = 0;
}
