/* The common case of counting posts in open panes, compiled: what `PaneCounter.add` (panes.py) does with a plain post.
 *
 * `add` takes posts one after the other as long as each is plain, and says where it stopped; the caller does the rest.
 * Whatever the compiled rules of text (_scan.h) are not sure of is asked of the Python rules. Without a compiler this
 * module is absent and nothing else changes but the time it takes. tests/trends/test_plain.py holds the two against each
 * other. */
#include "_withdrawn.h"
#include "_rows.h"
#include "../../schemas/_version.h"

enum {
    MOST_POSTS = 1024, /* in one call: other threads wait for its end */
    CASHTAGS = 1,      /* how the texts of a source are read (`how_read` of topics.py) */
    TO_SPACE = 2,
};

static int same_ascii_tag(PyObject *one, PyObject *other) {
    Py_ssize_t length = PyUnicode_GET_LENGTH(one);
    const Py_UCS1 *a = PyUnicode_1BYTE_DATA(one), *b = PyUnicode_1BYTE_DATA(other);
    if (length != PyUnicode_GET_LENGTH(other)) return 0;
    for (Py_ssize_t n = 0; n < length; n++)
        if (Py_TOLOWER(a[n]) != Py_TOLOWER(b[n])) return 0;
    return 1;
}

static int looks_cut(const Text *text) {
    Py_ssize_t n = text->length;
    if (n >= 3 && at(text, n - 1) == '.' && at(text, n - 2) == '.' && at(text, n - 3) == '.') return 1;
    if (text->kind == PyUnicode_1BYTE_KIND) return 0;
    for (Py_ssize_t i = 0; i < n; i++)
        if (PyUnicode_READ(text->kind, text->data, i) == 0x2026) return 1;
    return 0;
}

/* `topics_of(post)`: a new tuple. */
static PyObject *topics_of(PyObject *post, const Fields *f, const Rules *rules) {
    Text text = text_in(f->text);
    if (f->tags != Py_None && PyObject_IsTrue(f->tags)) return PyObject_CallOneArg(rules->topics_of, post);
    if (next_sign(&text, 0, 1) == text.length) return PyTuple_New(0);
    PyObject *number = PyObject_CallOneArg(rules->how_read, f->source);
    if (!number) return NULL;
    long how = PyLong_AsLong(number);
    Py_DECREF(number);
    Py_ssize_t begins[MOST_TAGS], ends[MOST_TAGS];
    int found = find_tags(&text, how & CASHTAGS ? 1 : 0, how & TO_SPACE ? 1 : 0, begins, ends), kept = 0;
    if (found == 0) return PyTuple_New(0);
    if (found < 0 || looks_cut(&text)) return PyObject_CallOneArg(rules->topics_of, post);
    PyObject *tags[MOST_TAGS], *topics = NULL;
    for (int n = 0; n < found; n++) {
        PyObject *tag = PyUnicode_Substring(f->text, begins[n], ends[n]);
        if (!tag) goto done;
        tags[kept++] = tag;
        if (found > 1 && !PyUnicode_IS_ASCII(tag)) {
            topics = PyObject_CallOneArg(rules->topics_of, post);
            goto done;
        }
        for (int m = 0; m < kept - 1; m++)
            if (same_ascii_tag(tags[m], tag)) {
                Py_DECREF(tags[--kept]);
                break;
            }
    }
    topics = PyTuple_New(kept);
    for (int n = 0; topics && n < kept; n++) PyTuple_SET_ITEM(topics, n, Py_NewRef(tags[n]));
done:
    while (kept) Py_DECREF(tags[--kept]);
    return topics;
}

/* `text_hash` of the post's text, as a new int. */
static PyObject *text_hash(const Fields *f, const Rules *rules) {
    uint64_t hash = 0;
    if (f->repost_of != Py_None && PyUnicode_GET_LENGTH(f->repost_of)) {
        if (hash_of(f->repost_of, 1, &hash)) return NULL;
        return PyLong_FromUnsignedLongLong(hash | 1);
    }
    Text text = text_in(f->text);
    Py_UCS2 key[KEY_LENGTH];
    int length = key_of_words(&text, key);
    if (length >= 0) {
        hash = hash_of_key(key, length);
    } else {
        PyObject *asked = PyObject_CallOneArg(rules->text_key, f->text);
        int failed = !asked || hash_of(asked, 0, &hash);
        Py_XDECREF(asked);
        if (failed) return NULL;
    }
    return PyLong_FromUnsignedLongLong(hash & ~(uint64_t)1);
}

/* The post of that number says these words: `OpenCell.add_words`. */
static int add_words(PyObject *cell, PyObject *words, PyObject *number) {
    PyObject *rows = FIELD(cell, of_cell.rows);
    if (add_row(rows, whole, number)) return -1;
    for (Py_ssize_t n = 0; n < PyList_GET_SIZE(words); n++)
        if (add_row(rows, PyList_GET_ITEM(words, n), number)) return -1;
    return 0;
}

/* The post of that number in its pane has these topics. */
static int add_rows(PyObject *cell, PyObject *topics, PyObject *number) {
    PyObject *rows = FIELD(cell, of_cell.rows);
    Py_ssize_t count = PyTuple_GET_SIZE(topics);
    for (Py_ssize_t n = 0; n < count; n++)
        if (add_row(rows, PyTuple_GET_ITEM(topics, n), number)) return -1;
    Py_ssize_t before = PyLong_AsSsize_t(FIELD(cell, of_cell.mentions));
    PyObject *mentions = PyErr_Occurred() ? NULL : PyLong_FromSsize_t(before + count);
    if (!mentions) return -1;
    Py_SETREF(FIELD(cell, of_cell.mentions), mentions);
    return 0;
}

/* The origin is kept where it is the largest that posts of the author have told. */
static int keep_origin(PyObject *cell, PyObject *author, PyObject *origin) {
    PyObject *origins = FIELD(cell, of_cell.origins);
    PyObject *before = PyDict_GetItemWithError(origins, author);
    int larger = before ? PyObject_RichCompareBool(origin, before, Py_GT) : PyErr_Occurred() ? -1 : 1;
    return larger < 0 || (larger && PyDict_SetItem(origins, author, origin)) ? -1 : 0;
}

/* 1: counted; 0: the post is not plain, nothing was counted; -1: an error. */
static int count(PyObject *post, const Fields *f, const Pane *pane, const Rules *rules, const Events *of) {
    PyObject *topics = topics_of(post, f, rules), *events = NULL, *label = NULL, *author = NULL, *origin = NULL;
    PyObject *text = NULL, *number = NULL, *words = NULL;
    int result = -1;
    if (!topics) return -1;
    int none = has_none(of, f, topics);
    if (none < 0) goto done;
    events = none ? PyTuple_New(0) : PyObject_CallFunctionObjArgs(of->match, post, topics, NULL);
    if (!events) goto done;
    if (!(label = PyTuple_Pack(3, f->source, f->lang, events))) goto done;
    PyObject *found = PyDict_GetItemWithError(pane->by_label, label);
    if (!found) {
        result = PyErr_Occurred() ? -1 : 0;
        goto done;
    }
    PyObject *cell = PyTuple_GET_ITEM(found, 0), *seen = PyTuple_GET_ITEM(found, 1);
    PyObject *words_cell = PyTuple_GET_ITEM(found, 2);
    if (!Py_IS_TYPE(cell, cell_type) || !(words_cell == Py_None || Py_IS_TYPE(words_cell, cell_type))) {
        result = 0;
        goto done;
    }
    Py_ssize_t known = PySet_GET_SIZE(seen);
    if (PySet_Add(seen, f->id)) goto done;
    if (PySet_GET_SIZE(seen) == known) { /* read twice: for the caller, who finds it there too */
        result = 0;
        goto done;
    }
    uint64_t hash;
    if (hash_of(f->author, 0, &hash) || !(author = PyLong_FromUnsignedLongLong(hash))) goto done;
    if (PyList_Append(FIELD(cell, of_cell.authors), author)) goto done;
    if (f->bot == Py_True || (f->server != Py_None && PyUnicode_GET_LENGTH(f->server))) {
        if (!(origin = PyObject_CallFunctionObjArgs(rules->origin_of, f->bot, f->server, NULL))) goto done;
        if (!PyObject_IsTrue(origin))
            Py_CLEAR(origin);
        else if (keep_origin(cell, author, origin))
            goto done;
    }
    if (words_cell != Py_None) {
        if (!(words = PyObject_CallFunctionObjArgs(rules->words_of, f->text, topics, NULL))) goto done;
        if (!PyList_CheckExact(words)) {
            PyErr_SetString(PyExc_TypeError, "words_of gives a list");
            goto done;
        }
        if (!PyList_GET_SIZE(words)) Py_CLEAR(words);
    }
    if (words || PyTuple_GET_SIZE(topics)) {
        if (!(number = PyLong_FromSsize_t(PyList_GET_SIZE(pane->ids))) || !(text = text_hash(f, rules))) goto done;
        if (PyList_Append(pane->ids, f->id) || PyList_Append(pane->authors, author) || PyList_Append(pane->texts, text))
            goto done;
        if (origin && PyDict_SetItem(pane->origins, number, origin)) goto done;
        if (add_rows(cell, topics, number) || (words && add_words(words_cell, words, number))) goto done;
    }
    result = 1;
done:
    Py_XDECREF(topics), Py_XDECREF(events), Py_XDECREF(label), Py_XDECREF(author), Py_XDECREF(origin);
    Py_XDECREF(text), Py_XDECREF(number), Py_XDECREF(words);
    return result;
}

/* Withdraws a post, which moves no clock, by `retract(number, topics)` where it is not plain: 1; -1: an error. */
static int withdraw_any(PyObject *retract, PyObject *post, const Fields *f, Py_ssize_t number, const Rules *rules,
                        long long taken, const Clock *clock, const Events *of, Py_ssize_t *withdrawn) {
    PyObject *topics = topics_of(post, f, rules);
    int result = topics ? withdraw(post, f, topics, taken, clock, of) : -1;
    if (result == 1) *withdrawn += 1;
    if (result == 0) {
        PyObject *which = PyLong_FromSsize_t(number);
        PyObject *done = which ? PyObject_CallFunctionObjArgs(retract, which, topics, NULL) : NULL;
        result = done ? 1 : -1;
        Py_XDECREF(which), Py_XDECREF(done);
    }
    Py_XDECREF(topics);
    return result;
}

PyDoc_STRVAR(add_doc,
             "add(posts, begin, taken_ms, panes, pane_ms, frontier, closes_at, newest, match, names, rules, retract, /)"
             "\n--\n\n"
             "Counts posts from number `begin` on as long as each is plain: in an open pane, before `closes_at`, not taken\n"
             "before its time, of a label that the pane knows and not read twice. At most 1,024 posts. Of each retraction\n"
             "that is not plain `retract` is called with its number and topics.\n"
             "Returns the number of the post at which it stopped, the newest time, and how many others it withdrew. `match` finds the events of a post;\n"
             "`names`: what spellings stand for, where that decides (or None); `rules`: how_read, topics_of, text_key,\n"
             "origin_of, words_of.");

static PyObject *add(PyObject *module, PyObject *const *args, Py_ssize_t argc) {
    if (argc != 12 || !PyList_CheckExact(args[0]) || !PyDict_CheckExact(args[3]) || !PyTuple_CheckExact(args[10]) ||
        PyTuple_GET_SIZE(args[10]) != 5 || !(args[9] == Py_None || PyDict_CheckExact(args[9])) ||
        !(args[2] == Py_None || PyList_CheckExact(args[2]))) {
        PyErr_SetString(PyExc_TypeError, "add: see its documentation");
        return NULL;
    }
    PyObject *posts = args[0], *taken = args[2], *open = args[3];
    Py_ssize_t i = PyLong_AsSsize_t(args[1]);
    long long pane_ms = PyLong_AsLongLong(args[4]), closes_at = PyLong_AsLongLong(args[6]);
    long long newest = PyLong_AsLongLong(args[7]);
    Clock clock = {open, pane_ms, PyLong_AsLongLong(args[5])};
    Py_ssize_t withdrawn = 0;
    Events events = {args[8], args[9]};
    PyObject *const *asked = &PyTuple_GET_ITEM(args[10], 0);
    Rules rules = {asked[0], asked[1], asked[2], asked[3], asked[4]};
    if (PyErr_Occurred()) return NULL;
    if (i < 0 || pane_ms <= 0 || (taken != Py_None && PyList_GET_SIZE(taken) != PyList_GET_SIZE(posts))) {
        PyErr_SetString(PyExc_ValueError, "add: see its documentation");
        return NULL;
    }
    Pane pane = {0};
    int result = 1;
    for (Py_ssize_t most = i + MOST_POSTS; result == 1 && i < most && i < PyList_GET_SIZE(posts); i += result == 1) {
        PyObject *post = PyList_GET_ITEM(posts, i);
        Fields fields;
        result = Py_IS_TYPE(post, post_type) && read_fields(post, &fields);
        if (!result) break;
        long long taken_at = taken == Py_None ? -1 : PyLong_AsLongLong(PyList_GET_ITEM(taken, i));
        if (fields.deleted != Py_None && !PyErr_Occurred()) {
            result = withdraw_any(args[11], post, &fields, i, &rules, taken_at, &clock, &events, &withdrawn);
            continue;
        }
        long long time = PyErr_Occurred() ? -1 : PyLong_AsLongLong(fields.time);
        if (taken == Py_None) taken_at = time;
        if (PyErr_Occurred()) {
            result = -1;
            break;
        }
        result = time >= 0 && time < closes_at && time <= taken_at;
        if (result && !(pane.start <= time && time < pane.end)) result = enter_pane(&pane, open, time, pane_ms);
        if (result == 1) result = count(post, &fields, &pane, &rules, &events);
        if (result == 1 && time > newest) newest = time;
    }
    Py_XDECREF(pane.pane);
    return result < 0 ? NULL : Py_BuildValue("nLn", i, newest, withdrawn);
}

PyDoc_STRVAR(learn_doc,
             "learn(post, pane, cell, withdrawn, /)\n--\n\n"
             "The classes of posts, open panes, their cells and what panes withdraw. Raises TypeError where a field of theirs\n"
             "is no slot.");

static PyObject *learn(PyObject *module, PyObject *const *args, Py_ssize_t argc) {
    if (argc != 4 || !PyType_Check(args[0]) || !PyType_Check(args[1]) || !PyType_Check(args[2]) || !PyType_Check(args[3])) {
        PyErr_SetString(PyExc_TypeError, "learn(post, pane, cell, withdrawn) takes four classes");
        return NULL;
    }
    PyTypeObject *gone = (PyTypeObject *)args[3];
    PyTypeObject *post = (PyTypeObject *)args[0], *pane = (PyTypeObject *)args[1], *cell = (PyTypeObject *)args[2];
#define LEARN_POST(name) \
    if ((of_post.name = offset_of(post, #name)) < 0) return NULL;
#define LEARN_PANE(name) \
    if ((of_pane.name = offset_of(pane, #name)) < 0) return NULL;
#define LEARN_CELL(name) \
    if ((of_cell.name = offset_of(cell, #name)) < 0) return NULL;
#define LEARN_GONE(name) \
    if ((of_gone.name = offset_of(gone, #name)) < 0) return NULL;
    OF_POST(LEARN_POST)
    OF_PANE(LEARN_PANE)
    OF_CELL(LEARN_CELL)
    OF_GONE(LEARN_GONE)
    Py_XSETREF(post_type, (PyTypeObject *)Py_NewRef(post));
    Py_XSETREF(pane_type, (PyTypeObject *)Py_NewRef(pane));
    Py_XSETREF(cell_type, (PyTypeObject *)Py_NewRef(cell));
    Py_XSETREF(gone_type, (PyTypeObject *)Py_NewRef(gone));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(hashes_doc,
             "hashes(strs, /)\n--\n\n"
             "`hash64` of each str of a list, as unsigned 64-bit numbers of this machine one behind the other.");

static PyObject *hashes(PyObject *module, PyObject *strs) {
    if (!PyList_CheckExact(strs)) {
        PyErr_SetString(PyExc_TypeError, "hashes(strs) takes a list");
        return NULL;
    }
    Py_ssize_t count = PyList_GET_SIZE(strs);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(uint64_t));
    for (Py_ssize_t n = 0; bytes && n < count; n++) {
        uint64_t hash;
        if (hash_of(PyList_GET_ITEM(strs, n), 0, &hash))
            Py_CLEAR(bytes);
        else
            memcpy(PyBytes_AS_STRING(bytes) + n * (Py_ssize_t)sizeof(uint64_t), &hash, sizeof(uint64_t));
    }
    return bytes;
}

static PyMethodDef methods[] = {
    {"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL, add_doc},
    {"learn", (PyCFunction)(void (*)(void))learn, METH_FASTCALL, learn_doc},
    {"hashes", hashes, METH_O, hashes_doc},
    {"rows", rows, METH_O, rows_doc},
    {"numbers", (PyCFunction)(void (*)(void))numbers, METH_FASTCALL, numbers_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_plain", "The common case of counting posts, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__plain(void) {
    read_latin1();
    if (!whole && !(whole = PyUnicode_FromString(""))) return NULL;
    return versioned(PyModule_Create(&definition));
}
