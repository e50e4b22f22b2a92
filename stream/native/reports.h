/* What viewers report most, from bytes to Python's values: receiver reports and transport-wide feedback.
 *
 * The twin of `parse` in stream/wire/rtcp.py and of `unpack` in stream/wire/transport_cc.py, whose words and
 * rules are kept here. The law: what is read is what those would read; a compound that holds anything else is
 * left to them, whole. */

#ifndef ROSTRUM_REPORTS_H
#define ROSTRUM_REPORTS_H

#define PY_SSIZE_T_CLEAN

#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The classes of stream/wire/rtcp.py that are made here: named tuples. */
struct report_types {
    PyTypeObject *report_block, *receiver_report, *transport_feedback;
};

/* Tell whether these are such classes; an exception where they are not. */
bool reports_fit(const struct report_types *types);

/* Read a compound. A new list of packets; a new str, the reason it is malformed; a new None, where it is not
 * for here; or NULL with an exception. */
PyObject *reports_read(const struct report_types *types, const uint8_t *data, size_t length);

#endif
