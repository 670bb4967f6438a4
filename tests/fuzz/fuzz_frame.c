/* Packets and frames of sessions: what is read lies inside, and is written again as it was. */
#include <string.h>

#include "must.h"
#include "wire/frame.h"

#define PACKET_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t header[PACKET_HEADER], again[PACKET_MAX];
	struct wr w = wr_make(again, sizeof(again));
	struct rd r = rd_make(data, size);
	const uint8_t *good = data;
	struct packet_header h;
	struct frame f;

	if (size > PACKET_MAX)
		return -1;
	if (packet_read_header(&h, data, size)) {
		must(size >= PACKET_OVERHEAD);
		packet_write_header(header, &h);
		must(memcmp(header, data, sizeof(header)) == 0);
	}
	while (frame_read(&r, &f)) {
		must(f.len == 0 || (f.data >= data && f.data + f.len <= data + size));
		must(f.len == 0 || f.kind == FRAME_TERMS || f.data + f.len == data + size);
		must(f.kind != FRAME_MESSAGE || f.len <= FRAME_MESSAGE_MAX);
		must(f.kind != FRAME_OFFER || f.len <= KEEPALIVE_OFFER_MAX);
		frame_write(&w, &f);
		good = r.p;
	}
	must(!w.bad && w.len == (size_t)(good - data));
	must(memcmp(again, data, w.len) == 0);
	return 0;
}
