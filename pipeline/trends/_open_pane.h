/* Posts and open panes as the compiled part reads and fills them: open_pane.py has their classes. */
#include "_hashes.h"

#include <structmember.h>

/* Fields of a class with slots, read and written where they lie: looked up by name they cost as much as all the rest. */
#define OF_POST(X) \
    X(id) X(author) X(text) X(time) X(source) X(lang) X(repost_of) X(tags) X(bot) X(server) X(events) X(deleted)
#define OF_PANE(X) X(by_label) X(ids) X(authors) X(texts) X(origins) X(withdrawn)
#define OF_CELL(X) X(authors) X(rows) X(origins) X(mentions) X(withdrawn) X(withdrawn_rows)
#define OF_GONE(X) X(posts)
#define OFFSET(name) Py_ssize_t name;
static PyTypeObject *post_type, *pane_type, *cell_type, *gone_type;
static PyObject *whole; /* the key under which all posts with words count: '' */
static struct { OF_POST(OFFSET) } of_post;
static struct { OF_PANE(OFFSET) } of_pane;
static struct { OF_CELL(OFFSET) } of_cell;
static struct { OF_GONE(OFFSET) } of_gone;

#define FIELD(object, offset) (*(PyObject **)((char *)(object) + (offset)))

/* Where a field of the class lies; -1 with an error set. */
static Py_ssize_t offset_of(PyTypeObject *type, const char *name) {
    PyObject *found = PyObject_GetAttrString((PyObject *)type, name);
    if (!found) return -1;
    Py_ssize_t offset = -1;
    if (Py_IS_TYPE(found, &PyMemberDescr_Type)) {
        const PyMemberDef *member = ((PyMemberDescrObject *)found)->d_member;
        if (member->type == T_OBJECT_EX) offset = member->offset;
    }
    if (offset < 0) PyErr_Format(PyExc_TypeError, "%s of %s is no slot", name, type->tp_name);
    Py_DECREF(found);
    return offset;
}

/* The Python rules that are asked where the compiled ones are not sure. */
typedef struct {
    PyObject *how_read, *topics_of, *text_key, *origin_of, *words_of;
} Rules;

/* The fields of a post that are looked at, borrowed. */
#define BORROWED(name) PyObject *name;
typedef struct { OF_POST(BORROWED) } Fields;

/* 0: one is missing. */
static int read_fields(PyObject *post, Fields *f) {
#define READ(name) \
    if (!(f->name = FIELD(post, of_post.name))) return 0;
    OF_POST(READ)
    return 1;
}

/* An open pane, owned, and what is written of it. */
typedef struct {
    long long start, end;
    PyObject *pane, *by_label, *ids, *authors, *texts, *origins, *withdrawn;
} Pane;

/* 1: the pane of the time is open; 0: it is not; -1: an error. */
static int enter_pane(Pane *p, PyObject *open, long long time, long long pane_ms) {
    Py_CLEAR(p->pane);
    p->start = time - time % pane_ms;
    p->end = p->start;
    PyObject *number = PyLong_FromLongLong(p->start);
    if (!number) return -1;
    PyObject *pane = PyDict_GetItemWithError(open, number);
    Py_DECREF(number);
    if (!pane || !Py_IS_TYPE(pane, pane_type)) return PyErr_Occurred() ? -1 : 0;
#define PART(name) p->name = FIELD(pane, of_pane.name);
    OF_PANE(PART)
    p->pane = Py_NewRef(pane);
    p->end = p->start + pane_ms;
    return 1;
}

/* The post of that number in its pane is one of this spelling. */
static int add_row(PyObject *rows, PyObject *spelling, PyObject *number) {
    PyObject *posts = PyDict_GetItemWithError(rows, spelling);
    if (posts) return PyList_Append(posts, number);
    if (PyErr_Occurred() || !(posts = PyList_New(1))) return -1;
    PyList_SET_ITEM(posts, 0, Py_NewRef(number));
    int failed = PyDict_SetItem(rows, spelling, posts);
    Py_DECREF(posts);
    return failed;
}

/* What finds the events of a post, and the names that spellings stand for where topics alone decide (or None). */
typedef struct {
    PyObject *match, *names;
} Events;

/* Whether a post with these topics has no events for sure; -1: an error. */
static int has_none(const Events *of, const Fields *f, PyObject *topics) {
    if (of->match == Py_None) return 1;
    if (of->names == Py_None || f->events != Py_None) return 0;
    for (Py_ssize_t n = 0; n < PyTuple_GET_SIZE(topics); n++) {
        PyObject *found = PyDict_GetItemWithError(of->names, PyTuple_GET_ITEM(topics, n));
        if (!found || !PyAnySet_Check(found) || PySet_GET_SIZE(found)) return PyErr_Occurred() ? -1 : 0;
    }
    return 1;
}
