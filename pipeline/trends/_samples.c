/* Samples of people united, compiled: what `united` (people.py) does, which is the reference and, without a compiler, does
 * it itself (tests/trends/test_samples.py holds the two against each other).
 *
 * Entries come as samples one behind the other, each in ascending order of authors. So runs of ascending entries are merged
 * two by two, and each is cut to what is kept: the work does not grow with what is cut, and any order of entries will do. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

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

static PyMethodDef methods[] = {
    {"united", united, METH_VARARGS, united_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_samples", "Samples of people united, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__samples(void) { return PyModule_Create(&definition); }
