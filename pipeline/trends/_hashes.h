/* `hash64` of strings, as xxhash's Python package gives it: of authors, texts and names of posts. */
#include "../text/_scan.h"

#include <stdint.h>
#include <string.h>

enum { REPOST_LENGTH = 7 };
static const char REPOST[] = "repost:";

/* XXH64 without a seed: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md */
static const uint64_t P1 = 0x9E3779B185EBCA87u, P2 = 0xC2B2AE3D27D4EB4Fu, P3 = 0x165667B19E3779F9u,
                      P4 = 0x85EBCA77C2B2AE63u, P5 = 0x27D4EB2F165667C5u;

static inline uint64_t rotated(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }
static inline uint64_t rounded(uint64_t lane, uint64_t input) { return rotated(lane + input * P2, 31) * P1; }
static inline uint64_t little_endian(const unsigned char *bytes, int length) {
    uint64_t value = 0;
    for (int n = 0; n < length; n++) value |= (uint64_t)bytes[n] << (8 * n);
    return value;
}

static uint64_t xxh64(const unsigned char *bytes, size_t length) {
    const unsigned char *end = bytes + length;
    uint64_t h = P5;
    if (length >= 32) {
        uint64_t lanes[4] = {P1 + P2, P2, 0, 0 - P1};
        for (; end - bytes >= 32; bytes += 32)
            for (int n = 0; n < 4; n++) lanes[n] = rounded(lanes[n], little_endian(bytes + 8 * n, 8));
        h = rotated(lanes[0], 1) + rotated(lanes[1], 7) + rotated(lanes[2], 12) + rotated(lanes[3], 18);
        for (int n = 0; n < 4; n++) h = (h ^ rounded(0, lanes[n])) * P1 + P4;
    }
    h += length;
    for (; end - bytes >= 8; bytes += 8) h = rotated(h ^ rounded(0, little_endian(bytes, 8)), 27) * P1 + P4;
    for (; end - bytes >= 4; bytes += 4) h = rotated(h ^ little_endian(bytes, 4) * P1, 23) * P2 + P3;
    for (; bytes < end; bytes++) h = rotated(h ^ *bytes * P5, 11) * P1;
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}

/* The hash of a str's UTF-8 behind a prefix that is empty or REPOST; -1 with an error set. */
static int hash_of(PyObject *str, int repost, uint64_t *hash) {
    Py_ssize_t length;
    const char *utf8 = PyUnicode_AsUTF8AndSize(str, &length);
    if (!utf8) return -1;
    if (!repost) {
        *hash = xxh64((const unsigned char *)utf8, (size_t)length);
        return 0;
    }
    unsigned char *joined = PyMem_Malloc((size_t)length + REPOST_LENGTH);
    if (!joined) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(joined, REPOST, REPOST_LENGTH);
    memcpy(joined + REPOST_LENGTH, utf8, (size_t)length);
    *hash = xxh64(joined, (size_t)length + REPOST_LENGTH);
    PyMem_Free(joined);
    return 0;
}

static uint64_t hash_of_key(const Py_UCS2 *key, int length) {
    unsigned char utf8[3 * KEY_LENGTH];
    size_t n = 0;
    for (int i = 0; i < length; i++) {
        Py_UCS2 c = key[i];
        if (c < 0x80) {
            utf8[n++] = (unsigned char)c;
        } else if (c < 0x800) {
            utf8[n++] = (unsigned char)(0xc0 | c >> 6);
            utf8[n++] = (unsigned char)(0x80 | (c & 0x3f));
        } else {
            utf8[n++] = (unsigned char)(0xe0 | c >> 12);
            utf8[n++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
            utf8[n++] = (unsigned char)(0x80 | (c & 0x3f));
        }
    }
    return xxh64(utf8, n);
}
