/* siphash: see siphash.h. Checked in tests against the vectors of the paper's authors. */
#include "base/siphash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

int siphash_key_new(struct siphash_key *ret)
{
    struct siphash_key key;
    ssize_t got;

    do {
        got = getrandom(&key, sizeof(key), 0);
    } while (got < 0 && errno == EINTR);
    if (got != sizeof(key))
        return got < 0 ? -errno : -EIO;
    *ret = key;
    return 0;
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void rounds(uint64_t state[static 4], int count)
{
    while (count-- > 0) {
        state[0] += state[1];
        state[2] += state[3];
        state[1] = rotate(state[1], 13) ^ state[0];
        state[3] = rotate(state[3], 16) ^ state[2];
        state[0] = rotate(state[0], 32);
        state[2] += state[1];
        state[0] += state[3];
        state[1] = rotate(state[1], 17) ^ state[2];
        state[3] = rotate(state[3], 21) ^ state[0];
        state[2] = rotate(state[2], 32);
    }
}

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t length)
{
    uint64_t state[4] = {key->low ^ 0x736f6d6570736575, key->high ^ 0x646f72616e646f6d,
                         key->low ^ 0x6c7967656e657261, key->high ^ 0x7465646279746573};
    const unsigned char *at = bytes;
    size_t left = length;

    for (;;) {
        uint64_t word = 0;

        memcpy(&word, at, left < 8 ? left : 8);
        word = le64toh(word);
        if (left < 8)
            word |= (uint64_t)length << 56;
        state[3] ^= word;
        rounds(state, 2);
        state[0] ^= word;
        if (left < 8)
            break;
        at += 8;
        left -= 8;
    }
    state[2] ^= 0xff;
    rounds(state, 4);
    return state[0] ^ state[1] ^ state[2] ^ state[3];
}
