/* Letters that are put together, the str of those that were met lately, and which of them a text has had. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

enum {
    ROOM = 1536,     /* letters */
    MOST_HELD = 64,  /* of a str that is kept: few words and phrases have more */
    HELD = 1 << 15,  /* kept at most, about 5 MB */
    SLOTS = 512,     /* for the keys of a text */
    MOST_KNOWN = 384,
};
static const uint64_t BASE = 0x9E3779B185EBCA87u;
static uint64_t powers[ROOM]; /* of BASE */

static void read_powers(void) {
    powers[0] = 1;
    for (int n = 1; n < ROOM; n++) powers[n] = powers[n - 1] * BASE;
}

/* Letters, and the sum of those before each, from which that of any piece follows. */
typedef struct {
    Py_ssize_t length;
    uint64_t sums[ROOM + 1];
    Py_UCS4 letters[ROOM];
} Letters;

static inline void clear_letters(Letters *to) { to->length = 0, to->sums[0] = 0; }
/* There must be room. */
static inline void append_letter(Letters *to, Py_UCS4 c) {
    to->letters[to->length] = c;
    to->sums[to->length + 1] = to->sums[to->length] * BASE + c + 1;
    to->length++;
}

/* A piece; its sum only finds it: what is the same is told by the letters. */
typedef struct {
    const Py_UCS4 *letters;
    Py_ssize_t length;
    uint64_t sum;
} Piece;

static inline Piece piece_of(const Letters *of, Py_ssize_t begin, Py_ssize_t end) {
    uint64_t sum = of->sums[end] - of->sums[begin] * powers[end - begin];
    return (Piece){of->letters + begin, end - begin, sum ^ sum >> 32};
}

#define DIFFER(TYPE, LETTERS) \
    for (Py_ssize_t i = 0; i < of->length; i++) differ |= ((const TYPE *)(LETTERS))[i] ^ of->letters[i];

static int is_same(PyObject *str, const Piece *of) {
    if (PyUnicode_GET_LENGTH(str) != of->length) return 0;
    Py_UCS4 differ = 0;
    const void *letters = PyUnicode_DATA(str);
    if (PyUnicode_KIND(str) == PyUnicode_1BYTE_KIND) DIFFER(Py_UCS1, letters)
    else if (PyUnicode_KIND(str) == PyUnicode_2BYTE_KIND) DIFFER(Py_UCS2, letters)
    else DIFFER(Py_UCS4, letters)
    return !differ;
}

/* A str of these letters, the same as before where it is still held: most words and phrases were said before. */
static PyObject *str_of(const Piece *of) {
    static PyObject *all[HELD];
    PyObject **held = &all[of->sum % HELD];
    if (*held && is_same(*held, of)) return Py_NewRef(*held);
    PyObject *made = PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, of->letters, of->length);
    if (made && of->length <= MOST_HELD) Py_XSETREF(*held, Py_NewRef(made));
    return made;
}

/* The keys that a text has had; each owned. */
typedef struct {
    int count;
    uint64_t sums[SLOTS];
    PyObject *keys[SLOTS];
} Known;

static void forget_keys(Known *known) {
    for (int n = 0; n < SLOTS && known->count; n++)
        if (known->keys[n]) known->count--, Py_DECREF(known->keys[n]);
}

/* The key where it is new, borrowed. NULL with `failed` set: an error, or (with none set) there are too many. */
static PyObject *learn_key(Known *known, const Piece *of, int *failed) {
    uint64_t slot = of->sum;
    for (;; slot++) {
        PyObject *key = known->keys[slot %= SLOTS];
        if (!key) break;
        if (known->sums[slot] == of->sum && is_same(key, of)) return NULL;
    }
    PyObject *key = known->count == MOST_KNOWN ? NULL : str_of(of);
    if (!key) return *failed = 1, NULL;
    known->count++, known->sums[slot] = of->sum;
    return known->keys[slot] = key;
}
