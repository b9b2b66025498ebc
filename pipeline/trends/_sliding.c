/* Support at every step of a span, compiled: what `_support_of_chunk` of sliding.py does, which is the reference and,
 * without a compiler, does it itself (tests/trends/test_sliding.py holds the two against each other).
 *
 * Columns come step by step, each in ascending order of topics. So one topic after the other is worked out, in room that
 * the caches of a processor hold, where sorting whole columns goes through memory again and again. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_topic_support.h"

#include "../../schemas/_version.h"

enum { INDEX, AUTHOR, TEXT_OR_POSTED, POSTS, COLUMNS };
static const Py_ssize_t WIDTHS[COLUMNS] = {4, 8, 8, 4};

/* The columns of a step, up to where they were read. */
typedef struct {
    int32_t number;
    Py_buffer columns[COLUMNS];
    Py_ssize_t length, at;
} Step;

typedef struct {
    Step *steps;
    Py_ssize_t count;
} Steps;

static inline int32_t number_at(const Step *of, int column, Py_ssize_t n) {
    int32_t value;
    memcpy(&value, (const char *)of->columns[column].buf + 4 * n, 4);
    return value;
}

static inline uint64_t hash_at(const Step *of, int column, Py_ssize_t n) {
    uint64_t value;
    memcpy(&value, (const char *)of->columns[column].buf + 8 * n, 8);
    return value;
}

static void release(Steps *of) {
    for (Py_ssize_t n = 0; n < of->count; n++)
        for (int column = 0; column < COLUMNS; column++) PyBuffer_Release(&of->steps[n].columns[column]);
    PyMem_Free(of->steps);
}

/* Reads a list of tuples, a number and so many columns each. -1: an error is set. */
static int read_steps(PyObject *list, int columns, Py_ssize_t size, int32_t span, Steps *found) {
    Py_ssize_t count = PyList_GET_SIZE(list);
    int32_t before = -1;
    if (!(found->steps = PyMem_Calloc((size_t)count + 1, sizeof *found->steps))) return PyErr_NoMemory(), -1;
    for (Py_ssize_t n = 0; n < count; n++) {
        PyObject *told = PyList_GET_ITEM(list, n);
        Step *step = &found->steps[n];
        if (!PyTuple_Check(told) || PyTuple_GET_SIZE(told) != columns + 1) goto unfit;
        long number = PyLong_AsLong(PyTuple_GET_ITEM(told, 0));
        if (number == -1 && PyErr_Occurred()) return -1;
        found->count = n + 1;
        for (int column = 0; column < columns; column++) {
            if (PyObject_GetBuffer(PyTuple_GET_ITEM(told, column + 1), &step->columns[column], PyBUF_SIMPLE)) return -1;
            Py_ssize_t length = step->columns[column].len / WIDTHS[column];
            if (length * WIDTHS[column] != step->columns[column].len || (column && length != step->length)) goto unfit;
            step->length = length;
        }
        if (number <= before || number >= span) goto unfit;
        step->number = before = (int32_t)number;
        for (Py_ssize_t at = 0; at < step->length; at++) {
            int32_t index = number_at(step, INDEX, at);
            if (index < (at ? number_at(step, INDEX, at - 1) : 0) || index >= size) goto unfit;
            int64_t posted = columns == COLUMNS ? 0 : (int64_t)hash_at(step, TEXT_OR_POSTED, at);
            if (posted < 0 || posted >= span) goto unfit;
        }
    }
    return 0;
unfit:
    PyErr_SetString(PyExc_ValueError, "support_by_step: the columns do not fit together");
    return -1;
}

/* Takes the entries of the topic `index` out of the steps, each united. */
static void take(Topic *of, Steps *said, int32_t index, ptrdiff_t *ends) {
    int32_t next = 0;
    of->count = 0;
    for (Step *step = said->steps; step < said->steps + said->count; step++) {
        while (next <= step->number) of->starts[next++] = of->count;
        ptrdiff_t begin = of->count;
        for (; step->at < step->length && number_at(step, INDEX, step->at) == index; step->at++)
            of->entries[of->count++] = (Entry){
                .author = hash_at(step, AUTHOR, step->at),
                .text = hash_at(step, TEXT_OR_POSTED, step->at),
                .posts = number_at(step, POSTS, step->at),
                .step = step->number,
                .gone = NEVER,
            };
        if (of->count > begin) unite_step(of, begin, ends);
    }
    while (next <= of->span) of->starts[next++] = of->count;
}

static void take_withdrawn(Topic *of, Steps *gone, int32_t index) {
    for (Step *step = gone->steps; step < gone->steps + gone->count; step++)
        for (; step->at < step->length && number_at(step, INDEX, step->at) == index; step->at++)
            withdraw(of, hash_at(step, AUTHOR, step->at), (int32_t)hash_at(step, TEXT_OR_POSTED, step->at), step->number);
}

/* The most entries that one topic has in all steps; -1: no memory. */
static Py_ssize_t most_entries(const Steps *said, Py_ssize_t size) {
    Py_ssize_t most = 0, *counts = calloc((size_t)size + 1, sizeof *counts);
    if (!counts) return -1;
    for (const Step *step = said->steps; step < said->steps + said->count; step++)
        for (Py_ssize_t at = 0; at < step->length; at++) {
            Py_ssize_t count = ++counts[number_at(step, INDEX, at)];
            if (count > most) most = count;
        }
    free(counts);
    return most;
}

/* All topics, without Python. -1: no memory. */
static int work_out_all(Topic *of, Steps *said, Steps *gone, Py_ssize_t size, int32_t back, char *found[2]) {
    Py_ssize_t most = most_entries(said, size), length = of->span - back;
    if (most < 0) return -1;
    size_t room = (size_t)most + 1, steps = (size_t)of->span + 1;
    Entry *entries = malloc(2 * room * sizeof *entries);
    ptrdiff_t *ends = malloc(room * sizeof *ends);
    double *sums = malloc(3 * steps * sizeof *sums), *both = malloc(2 * steps * sizeof *both);
    of->entries = entries, of->other = entries ? entries + room : NULL;
    of->starts = malloc((steps + 1) * sizeof *of->starts);
    of->texts = malloc(4 * room * sizeof *of->texts), of->holders = malloc(4 * room * sizeof *of->holders);
    of->states = malloc(4 * room), of->present = malloc(steps);
    int able = entries && ends && sums && both && of->starts && of->texts && of->holders && of->states && of->present;
    if (able) of->sums = (Sums){sums, sums + steps, sums + 2 * steps};
    for (Py_ssize_t n = 0; able && n < size; n++) {
        double *support[2] = {both, both + steps};
        take(of, said, (int32_t)n, ends);
        take_withdrawn(of, gone, (int32_t)n);
        work_out(of, back, support, ends);
        for (int which = 0; which < 2; which++) memcpy(found[which] + 8 * n * length, support[which], 8 * (size_t)length);
    }
    free(entries), free(ends), free(sums), free(both), free(of->starts), free(of->texts), free(of->holders), free(of->states);
    free(of->present), free(of->changes);
    return able && !of->no_memory ? 0 : -1;
}

PyDoc_STRVAR(support_by_step_doc,
             "support_by_step(said, withdrawn, size, windows, length, most, sampled_from, /)\n--\n\n"
             "Support of `size` topics in the short and the long window that end with each of the last `length` steps, as bytes\n"
             "of doubles, topic by topic. `said`: (step, topic, author, text, posts) in ascending order of steps and, in each,\n"
             "of topics; `withdrawn`: (step, topic, author, step of the post). `most` people are counted exactly in a step,\n"
             "`sampled_from` entries in all.");

static PyObject *support_by_step(PyObject *module, PyObject *args) {
    PyObject *of_said, *of_withdrawn, *short_window = NULL, *long_window = NULL, *found = NULL;
    Py_ssize_t size, length;
    int windows[2];
    Topic of = {0};
    if (!PyArg_ParseTuple(args, "O!O!n(ii)nnn:support_by_step", &PyList_Type, &of_said, &PyList_Type, &of_withdrawn, &size,
                          &windows[0], &windows[1], &length, &of.most, &of.sampled_from))
        return NULL;
    if (size < 0 || length < 1 || windows[0] < 1 || windows[1] < windows[0] || windows[1] > 1 << 20 || length > 1 << 20 ||
        of.most < 1 || of.sampled_from < 1)
        return PyErr_Format(PyExc_ValueError, "support_by_step: no such windows");
    int32_t back = windows[1] - 1;
    of.span = (int32_t)length + back, of.windows[SHORT] = windows[0], of.windows[LONG] = windows[1];
    Steps said = {0}, withdrawn = {0};
    if (read_steps(of_said, COLUMNS, size, of.span, &said) || read_steps(of_withdrawn, POSTS, size, of.span, &withdrawn))
        goto done;
    short_window = PyBytes_FromStringAndSize(NULL, 8 * size * length);
    long_window = PyBytes_FromStringAndSize(NULL, 8 * size * length);
    if (!short_window || !long_window) goto done;
    char *into[2] = {PyBytes_AS_STRING(short_window), PyBytes_AS_STRING(long_window)};
    int able;
    Py_BEGIN_ALLOW_THREADS
    able = work_out_all(&of, &said, &withdrawn, size, back, into) == 0;
    Py_END_ALLOW_THREADS
    found = able ? PyTuple_Pack(2, short_window, long_window) : PyErr_NoMemory();
done:
    release(&said), release(&withdrawn);
    Py_XDECREF(short_window), Py_XDECREF(long_window);
    return found;
}

static PyMethodDef methods[] = {
    {"support_by_step", support_by_step, METH_VARARGS, support_by_step_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_sliding", "Support at every step, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__sliding(void) { return versioned(PyModule_Create(&definition)); }
