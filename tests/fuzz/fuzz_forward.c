/* Datagrams of a peer for the programs here: they go to ports that are served, or to who asked. */
#include <string.h>

#include "base/bytes.h"
#include "core/call/forward.h"
#include "must.h"

#define FIRST  1000
#define SERVED 51820
#define ASKER  40000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct addr at(uint16_t port)
{
	return addr_v4(127, 0, 0, 1, port);
}

/* Does all that is wanted, as a machine without faults does it. */
static void turn(struct forwards *f, nk_time now)
{
	const struct addr server = at(SERVED), asker = at(ASKER);
	uint8_t out[CORE_DATAGRAM_MAX];
	struct action a;
	unsigned call;

	while (forwards_output(f, &a)) {
		const struct event ev = {.kind = EVENT_OPENED, .id = a.id};

		must(forwards_have(f, a.id));
		if (a.kind == ACTION_OPEN)
			forwards_input(f, &ev, 0, &call, out, now);
		if (a.kind == ACTION_SEND)
			must(addr_eq(&a.to, a.id == FIRST ? &asker : &server));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct forwards f;
	static const struct punch_options options = {
		.payload = PUNCH_FORWARD,
		.forwards = {{.peer_port = 1}},
		.forward_count = 1,
		.serve = {SERVED},
		.serve_count = 1,
	};
	const struct event asks = {
		.kind = EVENT_DATAGRAM,
		.id = FIRST,
		.from = at(ASKER),
		.data = data,
		.len = size < 16 ? size : 16,
	};
	uint8_t out[CORE_DATAGRAM_MAX];
	struct rd r = rd_make(data, size);
	uint8_t reply[FORWARD_HEADER];
	uint16_t unserved;
	unsigned call;
	nk_time now = 1;

	memset(&f, 0, sizeof(f));
	forwards_init(&f, &options, FIRST);
	turn(&f, now);
	forwards_input(&f, &asks, 0, &call, out, now);
	while (rd_left(&r) > 0) {
		const uint8_t len = rd_u8(&r);
		const size_t n = len < rd_left(&r) ? len : rd_left(&r);

		forwards_take(&f, len % 2, rd_bytes(&r, n), n, reply, &unserved, ++now);
		turn(&f, now);
	}
	forwards_forget(&f, 0);
	turn(&f, now);
	return 0;
}
