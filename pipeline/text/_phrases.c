/* The common case of `words_of` (words.py), compiled: texts of the scripts most written, and of marks that part words.
 *
 * It looks at the whole text before it begins, and leaves one with anything else in it to the Python rules, of which it
 * asks the key of a word that is not ASCII, and where the words of a run of letters end that no spaces part. Without a
 * compiler this module is absent and nothing else changes but the time it takes. tests/text/test_words.py holds the two
 * against each other. */
#include "_held.h"
#include "_word_classes.h"
#include "../../schemas/_version.h"

enum { LOOKED_AT = 1000, MAX_WORDS = 40, MAX_LETTERS = 40, MAX_PHRASE = 4, MOST_PHRASES = 60 };
enum { SHORT, BESIDE, LONG, ALONE };

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

/* Of the same. */
static int is_capital(const Text *text, const Word *word) {
    return word->end - word->start == 1 && at(text, word->start) >= 'A' && at(text, word->start) <= 'Z';
}

/* The Python rules that are asked. */
typedef struct {
    PyObject *read, *parted;
} Rules;

/* The kind and the key of a word as the Python rules have them; 0, or -1 with an error set. */
static int ask_word(PyObject *source, Word *word, const Rules *rules) {
    PyObject *written = PyUnicode_Substring(source, word->start, word->end);
    PyObject *told = written ? PyObject_CallOneArg(rules->read, written) : NULL;
    Py_XDECREF(written);
    if (!told) return -1;
    int fits = PyTuple_Check(told) && PyTuple_GET_SIZE(told) == 2 && PyUnicode_Check(PyTuple_GET_ITEM(told, 1));
    word->kind = fits ? (int)PyLong_AsLong(PyTuple_GET_ITEM(told, 0)) : SHORT;
    if (fits) word->key = Py_NewRef(PyTuple_GET_ITEM(told, 1));
    Py_DECREF(told);
    if (!fits) PyErr_SetString(PyExc_TypeError, "a word's kind and key are wanted");
    if (!PyErr_Occurred()) return 0;
    Py_CLEAR(word->key);
    return -1;
}

/* The same, asked only where the word is not ASCII. */
static int read_word(PyObject *source, const Text *text, Word *word, const Rules *rules) {
    Py_ssize_t length = word->end - word->start;
    int digits = 1, ascii = 1;
    for (Py_ssize_t i = word->start; i < word->end; i++) {
        Py_UCS4 c = at(text, i);
        ascii &= c < 0x80;
        digits &= !is_ascii_letter(c);
    }
    if (length > MAX_LETTERS) word->kind = SHORT;
    else if (digits) word->kind = BESIDE;
    else if (length > 2 || is_short_name(text, word)) word->kind = LONG;
    else word->kind = is_capital(text, word) ? ALONE : SHORT;
    return ascii ? 0 : ask_word(source, word, rules);
}

/* Of letters that are UNSPACED. */
static int is_kana(Py_UCS4 c) { return c >= 0x3041 && c <= 0x30ff && c != 0x30fc; }
static int is_ideograph(Py_UCS4 c) { return c == 0x3005 || (c >= 0x3400 && c <= 0x9fff); }

/* The words of a run of letters without spaces, `left` at most; how many, or -1 with an error set. */
static int read_run(PyObject *source, const Text *text, Py_ssize_t start, Py_ssize_t end, const Rules *rules, Word *words,
                    int left) {
    PyObject *run = PyUnicode_Substring(source, start, end);
    PyObject *ends = run ? PyObject_CallOneArg(rules->parted, run) : NULL;
    Py_XDECREF(run);
    if (!ends) return -1;
    int count = 0, has_kana = 0, failed = !PyTuple_Check(ends);
    for (Py_ssize_t i = start; i < end; i++) has_kana |= is_kana(at(text, i));
    if (failed) PyErr_SetString(PyExc_TypeError, "the ends of words are wanted");
    for (Py_ssize_t n = 0, begin = start; !failed && n < PyTuple_GET_SIZE(ends) && count < left; n++) {
        Py_ssize_t until = PyLong_AsSsize_t(PyTuple_GET_ITEM(ends, n));
        Word word = {begin, start + until, SHORT, NULL};
        failed = until < begin - start || until > end - start;
        if (failed && !PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "words do not end where others begin");
        failed = failed || ask_word(source, &word, rules);
        if (failed) break;
        if (has_kana && word.end - begin == 1 && is_ideograph(at(text, begin))) word.kind = BESIDE;
        words[count++] = word;
        begin = word.end;
    }
    Py_DECREF(ends);
    while (failed && count) Py_DECREF(words[--count].key);
    return failed ? -1 : count;
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

/* Where a word stands among letters. */
typedef struct {
    Py_ssize_t begin, end;
} Span;

/* Puts the key of a word behind that of the words before it. 0: there is no room. */
static int append_key(const Text *text, const Word *word, int is_apart, Letters *to, Span *span) {
    Py_ssize_t length = word->key ? PyUnicode_GET_LENGTH(word->key) : word->end - word->start;
    if (to->length + length >= ROOM) return 0;
    if (is_apart) append_letter(to, ' ');
    span->begin = to->length;
    if (word->key) {
        int kind = PyUnicode_KIND(word->key);
        const void *letters = PyUnicode_DATA(word->key);
        for (Py_ssize_t i = 0; i < length; i++) append_letter(to, PyUnicode_READ(kind, letters, i));
    } else {
        for (Py_ssize_t i = word->start; i < word->end; i++) append_letter(to, (Py_UCS4)Py_TOLOWER(at(text, i)));
    }
    span->end = to->length;
    return 1;
}

/* Puts a word as it is written behind what stands before it: a space for whatever white space. */
static void append_written(const Text *text, Py_ssize_t before, const Word *word, Letters *to, Span *span) {
    for (Py_ssize_t i = before; i < word->start; i++) {
        if (!is_blank(at(text, i)))
            append_letter(to, at(text, i));
        else if (!is_blank(at(text, i - 1)))
            append_letter(to, ' ');
    }
    span->begin = to->length;
    for (Py_ssize_t i = word->start; i < word->end; i++) append_letter(to, at(text, i));
    span->end = to->length;
}

/* Of what is found in a text. */
typedef struct {
    Known known;
    Letters keys, written;
    PyObject *spellings; /* a list */
} Found;

static int is_full(const Found *found) { return PyList_GET_SIZE(found->spellings) == MOST_PHRASES; }

/* A topic, if it is new: its key, and how it is written. 0, or -1: an error, or (with none set) there are too many. */
static int add_topic(Piece key, Piece written, Found *found) {
    int failed = 0;
    PyObject *learnt = learn_key(&found->known, &key, &failed);
    if (!learnt) return -failed;
    PyObject *spelling = key.sum == written.sum && is_same(learnt, &written) ? Py_NewRef(learnt) : str_of(&written);
    failed = !spelling || PyList_Append(found->spellings, spelling);
    Py_XDECREF(spelling);
    return -failed;
}

/* Whether words of these kinds begin and end a phrase; of one word, are one. */
static int is_phrase(int first, int last) { return last == LONG || (last == BESIDE && first == LONG) || first == ALONE; }

/* Whether an apostrophe or the like makes one of this word and another. */
static int is_joined(const Text *text, const Word *word) {
    return class_of(at(text, word->end)) == JOINS || (word->start && class_of(at(text, word->start - 1)) == JOINS);
}

/* Topics of one part of a text, each key once. 0, or -1: an error, or (with none set) they take too much room. */
static int add_phrases(const Text *text, const Word *words, int count, int plain, Found *found) {
    Span keys[MAX_WORDS], written[MAX_WORDS];
    clear_letters(&found->keys), clear_letters(&found->written);
    for (int n = 0; n < count; n++) {
        Py_ssize_t before = n ? words[n - 1].end : words[n].start;
        if (!append_key(text, words + n, words[n].start > before, &found->keys, keys + n)) return -1;
        append_written(text, before, words + n, &found->written, written + n);
    }
    for (int first = 0; first < count; first++) {
        if (words[first].kind == SHORT || (words[first].kind == ALONE && is_joined(text, words + first))) continue;
        int most = words[first].kind == ALONE ? 1 : MAX_PHRASE;
        for (int last = first; last < count && last < first + most && !is_full(found); last++) {
            if (!plain && words[last].end - words[first].start > MAX_PHRASE * (MAX_LETTERS + 1)) break;
            if (!is_phrase(words[first].kind, words[last].kind)) continue;
            Piece key = piece_of(&found->keys, keys[first].begin, keys[last].end);
            Piece as_written = piece_of(&found->written, written[first].begin, written[last].end);
            if (add_topic(key, as_written, found)) return -1;
        }
    }
    return 0;
}

/* Reads the words of a text from `begin` to `end`, of which `left` are still looked at. */
static int add_between(PyObject *source, const Text *text, Py_ssize_t begin, Py_ssize_t end, int *left,
                       const Rules *rules, Found *found) {
    Word words[MAX_WORDS];
    Py_ssize_t i = begin;
    while (i < end && *left > 0 && !is_full(found)) {
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
                    int more = read_run(source, text, word.start, word.end, rules, words + count, *left - count);
                    failed = more < 0;
                    if (failed) break;
                    count += more;
                } else if (count < *left) {
                    failed = read_word(source, text, &word, rules);
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
        if (!failed) failed = add_phrases(text, words, count, plain, found);
        while (count) Py_XDECREF(words[--count].key);
        if (failed) return -1;
    }
    return 0;
}

/* The keys that are not told. 0, or -1: an error, or (with none set) they take too much room. */
static int learn_keys(Known *known, PyObject *keys, Letters *room) {
    PyObject *each, *iterator = PyObject_GetIter(keys);
    int failed = !iterator;
    while (!failed && (each = PyIter_Next(iterator))) {
        failed = !PyUnicode_Check(each) || PyUnicode_GET_LENGTH(each) >= ROOM;
        clear_letters(room);
        for (Py_ssize_t i = 0; !failed && i < PyUnicode_GET_LENGTH(each); i++)
            append_letter(room, PyUnicode_READ_CHAR(each, i));
        Piece key = piece_of(room, 0, room->length);
        if (!failed) learn_key(known, &key, &failed);
        Py_DECREF(each);
    }
    Py_XDECREF(iterator);
    return failed || PyErr_Occurred() ? -1 : 0;
}

/* `words_of(text, tags)`, `known` being a set of the tags' keys: a new list, None where it is not sure. */
static PyObject *phrases_of(PyObject *source, PyObject *known, const Rules *rules) {
    Text text = text_in(source);
    if (text.length > LOOKED_AT) text.length = LOOKED_AT;
    if (!is_sure(&text)) Py_RETURN_NONE;
    Found found;
    found.known.count = 0;
    memset(found.known.keys, 0, sizeof found.known.keys);
    if (!(found.spellings = PyList_New(0))) return NULL;
    int left = MAX_WORDS, failed = PySet_GET_SIZE(known) ? learn_keys(&found.known, known, &found.keys) : 0;
    Py_ssize_t begin = 0, start, end;
    while (!failed && left > 0 && begin < text.length) {
        if (!find_left_out(&text, begin, &start, &end)) start = end = text.length;
        failed = add_between(source, &text, begin, start, &left, rules, &found);
        begin = end;
    }
    forget_keys(&found.known);
    if (!failed) return found.spellings;
    Py_DECREF(found.spellings);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(phrases_doc,
             "phrases(text, known, read, parted, /)\n--\n\n"
             "The words and phrases of a text as written, but for those with a key in the set `known`; None where it is not\n"
             "sure. `read(word)`: kind and key of a word; `parted(run)`: where the words end of letters without spaces between\n"
             "them.");

static PyObject *phrases(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    if (count != 4 || !PyUnicode_Check(args[0]) || !PySet_CheckExact(args[1])) {
        PyErr_SetString(PyExc_TypeError, "phrases(text, known, read, parted) takes a str, a set and two functions");
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
    read_latin1(), read_latin(), read_powers();
    return versioned(PyModule_Create(&definition));
}
