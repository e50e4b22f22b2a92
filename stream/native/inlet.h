/* The way in: many datagrams in one system call, opened and read for Python.
 *
 * Owns the types Opener and Inlet of the module; see stream/transport/inlet.py, whose words and rules are kept
 * here. */

#ifndef ROSTRUM_INLET_H
#define ROSTRUM_INLET_H

#define PY_SSIZE_T_CLEAN

#include <Python.h>

/* Add the types to the module; -1 with an exception where that cannot be. */
int inlet_ready(PyObject *module);

#endif
