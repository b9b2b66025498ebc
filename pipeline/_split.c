/* The partitions of posts, compiled: what `split_by_author` (partitions.py) does, which is the reference and, without a
 * compiler, does it itself (tests/trends/test_split.py holds the two against each other). */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../schemas/_version.h"

#include <stdint.h>

/* Kafka's murmur2, seed 0x9747b28c. */
static uint32_t murmur2(const unsigned char *key, Py_ssize_t length) {
    const uint32_t m = 0x5bd1e995;
    uint32_t h = 0x9747b28c ^ (uint32_t)length;
    for (; length >= 4; key += 4, length -= 4) {
        uint32_t k = (uint32_t)key[0] | (uint32_t)key[1] << 8 | (uint32_t)key[2] << 16 | (uint32_t)key[3] << 24;
        k *= m;
        k ^= k >> 24;
        h = (h * m) ^ (k * m);
    }
    if (length > 2) h ^= (uint32_t)key[2] << 16;
    if (length > 1) h ^= (uint32_t)key[1] << 8;
    if (length > 0) h = (h ^ key[0]) * m;
    h ^= h >> 13;
    h *= m;
    return h ^ h >> 15;
}

PyDoc_STRVAR(split_doc,
             "split(elements, keys, partitions, /)\n--\n\n"
             "The elements of a list by the partition of their keys, a str each, in their order.");

static PyObject *split(PyObject *module, PyObject *args) {
    PyObject *elements, *keys;
    Py_ssize_t partitions;
    if (!PyArg_ParseTuple(args, "O!O!n:split", &PyList_Type, &elements, &PyList_Type, &keys, &partitions)) return NULL;
    if (partitions < 1 || PyList_GET_SIZE(elements) != PyList_GET_SIZE(keys)) {
        PyErr_SetString(PyExc_ValueError, "split: one partition at least, and a key for each element");
        return NULL;
    }
    PyObject *parts = PyList_New(partitions);
    for (Py_ssize_t n = 0; parts && n < partitions; n++) {
        PyObject *part = PyList_New(0);
        if (part)
            PyList_SET_ITEM(parts, n, part);
        else
            Py_CLEAR(parts);
    }
    for (Py_ssize_t n = 0; parts && n < PyList_GET_SIZE(keys); n++) {
        Py_ssize_t length;
        const char *key = PyUnicode_AsUTF8AndSize(PyList_GET_ITEM(keys, n), &length);
        Py_ssize_t number = key ? (Py_ssize_t)(murmur2((const unsigned char *)key, length) & 0x7fffffff) % partitions : 0;
        if (!key || PyList_Append(PyList_GET_ITEM(parts, number), PyList_GET_ITEM(elements, n))) Py_CLEAR(parts);
    }
    return parts;
}

static PyMethodDef methods[] = {
    {"split", split, METH_VARARGS, split_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_split", "The partitions of posts, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__split(void) { return versioned(PyModule_Create(&definition)); }
