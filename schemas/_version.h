/* Which sources a compiled part was made of: `VERSION` of each, which its Python asks for (stale.py). */
#define COMPILED_VERSION "89c5fae670fc506b"

/* The new module with its version; NULL with an error set. */
static PyObject *versioned(PyObject *module) {
    if (module && PyModule_AddStringConstant(module, "VERSION", COMPILED_VERSION) < 0) Py_CLEAR(module);
    return module;
}
