/* What the two writers of STUN attributes share. */
#ifndef WIRE_STUN_LENGTH_H
#define WIRE_STUN_LENGTH_H

#include <stddef.h>

#include "base/bytes.h"

/* Sets the header's length field to what @w holds and @more bytes: MESSAGE-INTEGRITY and
 * FINGERPRINT are computed as if their own attribute were the last. */
void stun_set_length(struct wr *w, size_t more);

#endif
