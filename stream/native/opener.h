/* The receiving half of one peer's SRTP (RFC 3711, with the ciphers of RFC 7714), as PlainOpener has it.
 *
 * Owns what tells a replay from a new packet. The law: an index is let in once, and only what is authentic
 * moves a window. Knows nothing of Python or sockets. */

#ifndef ROSTRUM_OPENER_H
#define ROSTRUM_OPENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gcm.h"

/* As in stream/transport/srtp.py, which tells why. */
enum { REPLAY_WINDOW = 1024, MAX_STREAMS = 64 };

/* Why a packet was not opened: the reasons of SrtpError. */
enum opened { OPENED, REPLAYED, TOO_MANY_STREAMS, SHORT, UNENCRYPTED, UNAUTHENTIC, NO_MEMORY };

/* Which indices of one stream were seen; that of `index` is at `index` modulo REPLAY_WINDOW. */
struct window {
    uint32_t ssrc;
    int64_t newest;
    uint64_t seen[REPLAY_WINDOW / 64];
};

struct windows {
    struct window *all;
    size_t count;
};

struct opener {
    struct gcm rtp, rtcp;
    struct windows rtp_windows, rtcp_windows;
};

/* Return the reason's name, as counters have it. */
const char *opener_reason(enum opened opened);

/* Forget the keys and the windows. */
void opener_close(struct opener *opener);

/* Open an RTP packet whose header is so long into `out`, which has room for `length` bytes; `*size`: how many
 * it became. */
enum opened opener_open(struct opener *opener, const uint8_t *data, size_t length, size_t header_length,
                        uint8_t *out, size_t *size);

/* Open an RTCP compound into `out`, its first eight bytes included. */
enum opened opener_open_rtcp(struct opener *opener, const uint8_t *data, size_t length, uint8_t *out,
                             size_t *size);

#endif
