/* `text_priority` of people.py, which is the reference. */
#include <stdint.h>

static inline uint64_t rotated(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }

/* XXH64 of the 16 bytes, and own words before reposts. */
static inline uint64_t priority(uint64_t author, uint64_t text) {
    const uint64_t p1 = 0x9E3779B185EBCA87u, p2 = 0xC2B2AE3D27D4EB4Fu, p3 = 0x165667B19E3779F9u,
                   p4 = 0x85EBCA77C2B2AE63u, p5 = 0x27D4EB2F165667C5u;
    uint64_t h = p5 + 16, lanes[2] = {author, text};
    for (int n = 0; n < 2; n++) h = rotated(h ^ rotated(lanes[n] * p2, 31) * p1, 27) * p1 + p4;
    h = (h ^ h >> 33) * p2;
    h = (h ^ h >> 29) * p3;
    return (h ^ h >> 32) >> 1 | text << 63;
}
