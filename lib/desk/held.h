/*
 * Ports of this user's that gateways were asked to open: one file each, written before the first request
 * leaves, so that whoever is killed leaves word of what may be open.
 *
 * Whoever holds a port has its file locked; a file that nobody has locked tells of what an earlier run has left,
 * by accident or because it was to stay. A file goes when what it tells of was removed, or has ended.
 */
#ifndef DESK_HELD_H
#define DESK_HELD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"

#define HELD_NONCE    12
#define HELD_PROTOCOL 8
#define HELD_MAX      256 /* ports in one list */

/**
 * struct held_port - What may be open
 * @ip_protocol: 6 or 17
 * @gateway:	Port 0; with @internal and @ip_protocol it says which file it is
 * @external:	As granted, or as it will be asked for; all zero: not known
 * @protocol:	Name of the one by which it is, or may be open; empty: not known yet, it may be any
 * @nonce:	PCP: whoever has it may change the mapping; @pinhole: UPnP for IPv6: its id
 * @expires_unix_us: When it ends by itself; 0: not known, or never
 * @detached:	It was left open on purpose
 */
struct held_port {
	uint8_t ip_protocol;
	struct addr gateway, internal, external;
	char protocol[HELD_PROTOCOL];
	uint8_t nonce[HELD_NONCE];
	uint16_t pinhole;
	int64_t expires_unix_us;
	bool detached;
};

/**
 * struct held_file - The file of one, locked
 * @fd:		-1: there is none
 */
struct held_file {
	int fd;
	char path[PATH_MAX];
};

enum held_claim {
	HELD_NEW,   /* nothing is known of it */
	HELD_AGAIN, /* an earlier run has left it */
	HELD_BUSY,  /* another process holds it */
};

/**
 * held_claim() - Makes or finds a port's file, and locks it
 * @f:		Set, with a descriptor unless the return is HELD_BUSY or negative
 * @port:	Names the file; for HELD_AGAIN filled in from it
 *
 * Return: enum held_claim; NK_ERR_BAD_INPUT if there is no place for such files; NK_ERR_SYSTEM (errno).
 */
int held_claim(struct held_file *f, struct held_port *port);

/* Writes what is known by now, in one piece. Return: 0, NK_ERR_NO_MEMORY or NK_ERR_SYSTEM (errno). */
int held_save(const struct held_file *f, const struct held_port *port);

/* Nothing is open any more: the file goes. Takes one without a descriptor. */
void held_forget(struct held_file *f);

/* It stays open: so does the file, for the next run to find. Takes one without a descriptor. */
void held_leave(struct held_file *f);

/**
 * struct held_entry - One of a list
 * @owner:	Process that holds it; 0: none does
 */
struct held_entry {
	struct held_port port;
	pid_t owner;
};

/* All that are known, at most @max; what has ended by @unix_us and is held by nobody is forgotten. What cannot
 * be read, or has no room, is passed over with a warning, and counted in @unread: more may be open than is told.
 * Not for a process that holds one itself: it would lose its locks. Return: their number, or a negative error as
 * held_claim(). */
int held_list(struct held_entry *out, unsigned max, int64_t unix_us, unsigned *unread);

/* Whether it has ended by itself, as its gateway has granted it. */
bool held_is_over(const struct held_port *port, int64_t unix_us);

/* Where such files are, and why held_claim() or held_list() failed (errno), for people. */
#define HELD_PLACE "natkit/mappings in $XDG_STATE_HOME or ~/.local/state"
const char *held_why(int code);

#endif
