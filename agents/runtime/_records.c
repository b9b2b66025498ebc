/* The common case of reading a batch of Kafka's records, compiled: its keys, values, times and headers as lists, with no object
 * a record.
 *
 * `run` takes the records of a batch (format 2), unpacked. It answers None where they are not all plain: each with a value, of
 * offsets that follow one another, the names of headers in UTF-8. Then, and without a compiler, aiokafka reads them one by one
 * (tests/agents/test_runs.py holds the two against each other). The bytes come from anybody: nothing is read beyond their
 * end, and no room is made for more than they can hold. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../../schemas/_version.h"

#include <stdint.h>

enum { LEAST_RECORD = 7, MOST_SHIFT = 63 };

typedef struct {
    const unsigned char *at, *end;
} Input;

/* 0: there is no whole number. https://protobuf.dev/programming-guides/encoding/#signed-ints */
static inline int take_number(Input *in, int64_t *number) {
    uint64_t raw = 0;
    for (int shift = 0; shift <= MOST_SHIFT && in->at < in->end; shift += 7) {
        unsigned char byte = *in->at++;
        raw |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *number = (int64_t)(raw >> 1 ^ (0 - (raw & 1)));
            return 1;
        }
    }
    return 0;
}

/* What is told of a record; `key` is NULL where it has none. */
typedef struct {
    const unsigned char *key, *value;
    int64_t key_length, value_length, after, headers; /* ms behind the first one's time; how many headers follow */
    Input rest;                                       /* where these are */
} Plain;

/* 1: the record of that number is plain; 0: it is not. */
static int take_record(Input *in, int64_t number, Plain *record) {
    int64_t length, attributes, offset;
    if (!take_number(in, &length) || length < 0 || length > in->end - in->at) return 0;
    const unsigned char *end = in->at + length;
    if (!take_number(in, &attributes) || attributes != 0 || !take_number(in, &record->after)) return 0;
    if (!take_number(in, &offset) || offset != number) return 0;
    if (!take_number(in, &record->key_length) || record->key_length > in->end - in->at) return 0;
    record->key = record->key_length < 0 ? NULL : in->at;
    if (record->key) in->at += record->key_length;
    if (!take_number(in, &record->value_length) || record->value_length < 0 || record->value_length > in->end - in->at)
        return 0;
    record->value = in->at;
    in->at += record->value_length;
    if (!take_number(in, &record->headers) || record->headers < 0 || in->at > end || record->headers > (end - in->at) / 2)
        return 0;
    record->rest = (Input){in->at, end};
    in->at = end;
    return record->headers || record->rest.at == end;
}

/* The headers of a record as a tuple of (name, value); NULL: an error is set, or they are not plain. */
static PyObject *headers_of(Plain *record) {
    Input *in = &record->rest;
    PyObject *headers = PyTuple_New((Py_ssize_t)record->headers);
    for (int64_t n = 0; headers && n < record->headers; n++) {
        int64_t length, value_length;
        PyObject *name, *value, *both;
        if (!take_number(in, &length) || length < 0 || length > in->end - in->at) goto other;
        if (!(name = PyUnicode_DecodeUTF8((const char *)in->at, (Py_ssize_t)length, "strict"))) {
            if (PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) PyErr_Clear();
            goto other;
        }
        in->at += length;
        if (!take_number(in, &value_length) || value_length > in->end - in->at) {
            Py_DECREF(name);
            goto other;
        }
        value = value_length < 0 ? Py_NewRef(Py_None) : PyBytes_FromStringAndSize((const char *)in->at, (Py_ssize_t)value_length);
        if (value_length > 0) in->at += value_length;
        both = value ? PyTuple_Pack(2, name, value) : NULL;
        Py_DECREF(name), Py_XDECREF(value);
        if (!both) goto other;
        PyTuple_SET_ITEM(headers, (Py_ssize_t)n, both);
    }
    if (in->at == in->end) return headers;
other:
    Py_XDECREF(headers);
    return NULL;
}

PyDoc_STRVAR(run_doc,
             "run(records, count, first_ms, /)\n--\n\n"
             "The keys and values of so many records, their times, which are told from `first_ms` on, and the headers of those\n"
             "that have some, by number; None: they are not all plain.");

static PyObject *run(PyObject *module, PyObject *args) {
    Py_buffer records;
    Py_ssize_t count;
    long long first_ms;
    if (!PyArg_ParseTuple(args, "y*nL:run", &records, &count, &first_ms)) return NULL;
    const unsigned char *bytes = records.buf;
    Input in = {bytes, bytes + records.len};
    PyObject *lists[3] = {NULL}, *headers = NULL, *found = NULL; /* keys, values, times */
    int plain = count > 0 && count <= records.len / LEAST_RECORD;
    for (int n = 0; plain && n < 3; n++)
        if (!(lists[n] = PyList_New(count))) goto done;
    if (!(headers = PyDict_New())) goto done;
    for (Py_ssize_t n = 0; plain && n < count; n++) {
        Plain record;
        if (!(plain = take_record(&in, n, &record))) break;
        PyObject *parts[3] = {
            record.key ? PyBytes_FromStringAndSize((const char *)record.key, (Py_ssize_t)record.key_length)
                       : Py_NewRef(Py_None),
            PyBytes_FromStringAndSize((const char *)record.value, (Py_ssize_t)record.value_length),
            PyLong_FromLongLong((int64_t)((uint64_t)first_ms + (uint64_t)record.after)),
        };
        for (int m = 0; m < 3; m++) PyList_SET_ITEM(lists[m], n, parts[m]); /* NULL where there was no room */
        if (!parts[0] || !parts[1] || !parts[2]) goto done;
        if (record.headers) {
            PyObject *number = PyLong_FromSsize_t(n), *of_it = number ? headers_of(&record) : NULL;
            int added = of_it ? PyDict_SetItem(headers, number, of_it) : -1;
            Py_XDECREF(number), Py_XDECREF(of_it);
            if (PyErr_Occurred()) goto done;
            plain = !added;
        }
    }
    found = plain && in.at == in.end ? PyTuple_Pack(4, lists[0], lists[1], lists[2], headers) : Py_NewRef(Py_None);
done:
    Py_XDECREF(headers);
    for (int n = 0; n < 3; n++) Py_XDECREF(lists[n]);
    PyBuffer_Release(&records);
    return found;
}

static PyMethodDef methods[] = {
    {"run", run, METH_VARARGS, run_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_records", "The common case of reading record batches, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__records(void) { return versioned(PyModule_Create(&definition)); }
