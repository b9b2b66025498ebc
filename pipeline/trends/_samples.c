/* Samples of people, compiled: what `united` (people.py) and `posts_there` (withdrawals.py) do, which are the reference
 * and, without a compiler, do it themselves (tests/trends/test_samples.py holds the two against each other).
 *
 * Entries come as samples one behind the other, each in ascending order of authors. So runs of ascending entries are merged
 * two by two, and each is cut to what is kept: the work does not grow with what is cut, and any order of entries will do. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../../schemas/_version.h"

#include <stdint.h>
#include <string.h>

typedef struct {
    uint64_t author, text;
    uint32_t posts;
} Entry;

typedef struct {
    const Entry *at, *end;
} Run;

static inline uint64_t rotated(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }

/* `text_priority` of people.py: XXH64 of the 16 bytes, and own words before reposts. */
static uint64_t priority(uint64_t author, uint64_t text) {
    const uint64_t p1 = 0x9E3779B185EBCA87u, p2 = 0xC2B2AE3D27D4EB4Fu, p3 = 0x165667B19E3779F9u,
                   p4 = 0x85EBCA77C2B2AE63u, p5 = 0x27D4EB2F165667C5u;
    uint64_t h = p5 + 16, lanes[2] = {author, text};
    for (int n = 0; n < 2; n++) h = rotated(h ^ rotated(lanes[n] * p2, 31) * p1, 27) * p1 + p4;
    h = (h ^ h >> 33) * p2;
    h = (h ^ h >> 29) * p3;
    return (h ^ h >> 32) >> 1 | text << 63;
}

/* Puts an entry behind those of `begin`, of which the last one may be of the same author: then the two are one. */
static inline Entry *put(const Entry *begin, Entry *end, const Entry *one) {
    if (end == begin || end[-1].author != one->author) {
        *end = *one;
        return end + 1;
    }
    end[-1].posts += one->posts;
    if (end[-1].text != one->text && priority(one->author, one->text) <= priority(one->author, end[-1].text))
        end[-1].text = one->text;
    return end;
}

/* The first `most` authors of two runs, from `out` on; returns the end. */
static Entry *merge(Run a, Run b, Entry *out, Py_ssize_t most) {
    Entry *end = out;
    while (a.at < a.end || b.at < b.end) {
        const Entry *next = b.at == b.end || (a.at < a.end && a.at->author <= b.at->author) ? a.at++ : b.at++;
        if (end - out == most && end[-1].author != next->author) break;
        end = put(out, end, next);
    }
    return end;
}

/* Merges `count` runs, which lie in `from`, to one in `from` or `to`. */
static Run united_runs(Run *runs, Py_ssize_t count, Entry *from, Entry *to, Py_ssize_t most) {
    do { /* once at least: a run may hold an author twice */
        Entry *end = to;
        Py_ssize_t left = 0;
        for (Py_ssize_t n = 0; n < count; n += 2) {
            Run none = {NULL, NULL};
            Entry *begin = end;
            end = merge(runs[n], n + 1 < count ? runs[n + 1] : none, begin, most);
            runs[left++] = (Run){begin, end};
        }
        count = left;
        Entry *other = from;
        from = to;
        to = other;
    } while (count > 1);
    return runs[0];
}

/* The entries in three columns of bytes, new. */
static PyObject *columns_of(Run run) {
    Py_ssize_t length = run.end - run.at;
    PyObject *author = PyBytes_FromStringAndSize(NULL, 8 * length), *text = PyBytes_FromStringAndSize(NULL, 8 * length);
    PyObject *posts = PyBytes_FromStringAndSize(NULL, 4 * length), *found = NULL;
    if (author && text && posts) {
        for (Py_ssize_t n = 0; n < length; n++) {
            memcpy(PyBytes_AS_STRING(author) + 8 * n, &run.at[n].author, 8);
            memcpy(PyBytes_AS_STRING(text) + 8 * n, &run.at[n].text, 8);
            memcpy(PyBytes_AS_STRING(posts) + 4 * n, &run.at[n].posts, 4);
        }
        found = PyTuple_Pack(3, author, text, posts);
    }
    Py_XDECREF(author), Py_XDECREF(text), Py_XDECREF(posts);
    return found;
}

PyDoc_STRVAR(united_doc,
             "united(author, text, posts, most, /)\n--\n\n"
             "One entry an author, the `most` first, of columns of 64, 64 and 32 bits: the text that stands for the author and\n"
             "the sum of posts. As bytes, a column each.");

static PyObject *united(PyObject *module, PyObject *args) {
    Py_buffer author, text, posts;
    Py_ssize_t most;
    if (!PyArg_ParseTuple(args, "y*y*y*n:united", &author, &text, &posts, &most)) return NULL;
    Py_ssize_t length = author.len / 8;
    PyObject *found = NULL;
    Entry *entries = NULL;
    Run *runs = NULL;
    if (author.len != 8 * length || text.len != author.len || posts.len != 4 * length || most < 1) {
        PyErr_SetString(PyExc_ValueError, "united: the columns do not fit together");
        goto done;
    }
    entries = PyMem_New(Entry, 2 * (length + 1));
    runs = PyMem_New(Run, length + 1);
    if (!entries || !runs) {
        PyErr_NoMemory();
        goto done;
    }
    Py_ssize_t count = 0;
    for (Py_ssize_t n = 0; n < length; n++) {
        Entry *one = &entries[n];
        memcpy(&one->author, (const char *)author.buf + 8 * n, 8);
        memcpy(&one->text, (const char *)text.buf + 8 * n, 8);
        memcpy(&one->posts, (const char *)posts.buf + 4 * n, 4);
        if (n && one[-1].author <= one->author)
            runs[count - 1].end = one + 1;
        else
            runs[count++] = (Run){one, one + 1};
    }
    Run nobody = {entries, entries};
    found = columns_of(count ? united_runs(runs, count, entries, entries + length, most) : nobody);
done:
    PyMem_Free(entries), PyMem_Free(runs);
    PyBuffer_Release(&author), PyBuffer_Release(&text), PyBuffer_Release(&posts);
    return found;
}

/* What `posts_there` is given, in this order: the columns of a table's rows, and of what is looked for. */
enum { TOPIC, SPELLING, CELL, POSTS, PTR, AUTHOR, AUTHOR_POSTS, OF_TOPIC, OF_SPELLING, OF_CELL, OF_AUTHOR, COLUMNS };
static const Py_ssize_t WIDTHS[COLUMNS] = {4, 4, 4, 4, 8, 8, 4, 4, 4, 4, 8};

static inline int32_t number_at(const Py_buffer *column, Py_ssize_t n) {
    int32_t value;
    memcpy(&value, (const char *)column->buf + 4 * n, 4);
    return value;
}

static inline uint64_t hash_at(const Py_buffer *column, Py_ssize_t n) {
    uint64_t value;
    memcpy(&value, (const char *)column->buf + 8 * n, 8);
    return value;
}

/* The row of the place that is named, -1: none. Rows ascend by topic, spelling and cell. */
static Py_ssize_t row_of(const Py_buffer *c, Py_ssize_t rows, Py_ssize_t n) {
    Py_ssize_t low = 0, high = rows;
    while (low < high) {
        Py_ssize_t middle = low + (high - low) / 2;
        int order = 0;
        for (int part = 0; part < 3 && !order; part++) {
            int32_t here = number_at(&c[TOPIC + part], middle), wanted = number_at(&c[OF_TOPIC + part], n);
            order = (here > wanted) - (here < wanted);
        }
        if (!order) return middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return -1;
}

/* The posts of an author among the people [begin, end) of a row, and whether they are those of all whom a full sample does
 * not hold. */
static int64_t posts_of(const Py_buffer *c, Py_ssize_t row, Py_ssize_t begin, Py_ssize_t end, uint64_t author, Py_ssize_t most,
                        char *is_rest) {
    Py_ssize_t low = begin, high = end;
    while (low < high) {
        Py_ssize_t middle = low + (high - low) / 2;
        if (hash_at(&c[AUTHOR], middle) < author) low = middle + 1;
        else high = middle;
    }
    if (low < end && hash_at(&c[AUTHOR], low) == author) return number_at(&c[AUTHOR_POSTS], low);
    if (end - begin <= most || hash_at(&c[AUTHOR], end - 1) >= author) return 0;
    *is_rest = 1;
    int64_t posts = number_at(&c[POSTS], row);
    for (Py_ssize_t n = begin; n < end; n++) posts -= number_at(&c[AUTHOR_POSTS], n);
    return posts;
}

PyDoc_STRVAR(posts_there_doc,
             "posts_there(columns, most, /)\n--\n\n"
             "Of each author that is looked for the posts in the row that is named, and whether they are those of all whom its\n"
             "sample of `most` + 1 people does not hold. As bytes of 64 and 8 bits. `columns`: topic, spelling, cell, posts,\n"
             "person_ptr, author and author_posts of a table; topic, spelling, cell and author of each.");

static PyObject *posts_there(PyObject *module, PyObject *args) {
    PyObject *columns, *posts = NULL, *rest = NULL, *found = NULL;
    Py_ssize_t most, length[COLUMNS];
    Py_buffer c[COLUMNS] = {{0}};
    if (!PyArg_ParseTuple(args, "O!n:posts_there", &PyTuple_Type, &columns, &most)) return NULL;
    int sound = PyTuple_GET_SIZE(columns) == COLUMNS && most >= 0;
    for (int n = 0; sound && n < COLUMNS; n++) {
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(columns, n), &c[n], PyBUF_SIMPLE)) goto done;
        length[n] = c[n].len / WIDTHS[n];
        sound = length[n] * WIDTHS[n] == c[n].len;
    }
    sound = sound && length[SPELLING] == length[TOPIC] && length[CELL] == length[TOPIC] && length[POSTS] == length[TOPIC] &&
            length[PTR] == length[TOPIC] + 1 && length[AUTHOR_POSTS] == length[AUTHOR] &&
            length[OF_SPELLING] == length[OF_TOPIC] && length[OF_CELL] == length[OF_TOPIC] &&
            length[OF_AUTHOR] == length[OF_TOPIC];
    if (sound) {
        posts = PyBytes_FromStringAndSize(NULL, 8 * length[OF_TOPIC]);
        rest = PyBytes_FromStringAndSize(NULL, length[OF_TOPIC]);
        if (!posts || !rest) goto done;
        for (Py_ssize_t n = 0; sound && n < length[OF_TOPIC]; n++) {
            Py_ssize_t row = row_of(c, length[TOPIC], n);
            int64_t count = 0;
            char is_rest = 0;
            if (row >= 0) {
                int64_t begin = (int64_t)hash_at(&c[PTR], row), end = (int64_t)hash_at(&c[PTR], row + 1);
                sound = 0 <= begin && begin <= end && end <= length[AUTHOR];
                if (sound) count = posts_of(c, row, begin, end, hash_at(&c[OF_AUTHOR], n), most, &is_rest);
            }
            memcpy(PyBytes_AS_STRING(posts) + 8 * n, &count, 8);
            PyBytes_AS_STRING(rest)[n] = is_rest;
        }
    }
    if (sound)
        found = PyTuple_Pack(2, posts, rest);
    else
        PyErr_SetString(PyExc_ValueError, "posts_there: the columns do not fit together");
done:
    for (int n = 0; n < COLUMNS; n++) PyBuffer_Release(&c[n]);
    Py_XDECREF(posts), Py_XDECREF(rest);
    return found;
}

static PyMethodDef methods[] = {
    {"united", united, METH_VARARGS, united_doc},
    {"posts_there", posts_there, METH_VARARGS, posts_there_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_samples", "Samples of people, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__samples(void) { return versioned(PyModule_Create(&definition)); }
