/* See reports.h. */

#include "reports.h"

enum {
    RECEIVER_REPORT = 201,
    TRANSPORT_LAYER_FEEDBACK = 205,
    FORMAT_TRANSPORT_CC = 15,
    BLOCK = 24,         /* bytes of a report block (RFC 3550, section 6.4.1) */
    TICK_US = 250,      /* as in stream/wire/transport_cc.py */
    LONGEST = 2048,     /* bytes of a compound that are read here: more than a datagram of the port's */
};

enum { REPORT_BLOCK_FIELDS = 7, RECEIVER_REPORT_FIELDS = 2, TRANSPORT_FEEDBACK_FIELDS = 6 };

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool is_named_tuple(PyTypeObject *type)
{
    if (PyType_Check(type) && PyType_IsSubtype(type, &PyTuple_Type) && type->tp_itemsize == PyTuple_Type.tp_itemsize)
        return true;
    PyErr_SetString(PyExc_TypeError, "expected a named tuple's class");
    return false;
}

bool reports_fit(const struct report_types *types)
{
    return is_named_tuple(types->report_block) && is_named_tuple(types->receiver_report)
           && is_named_tuple(types->transport_feedback);
}

/* Make a named tuple of new references, which are given up in any case. */
static PyObject *named(PyTypeObject *type, PyObject **fields, Py_ssize_t count)
{
    PyObject *made = type->tp_alloc(type, count);
    bool whole = made != NULL;
    for (Py_ssize_t place = 0; place < count; place++) {
        whole = whole && fields[place] != NULL;
        if (made != NULL)
            PyTuple_SET_ITEM(made, place, fields[place]);
        else
            Py_XDECREF(fields[place]);
    }
    if (!whole)
        Py_CLEAR(made);
    return made;
}

static PyObject *number(long long value)
{
    return PyLong_FromLongLong(value);
}

static PyObject *read_block(const struct report_types *types, const uint8_t *at)
{
    const uint32_t loss = get32(at + 4);
    long long lost = loss & 0xFFFFFF;
    if (lost & 0x800000)
        lost -= 1 << 24;
    PyObject *fields[REPORT_BLOCK_FIELDS] = {
        number(get32(at)),     number(loss >> 24),       number(lost),           number(get32(at + 8)),
        number(get32(at + 12)), number(get32(at + 16)), number(get32(at + 20)),
    };
    return named(types->report_block, fields, REPORT_BLOCK_FIELDS);
}

static PyObject *read_receiver_report(const struct report_types *types, unsigned count, const uint8_t *body,
                                      size_t length, const char **reason)
{
    if (length < 4 + (size_t)count * BLOCK) {
        *reason = "truncated_body";
        return NULL;
    }
    PyObject *blocks = PyTuple_New(count);
    for (unsigned place = 0; blocks != NULL && place < count; place++) {
        PyObject *block = read_block(types, body + 4 + (size_t)place * BLOCK);
        if (block == NULL)
            Py_CLEAR(blocks);
        else
            PyTuple_SET_ITEM(blocks, place, block);
    }
    PyObject *fields[RECEIVER_REPORT_FIELDS] = {number(get32(body)), blocks};
    return named(types->receiver_report, fields, RECEIVER_REPORT_FIELDS);
}

/* What arrived by one message: numbers before they are cut to 16 bits, and whose delta has two bytes. */
struct arrived {
    size_t count, large;
    uint32_t numbers[LONGEST];
    bool wide[LONGEST];
};

/* Each of them has a delta in the message, of at least a byte: more than its bytes cannot be. */
static bool note(struct arrived *arrived, size_t size, uint32_t number_, bool wide)
{
    if (arrived->count >= size)
        return false;
    arrived->numbers[arrived->count] = number_;
    arrived->wide[arrived->count++] = wide;
    arrived->large += wide;
    return true;
}

/* Read the chunks (draft-holmer-rmcat-transport-wide-cc-extensions-01, sections 3.1.2 to 3.1.4); return where
 * the deltas begin, or 0 where they are malformed. */
static size_t read_chunks(const uint8_t *body, size_t size, struct arrived *arrived)
{
    uint32_t at = get16(body);
    const uint32_t end = at + get16(body + 2);
    size_t offset = 8;
    arrived->count = arrived->large = 0;
    while (at < end) {
        if (offset + 2 > size)
            return 0;
        const unsigned chunk = get16(body + offset);
        offset += 2;
        if (chunk < 0x2000) {
            at += chunk;
        } else if (chunk < 0x8000) {
            const uint32_t after = at + (chunk & 0x1FFF) < end ? at + (chunk & 0x1FFF) : end;
            if (after - at > size || chunk >= 0x6000)
                return 0;
            for (; at < after; at++)
                if (!note(arrived, size, at, chunk >= 0x4000))
                    return 0;
        } else if (chunk < 0xC000) {
            for (int shift = 13; shift >= 0; shift--, at++)
                if ((chunk >> shift & 1) && at < end && !note(arrived, size, at, false))
                    return 0;
        } else {
            for (int shift = 12; shift >= 0; shift -= 2, at++) {
                const unsigned status = chunk >> shift & 3;
                if (status == 0 || at >= end)
                    continue;
                if (status == 3 || !note(arrived, size, at, status == 2))
                    return 0;
            }
        }
    }
    return size - offset < arrived->count + arrived->large ? 0 : offset;
}

static PyObject *read_arrivals(const struct arrived *arrived, const uint8_t *deltas)
{
    PyObject *all = PyTuple_New((Py_ssize_t)arrived->count);
    for (size_t place = 0; all != NULL && place < arrived->count; place++) {
        long delta = *deltas++;
        if (arrived->wide[place])
            delta = (int16_t)(delta << 8 | *deltas++);
        PyObject *pair = PyTuple_New(2);
        PyObject *who = number(arrived->numbers[place] & 0xFFFF), *when = number(delta * TICK_US);
        if (pair == NULL || who == NULL || when == NULL) {
            Py_XDECREF(pair);
            Py_XDECREF(who);
            Py_XDECREF(when);
            Py_CLEAR(all);
            break;
        }
        PyTuple_SET_ITEM(pair, 0, who);
        PyTuple_SET_ITEM(pair, 1, when);
        PyTuple_SET_ITEM(all, (Py_ssize_t)place, pair);
    }
    return all;
}

static PyObject *read_transport_feedback(const struct report_types *types, const uint8_t *body, size_t length,
                                         const char **reason)
{
    if (length < 8) {
        *reason = "truncated_body";
        return NULL;
    }
    const uint8_t *rest = body + 8;
    const size_t size = length - 8;
    struct arrived arrived;
    const size_t deltas = size < 8 ? 0 : read_chunks(rest, size, &arrived);
    if (deltas == 0) {
        *reason = "bad_transport_feedback";
        return NULL;
    }
    const uint32_t word = get32(rest + 4);
    long long reference = word >> 8;
    if (reference & 0x800000)
        reference -= 1 << 24;
    PyObject *fields[TRANSPORT_FEEDBACK_FIELDS] = {
        number(get32(body)), number(get32(body + 4)), number(get16(rest)),
        number(reference),   number(word & 0xFF),     read_arrivals(&arrived, rest + deltas),
    };
    return named(types->transport_feedback, fields, TRANSPORT_FEEDBACK_FIELDS);
}

PyObject *reports_read(const struct report_types *types, const uint8_t *data, size_t length)
{
    if (length > LONGEST)
        Py_RETURN_NONE;
    const char *reason = length == 0 ? "empty" : NULL;
    bool foreign = false;
    PyObject *packets = PyList_New(0);
    size_t offset = 0;
    while (packets != NULL && reason == NULL && !foreign && offset < length) {
        if (length - offset < 4) {
            reason = "truncated_header";
            break;
        }
        const uint8_t first = data[offset], kind = data[offset + 1];
        const size_t start = offset + 4, stop = offset + 4 * ((size_t)get16(data + offset + 2) + 1);
        size_t end = stop;
        if (first >> 6 != 2) {
            reason = "bad_version";
            break;
        }
        if (stop > length) {
            reason = "truncated_packet";
            break;
        }
        if (first & 0x20) {
            const size_t padding = data[end - 1];
            if (padding == 0 || padding > end - start) {
                reason = "bad_padding";
                break;
            }
            end -= padding;
        }
        offset = stop;
        PyObject *packet = NULL;
        if (kind == RECEIVER_REPORT)
            packet = read_receiver_report(types, first & 0x1F, data + start, end - start, &reason);
        else if (kind == TRANSPORT_LAYER_FEEDBACK && (first & 0x1F) == FORMAT_TRANSPORT_CC)
            packet = read_transport_feedback(types, data + start, end - start, &reason);
        else
            foreign = true;
        if (packet != NULL ? PyList_Append(packets, packet) < 0 : reason == NULL && !foreign)
            Py_CLEAR(packets);
        Py_XDECREF(packet);
    }
    if (packets == NULL || (reason == NULL && !foreign))
        return packets;
    Py_DECREF(packets);
    if (reason != NULL)
        return PyUnicode_FromString(reason);
    Py_RETURN_NONE;
}
