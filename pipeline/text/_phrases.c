/* The common case of `words_of` (words.py), compiled: texts of the scripts most written, and of marks that part words.
 *
 * It looks at the whole text before it begins, and leaves one with anything else in it to the Python rules, of which it
 * asks the key of a word that is not ASCII, and the words of a run of letters that no spaces part. Without a
 * compiler this module is absent and nothing else changes but the time it takes. tests/text/test_words.py holds the two
 * against each other. */
#include "_scan.h"
#include "../../schemas/_version.h"

enum { LOOKED_AT = 1000, MAX_WORDS = 40, MAX_LETTERS = 40, MAX_PHRASE = 4, MOST_PHRASES = 60 };
enum { SHORT, BESIDE, LONG };
enum { UNSURE, PART_OF_WORD, UNSPACED, BLANK, JOINS, ENDS }; /* UNSPACED: of a word in a script that writes no spaces */
enum { LATIN_ENDS = 0x250 };

/* Letters and marks, and what no word holds, of scripts and signs that are in use. */
static const struct {
    Py_UCS4 first, last;
    int class;
} others[] = {
    {0x376, 0x377, PART_OF_WORD},   {0x37b, 0x37d, PART_OF_WORD},   {0x37f, 0x37f, PART_OF_WORD}, /* Greek */
    {0x386, 0x386, PART_OF_WORD},   {0x388, 0x38a, PART_OF_WORD},   {0x38c, 0x38c, PART_OF_WORD},
    {0x38e, 0x3a1, PART_OF_WORD},   {0x3a3, 0x3f5, PART_OF_WORD},   {0x3f7, 0x3ff, PART_OF_WORD},
    {0x400, 0x481, PART_OF_WORD},   {0x48a, 0x52f, PART_OF_WORD}, /* Cyrillic */
    {0x591, 0x5bd, PART_OF_WORD},   {0x5bf, 0x5bf, PART_OF_WORD},   {0x5c1, 0x5c2, PART_OF_WORD}, /* Hebrew */
    {0x5c4, 0x5c5, PART_OF_WORD},   {0x5c7, 0x5c7, PART_OF_WORD},   {0x5d0, 0x5ea, PART_OF_WORD},
    {0x60c, 0x60c, ENDS},           {0x610, 0x61a, PART_OF_WORD},   {0x61b, 0x61b, ENDS}, /* Arabic */
    {0x61f, 0x61f, ENDS},           {0x620, 0x65f, PART_OF_WORD},   {0x66e, 0x6d3, PART_OF_WORD},
    {0x6d4, 0x6d4, ENDS},           {0x6d5, 0x6dc, PART_OF_WORD},   {0x6df, 0x6e8, PART_OF_WORD},
    {0x6ea, 0x6ef, PART_OF_WORD},   {0x6fa, 0x6fc, PART_OF_WORD},   {0x6ff, 0x6ff, PART_OF_WORD},
    {0x900, 0x963, PART_OF_WORD},   {0x964, 0x965, ENDS},           {0x971, 0x97f, PART_OF_WORD}, /* Devanagari */
    {0xe01, 0xe3a, UNSPACED},       {0xe40, 0xe4e, UNSPACED}, /* Thai */
    {0x200c, 0x200d, PART_OF_WORD}, {0x2012, 0x2027, ENDS},         {0x2030, 0x203a, ENDS}, /* dashes, quotation marks */
    {0x20ac, 0x20ac, ENDS},         {0x2122, 0x2122, ENDS},         {0x2190, 0x21ff, ENDS}, /* arrows, signs, emoji */
    {0x2600, 0x27bf, ENDS},         {0x3000, 0x3000, BLANK},        {0x3001, 0x3003, ENDS},
    {0x3005, 0x3005, UNSPACED},     {0x3008, 0x3011, ENDS},         {0x3014, 0x301f, ENDS},
    {0x3041, 0x3096, UNSPACED},     {0x309d, 0x309f, UNSPACED},     {0x30a1, 0x30fa, UNSPACED}, /* kana, ideographs */
    {0x30fb, 0x30fb, ENDS},         {0x30fc, 0x30ff, UNSPACED},     {0x3400, 0x4dbf, UNSPACED},
    {0x4e00, 0x9fff, UNSPACED},     {0xac00, 0xd7a3, PART_OF_WORD}, {0xfe0f, 0xfe0f, PART_OF_WORD}, /* Hangul */
    {0xff01, 0xff01, ENDS},         {0xff08, 0xff09, ENDS},         {0xff0c, 0xff0c, ENDS},
    {0xff0e, 0xff0e, ENDS},         {0xff1a, 0xff1b, ENDS},         {0xff1f, 0xff1f, ENDS},
    {0xff5e, 0xff5e, ENDS},         {0x1f300, 0x1faff, ENDS},
};

static int class_of_other(Py_UCS4 c) {
    int low = 0, high = sizeof others / sizeof *others;
    while (low < high) {
        int middle = (low + high) / 2;
        if (others[middle].last < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < (int)(sizeof others / sizeof *others) && others[low].first <= c ? others[low].class : UNSURE;
}

static inline int is_of_word(int class) { return class == PART_OF_WORD || class == UNSPACED; }

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
    return class_of_other(c);
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

/* The Python rules that are asked. */
typedef struct {
    PyObject *read, *read_run;
} Rules;

/* The words of a run of letters without spaces, `left` at most; how many, or -1 with an error set. */
static int read_run(PyObject *source, Py_ssize_t start, Py_ssize_t end, PyObject *rule, Word *words, int left) {
    PyObject *run = PyUnicode_Substring(source, start, end);
    PyObject *told = run ? PyObject_CallOneArg(rule, run) : NULL;
    Py_XDECREF(run);
    if (!told) return -1;
    int count = 0, fits = PyTuple_Check(told);
    for (Py_ssize_t n = 0; fits && n < PyTuple_GET_SIZE(told) && count < left; n++) {
        PyObject *key, *word = PyTuple_GET_ITEM(told, n);
        Py_ssize_t length;
        int kind;
        fits = PyTuple_Check(word);
        if (fits && !PyArg_ParseTuple(word, "niU", &length, &kind, &key)) break;
        fits = fits && length >= 0 && length <= end - start;
        if (fits) words[count++] = (Word){start, start + length, kind, Py_NewRef(key)};
        start += fits ? length : 0;
    }
    Py_DECREF(told);
    if (!fits && !PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "the lengths, kinds and keys of words are wanted");
    if (!PyErr_Occurred()) return count;
    while (count) Py_DECREF(words[--count].key);
    return -1;
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

/* As `key_of` of a text of Latin letters, where the key is ASCII. */
static void write_latin(const Text *text, const Word *words, int count, Py_UCS1 *to) {
    const Py_UCS1 *letters = text->data;
    for (int n = 0; n < count; n++) {
        const Word *word = words + n;
        if (n && word->start > word[-1].end) *to++ = ' ';
        Py_ssize_t length = word->key ? PyUnicode_GET_LENGTH(word->key) : word->end - word->start;
        if (word->key)
            memcpy(to, PyUnicode_1BYTE_DATA(word->key), (size_t)length);
        else
            for (Py_ssize_t i = 0; i < length; i++) to[i] = Py_TOLOWER(letters[word->start + i]);
        to += length;
    }
}

/* The key of words that follow one another: theirs, a space between two that are not written together. */
static PyObject *key_of(const Text *text, const Word *words, int count) {
    Py_ssize_t length = 0, place = 0;
    Py_UCS4 largest = 127;
    for (int n = 0; n < count; n++) {
        PyObject *key = words[n].key;
        length += n && words[n].start > words[n - 1].end;
        length += key ? PyUnicode_GET_LENGTH(key) : words[n].end - words[n].start;
        if (key && PyUnicode_MAX_CHAR_VALUE(key) > largest) largest = PyUnicode_MAX_CHAR_VALUE(key);
    }
    PyObject *joined = PyUnicode_New(length, largest);
    if (!joined) return NULL;
    if (largest == 127 && text->kind == PyUnicode_1BYTE_KIND) {
        write_latin(text, words, count, PyUnicode_1BYTE_DATA(joined));
        return joined;
    }
    int kind = PyUnicode_KIND(joined);
    void *to = PyUnicode_DATA(joined);
    for (int n = 0; n < count; n++) {
        PyObject *key = words[n].key;
        if (n && words[n].start > words[n - 1].end) PyUnicode_WRITE(kind, to, place++, ' ');
        if (key)
            for (Py_ssize_t i = 0; i < PyUnicode_GET_LENGTH(key); i++)
                PyUnicode_WRITE(kind, to, place++, PyUnicode_READ_CHAR(key, i));
        else
            for (Py_ssize_t i = words[n].start; i < words[n].end; i++)
                PyUnicode_WRITE(kind, to, place++, (Py_UCS4)Py_TOLOWER(at(text, i)));
    }
    return joined;
}

/* Whether the text reads so from `start` to `end`. */
static int is_written(const Text *text, Py_ssize_t start, Py_ssize_t end, PyObject *key) {
    if (PyUnicode_GET_LENGTH(key) != end - start) return 0;
    if (text->kind == (int)PyUnicode_KIND(key))
        return !memcmp((const char *)text->data + start * text->kind, PyUnicode_DATA(key), (size_t)((end - start) * text->kind));
    for (Py_ssize_t i = start; i < end; i++)
        if (PyUnicode_READ_CHAR(key, i - start) != at(text, i)) return 0;
    return 1;
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
                Py_ssize_t start = words[first].start, end = words[last].end;
                PyObject *spelling =
                    is_written(text, start, end, key) ? Py_NewRef(key) : spelling_of(source, text, start, end);
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
static int add_between(PyObject *source, const Text *text, Py_ssize_t begin, Py_ssize_t end, int *left,
                       const Rules *rules, PyObject *known, PyObject *found) {
    Word words[MAX_WORDS];
    Py_ssize_t i = begin;
    while (i < end && *left > 0) {
        int count = 0, plain = 1, failed = 0, over = 0;
        while (i < end && !over) {
            Py_UCS4 c = at(text, i);
            int class = class_of(c);
            if (is_of_word(class)) {
                Word word = {i, i, SHORT, NULL};
                int unspaced = class == UNSPACED;
                for (i++; i < end; i++) {
                    c = at(text, i);
                    class = class_of(c);
                    unspaced |= class == UNSPACED;
                    if (is_of_word(class)) continue;
                    if ((c != '.' && c != ',' && c != ':') || i + 1 >= end) break;
                    if (!is_ascii_digit(at(text, i - 1)) || !is_ascii_digit(at(text, i + 1))) break;
                    plain = 0;
                }
                word.end = i;
                for (Py_ssize_t n = word.start; n < word.end; n++) plain &= at(text, n) < 0x80;
                if (count < *left && unspaced) {
                    int more = read_run(source, word.start, word.end, rules->read_run, words + count, *left - count);
                    failed = more < 0;
                    if (failed) break;
                    count += more;
                } else if (count < *left) {
                    failed = read_word(source, text, &word, rules->read);
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
static PyObject *phrases_of(PyObject *source, PyObject *known, const Rules *rules) {
    Text text = text_in(source);
    if (text.length > LOOKED_AT) text.length = LOOKED_AT;
    if (!is_sure(&text)) Py_RETURN_NONE;
    PyObject *found = PyList_New(0);
    int left = MAX_WORDS;
    Py_ssize_t begin = 0, start, end;
    while (found && left > 0 && begin < text.length) {
        if (!find_left_out(&text, begin, &start, &end)) start = end = text.length;
        if (add_between(source, &text, begin, start, &left, rules, known, found)) Py_CLEAR(found);
        begin = end;
    }
    if (found && PyList_GET_SIZE(found) > MOST_PHRASES && PyList_SetSlice(found, MOST_PHRASES, PyList_GET_SIZE(found), NULL))
        Py_CLEAR(found);
    return found;
}

PyDoc_STRVAR(phrases_doc,
             "phrases(text, known, read, read_run, /)\n--\n\n"
             "The words and phrases of a text as written, but for those with a key in the set `known`, to which it adds\n"
             "theirs; None, and nothing added, where it is not sure. `read(word)`: kind and key of a word;\n"
             "`read_run(run)`: the words of letters without spaces between them, each as its length, kind and key.");

static PyObject *phrases(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    if (count != 4 || !PyUnicode_Check(args[0]) || !PySet_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "phrases(text, known, read, read_run) takes a str, a set and two functions");
        return NULL;
    }
    Rules rules = {args[2], args[3]};
    return phrases_of(args[0], args[1], &rules);
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
