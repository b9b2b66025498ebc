/* What a character is in a text's words, as far as it is known here. */
#include "_scan.h"

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

static unsigned char of_latin[LATIN_ENDS]; /* the class of each */

static int class_of_latin(Py_UCS4 c) {
    if (is_ascii_letter(c) || is_ascii_digit(c)) return PART_OF_WORD;
    if (c == ' ' || c == '\t' || c == 0xa0) return BLANK;
    if (c == '\'' || c == '-' || c == 0xb7) return JOINS;
    if (c < 0x80) return c == '\n' || c == '\r' || (c > ' ' && c < 0x7f) ? ENDS : UNSURE;
    return Py_UNICODE_ISALPHA(c) ? PART_OF_WORD : ENDS;
}

static void read_latin(void) {
    for (Py_UCS4 c = 0; c < LATIN_ENDS; c++) of_latin[c] = (unsigned char)class_of_latin(c);
}

static inline int class_of(Py_UCS4 c) {
    if (c < LATIN_ENDS) return of_latin[c];
    return c == 0x2010 || c == 0x2011 || c == 0x2019 ? JOINS : class_of_other(c);
}

static inline int is_blank(Py_UCS4 c) { return c == ' ' || c == '\t' || c == 0xa0 || c == 0x3000; }
