/* What parts of a map say about NATs, as evidence: one sign each, with a sentence for people. */
#ifndef CORE_NATMAP_SIGNS_H
#define CORE_NATMAP_SIGNS_H

#include "core/natmap/result.h"

/* Writes the evidence of @r, from all else but the verdict. Of each sign there is one at most. What
 * is said of another family than that of the server in use is none: another way may have other
 * boxes. */
void signs_gather(struct natmap_result *r);

/* Whether there is such a one; NULL: there is not. */
const struct natmap_evidence *signs_find(const struct natmap_result *r, enum natmap_sign sign);

/* The longest silence, in seconds, that was tried at each hop which is said to be stateless;
 * HUGE_VAL: there is no such hop. */
double signs_looked_for_s(const struct path_result *path);

#endif
