/* The ledger as a file: read at the start, written again and again while the broker serves. */
#ifndef NATBROKER_LEDGER_FILE_H
#define NATBROKER_LEDGER_FILE_H

#include <limits.h>

#include "core/broker/ledger.h"

/**
 * struct ledger_file - The file, and how far its next version is written
 * @path:	Borrowed; NULL: nothing is kept
 * @fd:		Of the next version, which stands at @temp until it is whole; -1 between two
 * @due:	When to go on
 * @error:	The errno by which the last one failed, 0 if it was written
 * @written, @failed: How many were and were not
 * @bytes, @unix_time: Of the last one that was written; zero: none was
 */
struct ledger_file {
	const char *path;
	char temp[PATH_MAX];
	int fd;
	struct ledger_cursor cursor;
	nk_time due;
	int error;
	uint64_t written, failed, bytes;
	nk_time unix_time;
};

/**
 * ledger_file_open() - Take over what stands in the file
 * @path:	NULL: nothing is kept, and all calls do nothing
 *
 * A file that is not there, or that is damaged, is no failure: there is nothing to take over.
 *
 * Return: how many registrations were taken; NK_ERR_MALFORMED: it is no whole ledger;
 * NK_ERR_SYSTEM (errno) or NK_ERR_NO_MEMORY: it cannot be read; NK_ERR_BAD_INPUT: its name is too
 * long.
 */
int ledger_file_open(struct ledger_file *f, const char *path, struct broker *b, nk_time now);

/* When ledger_file_turn() is to be called next; NK_NEVER: nothing is kept. */
nk_time ledger_file_due(const struct ledger_file *f);

/* Writes no more than a slice, if one is due. */
void ledger_file_turn(struct ledger_file *f, const struct broker *b, nk_time now);

/* Writes the whole file at once, in place of what is half written, and through to the disk. */
void ledger_file_close(struct ledger_file *f, const struct broker *b, nk_time now);

#endif
