/* The fan-out's native twin: see stream/transport/fanout.py, whose words and rules are kept here.
 *
 * Owns the walk from Python values to sealed datagrams: a first pass reads and checks everything, the second
 * one writes, seals and sends, and can fail no more. The law: whatever is passed, no memory is touched that is
 * not ours; what does not fit raises TypeError or ValueError before anything is sent. */

#define PY_SSIZE_T_CLEAN

#include <Python.h>

#include <arpa/inet.h>
#include <string.h>

#include "gcm.h"
#include "inlet.h"
#include "outlet.h"

/* As in stream/transport/fanout.py, which tells why. */
enum { MAX_SEGMENTS = 20, MAX_RUN_BYTES = 65000, MAX_WIRE = 65507, RTP_HEADER = 12 };

#define INDEX_MASK ((UINT64_C(1) << 48) - 1)

/* -- Sealer: one recipient's key ---------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    struct gcm gcm;
    PyObject *path;       /* the last path seen, if it can be remembered, and what it says */
    struct target target;
} Sealer;

static PyTypeObject SealerType;

static PyObject *sealer_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"key", "salt", "library", NULL};
    Py_buffer key = {0}, salt = {0};
    const char *library = NULL;
    Sealer *self = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "y*y*|z:Sealer", names, &key, &salt, &library))
        return NULL;
    enum gcm_library chosen = gcm_has_ipsec_mb() ? GCM_IPSEC_MB : GCM_OPENSSL;
    if (library != NULL && strcmp(library, "openssl") == 0)
        chosen = GCM_OPENSSL;
    else if (library != NULL && (strcmp(library, "ipsec-mb") != 0 || !gcm_has_ipsec_mb())) {
        PyErr_Format(PyExc_ValueError, "no such library here: %.40s", library);
        goto end;
    }
    if ((key.len != 16 && key.len != 32) || salt.len != GCM_SALT) {
        PyErr_SetString(PyExc_ValueError, "a key has 16 or 32 bytes, a salt 12");
        goto end;
    }
    self = (Sealer *)type->tp_alloc(type, 0);
    if (self != NULL && !gcm_open(&self->gcm, chosen, GCM_SEALS, key.buf, (size_t)key.len, salt.buf)) {
        PyErr_SetString(PyExc_RuntimeError, "the cipher library refused the key");
        Py_CLEAR(self);
    }
end:
    PyBuffer_Release(&key);
    PyBuffer_Release(&salt);
    return (PyObject *)self;
}

static void sealer_dealloc(Sealer *self)
{
    gcm_close(&self->gcm);
    Py_XDECREF(self->path);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* Read a whole number below 2^bits; -1 and ValueError where it is none. */
static int unsigned_of(PyObject *value, int bits, const char *name, uint64_t *out)
{
    if (!PyLong_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be int, not %.80s", name, Py_TYPE(value)->tp_name);
        return -1;
    }
    const unsigned long long number = PyLong_AsUnsignedLongLong(value);
    if ((number == (unsigned long long)-1 && PyErr_Occurred()) || number >> bits) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "%s must be from 0 to 2^%d - 1", name, bits);
        return -1;
    }
    *out = number;
    return 0;
}

static PyObject *sealer_seal(Sealer *self, PyObject *args)
{
    Py_buffer header = {0}, payload = {0};
    PyObject *ssrc_value, *index_value, *wire = NULL;
    uint64_t ssrc, index;
    if (!PyArg_ParseTuple(args, "y*y*OO:seal", &header, &payload, &ssrc_value, &index_value))
        return NULL;
    if (unsigned_of(ssrc_value, 32, "ssrc", &ssrc) < 0 || unsigned_of(index_value, 48, "index", &index) < 0)
        goto end;
    if (header.len > MAX_WIRE || payload.len > MAX_WIRE || header.len + payload.len + GCM_TAG > MAX_WIRE) {
        PyErr_SetString(PyExc_ValueError, "the packet fits no datagram");
        goto end;
    }
    wire = PyBytes_FromStringAndSize(NULL, header.len + payload.len + GCM_TAG);
    if (wire == NULL)
        goto end;
    uint8_t *out = (uint8_t *)PyBytes_AS_STRING(wire);
    memcpy(out, header.buf, (size_t)header.len);
    if (!gcm_seal(&self->gcm, (uint32_t)ssrc, index, out, (size_t)header.len, payload.buf, (size_t)payload.len,
                  out + header.len)) {
        PyErr_SetString(PyExc_RuntimeError, "the cipher library failed");
        Py_CLEAR(wire);
    }
end:
    PyBuffer_Release(&header);
    PyBuffer_Release(&payload);
    return wire;
}

static PyObject *sealer_library(Sealer *self, void *closure)
{
    (void)closure;
    return PyUnicode_FromString(gcm_library_name(self->gcm.library));
}

static PyMethodDef sealer_methods[] = {
    {"seal", (PyCFunction)sealer_seal, METH_VARARGS, "Return header and sealed payload of one packet."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef sealer_attributes[] = {
    {"library", (getter)sealer_library, NULL, "Name and version of the library that seals.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject SealerType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream.native._fanout.Sealer",
    .tp_doc = "The sending half of one SRTP key (RFC 7714).",
    .tp_basicsize = sizeof(Sealer),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = sealer_new,
    .tp_dealloc = (destructor)sealer_dealloc,
    .tp_methods = sealer_methods,
    .tp_getset = sealer_attributes,
};

/* -- what a call is about, in C ----------------------------------------------------------------------- */

struct packet {
    const uint8_t *header, *payload; /* of bytes objects that the caller's tuple keeps */
    size_t header_length, payload_length, wire_length;
    uint64_t ssrc, index;
    uint64_t lane;                   /* which of a recipient's numberings applies */
    Py_ssize_t picture_id_at, tl0_at;
    bool renumberable;               /* header and places are such that numbers can be moved on */
};

struct run {
    size_t start, stop, bytes;
};

struct numbering {
    uint64_t index, timestamp, picture_id, tl0;
    bool unchanged;
};

struct recipient {
    Sealer *sealer; /* a reference of ours; NULL: the slow way */
    struct target target;
};

/* Recipients with their numberings, read. Where both are tuples they cannot change, and but for a recipient's
 * path and keys (see `forget`) nothing that was read can: so what was read of them stays for the next call. */
struct audience {
    PyObject *recipients, *numberings; /* tuples; numberings may be NULL */
    struct recipient *members;
    struct numbering *numbers; /* of each member, one a lane */
    bool *lacking, *moved;     /* by lane: a member has none there; a member's is not zero */
    size_t count, lanes, held; /* `held`: members whose sealers we hold */
    PyObject *slow;            /* places of those who are not served here, or NULL */
};

enum { KEPT = 8 };

typedef struct {
    PyObject_HEAD
    PyObject *gcm_type;    /* GcmSrtp: what a recipient's `srtp` must be to be served here */
    PyObject *make_sealer; /* called with one that has no sealer yet */
    int family;
    bool segmented, busy, stale;
    struct packet *packets;
    struct run *runs;
    size_t packet_room;
    struct audience kept[KEPT];
    size_t next_kept;
    struct outlet *outlet;
} Fanout;

static PyObject *name_srtp, *name_path, *name_sealer;

/* What one call works on. The tuple keeps everything alive. */
struct call {
    PyObject *packets;
    size_t packet_count, run_count;
};

static int grow(void *where, size_t *room, size_t wanted, size_t size)
{
    void **memory = where;
    if (wanted <= *room)
        return 0;
    if (wanted > (size_t)PY_SSIZE_T_MAX / size) {
        PyErr_NoMemory();
        return -1;
    }
    void *more = PyMem_RawRealloc(*memory, wanted * size);
    if (more == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *memory = more;
    *room = wanted;
    return 0;
}

/* -- first pass: packets ------------------------------------------------------------------------------ */

static int read_bytes(PyObject *value, const char *name, const uint8_t **start, size_t *length)
{
    if (!PyBytes_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be bytes, not %.80s", name, Py_TYPE(value)->tp_name);
        return -1;
    }
    *start = (const uint8_t *)PyBytes_AS_STRING(value);
    *length = (size_t)PyBytes_GET_SIZE(value);
    return 0;
}

static int read_place(PyObject *value, const char *name, Py_ssize_t *place)
{
    if (!PyLong_Check(value)) {
        PyErr_Format(PyExc_TypeError, "%s must be int, not %.80s", name, Py_TYPE(value)->tp_name);
        return -1;
    }
    *place = PyLong_AsSsize_t(value);
    if (*place == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "%s is out of range", name);
        return -1;
    }
    return 0;
}

static bool is_renumberable(const struct packet *packet)
{
    const Py_ssize_t length = (Py_ssize_t)packet->payload_length;
    if (packet->header_length < RTP_HEADER || packet->tl0_at >= length || packet->picture_id_at >= length)
        return false;
    return packet->picture_id_at < 0 || !(packet->payload[packet->picture_id_at] & 0x80)
           || packet->picture_id_at + 1 < length;
}

static int read_packet(PyObject *value, struct packet *packet)
{
    if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) != 7) {
        PyErr_Format(PyExc_TypeError, "a packet must be a PlainPacket, not %.80s", Py_TYPE(value)->tp_name);
        return -1;
    }
    if (read_bytes(PyTuple_GET_ITEM(value, 0), "header", &packet->header, &packet->header_length) < 0
        || read_bytes(PyTuple_GET_ITEM(value, 1), "payload", &packet->payload, &packet->payload_length) < 0
        || unsigned_of(PyTuple_GET_ITEM(value, 2), 32, "ssrc", &packet->ssrc) < 0
        || unsigned_of(PyTuple_GET_ITEM(value, 3), 48, "srtp_index", &packet->index) < 0
        || unsigned_of(PyTuple_GET_ITEM(value, 4), 31, "lane", &packet->lane) < 0
        || read_place(PyTuple_GET_ITEM(value, 5), "picture_id_at", &packet->picture_id_at) < 0
        || read_place(PyTuple_GET_ITEM(value, 6), "tl0_at", &packet->tl0_at) < 0)
        return -1;
    if (packet->header_length > MAX_WIRE || packet->payload_length > MAX_WIRE
        || packet->header_length + packet->payload_length + GCM_TAG > MAX_WIRE) {
        PyErr_SetString(PyExc_ValueError, "a packet fits no datagram");
        return -1;
    }
    packet->wire_length = packet->header_length + packet->payload_length + GCM_TAG;
    packet->renumberable = is_renumberable(packet);
    return 0;
}

/* Cut packets into runs by the rule of `runs` in stream/transport/fanout.py. */
static void cut_runs(Fanout *self, struct call *call)
{
    const struct packet *packets = self->packets;
    const size_t most = self->segmented ? MAX_SEGMENTS : 1;
    size_t start = 0;
    while (start < call->packet_count) {
        const size_t size = packets[start].wire_length;
        size_t stop = start + 1, total = size;
        while (stop < call->packet_count && stop - start < most && packets[stop].wire_length <= size) {
            if (total + packets[stop].wire_length > MAX_RUN_BYTES)
                break;
            total += packets[stop].wire_length;
            stop++;
            if (packets[stop - 1].wire_length < size)
                break;
        }
        self->runs[call->run_count++] = (struct run){start, stop, total};
        start = stop;
    }
}

static int read_packets(Fanout *self, struct call *call)
{
    const size_t count = (size_t)PyTuple_GET_SIZE(call->packets);
    if (count > self->packet_room) {
        size_t rooms[2] = {self->packet_room, self->packet_room};
        if (grow(&self->packets, &rooms[0], count, sizeof *self->packets) < 0
            || grow(&self->runs, &rooms[1], count, sizeof *self->runs) < 0)
            return -1;
        self->packet_room = count;
    }
    for (size_t place = 0; place < count; place++) {
        PyObject *value = PyTuple_GET_ITEM(call->packets, (Py_ssize_t)place);
        if (read_packet(value, &self->packets[place]) < 0)
            return -1;
    }
    call->packet_count = count;
    cut_runs(self, call);
    return 0;
}

/* -- first pass: recipients --------------------------------------------------------------------------- */

static int read_numbering(PyObject *value, struct numbering *numbering)
{
    uint64_t *const fields[4] = {&numbering->index, &numbering->timestamp, &numbering->picture_id,
                                 &numbering->tl0};
    if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) != 4) {
        PyErr_Format(PyExc_TypeError, "expected a Numbering, not %.80s", Py_TYPE(value)->tp_name);
        return -1;
    }
    numbering->unchanged = true;
    for (Py_ssize_t place = 0; place < 4; place++) {
        PyObject *number = PyTuple_GET_ITEM(value, place);
        if (!PyLong_Check(number)) {
            PyErr_Format(PyExc_TypeError, "a Numbering holds int, not %.80s", Py_TYPE(number)->tp_name);
            return -1;
        }
        const unsigned long long masked = PyLong_AsUnsignedLongLongMask(number);
        if (masked == (unsigned long long)-1 && PyErr_Occurred())
            return -1;
        *fields[place] = masked;
        numbering->unchanged = numbering->unchanged && masked == 0;
    }
    return 0;
}

/* Read the numberings of all members, `rows` being a tuple of tuples. */
static int read_numberings(struct audience *audience, PyObject *rows)
{
    for (size_t place = 0; place < audience->count; place++) {
        const size_t lanes = (size_t)PyTuple_GET_SIZE(PyTuple_GET_ITEM(rows, (Py_ssize_t)place));
        if (lanes > audience->lanes)
            audience->lanes = lanes;
    }
    const size_t lanes = audience->lanes;
    if (lanes == 0)
        return 0;
    if (audience->count > (size_t)PY_SSIZE_T_MAX / lanes / sizeof *audience->numbers) {
        PyErr_NoMemory();
        return -1;
    }
    audience->numbers = PyMem_RawCalloc(audience->count * lanes, sizeof *audience->numbers);
    audience->lacking = PyMem_RawCalloc(lanes, sizeof *audience->lacking);
    audience->moved = PyMem_RawCalloc(lanes, sizeof *audience->moved);
    if (audience->numbers == NULL || audience->lacking == NULL || audience->moved == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t place = 0; place < audience->count; place++) {
        PyObject *row = PyTuple_GET_ITEM(rows, (Py_ssize_t)place);
        for (size_t lane = 0; lane < lanes; lane++) {
            struct numbering *numbering = &audience->numbers[place * lanes + lane];
            if (lane >= (size_t)PyTuple_GET_SIZE(row)) {
                audience->lacking[lane] = true;
                continue;
            }
            if (read_numbering(PyTuple_GET_ITEM(row, (Py_ssize_t)lane), numbering) < 0)
                return -1;
            audience->moved[lane] = audience->moved[lane] || !numbering->unchanged;
        }
    }
    return 0;
}

/* Append control messages. 1: done; 0: they are too many for here; -1: an exception. */
static int read_source(PyObject *source, struct target *target, bool *plain)
{
    if (!PyTuple_Check(source)) {
        PyErr_Format(PyExc_TypeError, "a path's source must be a tuple, not %.80s", Py_TYPE(source)->tp_name);
        return -1;
    }
    target->source_length = 0;
    for (Py_ssize_t place = 0; place < PyTuple_GET_SIZE(source); place++) {
        PyObject *item = PyTuple_GET_ITEM(source, place);
        if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 3 || !PyBytes_Check(PyTuple_GET_ITEM(item, 2))) {
            PyErr_SetString(PyExc_TypeError, "a control message is (level, type, bytes)");
            return -1;
        }
        uint64_t level, type;
        if (unsigned_of(PyTuple_GET_ITEM(item, 0), 31, "level", &level) < 0
            || unsigned_of(PyTuple_GET_ITEM(item, 1), 31, "type", &type) < 0)
            return -1;
        const size_t length = (size_t)PyBytes_GET_SIZE(PyTuple_GET_ITEM(item, 2));
        if (length > MAX_SOURCE || target->source_length + CMSG_SPACE(length) > MAX_SOURCE)
            return 0;
        struct cmsghdr *message = (struct cmsghdr *)(target->source + target->source_length);
        memset(message, 0, CMSG_SPACE(length));
        message->cmsg_level = (int)level;
        message->cmsg_type = (int)type;
        message->cmsg_len = CMSG_LEN(length);
        memcpy(CMSG_DATA(message), PyBytes_AS_STRING(PyTuple_GET_ITEM(item, 2)), length);
        target->source_length += CMSG_SPACE(length);
        *plain = *plain && PyTuple_CheckExact(item) && PyBytes_CheckExact(PyTuple_GET_ITEM(item, 2));
    }
    *plain = *plain && PyTuple_CheckExact(source);
    return 1;
}

/* Read a path. 1: done; 0: it is one for the slow way; -1: an exception. `plain`: it holds nothing that could
 * be part of a reference cycle, or change. */
static int read_path(int family, PyObject *path, struct target *target, bool *plain)
{
    if (!PyTuple_Check(path) || PyTuple_GET_SIZE(path) != 3) {
        PyErr_Format(PyExc_TypeError, "a path must be a Path, not %.80s", Py_TYPE(path)->tp_name);
        return -1;
    }
    PyObject *address = PyTuple_GET_ITEM(path, 0);
    if (PyTuple_GET_ITEM(path, 2) != Py_None)
        return 0;
    if (!PyTuple_Check(address) || PyTuple_GET_SIZE(address) != 2 || !PyUnicode_Check(PyTuple_GET_ITEM(address, 0))) {
        PyErr_SetString(PyExc_TypeError, "an address is (str, int)");
        return -1;
    }
    PyObject *host_value = PyTuple_GET_ITEM(address, 0);
    uint64_t port;
    if (unsigned_of(PyTuple_GET_ITEM(address, 1), 16, "port", &port) < 0)
        return -1;
    Py_ssize_t length;
    const char *host = PyUnicode_AsUTF8AndSize(host_value, &length);
    if (host == NULL || strlen(host) != (size_t)length) {
        PyErr_Clear();
        PyErr_SetString(PyExc_ValueError, "a host is not text");
        return -1;
    }
    memset(&target->address, 0, sizeof target->address);
    void *number;
    if (family == AF_INET6) {
        target->address.v6.sin6_family = AF_INET6;
        target->address.v6.sin6_port = htons((uint16_t)port);
        target->address_length = sizeof target->address.v6;
        number = &target->address.v6.sin6_addr;
    } else {
        target->address.v4.sin_family = AF_INET;
        target->address.v4.sin_port = htons((uint16_t)port);
        target->address_length = sizeof target->address.v4;
        number = &target->address.v4.sin_addr;
    }
    /* Names and scoped addresses ("fe80::1%eth0") are the resolver's; Python asks it. */
    if (inet_pton(family, host, number) != 1)
        return 0;
    *plain = PyTuple_CheckExact(address) && PyUnicode_CheckExact(host_value)
             && PyLong_CheckExact(PyTuple_GET_ITEM(address, 1));
    return read_source(PyTuple_GET_ITEM(path, 1), target, plain);
}

/* Find where a sealer's recipient is: as the last time, or by reading the path. Returns as `read_path`. */
static int find_target(Fanout *self, Sealer *sealer, PyObject *path, struct target *target)
{
    if (sealer->path == path && sealer->target.address.any.sa_family == self->family) {
        *target = sealer->target;
        return 1;
    }
    bool plain = false;
    const int found = read_path(self->family, path, target, &plain);
    if (found == 1 && plain) {
        sealer->target = *target;
        Py_XSETREF(sealer->path, Py_NewRef(path));
    }
    return found;
}

/* Read one recipient. 1: to be served here; 0: the slow way; -1: an exception. */
static int read_recipient(Fanout *self, PyObject *value, struct recipient *recipient)
{
    PyObject *srtp = NULL, *path = NULL, *sealer = NULL;
    int result = -1;
    recipient->sealer = NULL;
    if ((srtp = PyObject_GetAttr(value, name_srtp)) == NULL || (path = PyObject_GetAttr(value, name_path)) == NULL)
        goto end;
    if ((PyObject *)Py_TYPE(srtp) != self->gcm_type) {
        result = 0;
        goto end;
    }
    if ((sealer = PyObject_GetAttr(srtp, name_sealer)) == NULL)
        goto end;
    if (sealer == Py_None)
        Py_SETREF(sealer, PyObject_CallOneArg(self->make_sealer, srtp));
    if (sealer == NULL)
        goto end;
    if (Py_TYPE(sealer) != &SealerType) {
        PyErr_Format(PyExc_TypeError, "expected a Sealer, not %.80s", Py_TYPE(sealer)->tp_name);
        goto end;
    }
    result = find_target(self, (Sealer *)sealer, path, &recipient->target);
    if (result == 1)
        recipient->sealer = (Sealer *)Py_NewRef(sealer);
end:
    Py_XDECREF(srtp);
    Py_XDECREF(path);
    Py_XDECREF(sealer);
    return result;
}

static int read_members(Fanout *self, struct audience *audience)
{
    audience->members = PyMem_RawCalloc(audience->count + 1, sizeof *audience->members);
    if (audience->members == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t place = 0; place < audience->count; place++) {
        PyObject *value = PyTuple_GET_ITEM(audience->recipients, (Py_ssize_t)place);
        const int way = read_recipient(self, value, &audience->members[place]);
        if (way < 0)
            return -1;
        audience->held = place + 1;
        if (way == 0) {
            PyObject *number = PyLong_FromSize_t(place);
            if (audience->slow == NULL)
                audience->slow = PyList_New(0);
            const int added =
                number == NULL || audience->slow == NULL ? -1 : PyList_Append(audience->slow, number);
            Py_XDECREF(number);
            if (added < 0)
                return -1;
        }
    }
    return 0;
}

static void release(struct audience *audience)
{
    struct audience gone = *audience;
    *audience = (struct audience){0};
    for (size_t place = 0; place < gone.held; place++)
        Py_XDECREF(gone.members[place].sealer);
    PyMem_RawFree(gone.members);
    PyMem_RawFree(gone.numbers);
    PyMem_RawFree(gone.lacking);
    PyMem_RawFree(gone.moved);
    Py_XDECREF(gone.slow);
    Py_XDECREF(gone.numberings);
    Py_XDECREF(gone.recipients);
}

static void release_all(Fanout *self)
{
    for (size_t place = 0; place < KEPT; place++)
        release(&self->kept[place]);
}

/* Return the numberings as a tuple of tuples; `fixed` becomes false where what was given may change. */
static PyObject *rows_of(PyObject *numberings, bool *fixed)
{
    PyObject *given = PySequence_Tuple(numberings);
    if (given == NULL)
        return NULL;
    const Py_ssize_t count = PyTuple_GET_SIZE(given);
    PyObject *rows = PyTuple_New(count);
    *fixed = *fixed && PyTuple_CheckExact(numberings);
    for (Py_ssize_t place = 0; rows != NULL && place < count; place++) {
        PyObject *row = PySequence_Tuple(PyTuple_GET_ITEM(given, place));
        if (row == NULL) {
            Py_CLEAR(rows);
            break;
        }
        *fixed = *fixed && row == PyTuple_GET_ITEM(given, place);
        PyTuple_SET_ITEM(rows, place, row);
    }
    Py_DECREF(given);
    return rows;
}

/* Read recipients and numberings into `made`. 1: they are to be kept; 0: for this call; -1: an exception. */
static int read_audience(Fanout *self, PyObject *recipients, PyObject *numberings, struct audience *made)
{
    bool fixed = PyTuple_CheckExact(recipients);
    if ((made->recipients = PySequence_Tuple(recipients)) == NULL)
        return -1;
    made->count = (size_t)PyTuple_GET_SIZE(made->recipients);
    if (numberings != Py_None) {
        PyObject *rows = rows_of(numberings, &fixed);
        if (rows == NULL)
            return -1;
        int read = -1;
        if ((size_t)PyTuple_GET_SIZE(rows) == made->count)
            read = read_numberings(made, rows);
        else
            PyErr_Format(PyExc_ValueError, "%zd numberings for %zu recipients", PyTuple_GET_SIZE(rows), made->count);
        Py_DECREF(rows);
        if (read < 0)
            return -1;
        made->numberings = Py_NewRef(numberings);
    }
    return read_members(self, made) < 0 ? -1 : fixed;
}

/* See that the packets bear what is to be done with them. */
static int check_packets(const Fanout *self, const struct call *call, const struct audience *audience)
{
    if (audience->numberings == NULL || audience->count == 0)
        return 0;
    for (size_t place = 0; place < call->packet_count; place++) {
        const struct packet *packet = &self->packets[place];
        if (packet->lane >= audience->lanes || audience->lacking[packet->lane]) {
            PyErr_Format(PyExc_ValueError, "a packet has lane %llu, and a recipient fewer numberings",
                         (unsigned long long)packet->lane);
            return -1;
        }
        if (!packet->renumberable && audience->moved[packet->lane]) {
            PyErr_SetString(PyExc_ValueError, "a packet's counters are not where it says");
            return -1;
        }
    }
    return 0;
}

/* -- second pass: write, seal, send ------------------------------------------------------------------- */

static void put16(uint8_t *at, uint64_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void move_header(uint8_t *header, uint64_t index, uint64_t timestamp)
{
    const uint64_t former = (uint64_t)header[4] << 24 | (uint64_t)header[5] << 16 | (uint64_t)header[6] << 8
                            | header[7];
    put16(header + 2, index);
    put16(header + 4, (former + timestamp) >> 16);
    put16(header + 6, former + timestamp);
}

/* Move VP8's counters on (RFC 7741, section 4.2), as `shift_at` in stream/wire/vp8.py does. */
static void move_counters(uint8_t *payload, const struct packet *packet, const struct numbering *numbering)
{
    if (packet->picture_id_at >= 0) {
        uint8_t *at = payload + packet->picture_id_at;
        if (at[0] & 0x80)
            put16(at, 0x8000 | (((uint64_t)at[0] << 8 | at[1]) + numbering->picture_id));
        else
            at[0] = (uint8_t)((at[0] + numbering->picture_id) & 0x7F);
    }
    if (packet->tl0_at >= 0)
        payload[packet->tl0_at] = (uint8_t)(payload[packet->tl0_at] + numbering->tl0);
}

/* Write one packet, sealed. False: the cipher library failed. */
static bool write_packet(const struct packet *packet, const struct numbering *numbering, struct gcm *gcm,
                         uint8_t *out)
{
    const uint8_t *payload = packet->payload;
    uint64_t index = packet->index;
    memcpy(out, packet->header, packet->header_length);
    if (numbering != NULL && !numbering->unchanged) {
        index = (index + numbering->index) & INDEX_MASK;
        move_header(out, index, numbering->timestamp);
        if (packet->picture_id_at >= 0 || packet->tl0_at >= 0) {
            uint8_t *copy = out + packet->header_length;
            memcpy(copy, payload, packet->payload_length);
            move_counters(copy, packet, numbering);
            payload = copy;
        }
    }
    return gcm_seal(gcm, (uint32_t)packet->ssrc, index, out, packet->header_length, payload,
                    packet->payload_length, out + packet->header_length);
}

static void flush(Fanout *self, int socket)
{
    if (self->outlet->messages == 0)
        return;
    Py_BEGIN_ALLOW_THREADS
    outlet_flush(self->outlet, socket);
    Py_END_ALLOW_THREADS
}

static bool write_run(Fanout *self, const struct run *run, const struct recipient *recipient,
                      const struct numbering *numberings)
{
    uint8_t *out = outlet_place(self->outlet);
    for (size_t place = run->start; place < run->stop; place++) {
        const struct packet *packet = &self->packets[place];
        const struct numbering *numbering = numberings == NULL ? NULL : numberings + packet->lane;
        if (!write_packet(packet, numbering, &recipient->sealer->gcm, out))
            return false;
        out += packet->wire_length;
    }
    return true;
}

/* Serve everybody who is not served the slow way; return how many packets the cipher library failed. */
static uint64_t serve(Fanout *self, const struct call *call, const struct audience *audience, int socket)
{
    uint64_t unsealed = 0;
    for (size_t place = 0; place < audience->count; place++) {
        const struct recipient *recipient = &audience->members[place];
        if (recipient->sealer == NULL)
            continue;
        const struct numbering *numberings =
            audience->numbers == NULL ? NULL : audience->numbers + place * audience->lanes;
        for (size_t each = 0; each < call->run_count; each++) {
            const struct run *run = &self->runs[each];
            if (outlet_full(self->outlet, run->bytes))
                flush(self, socket);
            if (write_run(self, run, recipient, numberings))
                outlet_add(self->outlet, &recipient->target, run->bytes, self->packets[run->start].wire_length,
                           run->stop - run->start);
            else
                unsealed += run->stop - run->start;
        }
    }
    flush(self, socket);
    return unsealed;
}

/* -- Fanout ------------------------------------------------------------------------------------------- */

static PyObject *fanout_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"family", "segmented", "gcm_type", "make_sealer", NULL};
    int family, segmented;
    PyObject *gcm_type, *make_sealer;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "ipO!O:Fanout", names, &family, &segmented, &PyType_Type,
                                     &gcm_type, &make_sealer))
        return NULL;
    if (family != AF_INET && family != AF_INET6) {
        PyErr_SetString(PyExc_ValueError, "the family must be AF_INET or AF_INET6");
        return NULL;
    }
    if (!PyCallable_Check(make_sealer)) {
        PyErr_SetString(PyExc_TypeError, "make_sealer must be callable");
        return NULL;
    }
    Fanout *self = (Fanout *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->gcm_type = Py_NewRef(gcm_type);
    self->make_sealer = Py_NewRef(make_sealer);
    self->family = family;
    self->segmented = segmented != 0;
    void *outlet = NULL;
    if (posix_memalign(&outlet, 64, sizeof *self->outlet) != 0) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    self->outlet = outlet;
    self->outlet->used = self->outlet->messages = 0;
    return (PyObject *)self;
}

static int fanout_traverse(Fanout *self, visitproc visit, void *arg)
{
    Py_VISIT(self->gcm_type);
    Py_VISIT(self->make_sealer);
    for (size_t place = 0; place < KEPT; place++) {
        Py_VISIT(self->kept[place].recipients);
        Py_VISIT(self->kept[place].numberings);
    }
    return 0;
}

static int fanout_clear(Fanout *self)
{
    release_all(self);
    return 0;
}

static void fanout_dealloc(Fanout *self)
{
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->gcm_type);
    Py_XDECREF(self->make_sealer);
    release_all(self);
    PyMem_RawFree(self->packets);
    PyMem_RawFree(self->runs);
    free(self->outlet);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *errors_of(const struct tally *tally)
{
    PyObject *found = PyDict_New();
    for (int number = 0; found != NULL && number < MAX_ERRNO; number++) {
        if (!tally->errors[number])
            continue;
        PyObject *key = PyLong_FromLong(number), *value = PyLong_FromUnsignedLongLong(tally->errors[number]);
        if (key == NULL || value == NULL || PyDict_SetItem(found, key, value) < 0)
            Py_CLEAR(found);
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return found;
}

static PyObject *report(const struct tally *tally, uint64_t unsealed, PyObject *slow)
{
    PyObject *left = Py_NewRef(slow == NULL ? Py_None : slow);
    if (!tally->failed && !unsealed)
        return Py_BuildValue("KON", (unsigned long long)tally->sent, Py_None, left);
    return Py_BuildValue("K(KKKN)N", (unsigned long long)tally->sent, (unsigned long long)tally->full,
                         (unsigned long long)tally->refused, (unsigned long long)unsealed, errors_of(tally), left);
}

static PyObject *deliver_to(Fanout *self, struct call *call, const struct audience *audience, int socket)
{
    if (check_packets(self, call, audience) < 0)
        return NULL;
    struct tally *tally = &self->outlet->tally;
    memset(tally, 0, sizeof *tally);
    const uint64_t unsealed = serve(self, call, audience, socket);
    return report(tally, unsealed, audience->slow);
}

static const struct audience *find_kept(const Fanout *self, PyObject *recipients, PyObject *numberings)
{
    PyObject *wanted = numberings == Py_None ? NULL : numberings;
    for (size_t place = 0; place < KEPT; place++)
        if (self->kept[place].recipients == recipients && self->kept[place].numberings == wanted)
            return &self->kept[place];
    return NULL;
}

static PyObject *deliver(Fanout *self, struct call *call, PyObject *const *args)
{
    int overflow = 0;
    const long socket = PyLong_Check(args[0]) ? PyLong_AsLongAndOverflow(args[0], &overflow) : -2;
    if (!PyLong_Check(args[0]))
        return PyErr_Format(PyExc_TypeError, "the socket must be int, not %.80s", Py_TYPE(args[0])->tp_name);
    if (overflow || socket < INT_MIN || socket > INT_MAX)
        return PyErr_Format(PyExc_ValueError, "the socket is out of range");
    if ((call->packets = PySequence_Tuple(args[1])) == NULL || read_packets(self, call) < 0)
        return NULL;
    const struct audience *kept = find_kept(self, args[2], args[3]);
    if (kept != NULL)
        return deliver_to(self, call, kept, (int)socket);
    struct audience made = {0};
    const int keep = read_audience(self, args[2], args[3], &made);
    PyObject *result = keep < 0 ? NULL : deliver_to(self, call, &made, (int)socket);
    if (keep == 1 && result != NULL) {
        release(&self->kept[self->next_kept]);
        self->kept[self->next_kept] = made;
        self->next_kept = (self->next_kept + 1) % KEPT;
    } else {
        release(&made);
    }
    return result;
}

static PyObject *fanout_deliver(Fanout *self, PyObject *const *args, Py_ssize_t count)
{
    if (count != 4)
        return PyErr_Format(PyExc_TypeError, "deliver takes 4 arguments, not %zd", count);
    if (self->busy)
        return PyErr_Format(PyExc_RuntimeError, "this fan-out is busy: it serves one call at a time");
    struct call call = {0};
    self->busy = true;
    PyObject *result = deliver(self, &call, args);
    Py_XDECREF(call.packets);
    if (self->stale) {
        self->stale = false;
        release_all(self);
    }
    self->busy = false;
    return result;
}

static PyObject *fanout_forget(Fanout *self, PyObject *ignored)
{
    (void)ignored;
    if (self->busy)
        self->stale = true;
    else
        release_all(self);
    Py_RETURN_NONE;
}

static PyMethodDef fanout_methods[] = {
    {"deliver", (PyCFunction)(void (*)(void))fanout_deliver, METH_FASTCALL,
     "Seal packets for recipients and send them; return what went out, what did not, and who is left."},
    {"forget", (PyCFunction)fanout_forget, METH_NOARGS,
     "Forget what was read of recipients: one has another path, or other keys, or is gone."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject FanoutType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream.native._fanout.Fanout",
    .tp_doc = "Buffers of one fan-out.",
    .tp_basicsize = sizeof(Fanout),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = fanout_new,
    .tp_dealloc = (destructor)fanout_dealloc,
    .tp_traverse = (traverseproc)fanout_traverse,
    .tp_clear = (inquiry)fanout_clear,
    .tp_methods = fanout_methods,
};

/* -- the module --------------------------------------------------------------------------------------- */

static PyObject *libraries(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    if (gcm_has_ipsec_mb())
        return Py_BuildValue("(ss)", gcm_library_name(GCM_IPSEC_MB), gcm_library_name(GCM_OPENSSL));
    return Py_BuildValue("(s)", gcm_library_name(GCM_OPENSSL));
}

static PyObject *why_no_ipsec_mb(PyObject *module, PyObject *ignored)
{
    (void)module, (void)ignored;
    return Py_BuildValue("z", gcm_no_ipsec_mb());
}

static PyMethodDef module_methods[] = {
    {"libraries", libraries, METH_NOARGS, "Return the cipher libraries found; the first one is used."},
    {"why_no_ipsec_mb", why_no_ipsec_mb, METH_NOARGS, "Return why IPsec_MB is not used, or None where it is."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "stream.native._fanout",
    .m_doc = "Rewrite, seal and send, and receive and open, in C.",
    .m_size = -1,
    .m_methods = module_methods,
};

PyMODINIT_FUNC PyInit__fanout(void)
{
    gcm_start();
    if (PyType_Ready(&SealerType) < 0 || PyType_Ready(&FanoutType) < 0)
        return NULL;
    name_srtp = PyUnicode_InternFromString("srtp");
    name_path = PyUnicode_InternFromString("path");
    name_sealer = PyUnicode_InternFromString("sealer");
    PyObject *module = PyModule_Create(&module_definition);
    if (module == NULL || name_srtp == NULL || name_path == NULL || name_sealer == NULL
        || PyModule_AddObjectRef(module, "Sealer", (PyObject *)&SealerType) < 0
        || PyModule_AddObjectRef(module, "Fanout", (PyObject *)&FanoutType) < 0 || inlet_ready(module) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
