/* Numbers that people write: the whole text counts, and nothing is guessed. */
#ifndef FACE_NUMBERS_H
#define FACE_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

/* Each returns 0 and writes @out, or NK_ERR_BAD_INPUT: not all of @text is such a number. */

/* Decimal digits only; no sign, no space. */
int number_count(uint64_t *out, const char *text);

/* "90" and "90s" are seconds; also ms, m (or min) and h; fractions such as 0.5s. At most 10 years. */
int number_duration(nk_time *out, const char *text);

/* "1%" and "0.01" alike. */
int number_ratio(double *out, const char *text);

/* A duration as people write it: "250ms", "90s", "5m", "2h". Return: @out. */
const char *duration_text(char *out, size_t size, nk_time t);

/* "2026-01-31T12:00:00Z", from microseconds since 1970. Return: @out. */
const char *date_text(char *out, size_t size, int64_t unix_us);

#endif
