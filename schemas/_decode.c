/* The common case of decoding posts, compiled: what `decode_post` (posts.py) makes of a plain JSON record.
 *
 * `decode` gives the post of each record, or None where it is not sure that there is one: another field, an escape, a
 * control character, a number that is no time, a value beyond its limit. Of those the Python is asked, which
 * is the reference and, without a compiler, all there is (tests/test_posts_compiled.py holds the two against each other).
 * Nothing is read beyond the end of a record, whatever it holds. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_version.h"

#include <stdint.h>
#include <string.h>

enum { MOST_FIELDS = 32, MOST_NAME = 16, MEMOS = 64, MOST_MEMO = 48, MOST_DIGITS = 18 };

/* What a field may hold: nothing that is plain, a string, one that is the same in many posts, a time in ms, true or false,
 * a list of strings. */
typedef enum { NOTHING, STRING, REPEATED, TIME, BOOL, STRINGS, KINDS } Kind;

typedef struct {
    char name[MOST_NAME];
    size_t length; /* of the name */
    Kind kind;
    Py_ssize_t least, most, items; /* characters of a string; strings of a list */
    PyObject *value;               /* where it is left out; NULL: it may not be */
} Field;

static PyObject *post_type;
static Field fields[MOST_FIELDS];
static int field_count;
static long long times_end, record_bytes; /* times are below, records at most so long */
static PyObject *memos[MEMOS];

typedef struct {
    const unsigned char *at, *end;
} Input;

static inline void skip_space(Input *in) {
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t')) in->at++;
}

static inline int take(Input *in, unsigned char sign) {
    skip_space(in);
    if (in->at == in->end || *in->at != sign) return 0;
    in->at++;
    return 1;
}

static int take_word(Input *in, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length)) return 0;
    in->at += length;
    return 1;
}

/* Eight bytes at once: whether one of them is zero (in its highest bit; those above one that is may be wrong). */
#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u
static inline uint64_t zeros(uint64_t bytes) { return (bytes - ONES) & ~bytes & HIGHS; }

/* The rest of a string whose quote was read: its bytes, and whether all are ASCII. NULL: it has no end, or something in
 * it that is not plain. */
static const unsigned char *take_string(Input *in, Py_ssize_t *length, int *ascii) {
    const unsigned char *begin = in->at, *at = begin, *end = in->end;
    uint64_t high = 0;
    for (; end - at >= 8; at += 8) {
        uint64_t bytes;
        memcpy(&bytes, at, 8);
        uint64_t control = (bytes - 0x20 * ONES) & ~bytes & HIGHS;
        if (zeros(bytes ^ '"' * ONES) | zeros(bytes ^ '\\' * ONES) | zeros(bytes ^ 0x7f * ONES) | control) break;
        high |= bytes;
    }
    for (; at < end && *at != '"'; at++) {
        if (*at < 0x20 || *at == '\\' || *at == 0x7f) return NULL;
        high |= *at;
    }
    if (at == end) return NULL;
    *length = at - begin;
    *ascii = !(high & HIGHS);
    in->at = at + 1;
    return begin;
}

/* A new str; NULL, with an error set or without: it is not plain. */
static PyObject *string_of(const unsigned char *bytes, Py_ssize_t length, int ascii, int repeated) {
    if (!ascii) {
        PyObject *str = PyUnicode_DecodeUTF8((const char *)bytes, length, NULL);
        if (!str && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) PyErr_Clear();
        return str;
    }
    PyObject **memo = NULL;
    if (repeated && length && length <= MOST_MEMO) {
        memo = &memos[(bytes[0] + 5 * bytes[length - 1] + 11 * (size_t)length) % MEMOS];
        if (*memo && PyUnicode_GET_LENGTH(*memo) == length &&
            !memcmp(PyUnicode_1BYTE_DATA(*memo), bytes, (size_t)length))
            return Py_NewRef(*memo);
    }
    PyObject *str = PyUnicode_New(length, 0x7f);
    if (!str) return NULL;
    if (length) memcpy(PyUnicode_1BYTE_DATA(str), bytes, (size_t)length); /* "" is shared */
    if (memo) Py_XSETREF(*memo, Py_NewRef(str));
    return str;
}

static PyObject *take_str(Input *in, const Field *field) {
    Py_ssize_t length;
    int ascii;
    if (!take(in, '"')) return NULL;
    const unsigned char *bytes = take_string(in, &length, &ascii);
    if (!bytes) return NULL;
    PyObject *str = string_of(bytes, length, ascii, field->kind == REPEATED);
    if (str && (PyUnicode_GET_LENGTH(str) < field->least || PyUnicode_GET_LENGTH(str) > field->most)) Py_CLEAR(str);
    return str;
}

static PyObject *take_strings(Input *in, const Field *field) {
    if (!take(in, '[')) return NULL;
    PyObject *list = PyList_New(0);
    if (!list || take(in, ']')) return list;
    do {
        PyObject *str = take_str(in, field);
        if (!str || PyList_Append(list, str) || PyList_GET_SIZE(list) > field->items) {
            Py_XDECREF(str), Py_DECREF(list);
            return NULL;
        }
        Py_DECREF(str);
    } while (take(in, ','));
    if (!take(in, ']')) Py_CLEAR(list);
    return list;
}

static PyObject *take_time(Input *in) {
    const unsigned char *begin = in->at;
    long long time = 0;
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
        if (in->at - begin == MOST_DIGITS) return NULL;
        time = 10 * time + (*in->at - '0');
    }
    if (in->at == begin || (*begin == '0' && in->at - begin > 1) || time >= times_end) return NULL;
    return PyLong_FromLongLong(time);
}

/* The value that comes next, new; NULL, with an error set or without: it is not plain. */
static PyObject *take_value(Input *in, const Field *field) {
    skip_space(in);
    if (field->value == Py_None && take_word(in, "null")) return Py_NewRef(Py_None);
    switch (field->kind) {
        case STRING:
        case REPEATED:
            return take_str(in, field);
        case STRINGS:
            return take_strings(in, field);
        case TIME:
            return take_time(in);
        case BOOL:
            if (take_word(in, "true")) return Py_NewRef(Py_True);
            return take_word(in, "false") ? Py_NewRef(Py_False) : NULL;
        default:
            return NULL;
    }
}

/* The field whose name comes next, mostly the one at `likely`; -1: none. */
static int take_name(Input *in, int likely) {
    if (!take(in, '"')) return -1;
    size_t left = (size_t)(in->end - in->at);
    for (int n = 0; n < field_count; n++) {
        int number = likely + n < field_count ? likely + n : likely + n - field_count;
        const Field *field = &fields[number];
        if (left > field->length && *in->at == (unsigned char)*field->name && in->at[field->length] == '"' &&
            !memcmp(in->at, field->name, field->length)) {
            in->at += field->length + 1;
            return number;
        }
    }
    return -1;
}

/* The values of the fields, new; 0, with an error set or without: the record is not plain. */
static int take_fields(Input *in, PyObject **values) {
    int number = -1;
    if (!take(in, '{')) return 0;
    do {
        number = take_name(in, number + 1);
        if (number < 0 || values[number] || !take(in, ':')) return 0;
        if (!(values[number] = take_value(in, &fields[number]))) return 0;
    } while (take(in, ','));
    if (!take(in, '}')) return 0;
    skip_space(in);
    return in->at == in->end;
}

/* The post in a record, new; NULL, with an error set or without: the record is not plain. */
static PyObject *decode_one(PyObject *record) {
    if (PyBytes_GET_SIZE(record) > record_bytes) return NULL;
    PyObject *values[MOST_FIELDS] = {0}, *post = NULL;
    const unsigned char *bytes = (const unsigned char *)PyBytes_AS_STRING(record);
    Input in = {bytes, bytes + PyBytes_GET_SIZE(record)};
    int plain = take_fields(&in, values), told = 0;
    for (int n = 0; plain && n < field_count; n++) {
        if (values[n])
            told = n + 1;
        else if (fields[n].value)
            values[n] = Py_NewRef(fields[n].value);
        else
            plain = 0;
    }
    if (plain) post = PyObject_Vectorcall(post_type, values, (size_t)told, NULL);
    for (int n = 0; n < field_count; n++) Py_XDECREF(values[n]);
    return post;
}

PyDoc_STRVAR(decode_doc,
             "decode(records, /)\n--\n\n"
             "The post in each record of a list of bytes, None in the place of one that is not plain; and how many are None.");

static PyObject *decode(PyObject *module, PyObject *records) {
    if (!PyList_CheckExact(records) || !post_type) {
        PyErr_SetString(PyExc_TypeError, "decode(records) takes a list, after learn");
        return NULL;
    }
    Py_ssize_t count = PyList_GET_SIZE(records), left = 0;
    PyObject *posts = PyList_New(count);
    for (Py_ssize_t n = 0; posts && n < count; n++) {
        PyObject *record = PyList_GET_ITEM(records, n), *post = NULL;
        if (PyBytes_CheckExact(record)) post = decode_one(record);
        if (!post) {
            if (PyErr_Occurred()) {
                Py_CLEAR(posts);
                break;
            }
            left++;
            post = Py_NewRef(Py_None);
        }
        PyList_SET_ITEM(posts, n, post);
    }
    return posts ? Py_BuildValue("Nn", posts, left) : NULL;
}

PyDoc_STRVAR(learn_doc,
             "learn(post, fields, times_end, record_bytes, /)\n--\n\n"
             "The class of posts, and its fields in the order in which it takes them: (name, kind, least, most, items,\n"
             "default) each, of which a field that may not be left out has no default.");

static PyObject *learn(PyObject *module, PyObject *args) {
    PyObject *post, *told;
    if (!PyArg_ParseTuple(args, "OO!LL:learn", &post, &PyTuple_Type, &told, &times_end, &record_bytes)) return NULL;
    if (PyTuple_GET_SIZE(told) > MOST_FIELDS) {
        PyErr_SetString(PyExc_ValueError, "learn: too many fields");
        return NULL;
    }
    Py_CLEAR(post_type);
    field_count = 0;
    for (Py_ssize_t n = 0; n < PyTuple_GET_SIZE(told); n++) {
        Field *field = &fields[n];
        const char *name;
        Py_ssize_t length;
        int kind;
        PyObject *value = NULL;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(told, n), "s#innn|O:learn", &name, &length, &kind, &field->least,
                              &field->most, &field->items, &value))
            return NULL;
        if (length > MOST_NAME || kind < NOTHING || kind >= KINDS) {
            PyErr_Format(PyExc_ValueError, "learn: %s cannot be learnt", name);
            return NULL;
        }
        memcpy(field->name, name, (size_t)length);
        field->length = (size_t)length;
        field->kind = (Kind)kind;
        Py_XSETREF(field->value, Py_XNewRef(value));
    }
    field_count = (int)PyTuple_GET_SIZE(told);
    post_type = Py_NewRef(post);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"decode", decode, METH_O, decode_doc},
    {"learn", learn, METH_VARARGS, learn_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_decode", "The common case of decoding posts, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__decode(void) { return versioned(PyModule_Create(&definition)); }
