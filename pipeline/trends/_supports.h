/* The supports of many topics in one window, as `_support_of` of reading.py reads them one by one, which is the reference;
 * and how many people two of them share. */

/* The columns of a table, in this order: rows ascend by topic; the pointers are by row, with one behind the last. */
enum { S_TOPIC, S_CELL, S_PERSON_PTR, S_AUTHOR, S_TEXT, S_POSTS, S_GONE_PTR, S_GONE_AUTHOR, S_GONE_PANE, S_COLUMNS };
static const Py_ssize_t S_WIDTHS[S_COLUMNS] = {4, 4, 8, 8, 8, 4, 8, 8, 8};

typedef struct {
    Py_buffer c[S_COLUMNS];
    Py_ssize_t rows;
    Py_ssize_t first, last; /* the rows of the topic looked at */
} TableColumns;

typedef struct {
    TableColumns *tables;
    Py_ssize_t count;
    Py_buffer mask; /* by cell; without an object: all cells */
    int64_t since;
    Gathered room;
    char *gone; /* authors */
    Py_ssize_t gone_room;
} Window;

/* Whether the pointers between these rows ascend and lie within a column. */
static int sound_pointers(const TableColumns *of, int ptr, int column) {
    int64_t before = 0, length = of->c[column].len / S_WIDTHS[column];
    for (Py_ssize_t row = of->first; row <= of->last; row++) {
        int64_t at = (int64_t)hash_at(&of->c[ptr], row);
        if (at < before || at > length) return 0;
        before = at;
    }
    return 1;
}

/* Takes the columns of a table, which do fit together. -1: an error, released by whoever called. */
static int read_table(PyObject *columns, TableColumns *of) {
    Py_ssize_t length[S_COLUMNS];
    int sound = PyTuple_Check(columns) && PyTuple_GET_SIZE(columns) == S_COLUMNS;
    for (int n = 0; sound && n < S_COLUMNS; n++) {
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(columns, n), &of->c[n], PyBUF_SIMPLE)) return -1;
        length[n] = of->c[n].len / S_WIDTHS[n];
        sound = length[n] * S_WIDTHS[n] == of->c[n].len;
    }
    if (!sound || length[S_CELL] != length[S_TOPIC] || length[S_PERSON_PTR] != length[S_TOPIC] + 1 ||
        length[S_TEXT] != length[S_AUTHOR] || length[S_POSTS] != length[S_AUTHOR] ||
        length[S_GONE_PTR] != length[S_TOPIC] + 1 || length[S_GONE_PANE] != length[S_GONE_AUTHOR])
        return PyErr_SetString(PyExc_ValueError, "supports: the columns do not fit together"), -1;
    of->rows = length[S_TOPIC];
    return 0;
}

/* Finds the rows of a topic. */
static void find_rows(TableColumns *of, int32_t topic) {
    Py_ssize_t low = 0, high = of->rows;
    while (low < high) {
        Py_ssize_t middle = low + (high - low) / 2;
        if (number_at(&of->c[S_TOPIC], middle) < topic) low = middle + 1;
        else high = middle;
    }
    of->first = low;
    while (low < of->rows && number_at(&of->c[S_TOPIC], low) == topic) low++;
    of->last = low;
}

/* Whether a row is in a cell of the mask; -1: the mask knows no such cell. */
static int lies_in(const Window *of, const TableColumns *table, Py_ssize_t row) {
    if (!of->mask.obj) return 1;
    int32_t cell = number_at(&table->c[S_CELL], row);
    return cell < 0 || cell >= of->mask.len ? -1 : ((const char *)of->mask.buf)[cell] != 0;
}

/* Finds the rows of a topic in all tables: how many entries and posts withdrawn stand there at most, and whether all are in
 * cells of the mask. -1: an error. */
static int find_topic(Window *of, int32_t topic, Py_ssize_t *entries, Py_ssize_t *gone) {
    int all = 1;
    *entries = *gone = 0;
    for (TableColumns *table = of->tables; table < of->tables + of->count; table++) {
        find_rows(table, topic);
        if (table->first == table->last) continue;
        int sound = sound_pointers(table, S_PERSON_PTR, S_AUTHOR) && sound_pointers(table, S_GONE_PTR, S_GONE_AUTHOR);
        for (Py_ssize_t row = table->first; sound && row < table->last; row++) {
            int inside = lies_in(of, table, row);
            sound = inside >= 0, all &= inside;
        }
        if (!sound) return PyErr_SetString(PyExc_ValueError, "supports: the columns do not fit together"), -1;
        *entries += (Py_ssize_t)(hash_at(&table->c[S_PERSON_PTR], table->last) - hash_at(&table->c[S_PERSON_PTR], table->first));
        *gone += (Py_ssize_t)(hash_at(&table->c[S_GONE_PTR], table->last) - hash_at(&table->c[S_GONE_PTR], table->first));
    }
    return all;
}

/* The support of the topic that was found, and the authors of its posts withdrawn (None: of none), as a tuple. */
static PyObject *read_topic(Window *of, Py_ssize_t entries, Py_ssize_t most_gone, Py_ssize_t most) {
    if (room_for_entries(&of->room, entries)) return NULL;
    if (most_gone > of->gone_room) {
        char *more = PyMem_Realloc(of->gone, 8 * (size_t)most_gone);
        if (!more) return PyErr_NoMemory();
        of->gone = more, of->gone_room = most_gone;
    }
    Py_ssize_t gone = 0;
    for (TableColumns *table = of->tables; table < of->tables + of->count; table++) {
        Columns people = {table->c[S_AUTHOR], table->c[S_TEXT], table->c[S_POSTS]};
        for (Py_ssize_t row = table->first; row < table->last; row++) {
            if (!lies_in(of, table, row)) continue;
            const Py_buffer *ptr = &table->c[S_PERSON_PTR];
            gather(&of->room, &people, (Py_ssize_t)hash_at(ptr, row), (Py_ssize_t)hash_at(ptr, row + 1));
            ptr = &table->c[S_GONE_PTR];
            for (Py_ssize_t n = (Py_ssize_t)hash_at(ptr, row); n < (Py_ssize_t)hash_at(ptr, row + 1); n++)
                if ((int64_t)hash_at(&table->c[S_GONE_PANE], n) >= of->since)
                    memcpy(of->gone + 8 * gone++, (const char *)table->c[S_GONE_AUTHOR].buf + 8 * n, 8);
        }
    }
    PyObject *told = told_of(united_entries(&of->room, most + 1), most, of->gone, gone);
    return told ? Py_BuildValue("Ny#", told, gone ? of->gone : NULL, 8 * gone) : NULL;
}

PyDoc_STRVAR(supports_doc,
             "supports(tables, topics, mask, since, most, /)\n--\n\n"
             "Of each topic (a column of 32 bits) what `support` gives of its entries in the tables, and the authors of its\n"
             "posts of panes from `since` on that were withdrawn there, as bytes (None: of none); True where `mask` (a byte a\n"
             "cell; None: all cells are meant) leaves none of its rows out. `tables`: of each topic, cell, person_ptr, author,\n"
             "text, author_posts, retracted_ptr, retracted_author and retracted_pane.");

static PyObject *supports(PyObject *module, PyObject *args) {
    PyObject *tables, *mask, *found = NULL;
    Py_buffer topics;
    long long since;
    Py_ssize_t most;
    if (!PyArg_ParseTuple(args, "O!y*OLn:supports", &PyList_Type, &tables, &topics, &mask, &since, &most)) return NULL;
    Window of = {.since = since, .count = PyList_GET_SIZE(tables)};
    of.tables = PyMem_Calloc((size_t)of.count + 1, sizeof(TableColumns));
    if (!of.tables) {
        PyErr_NoMemory();
        goto done;
    }
    if (mask != Py_None && PyObject_GetBuffer(mask, &of.mask, PyBUF_SIMPLE)) goto done;
    for (Py_ssize_t n = 0; n < of.count; n++)
        if (read_table(PyList_GET_ITEM(tables, n), &of.tables[n])) goto done;
    if (topics.len % 4 || most < 1) {
        PyErr_SetString(PyExc_ValueError, "supports: the columns do not fit together");
        goto done;
    }
    found = PyList_New(topics.len / 4);
    for (Py_ssize_t n = 0; found && n < topics.len / 4; n++) {
        Py_ssize_t entries, gone;
        int all = find_topic(&of, number_at(&topics, n), &entries, &gone);
        PyObject *one = all < 0 ? NULL : all && mask != Py_None ? Py_NewRef(Py_True) : read_topic(&of, entries, gone, most);
        if (one) PyList_SET_ITEM(found, n, one);
        else Py_CLEAR(found);
    }
done:
    for (Py_ssize_t n = 0; of.tables && n < of.count; n++)
        for (int column = 0; column < S_COLUMNS; column++) PyBuffer_Release(&of.tables[n].c[column]);
    PyMem_Free(of.tables), PyMem_Free(of.gone);
    release_room(&of.room);
    PyBuffer_Release(&of.mask), PyBuffer_Release(&topics);
    return found;
}

/* How many hashes of an ascending column, as doubles, lie below the limit. */
static Py_ssize_t count_below(const Py_buffer *column, double limit) {
    Py_ssize_t low = 0, high = column->len / 8;
    while (low < high) {
        Py_ssize_t middle = low + (high - low) / 2;
        if ((double)hash_at(column, middle) < limit) low = middle + 1;
        else high = middle;
    }
    return low;
}

PyDoc_STRVAR(common_doc,
             "common(one, other, limit, /)\n--\n\n"
             "How many hashes below the limit, as doubles, two ascending columns of 64 bits share, each once; and how many each\n"
             "has.");

static PyObject *common(PyObject *module, PyObject *args) {
    Py_buffer one, other;
    double limit;
    if (!PyArg_ParseTuple(args, "y*y*d:common", &one, &other, &limit)) return NULL;
    Py_ssize_t mine = count_below(&one, limit), theirs = count_below(&other, limit), shared = 0;
    for (Py_ssize_t a = 0, b = 0; a < mine && b < theirs;) {
        uint64_t my = hash_at(&one, a), their = hash_at(&other, b);
        shared += my == their, a += my <= their, b += their <= my;
    }
    PyBuffer_Release(&one), PyBuffer_Release(&other);
    return Py_BuildValue("nnn", shared, mine, theirs);
}
