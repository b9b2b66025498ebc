/* Runs of keys put together, compiled: what `Record._united` of columns.py sorts and finds the same of, which is the
 * reference and, without a compiler, does it itself (tests/trends/test_columns.py holds the two against each other).
 *
 * The elements that become one hold a run of ascending keys each, so runs are merged where all keys would be sorted. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

#include "../../schemas/_version.h"

enum { FEW = 20 };                /* items that are put in order one by one */
enum { DONE, NO_MEMORY, TWICE }; /* an owner stands in the order twice */

typedef struct {
    uint64_t key;
    int64_t at;
} Item;

/* Room for the items of one owner, twice, and for where its runs end. */
typedef struct {
    Item *items, *other;
    Py_ssize_t *ends, size;
} Room;

static int make_room(Room *room, Py_ssize_t size) {
    if (size <= room->size) return DONE;
    size += size / 2 + FEW;
    free(room->items), free(room->ends);
    room->items = malloc(2 * (size_t)size * sizeof(Item));
    room->ends = malloc(((size_t)size + 1) * sizeof *room->ends);
    room->other = room->items ? room->items + size : NULL;
    room->size = size;
    return room->items && room->ends ? DONE : NO_MEMORY;
}

/* Merges neighbouring runs of ascending keys until there is one. */
static void merge_items(Room *room, Py_ssize_t count) {
    Py_ssize_t runs = 0;
    for (Py_ssize_t n = 1; n <= count; n++)
        if (n == count || room->items[n].key < room->items[n - 1].key) room->ends[runs++] = n;
    while (runs > 1) {
        Py_ssize_t begin = 0, left = 0;
        for (Py_ssize_t run = 0; run < runs; run += 2) {
            Py_ssize_t middle = room->ends[run], end = run + 1 < runs ? room->ends[run + 1] : middle;
            Py_ssize_t a = begin, b = middle, to = begin;
            while (a < middle && b < end)
                room->other[to++] = room->items[b].key < room->items[a].key ? room->items[b++] : room->items[a++];
            memcpy(room->other + to, room->items + a, (size_t)(middle - a) * sizeof(Item)), to += middle - a;
            memcpy(room->other + to, room->items + b, (size_t)(end - b) * sizeof(Item));
            room->ends[left++] = begin = end;
        }
        runs = left;
        Item *merged = room->other;
        room->other = room->items, room->items = merged;
    }
}

static void sort_items(Room *room, Py_ssize_t count) {
    if (count > FEW) {
        Item *allocated = room->items < room->other ? room->items : room->other;
        merge_items(room, count);
        if (room->items != allocated) { /* what was allocated begins with `items` */
            memcpy(allocated, room->items, (size_t)count * sizeof(Item));
            room->other = room->items, room->items = allocated;
        }
        return;
    }
    for (Py_ssize_t n = 1; n < count; n++) {
        Item one = room->items[n];
        Py_ssize_t to = n;
        for (; to > 0 && one.key < room->items[to - 1].key; to--) room->items[to] = room->items[to - 1];
        room->items[to] = one;
    }
}

typedef struct {
    const uint64_t *keys;
    const int64_t *place, *order, *starts; /* order and starts may be NULL: each element is its own owner's */
    Py_ssize_t size, elements, owners, most; /* `size`: of keys */
    int united;
    int64_t *index, *begins, *ptr;
    Py_ssize_t kept, different;
} Runs;

/* All owners, without Python. */
static int put_together(Runs *of) {
    Room room = {0};
    Py_ssize_t left = of->size;
    of->kept = of->different = 0;
    for (Py_ssize_t owner = 0; owner < of->owners; owner++) {
        Py_ssize_t first = of->starts ? of->starts[owner] : owner, count = 0;
        Py_ssize_t last = !of->starts ? owner + 1 : owner + 1 < of->owners ? of->starts[owner + 1] : of->elements;
        Py_ssize_t size = 0;
        for (Py_ssize_t n = first; n < last; n++) {
            int64_t element = of->order ? of->order[n] : n;
            size += of->place[element + 1] - of->place[element];
        }
        int failed = (left -= size) < 0 ? TWICE : make_room(&room, size);
        if (failed) return free(room.items), free(room.ends), failed;
        int ascends = 1;
        for (Py_ssize_t n = first; n < last; n++) {
            int64_t element = of->order ? of->order[n] : n;
            for (int64_t at = of->place[element]; at < of->place[element + 1]; at++) {
                ascends &= !count || room.items[count - 1].key <= of->keys[at];
                room.items[count++] = (Item){of->keys[at], at};
            }
        }
        if (!ascends) sort_items(&room, count);
        Py_ssize_t before = of->different;
        of->ptr[owner] = before;
        for (Py_ssize_t n = 0; n < count; n++) {
            if (!of->united || !n || room.items[n].key != room.items[n - 1].key) {
                if (of->most && of->different - before == of->most) break;
                of->begins[of->different++] = of->kept;
            }
            of->index[of->kept++] = room.items[n].at;
        }
    }
    of->ptr[of->owners] = of->different;
    free(room.items), free(room.ends);
    return DONE;
}

/* Whether the numbers ascend within 0 and `most`. */
static int fit(const int64_t *numbers, Py_ssize_t count, Py_ssize_t most, int ascending) {
    for (Py_ssize_t n = 0; n < count; n++)
        if (numbers[n] < 0 || numbers[n] > most || (ascending && n && numbers[n] < numbers[n - 1])) return 0;
    return 1;
}

PyDoc_STRVAR(merged_doc,
             "merged(keys, place, order, starts, most, united, /)\n--\n\n"
             "The elements that the runs of several owners hold, in the order of their keys. `place` tells where the run of\n"
             "each owner begins in `keys`, and where the last one ends; owners at `order[starts[n]]` up to the next start are\n"
             "one (None for both: each is one by itself). Of each `most` different keys are kept (0: all), or with `united`\n"
             "false so many elements.\n"
             "Returns bytes of 64-bit integers: the elements kept; where in them each different one begins (None: all differ);\n"
             "where the elements of each owner begin and the last ones end.");

static PyObject *merged(PyObject *module, PyObject *args) {
    Py_buffer columns[4] = {{0}};
    PyObject *order, *starts, *index = NULL, *begins = NULL, *ptr = NULL, *found = NULL;
    Runs of = {0};
    if (!PyArg_ParseTuple(args, "y*y*OOnp:merged", &columns[0], &columns[1], &order, &starts, &of.most, &of.united)) return NULL;
    if (starts != Py_None &&
        (PyObject_GetBuffer(order, &columns[2], PyBUF_SIMPLE) || PyObject_GetBuffer(starts, &columns[3], PyBUF_SIMPLE)))
        goto done;
    Py_ssize_t size = columns[0].len / 8, all = columns[1].len / 8 - 1;
    of.size = size;
    of.keys = columns[0].buf, of.place = columns[1].buf, of.order = columns[2].buf, of.starts = columns[3].buf;
    of.elements = of.starts ? columns[2].len / 8 : all, of.owners = of.starts ? columns[3].len / 8 : all;
    if (all < 0 || of.most < 0 || !fit(of.place, all + 1, size, 1) ||
        (of.starts && !(fit(of.order, of.elements, all - 1, 0) && fit(of.starts, of.owners, of.elements, 1)))) {
        PyErr_SetString(PyExc_ValueError, "merged: the runs do not fit together");
        goto done;
    }
    index = PyBytes_FromStringAndSize(NULL, 8 * size);
    begins = PyBytes_FromStringAndSize(NULL, 8 * size);
    ptr = PyBytes_FromStringAndSize(NULL, 8 * (of.owners + 1));
    if (!index || !begins || !ptr) goto done;
    of.index = (int64_t *)PyBytes_AS_STRING(index), of.begins = (int64_t *)PyBytes_AS_STRING(begins);
    of.ptr = (int64_t *)PyBytes_AS_STRING(ptr);
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = put_together(&of);
    Py_END_ALLOW_THREADS
    if (failed == NO_MEMORY) {
        PyErr_NoMemory();
    } else if (failed) {
        PyErr_SetString(PyExc_ValueError, "merged: an owner stands in the order twice");
    } else if (!_PyBytes_Resize(&index, 8 * of.kept) && !_PyBytes_Resize(&begins, 8 * of.different)) {
        found = PyTuple_Pack(3, index, of.different == of.kept ? Py_None : begins, ptr);
    }
done:
    for (int n = 0; n < 4; n++) PyBuffer_Release(&columns[n]);
    Py_XDECREF(index), Py_XDECREF(begins), Py_XDECREF(ptr);
    return found;
}

static PyMethodDef methods[] = {
    {"merged", merged, METH_VARARGS, merged_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_runs", "Runs of keys put together, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__runs(void) { return versioned(PyModule_Create(&definition)); }
