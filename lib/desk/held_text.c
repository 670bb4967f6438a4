#include "desk/held_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define SCHEMA   "natkit.held-port/1"
#define LATEST_S (UINT64_C(1) << 40) /* in microseconds it is to have room */
#define TCP      6
#define UDP      17

const char *held_transport(uint8_t ip_protocol)
{
	return ip_protocol == TCP ? "tcp" : "udp";
}

static void put_addr(struct js o, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT];

	js_put_text(o, key, addr_family(a) != ADDR_NONE ? addr_text(a, text) : "");
}

static struct js to_json(const struct held_port *port, bool *failed)
{
	struct js o = js_object(failed);
	char nonce[2 * HELD_NONCE + 1];

	for (unsigned i = 0; i < HELD_NONCE; i++)
		snprintf(nonce + (size_t)2 * i, 3, "%02x", port->nonce[i]);
	js_put_text(o, "schema", SCHEMA);
	js_put_text(o, "transport", held_transport(port->ip_protocol));
	put_addr(o, "gateway", &port->gateway);
	put_addr(o, "internal", &port->internal);
	put_addr(o, "external", &port->external);
	js_put_text(o, "protocol", port->protocol);
	js_put_text(o, "nonce", nonce);
	js_put_int(o, "pinhole", port->pinhole);
	js_put_int(o, "expires_unix_s", port->expires_unix_us / 1000000);
	js_put_bool(o, "detached", port->detached);
	return o;
}

int held_text_write(char out[static HELD_TEXT], const struct held_port *port)
{
	char text[HELD_TEXT] = "";
	bool failed;
	struct js root = to_json(port, &failed);
	FILE *f = fmemopen(text, sizeof(text), "w");
	int r = f != NULL ? js_print(root, f, false) : NK_ERR_NO_MEMORY;

	if (f != NULL && fclose(f) != 0)
		r = NK_ERR_NO_MEMORY;
	js_free(root);
	if (r != 0)
		return NK_ERR_NO_MEMORY;
	memset(out, '\n', HELD_TEXT);
	memcpy(out, text, strnlen(text, sizeof(text)));
	return 0;
}

/* An empty text is no address. */
static bool read_addr(struct addr *out, const struct js_in *in, bool may_be_none)
{
	const char *text;

	*out = (struct addr){.port = 0};
	if (!js_is_text(in, &text))
		return false;
	if (text[0] == '\0' && may_be_none)
		return true;
	return addr_parse(out, text, 0) == 0 || js_refuse(in, "that is no address");
}

static bool read_nonce(uint8_t out[static HELD_NONCE], const struct js_in *in)
{
	const char *text;

	if (!js_is_text(in, &text))
		return false;
	if (strlen(text) != 2 * HELD_NONCE || strspn(text, "0123456789abcdef") != 2 * HELD_NONCE)
		return js_refuse(in, "give %d hexadecimal digits", 2 * HELD_NONCE);
	for (unsigned i = 0; i < HELD_NONCE; i++) {
		const char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};

		out[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

static bool read_transport(uint8_t *out, const struct js_in *in)
{
	const char *text;

	if (!js_is_text(in, &text))
		return false;
	*out = strcmp(text, "tcp") == 0 ? TCP : UDP;
	return strcmp(text, held_transport(*out)) == 0 || js_refuse(in, "give tcp or udp");
}

static bool read_pinhole(uint16_t *id, const struct js_in *in)
{
	uint64_t n;

	if (!js_is_count(in, &n))
		return false;
	*id = (uint16_t)n;
	return n <= UINT16_MAX || js_refuse(in, "give 0 to 65535");
}

static bool read_time(int64_t *unix_us, const struct js_in *in)
{
	uint64_t s;

	if (!js_is_count(in, &s))
		return false;
	*unix_us = s < LATEST_S ? (int64_t)s * 1000000 : 0;
	return s < LATEST_S || js_refuse(in, "that is no time");
}

static bool take(struct held_port *p, const struct js_in *root)
{
	const struct js_in transport = js_get(root, "transport"), gateway = js_get(root, "gateway");
	const struct js_in internal = js_get(root, "internal"), external = js_get(root, "external");
	const struct js_in protocol = js_get(root, "protocol"), nonce = js_get(root, "nonce");
	const struct js_in expires = js_get(root, "expires_unix_s");
	const struct js_in detached = js_get(root, "detached"), pinhole = js_get(root, "pinhole");

	if (!read_transport(&p->ip_protocol, &transport) ||
	    !read_addr(&p->gateway, &gateway, false) ||
	    !read_addr(&p->internal, &internal, false) ||
	    !read_addr(&p->external, &external, true) ||
	    !js_is_word(&protocol, p->protocol, sizeof(p->protocol)) ||
	    !read_nonce(p->nonce, &nonce) || !read_pinhole(&p->pinhole, &pinhole) ||
	    !read_time(&p->expires_unix_us, &expires) || !js_is_bool(&detached, &p->detached))
		return false;
	if (addr_family(&p->gateway) != addr_family(&p->internal) || p->internal.port == 0)
		return js_refuse(&internal, "that does not go with the gateway");
	return true;
}

bool held_text_read(struct held_port *out, const char *text, size_t len, char why[static HELD_WHY])
{
	struct js_text in;
	const struct js_in root = js_begin(&in, text, len);
	struct held_port p = {.ip_protocol = 0};
	const bool good = root.node != NULL && take(&p, &root);

	if (good)
		*out = p;
	snprintf(why, HELD_WHY, "%s", in.why);
	js_end(&in);
	return good;
}
