/*
 * What ICE agents tell each other in text (RFC 8839): fragment, password and
 * candidates, as lines of SDP. Of all else in a description nothing is understood.
 */
#ifndef WIRE_SDP_H
#define WIRE_SDP_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define SDP_SECRET_MAX 256 /* characters */
#define SDP_CANDIDATES 32
#define SDP_TEXT       8192 /* enough for what sdp_write() writes */

enum sdp_kind { SDP_HOST, SDP_SERVER_REFLEXIVE, SDP_PEER_REFLEXIVE, SDP_RELAYED, SDP_KINDS };

/* @base: what it is an outside of, or all zero. */
struct sdp_candidate {
	enum sdp_kind kind;
	uint32_t priority;
	struct addr addr, base;
};

/* @ufrag: 4 to 256, @password: 22 to 256 letters, digits, "+" and "/". */
struct sdp {
	char ufrag[SDP_SECRET_MAX + 1];
	char password[SDP_SECRET_MAX + 1];
	struct sdp_candidate candidates[SDP_CANDIDATES];
	unsigned count;
};

/* Return: characters written, without NUL; 0 if they do not fit. */
size_t sdp_write(char *out, size_t cap, const struct sdp *s);

/**
 * sdp_read() - The first medium of a description
 * @out:	Written on success only
 * @text:	@len characters; lines end in LF or CR LF
 *
 * Candidates that are not for UDP, not of the first component, by name or in any way unusual are
 * left out, and so are those beyond SDP_CANDIDATES.
 *
 * Return: 0, or NK_ERR_MALFORMED without a fragment and a password as they must be.
 */
int sdp_read(struct sdp *out, const char *text, size_t len);

#endif
