/* What a pane withdraws: `WithdrawnPosts.add` (retracting.py) of a post of 24 hours at most whose words are known. */
#include "_open_pane.h"

enum { MOST_NAMED = 4096 };                   /* bytes that name a post that is withdrawn */
static const long long WITHIN_MS = 86400000; /* as in retracting.py */

/* What names the post with its pane (`WithdrawnPosts.add`), hashed. 1; 0: it is too long for here; -1: an error. */
static int hash_of_withdrawn(const Fields *f, PyObject *source, long long pane, uint64_t *hash) {
    char name[MOST_NAMED + 32];
    PyObject *const parts[] = {f->author, source, f->id};
    size_t length = 0;
    for (int n = 0; n < 3; n++) {
        Py_ssize_t more;
        const char *utf8 = PyUnicode_AsUTF8AndSize(parts[n], &more);
        if (!utf8) return -1;
        if (length + (size_t)more + 1 > MOST_NAMED) return 0;
        memcpy(name + length, utf8, (size_t)more);
        length += (size_t)more;
        name[length++] = 0;
    }
    length += (size_t)PyOS_snprintf(name + length, 32, "%lld", pane);
    *hash = xxh64((const unsigned char *)name, length);
    return 1;
}

/* A post as retracting.py reads it. */
typedef struct {
    uint64_t hash, author, id;
    int64_t pane;
} Withdrawn;

/* A known post of the cell is withdrawn in the pane that holds `gone`. 1; 0: it is too long for here; -1: an error. */
static int add_withdrawn(PyObject *gone, PyObject *cell, PyObject *topics, const Fields *f, PyObject *source, long long home) {
    Withdrawn one = {.pane = home};
    PyObject *posts = FIELD(gone, of_gone.posts);
    if (!PyByteArray_CheckExact(posts)) return 0;
    int result = hash_of_withdrawn(f, source, home, &one.hash);
    if (result < 1 || hash_of(f->author, 0, &one.author) || hash_of(f->id, 0, &one.id)) return result < 1 ? result : -1;
    Py_ssize_t size = PyByteArray_GET_SIZE(posts);
    PyObject *number = PyLong_FromSsize_t(size / (Py_ssize_t)sizeof one);
    if (!number) return -1;
    result = PyByteArray_Resize(posts, size + (Py_ssize_t)sizeof one);
    if (!result) {
        memcpy(PyByteArray_AS_STRING(posts) + size, &one, sizeof one);
        result = PyList_Append(FIELD(cell, of_cell.withdrawn), number);
    }
    for (Py_ssize_t n = 0; !result && n < PyTuple_GET_SIZE(topics); n++)
        result = add_row(FIELD(cell, of_cell.withdrawn_rows), PyTuple_GET_ITEM(topics, n), number);
    Py_DECREF(number);
    return result ? -1 : 1;
}

/* When a retraction counts: the panes of the post and of the retraction, ms. */
typedef struct {
    PyObject *open;
    long long pane_ms, frontier;
} Clock;

/* 1: it is withdrawn; 0: the retraction is not plain, nothing was done; -1: an error. */
static int withdraw(PyObject *post, const Fields *f, PyObject *topics, long long taken, const Clock *clock, const Events *of) {
    if (!PyUnicode_GET_LENGTH(f->id) || !PyLong_CheckExact(f->time) || !PyLong_CheckExact(f->deleted)) return 0;
    int told = PyUnicode_GET_LENGTH(f->text) ? 1 : PyObject_IsTrue(f->tags);
    long long posted = PyLong_AsLongLong(f->time), withdrawn = PyLong_AsLongLong(f->deleted), pane_ms = clock->pane_ms;
    if (told < 0 || PyErr_Occurred()) return -1;
    if (withdrawn < posted) withdrawn = posted;
    if (taken >= 0 && posted > taken) posted = taken;
    if (taken >= 0 && withdrawn > taken) withdrawn = taken;
    if (!told || posted < 0) return 0;
    long long home = posted - posted % pane_ms, at = withdrawn - withdrawn % pane_ms;
    if (at < clock->frontier) at = clock->frontier;
    if (at - home > WITHIN_MS) return 0;
    Pane pane = {0};
    int result = enter_pane(&pane, clock->open, at, pane_ms), none = result == 1 ? has_none(of, f, topics) : 0;
    PyObject *label = NULL;
    if (none < 0) result = -1;
    if (none == 1) {
        PyObject *events = PyTuple_New(0);
        label = events ? PyTuple_Pack(3, f->source, f->lang, events) : NULL;
        Py_XDECREF(events);
        PyObject *found = label ? PyDict_GetItemWithError(pane.by_label, label) : NULL;
        result = PyErr_Occurred() ? -1 : 0;
        if (found && PyTuple_GET_SIZE(found) == 4 && Py_IS_TYPE(PyTuple_GET_ITEM(found, 0), cell_type) &&
            PyTuple_GET_ITEM(found, 2) == Py_None) {
            PyObject *cell = PyTuple_GET_ITEM(found, 0), *source = PyTuple_GET_ITEM(found, 3);
            if (Py_IS_TYPE(pane.withdrawn, gone_type)) result = add_withdrawn(pane.withdrawn, cell, topics, f, source, home);
        }
    } else if (none == 0 && result == 1) {
        result = 0;
    }
    Py_XDECREF(label), Py_XDECREF(pane.pane);
    return result;
}
