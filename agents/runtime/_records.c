/* The common case of reading a batch of Kafka's records, compiled: its keys, values and times as lists, with no object a record.
 *
 * `run` takes the records of a batch (format 2), unpacked. It answers None where they are not all plain: without headers,
 * each with a value, of offsets that follow one another. Then, and without a compiler, aiokafka reads them one by one
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
    int64_t key_length, value_length, after; /* ms behind the first one's time */
} Plain;

/* 1: the record of that number is plain; 0: it is not. */
static int take_record(Input *in, int64_t number, Plain *record) {
    int64_t length, attributes, offset, headers;
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
    return take_number(in, &headers) && headers == 0 && in->at == end;
}

PyDoc_STRVAR(run_doc,
             "run(records, count, first_ms, /)\n--\n\n"
             "The keys and values of so many records, and their times, which are told from `first_ms` on; None: they are not\n"
             "all plain.");

static PyObject *run(PyObject *module, PyObject *args) {
    Py_buffer records;
    Py_ssize_t count;
    long long first_ms;
    if (!PyArg_ParseTuple(args, "y*nL:run", &records, &count, &first_ms)) return NULL;
    const unsigned char *bytes = records.buf;
    Input in = {bytes, bytes + records.len};
    PyObject *lists[3] = {NULL}, *found = NULL; /* keys, values, times */
    int plain = count > 0 && count <= records.len / LEAST_RECORD;
    for (int n = 0; plain && n < 3; n++)
        if (!(lists[n] = PyList_New(count))) goto done;
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
    }
    found = plain && in.at == in.end ? PyTuple_Pack(3, lists[0], lists[1], lists[2]) : Py_NewRef(Py_None);
done:
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
