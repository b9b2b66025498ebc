/* What is withdrawn of the posts of a step: `_Taken` (withdrawals.py), whose Python is the reference. Both tables are open
 * addressing by 64 bits that are hashes already; 0 stands for an empty place, so that key has a place of its own. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

enum { FIRST_PLACES = 64 }; /* a power of two */

typedef struct {
    uint64_t *keys;
    int32_t *times; /* by place of the key; NULL: a set */
    size_t places, used;
    int32_t zero; /* how often the key 0 came */
} Table;

typedef struct {
    PyObject_HEAD
    Table posts, places;
} Taken;

static size_t place_in(const uint64_t *keys, size_t places, uint64_t key) {
    size_t at = (size_t)((key * 0x9E3779B97F4A7C15u) >> 32) & (places - 1);
    while (keys[at] && keys[at] != key) at = (at + 1) & (places - 1);
    return at;
}

/* Makes room for one more key. -1: there is none. */
static int make_room(Table *table, int counts) {
    if (table->keys && 3 * (table->used + 1) < 2 * table->places) return 0;
    size_t places = table->keys ? 2 * table->places : FIRST_PLACES;
    uint64_t *keys = PyMem_Calloc(places, sizeof *keys);
    int32_t *times = counts ? PyMem_Calloc(places, sizeof *times) : NULL;
    if (!keys || (counts && !times)) {
        PyMem_Free(keys), PyMem_Free(times);
        PyErr_NoMemory();
        return -1;
    }
    for (size_t n = 0; n < table->places; n++)
        if (table->keys[n]) {
            size_t at = place_in(keys, places, table->keys[n]);
            keys[at] = table->keys[n];
            if (counts) times[at] = table->times[n];
        }
    PyMem_Free(table->keys), PyMem_Free(table->times);
    table->keys = keys, table->times = times, table->places = places;
    return 0;
}

/* How often the key came, to be counted on; the table has room for it. */
static int32_t *times_of(Table *table, uint64_t key) {
    if (!key) return &table->zero;
    size_t at = place_in(table->keys, table->places, key);
    if (!table->keys[at]) table->keys[at] = key, table->used++;
    return &table->times[at];
}

/* Whether the key is new to the set, which holds it then. */
static int is_new(Table *table, uint64_t key) {
    if (!key) return !table->zero++;
    size_t at = place_in(table->keys, table->places, key);
    if (table->keys[at]) return 0;
    table->keys[at] = key, table->used++;
    return 1;
}

PyDoc_STRVAR(take_doc, "take(posts, places, counted, /)\n--\n\n"
                       "As `_Taken.take`, of columns of 64 bits.");

static PyObject *take(Taken *self, PyObject *args) {
    Py_buffer posts, places, counted;
    if (!PyArg_ParseTuple(args, "y*y*y*:take", &posts, &places, &counted)) return NULL;
    Py_ssize_t count = posts.len / 8;
    PyObject *found = NULL;
    if (posts.len != 8 * count || places.len != posts.len || counted.len != posts.len)
        PyErr_SetString(PyExc_ValueError, "take: the columns do not fit together");
    else
        found = PyBytes_FromStringAndSize(NULL, count);
    for (Py_ssize_t n = 0; found && n < count; n++) {
        uint64_t post, place;
        int64_t most;
        memcpy(&post, (const char *)posts.buf + 8 * n, 8);
        memcpy(&place, (const char *)places.buf + 8 * n, 8);
        memcpy(&most, (const char *)counted.buf + 8 * n, 8);
        char *became = PyBytes_AS_STRING(found) + n;
        *became = most ? 0 : 2;
        if (!most) continue;
        if (make_room(&self->posts, 0) || make_room(&self->places, 1)) {
            Py_CLEAR(found);
            break;
        }
        int32_t *times = times_of(&self->places, place);
        if (*times < most && is_new(&self->posts, post)) {
            *times += 1;
            *became = 1;
        }
    }
    PyBuffer_Release(&posts), PyBuffer_Release(&places), PyBuffer_Release(&counted);
    return found;
}

static void free_taken(Taken *self) {
    PyMem_Free(self->posts.keys), PyMem_Free(self->posts.times);
    PyMem_Free(self->places.keys), PyMem_Free(self->places.times);
    Py_TYPE(self)->tp_free(self);
}

static PyMethodDef taken_methods[] = {{"take", (PyCFunction)take, METH_VARARGS, take_doc}, {NULL, NULL, 0, NULL}};
static PyTypeObject taken_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "pipeline.trends._samples.Taken",
    .tp_doc = PyDoc_STR("What is withdrawn of the posts of a step."),
    .tp_basicsize = sizeof(Taken),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = (destructor)free_taken,
    .tp_methods = taken_methods,
};
