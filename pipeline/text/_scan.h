/* The common case of two rules, compiled: the tags of a text (pipeline.text.topics) and its words (pipeline.text.keys).
 *
 * All of it answers only what the Python rules would answer, or that it is not sure; then the caller applies the rules
 * themselves. tests/text/test_scan.py holds the two against each other. */
#ifndef UPSWELL_SCAN_H
#define UPSWELL_SCAN_H
#define PY_SSIZE_T_CLEAN
#include <Python.h>

enum { KEY_LENGTH = 60, TAIL_LENGTH = 60, MOST_TAGS = 64 };

static int is_space(Py_UCS4 c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0xa0 || c == 0x3000; }
static int is_ascii_letter(Py_UCS4 c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
static int is_ascii_digit(Py_UCS4 c) { return c >= '0' && c <= '9'; }
static int is_letter(Py_UCS4 c) {
    return is_ascii_letter(c) || (c >= 0xc0 && c <= 0xff && c != 0xd7 && c != 0xf7);
}
static int is_mark(Py_UCS4 c) {
    return c == '.' || c == ',' || c == ';' || c == '!' || c == '?' || c == ')' || c == '"' || c == '\'' || c == 0x2026;
}

/* A text and where it ends; `at` gives 0 behind the end, which is in none of the classes above. */
typedef struct {
    int kind;
    const void *data;
    Py_ssize_t length;
} Text;

static inline Text text_in(PyObject *str) {
    Text text = {PyUnicode_KIND(str), PyUnicode_DATA(str), PyUnicode_GET_LENGTH(str)};
    return text;
}

static inline Py_UCS4 at(const Text *text, Py_ssize_t i) {
    return i < text->length ? PyUnicode_READ(text->kind, text->data, i) : 0;
}

/* The end of the hashtag that begins at `i`, 0 where the common pattern finds none. */
static Py_ssize_t hashtag_end(const Text *text, Py_ssize_t i, int to_space) {
    Py_ssize_t j = i + 1;
    if (i > 0 && !is_space(at(text, i - 1))) return 0;
    while (j < i + 4 && (is_ascii_digit(at(text, j)) || at(text, j) == '_')) j++;
    if (!is_letter(at(text, j))) return 0;
    Py_ssize_t most = j + 1 + TAIL_LENGTH;
    for (j++; j < most; j++) {
        Py_UCS4 c = at(text, j);
        if (!(is_letter(c) || is_ascii_digit(c) || c == '_')) break;
    }
    if (to_space) { /* Bluesky's tags go on to a space and lose the punctuation they end in */
        Py_ssize_t k = j;
        if (at(text, j - 1) == '_') return 0;
        while (k < text->length && (is_mark(at(text, k)) || at(text, k) == ':')) k++;
        return k == text->length || is_space(at(text, k)) ? j : 0;
    }
    if (j == text->length) return j;
    Py_UCS4 next = at(text, j);
    return is_space(next) || is_mark(next) || (next == ':' && at(text, j + 1) != '/') ? j : 0;
}

static Py_ssize_t cashtag_end(const Text *text, Py_ssize_t i) {
    Py_ssize_t j = i + 1;
    if (i > 0 && !is_space(at(text, i - 1))) return 0;
    while (j < i + 6 && is_ascii_letter(at(text, j))) j++;
    if (j == i + 1) return 0;
    if (j == text->length) return j;
    Py_UCS4 next = at(text, j);
    if (next == ' ' || next == '\t' || next == '\n' || next == '\r' || next == ',' || next == ';' || next == ':' ||
        next == '!' || next == '?' || next == ')')
        return j;
    return next == '.' && !is_ascii_letter(at(text, j + 1)) ? j : 0;
}

/* Whether the sign at `i` is one that no dialect reads as a tag: a number, an amount. */
static int is_number_sign(const Text *text, Py_ssize_t i) {
    Py_ssize_t j = i + 1;
    while (j < i + 21 && is_ascii_digit(at(text, j))) j++;
    return j > i + 1 && (j == text->length || is_space(at(text, j)));
}
static int is_amount_sign(const Text *text, Py_ssize_t i) {
    Py_UCS4 next = at(text, i + 1), before = i > 0 ? at(text, i - 1) : 0;
    return is_ascii_digit(next) || next == '$' || next == ' ' || is_ascii_letter(before) || is_ascii_digit(before);
}

/* The next character from `i` on that could begin a tag; the length of the text where there is none. */
static Py_ssize_t next_sign(const Text *text, Py_ssize_t i, int cashtags) {
    if (text->kind == PyUnicode_1BYTE_KIND) {
        const char *begin = (const char *)text->data + i;
        size_t left = (size_t)(text->length - i);
        const char *hash = memchr(begin, '#', left);
        if (hash) left = (size_t)(hash - begin);
        const char *dollar = cashtags ? memchr(begin, '$', left) : NULL;
        return dollar ? i + (dollar - begin) : hash ? i + (hash - begin) : text->length;
    }
    for (; i < text->length; i++) {
        Py_UCS4 c = PyUnicode_READ(text->kind, text->data, i);
        if (c == '#' || (c == '$' && cashtags) || c == 0xff03 || c == 0xfe5f) break;
    }
    return i;
}

/* The tags of a text by the common pattern: where each begins and ends. How many; -1 where it does not account for
 * every sign. */
static int find_tags(const Text *text, int cashtags, int to_space, Py_ssize_t *begins, Py_ssize_t *ends) {
    int found = 0;
    for (Py_ssize_t i = next_sign(text, 0, cashtags); i < text->length; i = next_sign(text, i, cashtags)) {
        Py_UCS4 c = PyUnicode_READ(text->kind, text->data, i);
        Py_ssize_t end = 0;
        if (c == 0xff03 || c == 0xfe5f) return -1;
        if (c == '#') {
            end = hashtag_end(text, i, to_space);
            if (!end && !is_number_sign(text, i)) return -1;
        } else if (c == '$' && cashtags) {
            end = cashtag_end(text, i);
            if (!end && !is_amount_sign(text, i)) return -1;
        }
        if (end) {
            if (found == MOST_TAGS) return -1;
            begins[found] = i;
            ends[found++] = end;
            i = end;
        } else {
            i++;
        }
    }
    return found;
}

/* Code points beyond Latin-1 that Windows' Latin encoding has: the typographic marks, and the letters of French. */
static int in_cp1252(Py_UCS4 c) {
    switch (c) {
        case 0x20ac: case 0x201a: case 0x0192: case 0x201e: case 0x2026: case 0x2020: case 0x2021: case 0x02c6:
        case 0x2030: case 0x0160: case 0x2039: case 0x0152: case 0x017d: case 0x2018: case 0x2019: case 0x201c:
        case 0x201d: case 0x2022: case 0x2013: case 0x2014: case 0x02dc: case 0x2122: case 0x0161: case 0x203a:
        case 0x0153: case 0x017e: case 0x0178:
            return 1;
        default:
            return 0;
    }
}

/* What Python says of the characters of Latin-1, asked once (`read_latin1`, when a module begins): whether `\\w` and a letter, and its lower case. */
static unsigned char latin1_word[256], latin1_letter[256], latin1_lower[256];

static void read_latin1(void) {
    for (int c = 0; c < 256; c++) {
        Py_UCS4 lower = Py_UNICODE_TOLOWER(c);
        latin1_word[c] = c == '_' || Py_UNICODE_ISALNUM(c);
        latin1_letter[c] = Py_UNICODE_ISALNUM(c) && !Py_UNICODE_ISDECIMAL(c);
        latin1_lower[c] = lower < 256 ? (unsigned char)lower : (unsigned char)c;
    }
}
static int is_word(Py_UCS4 c) { return c < 256 ? latin1_word[c] : Py_UNICODE_ISALNUM(c); }
static int is_any_letter(Py_UCS4 c) {
    return c < 256 ? latin1_letter[c] : Py_UNICODE_ISALNUM(c) && !Py_UNICODE_ISDECIMAL(c);
}
static Py_UCS4 lower_of(Py_UCS4 c) { return c < 256 ? latin1_lower[c] : Py_UNICODE_TOLOWER(c); }

static Py_ssize_t link_end(const Text *text, Py_ssize_t i) {
    static const char scheme[] = "http";
    for (Py_ssize_t n = 0; n < 4; n++)
        if (at(text, i + n) != (Py_UCS4)scheme[n]) return 0;
    Py_ssize_t j = i + 4 + (at(text, i + 4) == 's');
    if (at(text, j) != ':' || at(text, j + 1) != '/' || at(text, j + 2) != '/') return 0;
    j += 3;
    if (j >= text->length || Py_UNICODE_ISSPACE(at(text, j))) return 0;
    while (j < text->length && !Py_UNICODE_ISSPACE(at(text, j))) j++;
    return j;
}

/* The key of a text's words, as code points: how many; -1 where it has characters that Windows' Latin encoding lacks. */
static int key_of_words(const Text *text, Py_UCS2 *key) {
    if (text->kind == PyUnicode_4BYTE_KIND) return -1;
    if (text->kind == PyUnicode_2BYTE_KIND)
        for (Py_ssize_t i = 0; i < text->length; i++) {
            Py_UCS4 c = PyUnicode_READ(text->kind, text->data, i);
            if (c >= 0x80 && c < 0xa0) return -1;
            if (c > 0xff && !in_cp1252(c)) return -1;
        }
    Py_ssize_t i = 0;
    if (at(text, 0) == 'R' && at(text, 1) == 'T' && at(text, 2) == ' ' && at(text, 3) == '@') {
        if (!is_word(at(text, 4))) return -1;
        for (i = 4; i < text->length && is_word(at(text, i)); i++) {}
        i += at(text, i) == ':';
        i += at(text, i) == ' ';
    }
    int length = 0, gap = 0;
    while (i < text->length && length < KEY_LENGTH) {
        Py_UCS4 c = PyUnicode_READ(text->kind, text->data, i);
        Py_ssize_t end = 0;
        if (c == 'h')
            end = link_end(text, i);
        else if (c == '@' && i + 1 < text->length && is_word(at(text, i + 1)))
            for (end = i + 1; end < text->length && is_word(at(text, end)); end++) {}
        if (end) {
            gap = 1;
            i = end;
            continue;
        }
        if (is_any_letter(c)) {
            if (gap && length) {
                key[length++] = ' ';
                if (length == KEY_LENGTH) break;
            }
            gap = 0;
            key[length++] = (Py_UCS2)lower_of(c);
        } else {
            gap = 1;
        }
        i++;
    }
    return length;
}

#endif
