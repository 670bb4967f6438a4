/* Reads the text format of Prometheus, as far as natbroker writes it. */
#ifndef NATBROKER_STATS_TEXT_H
#define NATBROKER_STATS_TEXT_H

#include <stdbool.h>

/**
 * struct stats_line - One number
 * @name:	Without "natbroker_"
 * @label:	The value of its label, or NULL
 * @help:	What it is, or NULL
 */
struct stats_line {
	const char *name, *label, *help;
	double value;
};

/**
 * stats_next() - The next number of a text
 * @text:	Where to go on; moved, and cut up in place
 * @line:	Keeps its @help from one call to the next; start with zeros
 *
 * Return: false at the end, or at what is no such text.
 */
bool stats_next(char **text, struct stats_line *line);

#endif
