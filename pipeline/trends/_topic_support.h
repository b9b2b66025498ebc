/* The support of one topic at every step, as `_support_of_chunk` of sliding.py works it out, which is the reference: the
 * same sums in the same order, so that not a bit differs. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "_priority.h"

#define TWO_64 18446744073709551616.0

enum { SHORT, LONG, NEVER = 1 << 30 };

/* What a person said in a step. */
typedef struct {
    uint64_t author, text, priority;
    int32_t step, posts, gone, before, after; /* gone: the step in which the last of the posts was withdrawn */
    char shared;                              /* whether others hold the text, at some time */
} Entry;

/* A text is held by one person more, or less, from a step on. */
typedef struct {
    uint64_t text;
    int32_t at, sign;
} Change;

/* Who entered and left, by step: of texts that one person holds, and the worth of shared ones. */
typedef struct {
    double *enters, *leaves, *shared;
} Sums;

typedef struct {
    int32_t span, windows[2];
    ptrdiff_t most, sampled_from;
    Entry *entries, *other; /* of the topic, and as much room again */
    ptrdiff_t count, *starts; /* of each step, and one behind the last */
    uint64_t *texts, *holders; /* a table by text, with who holds it first */
    char *states;
    Change *changes;
    ptrdiff_t changed, room; /* how many there are, and have room */
    int no_memory;
    Sums sums;
    char *present; /* by step */
} Topic;

/* Sorts by author; of one author whatever comes first stays first. Runs that ascend are merged two by two. */
static void sort_entries(Entry **entries, Entry **other, ptrdiff_t count, ptrdiff_t *ends) {
    ptrdiff_t runs = 0;
    for (ptrdiff_t n = 1; n <= count; n++)
        if (n == count || (*entries)[n].author < (*entries)[n - 1].author) ends[runs++] = n;
    while (runs > 1) {
        Entry *from = *entries, *to = *other, *out = to;
        ptrdiff_t left = 0, begin = 0;
        for (ptrdiff_t run = 0; run < runs; run += 2) {
            Entry *a = from + begin, *a_end = from + ends[run], *b = a_end, *b_end = run + 1 < runs ? from + ends[run + 1] : b;
            begin = b_end - from;
            while (a < a_end && b < b_end) *out++ = a->author <= b->author ? *a++ : *b++;
            while (a < a_end) *out++ = *a++;
            while (b < b_end) *out++ = *b++;
            ends[left++] = out - to;
        }
        runs = left;
        *entries = to, *other = from;
    }
}

/* One entry a person, of those of one step, from `begin` to the end. `ends`: room. */
static void unite_step(Topic *of, ptrdiff_t begin, ptrdiff_t *ends) {
    Entry *entries = of->entries + begin, *other = of->other + begin, *sorted = entries;
    sort_entries(&sorted, &other, of->count - begin, ends);
    ptrdiff_t kept = 0;
    for (ptrdiff_t n = 0; n < of->count - begin; n++) {
        Entry one = sorted[n];
        if (!kept || entries[kept - 1].author != one.author) {
            entries[kept++] = one;
            continue;
        }
        Entry *last = &entries[kept - 1];
        last->posts += one.posts;
        if (last->text != one.text && priority(one.author, one.text) <= priority(one.author, last->text)) last->text = one.text;
    }
    of->count = begin + kept;
}

/* A post of a person, counted in step `posted`, was withdrawn in step `at`. They come in the order of `at`. */
static void withdraw(Topic *of, uint64_t author, int32_t posted, int32_t at) {
    ptrdiff_t low = of->starts[posted], high = of->starts[posted + 1], end = high;
    while (low < high) {
        ptrdiff_t middle = low + (high - low) / 2;
        if (of->entries[middle].author < author) low = middle + 1;
        else high = middle;
    }
    if (low == end || of->entries[low].author != author || of->entries[low].posts <= 0) return;
    if (--of->entries[low].posts == 0) of->entries[low].gone = at;
}

/* Keeps the people below theta, which is returned. */
static double sample(Topic *of) {
    double limit = TWO_64;
    if (of->count > of->sampled_from) limit = TWO_64 * (double)of->sampled_from / (double)of->count;
    for (int32_t step = 0; step < of->span; step++)
        if (of->starts[step + 1] - of->starts[step] > of->most) {
            double cut = (double)of->entries[of->starts[step] + of->most].author;
            if (cut < limit) limit = cut;
        }
    if (limit == TWO_64) return 1.0;
    ptrdiff_t kept = 0;
    for (ptrdiff_t n = 0; n < of->count; n++)
        if ((double)of->entries[n].author < limit) of->entries[kept++] = of->entries[n];
    of->count = kept;
    return limit / TWO_64;
}

/* Tells of a person's entries the step of the last one before with a smaller priority, and of the next one with none larger. */
static void find_smaller(Entry *begin, Entry *end, int32_t reach) {
    for (Entry *one = begin; one < end; one++) {
        one->before = -NEVER, one->after = NEVER;
        if (end - begin > 1) one->priority = priority(one->author, one->text);
    }
    for (Entry *one = begin; one < end; one++) {
        for (Entry *other = one - 1; other >= begin && one->step - other->step < reach; other--)
            if (other->priority < one->priority) {
                one->before = other->step;
                break;
            }
        for (Entry *other = one + 1; other < end && other->step - one->step < reach; other++)
            if (other->priority <= one->priority) {
                one->after = other->step;
                break;
            }
    }
}

static void find_shared(Topic *of) {
    size_t places = 4;
    while (places < 2 * (size_t)of->count) places *= 2;
    memset(of->states, 0, places);
    for (int pass = 0; pass < 2; pass++)
        for (Entry *one = of->entries; one < of->entries + of->count; one++) {
            size_t at = (size_t)((one->text * 0x9E3779B97F4A7C15u) >> 32) & (places - 1);
            while (of->states[at] && of->texts[at] != one->text) at = (at + 1) & (places - 1);
            if (pass) one->shared = of->states[at] == 2;
            else if (!of->states[at]) of->states[at] = 1, of->texts[at] = one->text, of->holders[at] = one->author;
            else if (of->holders[at] != one->author) of->states[at] = 2;
        }
}

/* The text stands for its person from one step to another. */
static void stand(Topic *of, const Entry *one, int32_t enters, int32_t leaves, double scale) {
    if (!one->shared) {
        of->sums.enters[enters] += scale, of->sums.leaves[leaves] += scale;
        return;
    }
    if (of->changed + 2 > of->room) {
        ptrdiff_t room = 2 * of->room + 64;
        Change *more = realloc(of->changes, (size_t)room * sizeof *more);
        if (!more) {
            of->no_memory = 1;
            return;
        }
        of->changes = more, of->room = room;
    }
    of->changes[of->changed++] = (Change){one->text, enters, 1};
    of->changes[of->changed++] = (Change){one->text, leaves, -1};
}

/* The same while the person has posts left. A person who lost all posts of a step comes in the second pass. */
static void stand_person(Topic *of, const Entry *begin, const Entry *end, int32_t window, double scale, int pass) {
    int touched = 0;
    for (const Entry *one = begin; end - begin > 1 && one < end; one++) touched |= one->gone < NEVER;
    if (touched != pass) return;
    if (touched) memset(of->present, 0, (size_t)of->span + 1);
    for (const Entry *one = begin; touched && one < end; one++) {
        int32_t last = one->step + window < of->span ? one->step + window : of->span;
        if (one->gone < last) last = one->gone;
        if (one->step < last) memset(of->present + one->step, 1, (size_t)(last - one->step));
    }
    for (const Entry *one = begin; one < end; one++) {
        int32_t enters = one->before + window, leaves = one->step + window;
        if (enters < one->step) enters = one->step;
        if (one->after < leaves) leaves = one->after;
        if (of->span < leaves) leaves = of->span;
        if (end - begin == 1 && one->gone < leaves) leaves = one->gone;
        if (!touched && enters < leaves) stand(of, one, enters, leaves, scale);
        for (int32_t at = enters; touched && at < leaves; at++) {
            if (!of->present[at]) continue;
            int32_t from = at;
            while (at < leaves && of->present[at]) at++;
            stand(of, one, from, at, scale);
        }
    }
}

static int by_text_and_step(const void *one, const void *other) {
    const Change *a = one, *b = other;
    if (a->text != b->text) return a->text < b->text ? -1 : 1;
    return a->at != b->at ? (a->at > b->at) - (a->at < b->at) : b->sign - a->sign;
}

/* What shared texts are worth: one that a single person holds as much as one of one's own, else two. */
static void sum_shared(Topic *of, double scale) {
    if (of->changed) qsort(of->changes, (size_t)of->changed, sizeof *of->changes, by_text_and_step);
    int32_t held = 0;
    double before = 0.0;
    for (Change *one = of->changes; one < of->changes + of->changed; one++) {
        if (one == of->changes || one->text != one[-1].text) before = 0.0;
        held += one->sign; /* every text returns to nobody */
        double after = held == 1 ? scale : held > 1 ? 2.0 : 0.0;
        of->sums.shared[one->at] += after - before;
        before = after;
    }
}

/* Support in a window that ends with each step from `back` on; the entries are in order of author and step. */
static void sum_window(Topic *of, int which, double scale, int32_t back, double *found) {
    size_t size = ((size_t)of->span + 1) * sizeof(double);
    memset(of->sums.enters, 0, size), memset(of->sums.leaves, 0, size), memset(of->sums.shared, 0, size);
    of->changed = 0;
    for (int pass = 0; pass < 2; pass++)
        for (Entry *begin = of->entries, *end; begin < of->entries + of->count; begin = end) {
            for (end = begin + 1; end < of->entries + of->count && end->author == begin->author;) end++;
            stand_person(of, begin, end, of->windows[which], scale, pass);
        }
    sum_shared(of, scale);
    double sum = 0.0;
    for (int32_t step = 0; step < of->span; step++) {
        sum += of->sums.enters[step] - of->sums.leaves[step] + of->sums.shared[step];
        if (step >= back) found[step - back] = sum;
    }
}

/* Works out the topic whose entries are there, united step by step. `ends`: room. */
static void work_out(Topic *of, int32_t back, double *found[2], ptrdiff_t *ends) {
    double scale = 1.0 / sample(of);
    sort_entries(&of->entries, &of->other, of->count, ends);
    for (Entry *begin = of->entries, *end; begin < of->entries + of->count; begin = end) {
        for (end = begin + 1; end < of->entries + of->count && end->author == begin->author;) end++;
        find_smaller(begin, end, of->windows[LONG]);
    }
    find_shared(of);
    for (int which = SHORT; which <= LONG; which++) sum_window(of, which, scale, back, found[which]);
}
