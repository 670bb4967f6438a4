/* Records to and from the UPnP worker: what is read is text where it says so, and writes as the same. */
#include <string.h>

#include "must.h"
#include "wire/upnp_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_text(const char *text, size_t size)
{
	const size_t len = strnlen(text, size);

	must(len < size);
	for (size_t i = 0; i < len; i++)
		must(text[i] >= ' ' && text[i] <= '~');
}

static void try_request(const uint8_t *data, size_t size)
{
	uint8_t again[UPNP_MSG_MAX];
	struct upnp_request r;

	if (upnp_request_read(&r, data, size) != 0)
		return;
	must(r.op >= UPNP_DESCRIBE && r.op < UPNP_OPS);
	must_be_text(r.location, sizeof(r.location));
	must_be_text(r.description, sizeof(r.description));
	must(upnp_request_write(again, &r) == size && memcmp(again, data, size) == 0);
}

static void try_reply(const uint8_t *data, size_t size)
{
	uint8_t again[UPNP_MSG_MAX];
	struct upnp_reply r;

	if (upnp_reply_read(&r, data, size) != 0)
		return;
	must(r.op >= UPNP_DESCRIBE && r.op < UPNP_OPS);
	must_be_text(r.description, sizeof(r.description));
	must_be_text(r.device, sizeof(r.device));
	must(upnp_reply_write(again, &r) == size && memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_request(data, size);
	try_reply(data, size);
	return 0;
}
