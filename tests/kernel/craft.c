#include "craft.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "sim/fragments.h"
#include "sim/packet_ip.h"
#include "wire/checksum.h"
#include "wire/ip.h"

#define WINDOW       65535
#define WINDOW_AT    14 /* in the header of TCP */
#define MTU          1280
#define PAYLOAD      16
#define EXPERIMENTAL 253 /* RFC 3692: the number of a protocol */

static size_t carried_header(enum packet_kind kind)
{
	if (kind == PACKET_OTHER)
		return 0;
	return kind == PACKET_TCP ? IP_TCP_HEADER : IP_UDP_HEADER; /* that of ICMP is as long */
}

/* The payload says which step it is from; the rest is zeros. */
static size_t write_payload(char *out, const struct step *s, unsigned number)
{
	const size_t len = s->size > 0 ? s->size : PAYLOAD;

	if (s->kind == PACKET_ERROR || (s->kind == PACKET_TCP && !s->data))
		return 0;
	memset(out, 0, len);
	snprintf(out, len, "step %u", number);
	return len;
}

/* Those that the library makes have a window that nothing fits. */
static void open_window(uint8_t *tcp)
{
	struct wr w = wr_make(tcp, IP_TCP_HEADER);
	struct rd sum = rd_make(tcp + IP_TCP_CHECKSUM_AT, 2);

	w.len = IP_TCP_HEADER;
	wr_patch_be16(&w, IP_TCP_CHECKSUM_AT, checksum_update(rd_be16(&sum), 0, WINDOW));
	wr_patch_be16(&w, WINDOW_AT, WINDOW);
}

static void take_piece(void *user, const uint8_t *ip, size_t len)
{
	struct craft_pieces *out = user;

	assert(out->count < CRAFT_PIECES_MAX && len <= STAGE_PACKET_MAX);
	memcpy(out->bytes[out->count], ip, len);
	out->len[out->count++] = len;
}

void craft_step(struct craft_pieces *out, struct numbers *numbers, const struct step *s,
		unsigned number, const struct addr *from, const struct addr *to,
		const struct packet *about)
{
	uint8_t bytes[STAGE_PACKET_MAX];
	char payload[STAGE_PACKET_MAX];
	size_t size;
	struct packet p = {
		.kind = s->kind,
		.from = *from,
		.to = *to,
		.ttl = s->ttl,
		.dont_fragment = s->dont_fragment,
		.reply = s->reply,
		.flags = s->flags,
		.protocol = EXPERIMENTAL,
		.error = s->error,
		.data = (uint8_t *)payload,
		.len = write_payload(payload, s, number),
	};

	p.size = packet_ip_header(&p) + carried_header(p.kind) + p.len;
	if (p.kind == PACKET_QUERY) {
		p.from.port = p.to.port =
			(uint16_t)(p.from.port | p.to.port); /* one of them is 0 */
		p.seq = 1;
	}
	if (p.kind == PACKET_ERROR) {
		packet_make_error(&p, about, from, s->error, s->error == PACKET_TOO_BIG ? MTU : 0);
		p.to = *to; /* which a script may have wrong */
	}
	if (p.kind == PACKET_TCP)
		numbers_sent(numbers, &p, p.len);
	size = packet_write(&p, bytes, sizeof(bytes));
	assert(size > 0);
	if (p.kind == PACKET_TCP)
		open_window(bytes + packet_ip_header(&p));
	out->count = 0;
	fragments_split(bytes, size, s->split == SPLIT_NOT ? STAGE_PACKET_MAX : MTU, number + 1,
			take_piece, out);
}
