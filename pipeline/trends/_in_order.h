/* Elements in the order of their keys; of equal ones whatever comes first stays first. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The element `at` of a record, and the key by which it is found: two numbers, the second one only where they are equal. */
typedef struct {
    uint64_t key;
    uint32_t last, record, at;
} Element;

static inline int differ(const Element *one, const Element *other) {
    return one->key != other->key || one->last != other->last;
}
static inline int before(const Element *one, const Element *other) {
    return one->key < other->key || (one->key == other->key && one->last < other->last);
}

enum { SHORT_RUN = 8 };

/* The end of the run that begins here, of SHORT_RUN at least. */
static size_t run_end(Element *elements, size_t begin, size_t count) {
    size_t end = begin + 1;
    while (end < count && !before(&elements[end], &elements[end - 1])) end++;
    for (; end < count && end - begin < SHORT_RUN; end++) {
        Element one = elements[end];
        size_t place = end;
        for (; place > begin && before(&one, &elements[place - 1]); place--) elements[place] = elements[place - 1];
        elements[place] = one;
    }
    return end;
}

/* Runs that ascend are merged two by two. -1: no memory. */
static int put_in_order(Element *elements, size_t count) {
    if (count < 2) return 0;
    size_t first = run_end(elements, 0, count);
    if (first == count) return 0;
    Element *other = malloc(count * sizeof *other), *from = elements, *to = other;
    size_t *ends = malloc((count / SHORT_RUN + 2) * sizeof *ends), runs = 0;
    if (!other || !ends) {
        free(other), free(ends);
        return -1;
    }
    for (size_t end = first; ends[runs++] = end, end < count;) end = run_end(elements, end, count);
    while (runs > 1) {
        Element *out = to;
        size_t left = 0, begin = 0;
        for (size_t run = 0; run < runs; run += 2) {
            Element *a = from + begin, *a_end = from + ends[run], *b = a_end, *b_end = run + 1 < runs ? from + ends[run + 1] : b;
            begin = (size_t)(b_end - from);
            while (a < a_end && b < b_end) *out++ = before(b, a) ? *b++ : *a++;
            memcpy(out, a, (size_t)(a_end - a) * sizeof *a), out += a_end - a;
            memcpy(out, b, (size_t)(b_end - b) * sizeof *b), out += b_end - b;
            ends[left++] = (size_t)(out - to);
        }
        runs = left;
        Element *swapped = from;
        from = to, to = swapped;
    }
    if (from != elements) memcpy(elements, from, count * sizeof *elements);
    free(other), free(ends);
    return 0;
}
