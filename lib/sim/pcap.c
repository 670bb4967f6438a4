#include "sim/pcap.h"

#include <string.h>

#include "base/bytes.h"

#define SECTION_HEADER 0x0a0d0d0a
#define INTERFACE      1
#define PACKET         6
#define BYTE_ORDER     0x1a2b3c4d
#define LINKTYPE_RAW   101 /* begins with an IPv4 or IPv6 header */
#define OPTION_NAME    2
#define NAME_MAX_LEN   64

/* A block begins and ends with its length, which @w leaves out. */
static void put_block(const struct pcap *x, uint32_t type, const struct wr *w, const uint8_t *data,
		      size_t len)
{
	const size_t padding = (4 - len % 4) % 4;
	const size_t total = 12 + w->len + len + padding;
	uint8_t head[8], tail[8] = {0};
	struct wr h = wr_make(head, sizeof(head));
	struct wr t = wr_make(tail + padding, 4);

	wr_be32(&h, type);
	wr_be32(&h, (uint32_t)total);
	wr_be32(&t, (uint32_t)total);
	fwrite(head, 1, sizeof(head), x->file);
	fwrite(w->buf, 1, w->len, x->file);
	if (len > 0)
		fwrite(data, 1, len, x->file);
	fwrite(tail, 1, padding + 4, x->file);
}

void pcap_begin(struct pcap *x, FILE *file)
{
	uint8_t body[16];
	struct wr w = wr_make(body, sizeof(body));

	*x = (struct pcap){.file = file};
	wr_be32(&w, BYTE_ORDER);
	wr_be16(&w, 1); /* version */
	wr_be16(&w, 0);
	wr_be64(&w, UINT64_MAX); /* length not known */
	put_block(x, SECTION_HEADER, &w, NULL, 0);
}

unsigned pcap_interface(struct pcap *x, const char *name)
{
	const size_t len = strnlen(name, NAME_MAX_LEN);
	uint8_t body[16 + NAME_MAX_LEN + 4];
	struct wr w = wr_make(body, sizeof(body));

	wr_be16(&w, LINKTYPE_RAW);
	wr_be16(&w, 0);
	wr_be32(&w, 0); /* no limit to a packet's length; times are in microseconds */
	wr_be16(&w, OPTION_NAME);
	wr_be16(&w, (uint16_t)len);
	wr_bytes(&w, name, len);
	wr_zeros(&w, (4 - len % 4) % 4);
	wr_be32(&w, 0); /* end of options */
	put_block(x, INTERFACE, &w, NULL, 0);
	return x->interfaces++;
}

void pcap_packet(struct pcap *x, unsigned interface, nk_time at, const uint8_t *ip, size_t len)
{
	uint8_t body[20];
	struct wr w = wr_make(body, sizeof(body));

	wr_be32(&w, interface);
	wr_be64(&w, (uint64_t)at);
	wr_be32(&w, (uint32_t)len);
	wr_be32(&w, (uint32_t)len);
	put_block(x, PACKET, &w, ip, len);
}
