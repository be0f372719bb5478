/* siphash: a keyed hash (SipHash-2-4, Aumasson and Bernstein 2012), for tables that strangers fill.
 * Without the key nobody can choose addresses that all fall into one chain. */
#ifndef STDINETD_BASE_SIPHASH_H
#define STDINETD_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t low, high;
};

/* A key from the kernel's random numbers; 0 or -errno. */
int siphash_key_new(struct siphash_key *ret);

/* The hash of length bytes under key. */
uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t length);

#endif
