/* What a fuzz target claims. Not assert(): the claim may do something. */
#ifndef FUZZ_MUST_H
#define FUZZ_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(holds)                                                                       \
	do {                                                                              \
		if (!(holds)) {                                                           \
			fprintf(stderr, "%s:%d: must(%s)\n", __FILE__, __LINE__, #holds); \
			abort();                                                          \
		}                                                                         \
	} while (0)

#endif
