/* The rows of a pane's cells as columns, and their numbers: what open_pane.py and names.py do, which are the reference. */

/* What is found of them; each owned. */
typedef struct {
    PyObject *names, *spelling, *posts, *which, *tags;
} Rows;

static void drop_rows(Rows *found) {
    Py_XDECREF(found->names), Py_XDECREF(found->spelling), Py_XDECREF(found->posts);
    Py_XDECREF(found->which), Py_XDECREF(found->tags);
}

/* How many rows and posts of rows the cells have; 0: they are no lists of numbers by str. */
static int sizes_of(PyObject *cells, Py_ssize_t *rows, Py_ssize_t *posts) {
    *rows = *posts = 0;
    for (Py_ssize_t n = 0; n < PyList_GET_SIZE(cells); n++) {
        PyObject *cell = PyList_GET_ITEM(cells, n), *spelling, *numbers;
        if (!PyDict_CheckExact(cell)) return 0;
        for (Py_ssize_t at = 0; PyDict_Next(cell, &at, &spelling, &numbers); *rows += 1) {
            if (!PyUnicode_CheckExact(spelling) || !PyList_CheckExact(numbers)) return 0;
            *posts += PyList_GET_SIZE(numbers);
        }
    }
    return 1;
}

static int is_tag(PyObject *spelling) {
    Py_UCS4 sign = PyUnicode_GET_LENGTH(spelling) ? PyUnicode_READ_CHAR(spelling, 0) : 0;
    return sign == '#' || sign == '$';
}

/* The rows of one cell, behind those before; 0, or -1 with an error set. */
static int list_cell(PyObject *cell, Rows *found, Py_ssize_t *row, Py_ssize_t *post) {
    PyObject *tags = PyList_New(0), *spelling, *numbers;
    int failed = !tags || PyList_Append(found->tags, tags);
    Py_XDECREF(tags);
    int32_t *numbered = (int32_t *)PyBytes_AS_STRING(found->spelling);
    int64_t *posts = (int64_t *)PyBytes_AS_STRING(found->posts), *which = (int64_t *)PyBytes_AS_STRING(found->which);
    for (Py_ssize_t at = 0; !failed && PyDict_Next(cell, &at, &spelling, &numbers); *row += 1) {
        PyObject *fresh = PyLong_FromSsize_t(PyDict_GET_SIZE(found->names));
        PyObject *number = fresh ? PyDict_SetDefault(found->names, spelling, fresh) : NULL; /* borrowed */
        if (number) numbered[*row] = (int32_t)PyLong_AsLong(number);
        Py_XDECREF(fresh);
        if (!number || (is_tag(spelling) && PyList_Append(tags, spelling))) return -1;
        posts[*row] = PyList_GET_SIZE(numbers);
        for (Py_ssize_t n = 0; n < PyList_GET_SIZE(numbers); n++) which[(*post)++] = PyLong_AsLongLong(PyList_GET_ITEM(numbers, n));
        failed = PyErr_Occurred() != NULL;
    }
    return failed ? -1 : 0;
}

PyDoc_STRVAR(rows_doc,
             "rows(cells, /)\n--\n\n"
             "The rows of cells, each a dict of numbers of posts by spelling: the number of each spelling by spelling, in order\n"
             "of appearance; of all rows, cell after cell, that of its spelling (32 bits) and how many posts it has, and, row\n"
             "after row, the numbers of these (64 bits, of this machine); of each cell the spellings that are tags.");

static PyObject *rows(PyObject *module, PyObject *cells) {
    Py_ssize_t count, posts, row = 0, post = 0;
    if (!PyList_CheckExact(cells) || !sizes_of(cells, &count, &posts)) {
        PyErr_SetString(PyExc_TypeError, "rows(cells) takes a list of dicts of lists");
        return NULL;
    }
    Rows found = {PyDict_New(), PyBytes_FromStringAndSize(NULL, 4 * count), PyBytes_FromStringAndSize(NULL, 8 * count),
                  PyBytes_FromStringAndSize(NULL, 8 * posts), PyList_New(0)};
    PyObject *told = NULL;
    int failed = !found.names || !found.spelling || !found.posts || !found.which || !found.tags;
    for (Py_ssize_t n = 0; !failed && n < PyList_GET_SIZE(cells); n++)
        failed = list_cell(PyList_GET_ITEM(cells, n), &found, &row, &post);
    if (!failed) told = PyTuple_Pack(5, found.names, found.spelling, found.posts, found.which, found.tags);
    drop_rows(&found);
    return told;
}

PyDoc_STRVAR(numbers_doc,
             "numbers(known, strs, /)\n--\n\n"
             "What the dict holds of each str of a list, as 32-bit numbers of this machine; -1: nothing.");

static PyObject *numbers(PyObject *module, PyObject *const *args, Py_ssize_t argc) {
    if (argc != 2 || !PyDict_CheckExact(args[0]) || !PyList_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "numbers(known, strs) takes a dict and a list");
        return NULL;
    }
    Py_ssize_t count = PyList_GET_SIZE(args[1]);
    PyObject *told = PyBytes_FromStringAndSize(NULL, 4 * count);
    for (Py_ssize_t n = 0; told && n < count; n++) {
        PyObject *one = PyList_GET_ITEM(args[1], n);
        PyObject *number = PyUnicode_CheckExact(one) ? PyDict_GetItemWithError(args[0], one) : NULL;
        ((int32_t *)PyBytes_AS_STRING(told))[n] = number ? (int32_t)PyLong_AsLong(number) : -1;
        if (PyErr_Occurred()) Py_CLEAR(told);
    }
    return told;
}
