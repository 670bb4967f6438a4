/* Bytes of published vectors, as the documents print them. */
#ifndef TESTS_UNIT_HEX_H
#define TESTS_UNIT_HEX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Fails the test if @text has more than @cap bytes. Return: how many. */
static inline size_t hex_bytes(uint8_t *out, size_t cap, const char *text)
{
	const size_t n = strlen(text) / 2;

	assert_in_range(n, 0, cap);
	for (size_t i = 0; i < n; i++) {
		const char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};
		char *end;

		out[i] = (uint8_t)strtoul(digits, &end, 16);
		assert_ptr_equal(end, digits + 2);
	}
	return n;
}

/* The bytes at @got are those of @text, all of it. */
static inline void hex_check(const uint8_t *got, const char *text)
{
	uint8_t want[1024];
	const size_t n = hex_bytes(want, sizeof(want), text);

	assert_memory_equal(got, want, n);
}

#endif
