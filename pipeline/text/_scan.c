/* The common case of the rules of text, for Python: see _scan.h. Without a compiler this module is absent and nothing
 * else changes but the time it takes. */
#include "_scan.h"
#include "../../schemas/_version.h"

PyDoc_STRVAR(tags_doc,
             "tags(text, cashtags, to_space, /)\n--\n\n"
             "The tags of a text as written, in order; None where the common pattern does not account for every sign.");

static PyObject *tags(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    if (count != 3 || !PyUnicode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "tags(text, cashtags, to_space) takes a str and two flags");
        return NULL;
    }
    Text text = text_in(args[0]);
    Py_ssize_t begins[MOST_TAGS], ends[MOST_TAGS];
    int found = find_tags(&text, args[1] == Py_True, args[2] == Py_True, begins, ends);
    if (found < 0) Py_RETURN_NONE;
    PyObject *list = PyList_New(found);
    for (int n = 0; list && n < found; n++) {
        PyObject *tag = PyUnicode_Substring(args[0], begins[n], ends[n]);
        if (!tag) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, n, tag);
    }
    return list;
}

PyDoc_STRVAR(words_doc,
             "words(text, /)\n--\n\n"
             "The key of a text's words; None where it has characters that Windows' Latin encoding lacks.");

static PyObject *words(PyObject *module, PyObject *source) {
    if (!PyUnicode_Check(source)) {
        PyErr_SetString(PyExc_TypeError, "words(text) takes a str");
        return NULL;
    }
    Text text = text_in(source);
    Py_UCS2 key[KEY_LENGTH];
    int length = key_of_words(&text, key);
    if (length < 0) Py_RETURN_NONE;
    return PyUnicode_FromKindAndData(PyUnicode_2BYTE_KIND, key, length);
}

static PyMethodDef methods[] = {
    {"tags", (PyCFunction)(void (*)(void))tags, METH_FASTCALL, tags_doc},
    {"words", words, METH_O, words_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_scan", "The common case of the rules of text, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__scan(void) {
    read_latin1();
    return versioned(PyModule_Create(&definition));
}
