/* The ledger as a file: read at the start, written again and again while the broker serves. */
#ifndef NATBROKER_LEDGER_FILE_H
#define NATBROKER_LEDGER_FILE_H

#include <limits.h>

#include "core/broker/ledger.h"

/**
 * struct ledger_file - The file, and how far its next version is written
 * @path:	Borrowed; NULL: nothing is kept
 * @fd:		Of the next version, which stands at @temp until it is whole; -1 between two
 * @lock:	Held as long as the file is ours; -1: not
 * @exposed:	The file that was read could be read by others than its owner
 * @due:	When to go on
 * @error:	The errno by which the last one failed, 0 if it was written
 * @written, @failed: How many were and were not
 * @bytes, @unix_time: Of the file as it stands; zero: there is none
 */
struct ledger_file {
	const char *path;
	char temp[PATH_MAX];
	int fd, lock;
	bool exposed;
	struct ledger_cursor cursor;
	nk_time due;
	int error;
	uint64_t written, failed, bytes;
	nk_time unix_time;
};

/**
 * ledger_file_open() - Take over what stands in the file, and keep other brokers from it
 * @path:	NULL: nothing is kept, and all calls do nothing
 *
 * A file that is not there or empty is no failure: there is nothing to take over.
 * ledger_file_free() takes what it left, whatever it returned.
 *
 * Return: how many registrations were taken; NK_ERR_MALFORMED: it is a damaged ledger, which will
 * be written anew; NK_ERR_BAD_INPUT: it is something else, which is not ours to write over;
 * NK_ERR_SYSTEM (errno; EWOULDBLOCK: another broker has it) or NK_ERR_NO_MEMORY: it cannot be used.
 */
int ledger_file_open(struct ledger_file *f, const char *path, struct broker *b, nk_time now);
void ledger_file_free(struct ledger_file *f);

/**
 * ledger_file_begin() - Begin the first new version
 *
 * To be called as the user that the broker has become, and before it serves: whether a file can be
 * written there is found out now, and the secret of the tokens is kept before one is given out.
 *
 * Return: 0 or NK_ERR_SYSTEM (errno).
 */
int ledger_file_begin(struct ledger_file *f, nk_time now);

/* When ledger_file_turn() is to be called next; NK_NEVER: nothing is kept, or not begun. */
nk_time ledger_file_due(const struct ledger_file *f);

/* Writes no more than a slice, if one is due. */
void ledger_file_turn(struct ledger_file *f, const struct broker *b, nk_time now);

/* Writes the whole file at once, in place of what is half written, and through to the disk.
 * Return: 0 or NK_ERR_SYSTEM (errno). */
int ledger_file_finish(struct ledger_file *f, const struct broker *b, nk_time now);

#endif
