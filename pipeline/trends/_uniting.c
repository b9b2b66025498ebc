/* Records united, compiled: what `_united` and `_united_runs` of uniting.py do, which are the reference and, without a
 * compiler, do it themselves (tests/trends/test_uniting.py holds the two against each other).
 *
 * Numpy sorts all columns of all records whole. Here the elements of a key are found first, each a number of its record
 * and its place there, and then every column is written once. What is in order already is merged, not sorted. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_in_order.h"
#include "_priority.h"

#include "../../schemas/_version.h"

/* What becomes of a column's values where elements are united, as letters of a plan; and of which type they are. */
enum { FIRST = 'f', SUMMED = 's', LARGEST = 'l', LEAST_TEXT = 't' };
enum { I4 = 'i', U4 = 'I', I8 = 'q', U8 = 'Q', TEXTS = 'O' };

/* An axis as a plan tells it: a letter a column of its type and of what becomes of it. Of a root axis `keys` lead, of a
 * child axis one does. `field`: where its values stand in a record; of a child the ends of its runs come first. */
typedef struct {
    const char *types, *reduces;
    Py_ssize_t columns, keys, field, root, most;
    int united;
} Axis;

/* What a record holds of an axis. */
typedef struct {
    Py_buffer *values; /* by column, none of texts */
    PyObject *texts;
    Py_buffer ends;
    Py_ssize_t size;
} Held;

typedef struct {
    Axis *axes;
    Py_ssize_t count, fields, most_columns;
    Held *held; /* by record, axis */
    Py_buffer *buffers;
    Py_ssize_t records;
} Work;

/* The elements of an axis as they are to be written: those from `starts[n]` on, up to the next one's, become one. */
typedef struct {
    Element *elements;
    int64_t *starts; /* and one behind the last */
    Py_ssize_t count;
} Order;

static inline const Held *held_of(const Work *work, uint32_t record, Py_ssize_t axis) {
    return &work->held[record * work->count + axis];
}
/* Columns that came over the wire begin wherever they lay there. */
#define READ(TYPE, BUFFER, N, VALUE) memcpy(&(VALUE), (const char *)(BUFFER).buf + sizeof(TYPE) * (size_t)(N), sizeof(TYPE))

static inline int64_t end_of(const Held *held, Py_ssize_t n) {
    int64_t end;
    READ(int64_t, held->ends, n, end);
    return end;
}

static Py_ssize_t width(char type) { return type == I4 || type == U4 ? 4 : 8; }

static int unfit(void) {
    PyErr_SetString(PyExc_ValueError, "unite: the columns do not fit together");
    return -1;
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

static int read_axis(PyObject *told, Axis *axis, Py_ssize_t number) {
    const char *types, *reduces;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(told, "nns#sni", &axis->root, &axis->keys, &types, &length, &reduces, &axis->most, &axis->united))
        return -1;
    axis->types = types, axis->reduces = reduces, axis->columns = length;
    int of_root = axis->root < 0;
    if (!length || strlen(reduces) != (size_t)length || axis->root >= number) return unfit();
    if (of_root ? axis->keys < 1 || axis->keys > 3 || axis->keys > length : axis->keys != 1 || types[0] != U8) return unfit();
    for (Py_ssize_t n = 0; of_root && n < axis->keys; n++)
        if (types[n] != I4) return unfit();
    return 0;
}

static int read_held(Work *work, PyObject *record, Py_ssize_t number, Py_ssize_t n) {
    const Axis *axis = &work->axes[n];
    Held *held = &work->held[number * work->count + n];
    PyObject **values = &PyTuple_GET_ITEM(record, axis->field);
    held->values = work->buffers + (number * work->count + n) * work->most_columns;
    held->size = PyObject_Size(values[0]);
    if (held->size <= 0) return held->size < 0 ? -1 : 0;
    if (held->size >= UINT32_MAX) return unfit();
    for (Py_ssize_t column = 0; column < axis->columns; column++) {
        if (axis->types[column] == TEXTS) {
            held->texts = values[column];
            if (!PyList_Check(held->texts) || PyList_GET_SIZE(held->texts) != held->size) return unfit();
            continue;
        }
        if (PyObject_GetBuffer(values[column], &held->values[column], PyBUF_SIMPLE)) return -1;
        if (held->values[column].len != held->size * width(axis->types[column])) return unfit();
    }
    if (axis->root < 0) return 0;
    Py_ssize_t owners = work->held[number * work->count + axis->root].size;
    if (PyObject_GetBuffer(values[-1], &held->ends, PyBUF_SIMPLE)) return -1;
    if (held->ends.len != 8 * (owners + 1) || end_of(held, 0) != 0 || end_of(held, owners) != held->size) return unfit();
    for (Py_ssize_t owner = 0; owner < owners; owner++)
        if (end_of(held, owner + 1) < end_of(held, owner)) return unfit();
    return 0;
}

static int read_work(Work *work, PyObject *plan, PyObject *records) {
    work->count = PyTuple_GET_SIZE(plan), work->records = PyList_GET_SIZE(records);
    if (!(work->axes = PyMem_Calloc((size_t)work->count + 1, sizeof *work->axes))) return PyErr_NoMemory(), -1;
    for (Py_ssize_t n = 0; n < work->count; n++) {
        Axis *axis = &work->axes[n];
        if (!PyTuple_Check(PyTuple_GET_ITEM(plan, n)) || read_axis(PyTuple_GET_ITEM(plan, n), axis, n)) return -1;
        axis->field = work->fields + (axis->root >= 0);
        work->fields = axis->field + axis->columns;
        if (axis->columns > work->most_columns) work->most_columns = axis->columns;
    }
    size_t all = (size_t)(work->records * work->count) + 1;
    work->held = PyMem_Calloc(all, sizeof *work->held);
    work->buffers = PyMem_Calloc(all * (size_t)(work->most_columns + 1), sizeof *work->buffers);
    if (!work->held || !work->buffers) return PyErr_NoMemory(), -1;
    for (Py_ssize_t number = 0; number < work->records; number++) {
        PyObject *record = PyList_GET_ITEM(records, number);
        if (!PyTuple_Check(record) || PyTuple_GET_SIZE(record) != work->fields) return unfit();
        for (Py_ssize_t n = 0; n < work->count; n++)
            if (read_held(work, record, number, n)) return -1;
    }
    return 0;
}

static void release(Work *work) {
    for (Py_ssize_t n = 0; work->held && work->buffers && n < work->records * work->count; n++) {
        for (Py_ssize_t column = 0; column < work->most_columns; column++)
            PyBuffer_Release(&work->buffers[n * work->most_columns + column]);
        PyBuffer_Release(&work->held[n].ends);
    }
    PyMem_Free(work->axes), PyMem_Free(work->held), PyMem_Free(work->buffers);
}

/* -- the order of an axis, without Python; -1: no memory ------------------------------------------------------------- */

static int room_for(Order *order, size_t elements, size_t starts) {
    order->elements = malloc((elements + 1) * sizeof *order->elements);
    order->starts = malloc((starts + 1) * sizeof *order->starts);
    return order->elements && order->starts ? 0 : -1;
}

/* Numbers in one that sorts as they do, two of them; the third one alone. */
static inline uint64_t sorts_as(int32_t number) { return (uint32_t)number ^ 0x80000000u; }

static int order_roots(const Work *work, Py_ssize_t n, Order *order) {
    const Axis *axis = &work->axes[n];
    size_t all = 0;
    for (Py_ssize_t record = 0; record < work->records; record++) all += (size_t)held_of(work, (uint32_t)record, n)->size;
    if (room_for(order, all, all)) return -1;
    Element *end = order->elements;
    for (Py_ssize_t record = 0; record < work->records; record++) {
        const Held *held = held_of(work, (uint32_t)record, n);
        for (Py_ssize_t at = 0; at < held->size; at++, end++) {
            int32_t keys[3] = {0};
            for (Py_ssize_t key = 0; key < axis->keys; key++) READ(int32_t, held->values[key], at, keys[key]);
            *end = (Element){sorts_as(keys[0]) << 32 | sorts_as(keys[1]), (uint32_t)sorts_as(keys[2]), (uint32_t)record,
                             (uint32_t)at};
        }
    }
    if (put_in_order(order->elements, all)) return -1;
    for (size_t at = 0; at < all; at++)
        if (!at || differ(&order->elements[at - 1], &order->elements[at])) order->starts[order->count++] = (int64_t)at;
    order->starts[order->count] = (int64_t)all;
    return 0;
}

/* Every element of a root axis by itself, as the one record has them. */
static int order_as_is(const Work *work, Py_ssize_t n, Order *order) {
    Py_ssize_t size = held_of(work, 0, n)->size;
    if (room_for(order, (size_t)size, (size_t)size)) return -1;
    for (Py_ssize_t at = 0; at < size; at++)
        order->elements[at] = (Element){0, 0, 0, (uint32_t)at}, order->starts[at] = at;
    order->starts[size] = order->count = size;
    return 0;
}

/* The runs of the elements of a root that become one as one run, in order, and as much of it as is kept. */
static int order_runs(const Work *work, Py_ssize_t n, const Order *roots, Order *order, int64_t *ends) {
    const Axis *axis = &work->axes[n];
    size_t all = 0, count = 0;
    for (Py_ssize_t record = 0; record < work->records; record++) all += (size_t)held_of(work, (uint32_t)record, n)->size;
    if (room_for(order, all, all)) return -1;
    ends[0] = 0;
    for (Py_ssize_t root = 0; root < roots->count; root++) {
        size_t begin = count;
        for (int64_t of = roots->starts[root]; of < roots->starts[root + 1]; of++) {
            const Element *owner = &roots->elements[of];
            const Held *held = held_of(work, owner->record, n);
            if (!held->size) continue;
            for (int64_t at = end_of(held, owner->at), end = end_of(held, owner->at + 1); at < end; at++) {
                Element *one = &order->elements[count++];
                *one = (Element){0, 0, owner->record, (uint32_t)at};
                READ(uint64_t, held->values[0], at, one->key);
            }
        }
        if (put_in_order(order->elements + begin, count - begin)) return -1;
        Py_ssize_t kept = 0;
        size_t at = begin;
        for (; at < count; at++) {
            if (at > begin && axis->united && !differ(&order->elements[at - 1], &order->elements[at])) continue;
            if (axis->most && kept == axis->most) break;
            order->starts[order->count++] = (int64_t)at, kept++;
        }
        count = at;
        ends[root + 1] = order->count;
    }
    order->starts[order->count] = (int64_t)count;
    return 0;
}

/* -- columns ------------------------------------------------------------------------------------------------------- */

#define WRITE(TYPE, REDUCED)                                                                                                  \
    for (Py_ssize_t out = 0; out < order->count; out++) {                                                                     \
        const Element *at = order->elements + order->starts[out], *end = order->elements + order->starts[out + 1];            \
        TYPE value, more;                                                                                                     \
        READ(TYPE, held_of(work, at->record, n)->values[column], at->at, value);                                              \
        for (const Element *other = at + 1; other < end; other++) {                                                           \
            READ(TYPE, held_of(work, other->record, n)->values[column], other->at, more);                                     \
            value = REDUCED;                                                                                                  \
        }                                                                                                                     \
        ((TYPE *)into)[out] = value;                                                                                          \
    }

/* A column of numbers. Sums wrap, as numpy's do. 0: there is no such way. */
static int write_numbers(const Work *work, Py_ssize_t n, Py_ssize_t column, const Order *order, void *into) {
    char type = work->axes[n].types[column], how = work->axes[n].reduces[column];
    if (how == FIRST && width(type) == 4) {
        WRITE(uint32_t, ((void)more, value))
    } else if (how == FIRST) {
        WRITE(uint64_t, ((void)more, value))
    } else if (how == SUMMED && width(type) == 4) {
        WRITE(uint32_t, value + more)
    } else if (how == SUMMED) {
        WRITE(uint64_t, value + more)
    } else if (how == LARGEST && type == U4) {
        WRITE(uint32_t, more > value ? more : value)
    } else if (how == LARGEST && type == I4) {
        WRITE(int32_t, more > value ? more : value)
    } else if (how == LARGEST && type == I8) {
        WRITE(int64_t, more > value ? more : value)
    } else if (how == LARGEST) {
        WRITE(uint64_t, more > value ? more : value)
    } else if (how == LEAST_TEXT && type == U8 && work->axes[n].types[0] == U8) {
        WRITE(uint64_t, priority(at->key, more) < priority(at->key, value) ? more : value)
    } else {
        return 0;
    }
    return 1;
}

static PyObject *texts_of(const Work *work, Py_ssize_t n, const Order *order) {
    PyObject *found = PyList_New(order->count);
    for (Py_ssize_t out = 0; found && out < order->count; out++) {
        const Element *at = order->elements + order->starts[out];
        PyObject *text = PyList_GET_ITEM(held_of(work, at->record, n)->texts, at->at);
        Py_INCREF(text);
        PyList_SET_ITEM(found, out, text);
    }
    return found;
}

/* The columns of an axis into `found`; None where it holds nothing. */
static int write_axis(const Work *work, Py_ssize_t n, const Order *order, PyObject *found) {
    const Axis *axis = &work->axes[n];
    for (Py_ssize_t column = 0; column < axis->columns; column++) {
        PyObject *values;
        if (!order->count) {
            values = Py_None;
            Py_INCREF(values);
        } else if (axis->types[column] == TEXTS) {
            values = texts_of(work, n, order);
        } else {
            values = PyBytes_FromStringAndSize(NULL, order->count * width(axis->types[column]));
            if (values && !write_numbers(work, n, column, order, PyBytes_AS_STRING(values))) {
                Py_CLEAR(values);
                unfit();
            }
        }
        if (!values) return -1;
        PyTuple_SET_ITEM(found, axis->field + column, values);
    }
    return 0;
}

static void forget(Order *order) {
    free(order->elements), free(order->starts);
    *order = (Order){0};
}

/* One axis after the other, a root before its children. `as_is`: the elements of roots are not united. */
static int unite_all(const Work *work, int as_is, Order *orders, PyObject *found) {
    for (Py_ssize_t n = 0; n < work->count; n++) {
        const Axis *axis = &work->axes[n];
        Order *order = &orders[n];
        int failed;
        if (axis->root < 0) {
            Py_BEGIN_ALLOW_THREADS
            failed = as_is ? order_as_is(work, n, order) : order_roots(work, n, order);
            Py_END_ALLOW_THREADS
        } else {
            const Order *roots = &orders[axis->root];
            PyObject *ends = PyBytes_FromStringAndSize(NULL, 8 * (roots->count + 1));
            if (!ends) return -1;
            PyTuple_SET_ITEM(found, axis->field - 1, ends);
            Py_BEGIN_ALLOW_THREADS
            failed = order_runs(work, n, roots, order, (int64_t *)PyBytes_AS_STRING(ends));
            Py_END_ALLOW_THREADS
        }
        if (failed) return PyErr_NoMemory(), -1;
        if (write_axis(work, n, order, found)) return -1;
        if (axis->root >= 0) forget(order);
    }
    return 0;
}

PyDoc_STRVAR(unite_doc,
             "unite(plan, records, as_is, /)\n--\n\n"
             "Records as one, elements of equal keys as one. See _uniting.pyi.");

static PyObject *unite(PyObject *module, PyObject *args) {
    PyObject *plan, *records, *found = NULL;
    int as_is;
    Work work = {0};
    Order *orders = NULL;
    if (!PyArg_ParseTuple(args, "O!O!p:unite", &PyTuple_Type, &plan, &PyList_Type, &records, &as_is)) return NULL;
    if (as_is && PyList_GET_SIZE(records) != 1) return unfit(), NULL;
    if (read_work(&work, plan, records)) goto done;
    orders = PyMem_Calloc((size_t)work.count + 1, sizeof *orders);
    if (!orders || !(found = PyTuple_New(work.fields))) {
        PyErr_NoMemory();
    } else if (unite_all(&work, as_is, orders, found)) {
        Py_CLEAR(found);
    }
done:
    for (Py_ssize_t n = 0; orders && n < work.count; n++) forget(&orders[n]);
    PyMem_Free(orders);
    release(&work);
    return found;
}

static PyMethodDef methods[] = {{"unite", unite, METH_VARARGS, unite_doc}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_uniting", "Records united, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__uniting(void) { return versioned(PyModule_Create(&definition)); }
