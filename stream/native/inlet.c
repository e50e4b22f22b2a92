/* See inlet.h. The law: whatever arrives, no memory is touched that is not ours, and nothing is raised for it;
 * what is not a connected peer's SRTP goes to Python as it came. */

#define _GNU_SOURCE

#include "inlet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "opener.h"
#include "reports.h"

/* As in stream/transport/inlet.py, which tells why. */
enum { BATCH = 64, MAX_DATAGRAM = 1500, ANCILLARY_ROOM = CMSG_SPACE(20) };
enum kind { RAW, RTP, RTCP, UNREAD, FAULT };

enum { FIXED_HEADER = 12, LONGEST_OPENED = 65536 };

/* -- Opener: one peer's keys -------------------------------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    struct opener opener;
} Opener;

static PyTypeObject OpenerType;

static PyObject *opener_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"key", "salt", "rtcp_key", "rtcp_salt", "library", NULL};
    Py_buffer key = {0}, salt = {0}, rtcp_key = {0}, rtcp_salt = {0};
    const char *library = NULL;
    Opener *self = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "y*y*y*y*|z:Opener", names, &key, &salt, &rtcp_key,
                                     &rtcp_salt, &library))
        return NULL;
    enum gcm_library chosen = gcm_has_ipsec_mb() ? GCM_IPSEC_MB : GCM_OPENSSL;
    if (library != NULL && strcmp(library, "openssl") == 0)
        chosen = GCM_OPENSSL;
    else if (library != NULL && (strcmp(library, "ipsec-mb") != 0 || !gcm_has_ipsec_mb())) {
        PyErr_Format(PyExc_ValueError, "no such library here: %.40s", library);
        goto end;
    }
    if ((key.len != 16 && key.len != 32) || rtcp_key.len != key.len || salt.len != GCM_SALT
        || rtcp_salt.len != GCM_SALT) {
        PyErr_SetString(PyExc_ValueError, "keys have 16 or 32 bytes, salts 12");
        goto end;
    }
    self = (Opener *)type->tp_alloc(type, 0);
    if (self != NULL
        && (!gcm_open(&self->opener.rtp, chosen, GCM_UNSEALS, key.buf, (size_t)key.len, salt.buf)
            || !gcm_open(&self->opener.rtcp, chosen, GCM_UNSEALS, rtcp_key.buf, (size_t)rtcp_key.len,
                         rtcp_salt.buf))) {
        PyErr_SetString(PyExc_RuntimeError, "the cipher library refused the key");
        Py_CLEAR(self);
    }
end:
    PyBuffer_Release(&key);
    PyBuffer_Release(&salt);
    PyBuffer_Release(&rtcp_key);
    PyBuffer_Release(&rtcp_salt);
    return (PyObject *)self;
}

static void opener_dealloc(Opener *self)
{
    opener_close(&self->opener);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *opened_or_reason(enum opened opened, PyObject *bytes, size_t size)
{
    if (opened == OPENED) {
        _PyBytes_Resize(&bytes, (Py_ssize_t)size);
        return bytes;
    }
    Py_DECREF(bytes);
    return opened == NO_MEMORY ? PyErr_NoMemory() : PyUnicode_FromString(opener_reason(opened));
}

static PyObject *opener_open_method(Opener *self, PyObject *args)
{
    Py_buffer data;
    Py_ssize_t header_length;
    if (!PyArg_ParseTuple(args, "y*n:open", &data, &header_length))
        return NULL;
    PyObject *result = NULL;
    if (header_length < FIXED_HEADER || header_length > data.len) {
        PyErr_SetString(PyExc_ValueError, "that is no length of a header");
    } else if ((result = PyBytes_FromStringAndSize(NULL, data.len)) != NULL) {
        size_t size = 0;
        const enum opened opened = opener_open(&self->opener, data.buf, (size_t)data.len, (size_t)header_length,
                                               (uint8_t *)PyBytes_AS_STRING(result), &size);
        result = opened_or_reason(opened, result, size);
    }
    PyBuffer_Release(&data);
    return result;
}

static PyObject *opener_open_rtcp_method(Opener *self, PyObject *args)
{
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "y*:open_rtcp", &data))
        return NULL;
    PyObject *result = PyBytes_FromStringAndSize(NULL, data.len);
    if (result != NULL) {
        size_t size = 0;
        const enum opened opened = opener_open_rtcp(&self->opener, data.buf, (size_t)data.len,
                                                    (uint8_t *)PyBytes_AS_STRING(result), &size);
        result = opened_or_reason(opened, result, size);
    }
    PyBuffer_Release(&data);
    return result;
}

static PyMethodDef opener_methods[] = {
    {"open", (PyCFunction)opener_open_method, METH_VARARGS, "Return an RTP packet's payload, or why not."},
    {"open_rtcp", (PyCFunction)opener_open_rtcp_method, METH_VARARGS, "Return a compound packet, or why not."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject OpenerType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream.native._fanout.Opener",
    .tp_doc = "The receiving half of one peer's SRTP keys (RFC 7714).",
    .tp_basicsize = sizeof(Opener),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = opener_new,
    .tp_dealloc = (destructor)opener_dealloc,
    .tp_methods = opener_methods,
};

/* -- Inlet -------------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t datagrams[BATCH][MAX_DATAGRAM + 4]; /* one byte more tells what is over-long */
    uint8_t opened[MAX_DATAGRAM + 4];
    struct sockaddr_storage sources[BATCH];
    struct { _Alignas(struct cmsghdr) uint8_t bytes[ANCILLARY_ROOM]; } controls[BATCH];
    struct iovec vectors[BATCH];
    struct mmsghdr headers[BATCH];
} Room;

typedef struct {
    PyObject_HEAD
    int family;
    PyObject *places; /* dict: address and port as they are on the wire, to (transport, path) */
    PyObject *rtp_packet;
    struct report_types types;
    Room *room;
} Inlet;

static PyObject *name_opener, *kinds[FAULT + 1];

static PyObject *inlet_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"family", "rtp_packet", "report_block", "receiver_report", "transport_feedback", NULL};
    int family;
    PyObject *rtp_packet;
    struct report_types types;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "iOO!O!O!:Inlet", names, &family, &rtp_packet, &PyType_Type,
                                     &types.report_block, &PyType_Type, &types.receiver_report, &PyType_Type,
                                     &types.transport_feedback))
        return NULL;
    if (family != AF_INET && family != AF_INET6) {
        PyErr_SetString(PyExc_ValueError, "the family must be AF_INET or AF_INET6");
        return NULL;
    }
    if (!PyCallable_Check(rtp_packet)) {
        PyErr_SetString(PyExc_TypeError, "rtp_packet must be callable");
        return NULL;
    }
    if (!reports_fit(&types))
        return NULL;
    Inlet *self = (Inlet *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->family = family;
    self->rtp_packet = Py_NewRef(rtp_packet);
    self->types.report_block = (PyTypeObject *)Py_NewRef(types.report_block);
    self->types.receiver_report = (PyTypeObject *)Py_NewRef(types.receiver_report);
    self->types.transport_feedback = (PyTypeObject *)Py_NewRef(types.transport_feedback);
    self->places = PyDict_New();
    self->room = PyMem_RawMalloc(sizeof *self->room);
    if (self->places == NULL || self->room == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static int inlet_traverse(Inlet *self, visitproc visit, void *arg)
{
    Py_VISIT(self->places);
    Py_VISIT(self->rtp_packet);
    Py_VISIT(self->types.report_block);
    Py_VISIT(self->types.receiver_report);
    Py_VISIT(self->types.transport_feedback);
    return 0;
}

static int inlet_clear(Inlet *self)
{
    Py_CLEAR(self->places);
    return 0;
}

static void inlet_dealloc(Inlet *self)
{
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->places);
    Py_XDECREF(self->rtp_packet);
    Py_XDECREF(self->types.report_block);
    Py_XDECREF(self->types.receiver_report);
    Py_XDECREF(self->types.transport_feedback);
    PyMem_RawFree(self->room);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* -- who is where ------------------------------------------------------------------------------------- */

enum { LONGEST_PLACE = 16 + 2 };

static PyObject *place_of(const struct sockaddr_storage *source)
{
    uint8_t bytes[LONGEST_PLACE];
    if (source->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)source;
        memcpy(bytes, &v4->sin_addr, 4);
        memcpy(bytes + 4, &v4->sin_port, 2);
        return PyBytes_FromStringAndSize((char *)bytes, 6);
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)source;
    memcpy(bytes, &v6->sin6_addr, 16);
    memcpy(bytes + 16, &v6->sin6_port, 2);
    return PyBytes_FromStringAndSize((char *)bytes, 18);
}

/* Return the place that text and number name; None where they name none of this family. */
static PyObject *place_named(const Inlet *self, const char *host, int port)
{
    struct sockaddr_storage source = {.ss_family = (sa_family_t)self->family};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&source;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&source;
    void *number = self->family == AF_INET ? (void *)&v4->sin_addr : (void *)&v6->sin6_addr;
    if (port < 0 || port > 0xFFFF || inet_pton(self->family, host, number) != 1)
        Py_RETURN_NONE;
    if (self->family == AF_INET)
        v4->sin_port = htons((uint16_t)port);
    else
        v6->sin6_port = htons((uint16_t)port);
    return place_of(&source);
}

static PyObject *inlet_bind(Inlet *self, PyObject *args)
{
    const char *host;
    int port;
    PyObject *found;
    if (!PyArg_ParseTuple(args, "siO!:bind", &host, &port, &PyTuple_Type, &found))
        return NULL;
    if (PyTuple_GET_SIZE(found) != 2)
        return PyErr_Format(PyExc_ValueError, "expected a transport and its path");
    PyObject *place = place_named(self, host, port);
    if (place == NULL)
        return NULL;
    const int done = place == Py_None ? 0 : PyDict_SetItem(self->places, place, found);
    Py_DECREF(place);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *inlet_unbind(Inlet *self, PyObject *args)
{
    const char *host;
    int port;
    if (!PyArg_ParseTuple(args, "si:unbind", &host, &port))
        return NULL;
    PyObject *place = place_named(self, host, port);
    if (place == NULL)
        return NULL;
    const int there = place == Py_None ? 0 : PyDict_Contains(self->places, place);
    const int done = there > 0 ? PyDict_DelItem(self->places, place) : there;
    Py_DECREF(place);
    if (done < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* -- one datagram ------------------------------------------------------------------------------------- */

static PyObject *fault(const char *what, const char *reason)
{
    return PyUnicode_FromFormat("%s_%s", what, reason);
}

/* Return the datagram as recvmsg would have: its bytes, where it came from, and what the kernel said of it. */
static PyObject *read_raw(struct mmsghdr *header)
{
    const struct sockaddr_storage *source = header->msg_hdr.msg_name;
    char host[INET6_ADDRSTRLEN] = "";
    int port = 0;
    if (source->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)source;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        port = ntohs(v4->sin_port);
    } else if (source->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)source;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        port = ntohs(v6->sin6_port);
    }
    PyObject *ancillary = PyList_New(0);
    for (struct cmsghdr *message = CMSG_FIRSTHDR(&header->msg_hdr); ancillary != NULL && message != NULL;
         message = CMSG_NXTHDR(&header->msg_hdr, message)) {
        if (message->cmsg_len < CMSG_LEN(0))
            break;
        PyObject *item = Py_BuildValue("(iiy#)", message->cmsg_level, message->cmsg_type, CMSG_DATA(message),
                                       (Py_ssize_t)(message->cmsg_len - CMSG_LEN(0)));
        if (item == NULL || PyList_Append(ancillary, item) < 0)
            Py_CLEAR(ancillary);
        Py_XDECREF(item);
    }
    if (ancillary == NULL)
        return NULL;
    return Py_BuildValue("(y#(si)N)", header->msg_hdr.msg_iov->iov_base, (Py_ssize_t)header->msg_len, host, port,
                         ancillary);
}

static int put_extension(PyObject *found, unsigned identifier, const uint8_t *value, size_t length)
{
    PyObject *key = PyLong_FromLong((long)identifier);
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)value, (Py_ssize_t)length);
    const int done = key == NULL || bytes == NULL ? -1 : PyDict_SetItem(found, key, bytes);
    Py_XDECREF(key);
    Py_XDECREF(bytes);
    return done;
}

/* Read header extensions as `_parse_extensions` in stream/wire/rtp.py does. 1: done; 0: malformed; -1: an
 * exception. */
static int read_extensions(const uint8_t *data, size_t start, size_t end, PyObject *found)
{
    const unsigned profile = (unsigned)data[start] << 8 | data[start + 1];
    size_t place = start + 4;
    if (profile == 0xBEDE) {
        while (place < end) {
            const uint8_t head = data[place++];
            if (head == 0)
                continue;
            const unsigned identifier = head >> 4;
            const size_t length = (head & 0x0F) + 1u;
            if (identifier == 0 || identifier == 15)
                break;
            if (place + length > end)
                return 0;
            if (put_extension(found, identifier, data + place, length) < 0)
                return -1;
            place += length;
        }
    } else if ((profile & 0xFFF0) == 0x1000) {
        while (place < end) {
            const unsigned identifier = data[place++];
            if (identifier == 0)
                continue;
            if (place >= end)
                return 0;
            const size_t length = data[place++];
            if (place + length > end)
                return 0;
            if (put_extension(found, identifier, data + place, length) < 0)
                return -1;
            place += length;
        }
    }
    return 1;
}

/* Return the length of the header, as `header_length` in stream/wire/rtp.py; 0 and a reason. */
static size_t header_length(const uint8_t *data, size_t length, const char **reason)
{
    if (length < FIXED_HEADER) {
        *reason = "short";
        return 0;
    }
    if (data[0] >> 6 != 2) {
        *reason = "version";
        return 0;
    }
    const bool extended = data[0] & 0x10;
    size_t header = FIXED_HEADER + 4u * (data[0] & 0x0F);
    if (extended) {
        if (length < header + 4) {
            *reason = "short_extension";
            return 0;
        }
        header += 4 + 4 * ((size_t)data[header + 2] << 8 | data[header + 3]);
    }
    if (length < header) {
        *reason = extended ? "short_extension" : "short_csrc";
        return 0;
    }
    return header;
}

static PyObject *make_packet(const Inlet *self, const uint8_t *data, PyObject *payload, PyObject *extensions)
{
    const uint32_t timestamp = (uint32_t)data[4] << 24 | (uint32_t)data[5] << 16 | (uint32_t)data[6] << 8 | data[7];
    const uint32_t ssrc = (uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 | (uint32_t)data[10] << 8 | data[11];
    PyObject *fields[7] = {
        PyLong_FromLong(data[1] & 0x7F),
        PyLong_FromLong(data[2] << 8 | data[3]),
        PyLong_FromUnsignedLong(timestamp),
        PyLong_FromUnsignedLong(ssrc),
        PyBool_FromLong(data[1] & 0x80),
        payload,
        extensions,
    };
    PyObject *packet = NULL;
    if (fields[0] != NULL && fields[1] != NULL && fields[2] != NULL && fields[3] != NULL)
        packet = PyObject_Vectorcall(self->rtp_packet, fields, 7, NULL);
    for (int place = 0; place < 5; place++)
        Py_XDECREF(fields[place]);
    return packet;
}

/* Open and read one RTP packet, as PeerTransport.receive_rtp does. */
static PyObject *read_rtp(Inlet *self, Opener *opener, const uint8_t *data, size_t length, enum kind *kind)
{
    const char *reason = NULL;
    const size_t header = header_length(data, length, &reason);
    PyObject *extensions = NULL, *payload = NULL, *result = NULL;
    if (header == 0)
        goto refused;
    if ((extensions = PyDict_New()) == NULL)
        return NULL;
    if (data[0] & 0x10) {
        const int read = read_extensions(data, FIXED_HEADER + 4u * (data[0] & 0x0F), header, extensions);
        if (read < 0)
            goto end;
        if (read == 0) {
            reason = "extension_length";
            goto refused;
        }
    }
    size_t size = 0;
    const enum opened opened = opener_open(&opener->opener, data, length, header, self->room->opened, &size);
    if (opened != OPENED) {
        reason = opener_reason(opened);
        goto refused;
    }
    if (data[0] & 0x20) {
        const size_t padding = size ? self->room->opened[size - 1] : 0;
        if (padding == 0 || padding > size) {
            reason = "padding";
            goto refused;
        }
        size -= padding;
    }
    payload = PyBytes_FromStringAndSize((char *)self->room->opened, (Py_ssize_t)size);
    if (payload != NULL)
        result = make_packet(self, data, payload, extensions);
    goto end;
refused:
    *kind = FAULT;
    result = fault("rtp", reason);
end:
    Py_XDECREF(extensions);
    Py_XDECREF(payload);
    return result;
}

/* Open and read one RTCP compound, as PeerTransport.receive_rtcp does. */
static PyObject *read_rtcp(Inlet *self, Opener *opener, const uint8_t *data, size_t length, enum kind *kind)
{
    size_t size = 0;
    const enum opened opened = opener_open_rtcp(&opener->opener, data, length, self->room->opened, &size);
    if (opened != OPENED) {
        *kind = FAULT;
        return fault("rtcp", opener_reason(opened));
    }
    PyObject *packets = reports_read(&self->types, self->room->opened, size);
    if (packets == Py_None) {
        Py_DECREF(packets);
        *kind = UNREAD;
        return PyBytes_FromStringAndSize((char *)self->room->opened, (Py_ssize_t)size);
    }
    if (packets != NULL && PyUnicode_Check(packets)) {
        *kind = FAULT;
        PyObject *named = PyUnicode_FromFormat("rtcp_%U", packets);
        Py_DECREF(packets);
        return named;
    }
    return packets;
}

/* Find whose datagram of the SRTP range this is: (transport, path) and its opener, new references. 1: found;
 * 0: it is Python's; -1: an exception. */
static int find_peer(Inlet *self, const struct mmsghdr *header, PyObject **found, PyObject **opener)
{
    const uint8_t *data = header->msg_hdr.msg_iov->iov_base;
    if (header->msg_len == 0 || header->msg_len > MAX_DATAGRAM || data[0] < 128 || data[0] >= 192)
        return 0;
    const struct sockaddr_storage *source = header->msg_hdr.msg_name;
    if (source->ss_family != self->family)
        return 0;
    PyObject *place = place_of(source);
    if (place == NULL)
        return -1;
    *found = PyDict_GetItemWithError(self->places, place);
    Py_DECREF(place);
    if (*found == NULL)
        return PyErr_Occurred() ? -1 : 0;
    Py_INCREF(*found);
    *opener = PyObject_GetAttr(PyTuple_GET_ITEM(*found, 0), name_opener);
    if (*opener == NULL)
        return -1;
    if (Py_TYPE(*opener) == &OpenerType)
        return 1;
    Py_CLEAR(*opener);
    return 0;
}

static PyObject *read_datagram(Inlet *self, struct mmsghdr *header)
{
    const uint8_t *data = header->msg_hdr.msg_iov->iov_base;
    const size_t length = header->msg_len;
    const bool is_rtcp = length >= 4 && data[1] >= 192 && data[1] <= 223; /* RFC 5761, section 4 */
    PyObject *found = NULL, *opener = NULL, *value = NULL;
    enum kind kind = RAW;
    const int whose = find_peer(self, header, &found, &opener);
    if (whose == 0) {
        Py_XSETREF(found, Py_NewRef(Py_None));
        value = read_raw(header);
    } else if (whose > 0 && !is_rtcp) {
        kind = RTP;
        value = read_rtp(self, (Opener *)opener, data, length, &kind);
    } else if (whose > 0) {
        kind = RTCP;
        value = read_rtcp(self, (Opener *)opener, data, length, &kind);
    }
    PyObject *read = value != NULL ? PyTuple_Pack(3, found, kinds[kind], value) : NULL;
    Py_XDECREF(found);
    Py_XDECREF(opener);
    Py_XDECREF(value);
    return read;
}

static PyObject *inlet_receive(Inlet *self, PyObject *argument)
{
    const int socket = PyObject_AsFileDescriptor(argument);
    if (socket < 0)
        return NULL;
    Room *room = self->room;
    for (size_t place = 0; place < BATCH; place++) {
        room->vectors[place] = (struct iovec){room->datagrams[place], MAX_DATAGRAM + 1};
        room->headers[place].msg_hdr = (struct msghdr){
            .msg_name = &room->sources[place],
            .msg_namelen = sizeof room->sources[place],
            .msg_iov = &room->vectors[place],
            .msg_iovlen = 1,
            .msg_control = room->controls[place].bytes,
            .msg_controllen = sizeof room->controls[place].bytes,
        };
    }
    int count;
    do
        count = recvmmsg(socket, room->headers, BATCH, MSG_DONTWAIT, NULL);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        return PyErr_SetFromErrno(PyExc_OSError);
    PyObject *all = PyList_New(count < 0 ? 0 : count);
    for (int place = 0; all != NULL && place < count; place++) {
        PyObject *one = read_datagram(self, &room->headers[place]);
        if (one == NULL)
            Py_CLEAR(all);
        else
            PyList_SET_ITEM(all, place, one);
    }
    return all;
}

static PyObject *inlet_read(Inlet *self, PyObject *argument)
{
    Py_buffer data;
    if (PyObject_GetBuffer(argument, &data, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *packets = reports_read(&self->types, data.buf, (size_t)data.len);
    PyBuffer_Release(&data);
    return packets;
}

static PyMethodDef inlet_methods[] = {
    {"bind", (PyCFunction)inlet_bind, METH_VARARGS, "Remember whose datagrams come from an address."},
    {"unbind", (PyCFunction)inlet_unbind, METH_VARARGS, "Forget an address."},
    {"receive", (PyCFunction)inlet_receive, METH_O, "Take what waits at a socket, a batch at most."},
    {"read", (PyCFunction)inlet_read, METH_O, "Read a compound: a list, a reason, or None: not for here."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject InletType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "stream.native._fanout.Inlet",
    .tp_doc = "The receiving half of one port.",
    .tp_basicsize = sizeof(Inlet),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = inlet_new,
    .tp_dealloc = (destructor)inlet_dealloc,
    .tp_traverse = (traverseproc)inlet_traverse,
    .tp_clear = (inquiry)inlet_clear,
    .tp_methods = inlet_methods,
};

int inlet_ready(PyObject *module)
{
    if (PyType_Ready(&OpenerType) < 0 || PyType_Ready(&InletType) < 0)
        return -1;
    if ((name_opener = PyUnicode_InternFromString("opener")) == NULL)
        return -1;
    for (int kind = RAW; kind <= FAULT; kind++)
        if ((kinds[kind] = PyLong_FromLong(kind)) == NULL)
            return -1;
    if (PyModule_AddObjectRef(module, "Opener", (PyObject *)&OpenerType) < 0)
        return -1;
    return PyModule_AddObjectRef(module, "Inlet", (PyObject *)&InletType);
}
