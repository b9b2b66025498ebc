/* Samples of people, compiled: what `united` and `support` (people.py), `posts_there` and `_Taken` (withdrawals.py) do,
 * which are the reference and, without a compiler, do it themselves (tests/trends/test_samples.py holds the two against
 * each other).
 *
 * Entries come as samples one behind the other, each in ascending order of authors. So runs of ascending entries are merged
 * two by two, and each is cut to what is kept: the work does not grow with what is cut, and any order of entries will do. */
#include "_taken.h"

#include "_priority.h"

#include "../../schemas/_version.h"

typedef struct {
    uint64_t author, text;
    uint32_t posts;
} Entry;

typedef struct {
    const Entry *at, *end;
} Run;

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

static inline uint64_t hash_at(const Py_buffer *column, Py_ssize_t n) {
    uint64_t value;
    memcpy(&value, (const char *)column->buf + 8 * n, 8);
    return value;
}

static inline int32_t number_at(const Py_buffer *column, Py_ssize_t n) {
    int32_t value;
    memcpy(&value, (const char *)column->buf + 4 * n, 4);
    return value;
}

/* Entries in columns. */
typedef struct {
    Py_buffer author, text, posts;
} Columns;

static void release(Columns *of) { PyBuffer_Release(&of->author), PyBuffer_Release(&of->text), PyBuffer_Release(&of->posts); }

/* Entries as they come, and as much room again. */
typedef struct {
    Entry *entries;
    Run *runs; /* which ascend */
    Py_ssize_t count, runs_count, room;
} Gathered;

/* Room for so many entries: nothing is kept. -1: an error. */
static int room_for_entries(Gathered *of, Py_ssize_t count) {
    of->count = of->runs_count = 0;
    if (count < of->room) return 0;
    PyMem_Free(of->entries), PyMem_Free(of->runs);
    of->room = 2 * count + 1;
    of->entries = PyMem_New(Entry, 2 * of->room), of->runs = PyMem_New(Run, of->room);
    return of->entries && of->runs ? 0 : (PyErr_NoMemory(), -1);
}

static void release_room(Gathered *of) { PyMem_Free(of->entries), PyMem_Free(of->runs); }

/* Takes the entries [begin, end) of the columns; there is room. */
static void gather(Gathered *into, const Columns *of, Py_ssize_t begin, Py_ssize_t end) {
    for (Py_ssize_t n = begin; n < end; n++) {
        Entry *one = &into->entries[into->count];
        one->author = hash_at(&of->author, n), one->text = hash_at(&of->text, n);
        memcpy(&one->posts, (const char *)of->posts.buf + 4 * n, 4);
        if (into->count++ && one[-1].author <= one->author)
            into->runs[into->runs_count - 1].end = one + 1;
        else
            into->runs[into->runs_count++] = (Run){one, one + 1};
    }
}

/* One entry an author, the `most` first. */
static Run united_entries(Gathered *of, Py_ssize_t most) {
    if (!of->count) return (Run){of->entries, of->entries};
    return united_runs(of->runs, of->runs_count, of->entries, of->entries + of->room, most);
}

/* The same of whole columns. -1: an error. */
static int unite(const Columns *of, Py_ssize_t most, Gathered *room, Run *found) {
    Py_ssize_t length = of->author.len / 8;
    if (of->author.len != 8 * length || of->text.len != of->author.len || of->posts.len != 4 * length || most < 1)
        return PyErr_SetString(PyExc_ValueError, "the columns do not fit together"), -1;
    if (room_for_entries(room, length)) return -1;
    gather(room, of, 0, length);
    *found = united_entries(room, most);
    return 0;
}

PyDoc_STRVAR(united_doc,
             "united(author, text, posts, most, /)\n--\n\n"
             "One entry an author, the `most` first, of columns of 64, 64 and 32 bits: the text that stands for the author and\n"
             "the sum of posts. As bytes, a column each.");

static PyObject *united(PyObject *module, PyObject *args) {
    Columns of;
    Py_ssize_t most;
    if (!PyArg_ParseTuple(args, "y*y*y*n:united", &of.author, &of.text, &of.posts, &most)) return NULL;
    Run found;
    Gathered room = {0};
    PyObject *columns = unite(&of, most, &room, &found) ? NULL : columns_of(found);
    release_room(&room);
    release(&of);
    return columns;
}

static int by_size(const void *one, const void *other) {
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return (a > b) - (a < b);
}

/* Takes posts from people, one for each of these hashes, and who has none left away. Returns the end of those who stay. */
static Entry *take_posts(Entry *begin, Entry *end, const char *withdrawn, Py_ssize_t count) {
    for (Py_ssize_t n = 0; n < count; n++) {
        uint64_t author;
        memcpy(&author, withdrawn + 8 * n, 8);
        Entry *low = begin, *high = end;
        while (low < high) {
            Entry *middle = low + (high - low) / 2;
            if (middle->author < author) low = middle + 1;
            else high = middle;
        }
        if (low < end && low->author == author && low->posts) low->posts--;
    }
    Entry *left = begin;
    for (Entry *one = begin; one < end; one++)
        if (one->posts) *left++ = *one;
    return left;
}

/* How many texts one person holds, how many there are, how many people hold the one that most do. */
static int count_texts(Run people, int64_t held[3]) {
    Py_ssize_t length = people.end - people.at;
    uint64_t *texts = PyMem_New(uint64_t, length + 1);
    if (!texts) return PyErr_NoMemory(), -1;
    for (Py_ssize_t n = 0; n < length; n++) texts[n] = people.at[n].text;
    qsort(texts, (size_t)length, sizeof *texts, by_size);
    held[0] = held[1] = held[2] = 0;
    for (Py_ssize_t begin = 0, end; begin < length; begin = end) {
        for (end = begin + 1; end < length && texts[end] == texts[begin];) end++;
        held[0] += end - begin == 1, held[1] += 1;
        if (end - begin > held[2]) held[2] = end - begin;
    }
    PyMem_Free(texts);
    return 0;
}

/* What the people of a topic say, of the `most` + 1 first, less a post for each of the hashes withdrawn; see `support`. */
static PyObject *told_of(Run people, Py_ssize_t most, const char *withdrawn, Py_ssize_t count) {
    PyObject *columns = NULL, *next = NULL, *found = NULL;
    next = people.end - people.at > most ? PyLong_FromUnsignedLongLong(people.at[most].author) : Py_NewRef(Py_None);
    if (!next) return NULL;
    if (people.end - people.at > most) people.end = people.at + most;
    people.end = take_posts((Entry *)people.at, (Entry *)people.end, withdrawn, count);
    int64_t held[3], busiest = 0, all = 0;
    if (people.at == people.end)
        found = Py_NewRef(Py_None);
    else if (!count_texts(people, held) && (columns = columns_of(people))) {
        for (const Entry *one = people.at; one < people.end; one++) {
            all += one->posts;
            if (one->posts > busiest) busiest = one->posts;
        }
        found = Py_BuildValue("OOOLLLLL", PyTuple_GET_ITEM(columns, 0), PyTuple_GET_ITEM(columns, 1), next, (long long)held[0],
                              (long long)held[1], (long long)held[2], (long long)busiest, (long long)all);
    }
    Py_XDECREF(columns);
    Py_DECREF(next);
    return found;
}

PyDoc_STRVAR(support_doc,
             "support(author, text, posts, withdrawn, most, /)\n--\n\n"
             "What `united` gives of `most` + 1, read: of the `most` first, less a post for each hash of `withdrawn`, those who\n"
             "have posts left. None: nobody; else their authors and texts, as bytes; the author behind them (None: there is\n"
             "none); how many texts one person holds, how many there are, how many people hold the one that most do; the posts\n"
             "of the busiest person, and of all.");

static PyObject *support(PyObject *module, PyObject *args) {
    Columns of;
    Py_buffer withdrawn;
    Py_ssize_t most;
    if (!PyArg_ParseTuple(args, "y*y*y*y*n:support", &of.author, &of.text, &of.posts, &withdrawn, &most)) return NULL;
    Run people;
    Gathered room = {0};
    PyObject *found = NULL;
    if (!unite(&of, most + 1, &room, &people)) found = told_of(people, most, withdrawn.buf, withdrawn.len / 8);
    release_room(&room);
    PyBuffer_Release(&withdrawn);
    release(&of);
    return found;
}

#include "_supports.h"

/* What `posts_there` is given, in this order: the columns of a table's rows, and of what is looked for. */
enum { TOPIC, SPELLING, CELL, POSTS, PTR, AUTHOR, AUTHOR_POSTS, OF_TOPIC, OF_SPELLING, OF_CELL, OF_AUTHOR, COLUMNS };
static const Py_ssize_t WIDTHS[COLUMNS] = {4, 4, 4, 4, 8, 8, 4, 4, 4, 4, 8};

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
    {"support", support, METH_VARARGS, support_doc},
    {"supports", supports, METH_VARARGS, supports_doc},
    {"common", common, METH_VARARGS, common_doc},
    {"posts_there", posts_there, METH_VARARGS, posts_there_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_samples", "Samples of people, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__samples(void) {
    PyObject *module = versioned(PyModule_Create(&definition));
    if (module && PyModule_AddType(module, &taken_type)) Py_CLEAR(module);
    return module;
}
