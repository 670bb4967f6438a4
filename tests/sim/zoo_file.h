/* The zoo as it is installed; a test runs in the top folder, or NATKIT_ZOO says where it is. */
#ifndef TESTS_SIM_ZOO_FILE_H
#define TESTS_SIM_ZOO_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/zoo.h"

static inline struct zoo *zoo_from_file(void)
{
	static char text[1 << 18];
	const char *path = getenv("NATKIT_ZOO");
	FILE *f = fopen(path == NULL ? "share/zoo.conf" : path, "r");
	struct zoo *z = zoo_new();
	char why[ZOO_WHY];
	size_t len;

	if (f == NULL)
		fail_msg("no share/zoo.conf here, and NATKIT_ZOO does not say where it is");
	assert_non_null(z);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_true(len < sizeof(text));
	if (!zoo_read(z, text, len, why))
		fail_msg("%s", why);
	return z;
}

#endif
