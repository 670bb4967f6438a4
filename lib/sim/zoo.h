/*
 * The zoo: NATs by name, as data, each property with its source.
 *
 * It is read from text (share/zoo.conf, and files of users): a line "[name]"
 * begins a preset, the lines after it are
 *
 *	title = words
 *	like = NAME		it begins as a copy of that preset
 *	like = NAME | assumed | why	the same, but nothing of the copy counts as sourced
 *	AXIS = VALUE | sourced or assumed | source, or why it is assumed
 *
 * "#" begins a comment line. What no line names is absent: no source says that
 * this NAT has it, and the model goes without. A later preset of the same name
 * takes the place of the earlier one.
 */
#ifndef SIM_ZOO_H
#define SIM_ZOO_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/nat_spec.h"
#include "sim/zoo_axes.h"

#define ZOO_PRESETS_MAX 256
#define ZOO_WHY         160

enum zoo_mark { ZOO_ABSENT, ZOO_ASSUMED, ZOO_SOURCED, ZOO_MARKS };

/* What is said about one axis: a value as written, and where it is from; NULL if absent. */
struct zoo_claim {
	enum zoo_mark mark;
	const char *value, *source;
};

/**
 * struct zoo_preset - A NAT by name
 * @spec:	Without external addresses, which are the user's
 * @claims:	By number of axis, see zoo_axes.h
 */
struct zoo_preset {
	const char *name, *title;
	struct nat_spec spec;
	struct zoo_claim claims[ZOO_AXES];
};

struct zoo;

/* Return: an empty zoo, or NULL without memory. zoo_free() takes NULL. */
struct zoo *zoo_new(void);
void zoo_free(struct zoo *z);

/**
 * zoo_read() - Take in presets from @len bytes of text
 * @why:	If it fails, what is wrong in which line
 *
 * Return: false if the text is not as above; presets before the fault stay.
 */
bool zoo_read(struct zoo *z, const char *text, size_t len, char why[static ZOO_WHY]);

/* In the order read; NULL if there is no such one, or no more. */
const struct zoo_preset *zoo_at(const struct zoo *z, unsigned i);
const struct zoo_preset *zoo_find(const struct zoo *z, const char *name);

const char *zoo_mark_name(enum zoo_mark mark);

#endif
