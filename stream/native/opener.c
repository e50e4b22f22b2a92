/* See opener.h. */

#include "opener.h"

#include <stdlib.h>
#include <string.h>

enum { RTCP_HEADER = 8, RTCP_TRAILER = 4, SEQUENCE_HALF = 0x8000 };

static const char *const reasons[] = {"", "replayed", "too_many_streams", "short", "unencrypted",
                                      "unauthentic", "no_memory"};

const char *opener_reason(enum opened opened)
{
    return reasons[opened];
}

void opener_close(struct opener *opener)
{
    gcm_close(&opener->rtp);
    gcm_close(&opener->rtcp);
    free(opener->rtp_windows.all);
    free(opener->rtcp_windows.all);
    memset(opener, 0, sizeof *opener);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static struct window *find(const struct windows *windows, uint32_t ssrc)
{
    for (size_t place = 0; place < windows->count; place++)
        if (windows->all[place].ssrc == ssrc)
            return &windows->all[place];
    return NULL;
}

static bool fresh(const struct window *window, int64_t index)
{
    const int64_t behind = window->newest - index;
    const uint64_t place = (uint64_t)index % REPLAY_WINDOW;
    return behind < 0 || (behind < REPLAY_WINDOW && !(window->seen[place / 64] >> place % 64 & 1));
}

static void mark(struct window *window, int64_t index)
{
    int64_t ahead = index - window->newest;
    if (ahead >= REPLAY_WINDOW) {
        memset(window->seen, 0, sizeof window->seen);
    } else {
        for (; ahead > 0; ahead--) {
            const uint64_t place = (uint64_t)(window->newest + ahead) % REPLAY_WINDOW;
            window->seen[place / 64] &= ~(UINT64_C(1) << place % 64);
        }
    }
    if (index > window->newest)
        window->newest = index;
    const uint64_t place = (uint64_t)index % REPLAY_WINDOW;
    window->seen[place / 64] |= UINT64_C(1) << place % 64;
}

/* Make room for a window more, so that what is authentic can be marked. */
static bool reserve(struct windows *windows)
{
    struct window *more = realloc(windows->all, (windows->count + 1) * sizeof *more);
    if (more == NULL)
        return false;
    windows->all = more;
    return true;
}

static void begin(struct windows *windows, uint32_t ssrc, int64_t index)
{
    struct window *window = &windows->all[windows->count++];
    memset(window, 0, sizeof *window);
    window->ssrc = ssrc;
    window->newest = index;
    mark(window, index);
}

enum opened opener_open(struct opener *opener, const uint8_t *data, size_t length, size_t header_length,
                        uint8_t *out, size_t *size)
{
    const uint32_t ssrc = get32(data + 8);
    const int64_t sequence = data[2] << 8 | data[3];
    struct window *window = find(&opener->rtp_windows, ssrc);
    int64_t index = sequence;
    if (window != NULL)  /* the nearest to the newest (RFC 3711, section 3.3.1), as `extend` finds it */
        index = window->newest + ((sequence - window->newest + SEQUENCE_HALF) & 0xFFFF) - SEQUENCE_HALF;
    if (index < 0 || (window != NULL && !fresh(window, index)))
        return REPLAYED;
    if (window == NULL && opener->rtp_windows.count >= MAX_STREAMS)
        return TOO_MANY_STREAMS;
    if (length < header_length + GCM_TAG)
        return SHORT;
    if (window == NULL && !reserve(&opener->rtp_windows))
        return NO_MEMORY;
    *size = length - header_length - GCM_TAG;
    if (!gcm_unseal(&opener->rtp, ssrc, (uint64_t)index, data, header_length, data + header_length, *size, out))
        return UNAUTHENTIC;
    if (window == NULL)
        begin(&opener->rtp_windows, ssrc, index);
    else
        mark(window, index);
    return OPENED;
}

enum opened opener_open_rtcp(struct opener *opener, const uint8_t *data, size_t length, uint8_t *out,
                             size_t *size)
{
    if (length < RTCP_HEADER + GCM_TAG + RTCP_TRAILER)
        return SHORT;
    const uint8_t *trailer = data + length - RTCP_TRAILER;
    const uint32_t word = get32(trailer);
    if (!(word & 0x80000000))
        return UNENCRYPTED;
    const int64_t index = word & 0x7FFFFFFF;
    const uint32_t ssrc = get32(data + 4);
    struct window *window = find(&opener->rtcp_windows, ssrc);
    if (window != NULL && !fresh(window, index))
        return REPLAYED;
    if (window == NULL && opener->rtcp_windows.count >= MAX_STREAMS)
        return TOO_MANY_STREAMS;
    if (window == NULL && !reserve(&opener->rtcp_windows))
        return NO_MEMORY;
    uint8_t covered[RTCP_HEADER + RTCP_TRAILER]; /* RFC 7714, section 9.3 */
    memcpy(covered, data, RTCP_HEADER);
    memcpy(covered + RTCP_HEADER, trailer, RTCP_TRAILER);
    const size_t body = length - RTCP_HEADER - RTCP_TRAILER - GCM_TAG;
    if (!gcm_unseal(&opener->rtcp, ssrc, (uint64_t)index, covered, sizeof covered, data + RTCP_HEADER, body,
                    out + RTCP_HEADER))
        return UNAUTHENTIC;
    memcpy(out, data, RTCP_HEADER);
    *size = RTCP_HEADER + body;
    if (window == NULL)
        begin(&opener->rtcp_windows, ssrc, index);
    else
        mark(window, index);
    return OPENED;
}
