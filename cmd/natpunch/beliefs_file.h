/*
 * What is believed of the ways to each peer, kept per network in a small JSON file; in another network
 * all is forgotten. A file that cannot be read is no belief, and never a reason to fail.
 */
#ifndef NATPUNCH_BELIEFS_FILE_H
#define NATPUNCH_BELIEFS_FILE_H

#include <limits.h>
#include <stdint.h>

#include "core/belief/tactics.h"
#include "desk/network.h"
#include "face/js.h"

#define BELIEFS_PEERS 256 /* the least recently called is forgotten */

struct belief_peer {
	uint8_t key[32];
	struct tactics_belief belief;
};

/**
 * struct beliefs - Of one network
 * @path:	Its file; empty: nowhere to keep it
 * @unix_us:	Unix time at nk_time 0: files have that
 * @peers:	@count of them, the last called first
 */
struct beliefs {
	char path[PATH_MAX];
	struct network network;
	int64_t unix_us;
	struct belief_peer peers[BELIEFS_PEERS];
	unsigned count;
};

/* Reads what is believed of the network through which @towards is reached. */
void beliefs_open(struct beliefs *b, const struct addr *towards, const char *interface,
		  int64_t unix_us);

/* Reads a file that is there. Return: false, having warned, if it cannot be used. */
bool beliefs_read(struct beliefs *b, const char *path, int64_t unix_us);

/* What is believed of a peer, which is the last called from now on. */
struct tactics_belief *beliefs_of(struct beliefs *b, const uint8_t key[static 32]);

/* The address at which we were seen: in another prefix than before, all is forgotten. */
void beliefs_seen(struct beliefs *b, const struct addr *seen);

/* Writes the file, or warns. */
void beliefs_save(const struct beliefs *b);

/* One peer's, for people and programs: chances now, each with its trials. */
void beliefs_json(struct js object, const struct tactics_belief *belief, nk_time now);

#endif
