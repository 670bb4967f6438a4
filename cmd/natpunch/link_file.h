/* What is believed of a yes-or-no fact, as files have it:
 * {"yes":3.5,"no":0,"at_unix_s":1790000000}. */
#ifndef NATPUNCH_LINK_FILE_H
#define NATPUNCH_LINK_FILE_H

#include "core/belief/link.h"
#include "face/js.h"

/* @unix_us: Unix time at nk_time 0. Return: false if it was refused. */
bool link_read(struct link_belief *out, const struct js_in *in, int64_t unix_us);

/* As a member of @object, if there was any trial. */
void link_put(struct js object, const char *name, const struct link_belief *l, int64_t unix_us);

#endif
