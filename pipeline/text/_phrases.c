/* The common case of `words_of` (words.py), compiled: texts of Latin letters, and of marks that part words.
 *
 * It looks at the whole text before it begins, and leaves one with anything else in it to the Python rules. Without a
 * compiler this module is absent and nothing else changes but the time it takes. tests/text/test_words.py holds the two
 * against each other. */
#include "_scan.h"
#include "../../schemas/_version.h"

enum { LOOKED_AT = 1000, MAX_WORDS = 40, MAX_LETTERS = 40, MAX_PHRASE = 4, MOST_PHRASES = 60 };
enum { SHORT, BESIDE, LONG };
enum { UNSURE, PART_OF_WORD, BLANK, JOINS, ENDS };
enum { LATIN_ENDS = 0x250 };

static int class_of(Py_UCS4 c) {
    if (c < 0x80) {
        if (is_ascii_letter(c) || is_ascii_digit(c)) return PART_OF_WORD;
        if (c == ' ' || c == '\t') return BLANK;
        if (c == '\'' || c == '-') return JOINS;
        return c == '\n' || c == '\r' || (c > ' ' && c < 0x7f) ? ENDS : UNSURE;
    }
    if (c == 0xa0) return BLANK;
    if (c == 0xb7 || c == 0x2010 || c == 0x2011 || c == 0x2019) return JOINS;
    if (c < LATIN_ENDS) return Py_UNICODE_ISALPHA(c) ? PART_OF_WORD : ENDS;
    /* dashes, quotation marks, bullets, arrows, signs, emoji */
    return (c >= 0x2012 && c <= 0x2027) || (c >= 0x2030 && c <= 0x203a) || c == 0x20ac || c == 0x2122 ||
                   (c >= 0x2190 && c <= 0x21ff) || (c >= 0x2600 && c <= 0x27bf) || (c >= 0x1f300 && c <= 0x1faff)
               ? ENDS
               : UNSURE;
}

static inline int is_blank_or_end(const Text *text, Py_ssize_t i) {
    return i >= text->length || Py_UNICODE_ISSPACE(at(text, i));
}
static inline int is_address_part(Py_UCS4 c) { return is_word(c) || c == '.' || c == '+' || c == '-'; }
static int begins_www(const Text *text, Py_ssize_t i) {
    for (Py_ssize_t n = i; n < i + 3; n++)
        if (at(text, n) != 'w' && at(text, n) != 'W') return 0;
    return at(text, i + 3) == '.' && !(i > 0 && is_word(at(text, i - 1)));
}

/* Where from `begin` on the next link, address, mention or tag starts, and ends: at the next space. 0: there is none;
 * -1: not sure. */
static int find_left_out(const Text *text, Py_ssize_t begin, Py_ssize_t *start, Py_ssize_t *end) {
    Py_ssize_t i = begin, from = -1;
    for (; i < text->length && from < 0; i++) {
        Py_UCS4 c = at(text, i);
        if (c == '#' || c == '$') {
            from = i;
        } else if (c == '@') {
            for (from = i; from > begin && is_address_part(at(text, from - 1)); from--) {}
        } else if ((c == 'w' || c == 'W') && begins_www(text, i)) {
            from = i;
        } else if (c == ':' && at(text, i + 1) == '/' && at(text, i + 2) == '/') {
            for (from = i; from > begin && is_word(at(text, from - 1)); from--) {}
            if (i - from < 2 || i - from > 12) return -1;
        }
    }
    if (from < 0) return 0;
    *start = from;
    for (*end = i; !is_blank_or_end(text, *end); (*end)++) {}
    /* of "x.www.a@b" all is an address */
    if (from > begin && is_address_part(at(text, from - 1)))
        for (i = from; i < *end; i++)
            if (at(text, i) == '@') return -1;
    return 1;
}

static int is_sure(const Text *text) {
    for (Py_ssize_t i = 0; i < text->length; i++)
        if (class_of(at(text, i)) == UNSURE) return 0;
    for (Py_ssize_t begin = 0, start, end; begin < text->length; begin = end) {
        int found = find_left_out(text, begin, &start, &end);
        if (found <= 0) return found == 0;
    }
    return 1;
}

typedef struct {
    Py_ssize_t start, end;
    int kind;
    PyObject *key; /* owned; NULL: the letters in lower case */
} Word;

/* Of a word in ASCII that is no number: two capitals, or one beside a digit, but for the RT of those who repeat by hand. */
static int is_short_name(const Text *text, const Word *word) {
    if (word->end - word->start != 2) return 0;
    Py_UCS4 a = at(text, word->start), b = at(text, word->start + 1);
    return !(a >= 'a' && a <= 'z') && !(b >= 'a' && b <= 'z') && !(a == 'R' && b == 'T');
}

/* The kind and the key of a word; 0, or -1 with an error set. `read` gives those of one that is not ASCII. */
static int read_word(PyObject *source, const Text *text, Word *word, PyObject *read) {
    Py_ssize_t length = word->end - word->start;
    int digits = 1, ascii = 1;
    for (Py_ssize_t i = word->start; i < word->end; i++) {
        Py_UCS4 c = at(text, i);
        ascii &= c < 0x80;
        digits &= !is_ascii_letter(c);
    }
    word->key = NULL;
    word->kind = length > MAX_LETTERS ? SHORT : digits ? BESIDE : length > 2 || is_short_name(text, word) ? LONG : SHORT;
    if (ascii) return 0;
    PyObject *written = PyUnicode_Substring(source, word->start, word->end);
    PyObject *told = written ? PyObject_CallOneArg(read, written) : NULL;
    Py_XDECREF(written);
    if (!told) return -1;
    int fits = PyTuple_Check(told) && PyTuple_GET_SIZE(told) == 2 && PyUnicode_Check(PyTuple_GET_ITEM(told, 1));
    word->kind = fits ? (int)PyLong_AsLong(PyTuple_GET_ITEM(told, 0)) : SHORT;
    if (fits) word->key = Py_NewRef(PyTuple_GET_ITEM(told, 1));
    Py_DECREF(told);
    if (!fits) PyErr_SetString(PyExc_TypeError, "a word's kind and key are wanted");
    return PyErr_Occurred() ? -1 : 0;
}

/* As people write it: a space for whatever white space. */
static PyObject *spelling_of(PyObject *source, const Text *text, Py_ssize_t start, Py_ssize_t end) {
    PyObject *written = PyUnicode_Substring(source, start, end);
    int plain = 1;
    for (Py_ssize_t i = start; i < end; i++)
        if (class_of(at(text, i)) == BLANK && (at(text, i) != ' ' || at(text, i + 1) == ' ')) plain = 0;
    if (plain || !written) return written;
    PyObject *parts = PyUnicode_Split(written, NULL, -1), *space = PyUnicode_FromString(" "), *joined = NULL;
    if (parts && space) joined = PyUnicode_Join(space, parts);
    Py_DECREF(written);
    Py_XDECREF(parts), Py_XDECREF(space);
    return joined;
}

/* The key of words that follow one another: theirs, a space between two. */
static PyObject *key_of(const Text *text, const Word *words, int count) {
    Py_ssize_t length = count - 1, place = 0;
    Py_UCS4 largest = 127;
    for (int n = 0; n < count; n++) {
        PyObject *key = words[n].key;
        length += key ? PyUnicode_GET_LENGTH(key) : words[n].end - words[n].start;
        if (key && PyUnicode_MAX_CHAR_VALUE(key) > largest) largest = PyUnicode_MAX_CHAR_VALUE(key);
    }
    PyObject *joined = PyUnicode_New(length, largest);
    if (!joined) return NULL;
    int kind = PyUnicode_KIND(joined);
    void *to = PyUnicode_DATA(joined);
    for (int n = 0; n < count; n++) {
        PyObject *key = words[n].key;
        if (n) PyUnicode_WRITE(kind, to, place++, ' ');
        if (key)
            for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(key); i++)
                PyUnicode_WRITE(kind, to, place++, PyUnicode_READ_CHAR(key, i));
        else
            for (Py_ssize_t i = words[n].start; i < words[n].end; i++)
                PyUnicode_WRITE(kind, to, place++, (Py_UCS4)Py_TOLOWER(at(text, i)));
    }
    return joined;
}

/* Topics of one part of a text, each key once: spellings behind those in `found`. 0, or -1 with an error set. */
static int add_phrases(PyObject *source, const Text *text, const Word *words, int count, int plain, PyObject *known,
                       PyObject *found) {
    for (int first = 0; first < count; first++) {
        if (words[first].kind == SHORT) continue;
        for (int last = first; last < count && last < first + MAX_PHRASE; last++) {
            if (!plain && words[last].end - words[first].start > MAX_PHRASE * (MAX_LETTERS + 1)) break;
            if (words[last].kind != LONG && !(words[last].kind == BESIDE && words[first].kind == LONG)) continue;
            PyObject *key = key_of(text, words + first, last - first + 1);
            if (!key) return -1;
            Py_ssize_t before = PySet_GET_SIZE(known);
            int failed = PySet_Add(known, key);
            if (!failed && PySet_GET_SIZE(known) > before) {
                PyObject *spelling = spelling_of(source, text, words[first].start, words[last].end);
                failed = !spelling || PyList_Append(found, spelling);
                Py_XDECREF(spelling);
            }
            Py_DECREF(key);
            if (failed) return -1;
        }
    }
    return 0;
}

/* Reads the words of a text from `begin` to `end`, of which `left` are still looked at. */
static int add_between(PyObject *source, const Text *text, Py_ssize_t begin, Py_ssize_t end, int *left, PyObject *read,
                       PyObject *known, PyObject *found) {
    Word words[MAX_WORDS];
    Py_ssize_t i = begin;
    while (i < end && *left > 0) {
        int count = 0, plain = 1, failed = 0, over = 0;
        while (i < end && !over) {
            Py_UCS4 c = at(text, i);
            int class = class_of(c);
            if (class == PART_OF_WORD) {
                Word word = {i, i, SHORT, NULL};
                for (i++; i < end; i++) {
                    c = at(text, i);
                    if (class_of(c) == PART_OF_WORD) continue;
                    if ((c != '.' && c != ',' && c != ':') || i + 1 >= end) break;
                    if (!is_ascii_digit(at(text, i - 1)) || !is_ascii_digit(at(text, i + 1))) break;
                    plain = 0;
                }
                word.end = i;
                for (Py_ssize_t n = word.start; n < word.end; n++) plain &= at(text, n) < 0x80;
                if (count < *left) {
                    failed = read_word(source, text, &word, read);
                    if (failed) break;
                    words[count++] = word;
                }
                continue;
            }
            plain &= (class == BLANK && c < 0x80) || class == ENDS;
            over = class == ENDS;
            if (Py_UNICODE_ISSPACE(c)) { /* hyphens between two spaces are a dash */
                Py_ssize_t n = i + 1;
                while (n < end && (at(text, n) == '-' || at(text, n) == 0x2010 || at(text, n) == 0x2011)) n++;
                if (n > i + 1 && n < text->length && (n == end || Py_UNICODE_ISSPACE(at(text, n)))) {
                    over = 1;
                    i = n - 1;
                }
            }
            i++;
        }
        *left -= count;
        if (!failed) failed = add_phrases(source, text, words, count, plain, known, found);
        while (count) Py_XDECREF(words[--count].key);
        if (failed) return -1;
    }
    return 0;
}

/* `words_of(text, tags)`, `known` being a set of the tags' keys: a new list, None where it is not sure. */
static PyObject *phrases_of(PyObject *source, PyObject *known, PyObject *read) {
    Text text = text_in(source);
    if (text.length > LOOKED_AT) text.length = LOOKED_AT;
    if (!is_sure(&text)) Py_RETURN_NONE;
    PyObject *found = PyList_New(0);
    int left = MAX_WORDS;
    Py_ssize_t begin = 0, start, end;
    while (found && left > 0 && begin < text.length) {
        if (!find_left_out(&text, begin, &start, &end)) start = end = text.length;
        if (add_between(source, &text, begin, start, &left, read, known, found)) Py_CLEAR(found);
        begin = end;
    }
    if (found && PyList_GET_SIZE(found) > MOST_PHRASES && PyList_SetSlice(found, MOST_PHRASES, PyList_GET_SIZE(found), NULL))
        Py_CLEAR(found);
    return found;
}

PyDoc_STRVAR(phrases_doc,
             "phrases(text, known, read, /)\n--\n\n"
             "The words and phrases of a text as written, but for those with a key in the set `known`, to which it adds\n"
             "theirs; None, and nothing added, where a letter is not Latin. `read(word)`: kind and key of a word.");

static PyObject *phrases(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    if (count != 3 || !PyUnicode_Check(args[0]) || !PySet_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "phrases(text, known, read) takes a str, a set and a function");
        return NULL;
    }
    return phrases_of(args[0], args[1], args[2]);
}

static PyMethodDef methods[] = {
    {"phrases", (PyCFunction)(void (*)(void))phrases, METH_FASTCALL, phrases_doc},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_phrases", "The common case of the words of a text, compiled.", -1, methods, NULL, NULL, NULL, NULL,
};
PyMODINIT_FUNC PyInit__phrases(void) {
    read_latin1();
    return versioned(PyModule_Create(&definition));
}
