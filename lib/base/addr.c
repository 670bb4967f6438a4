#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

enum addr_family addr_family(const struct addr *a)
{
	static const uint8_t none[16];

	if (memcmp(a->ip, v4_mapped, sizeof(v4_mapped)) == 0)
		return ADDR_V4;
	if (memcmp(a->ip, none, sizeof(none)) == 0 && a->port == 0)
		return ADDR_NONE;
	return ADDR_V6;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

struct addr addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
	return (struct addr){
		.ip = {[10] = 0xff, [11] = 0xff, [12] = a, [13] = b, [14] = c, [15] = d},
		.port = port,
	};
}

struct addr addr_any(enum addr_family family, uint16_t port)
{
	if (family == ADDR_V4)
		return addr_v4(0, 0, 0, 0, port);
	return (struct addr){.port = port};
}

bool addr_is_any(const struct addr *a)
{
	static const uint8_t zero[16];

	if (addr_family(a) == ADDR_V4)
		return memcmp(a->ip + sizeof(v4_mapped), zero, 4) == 0;
	return memcmp(a->ip, zero, sizeof(zero)) == 0;
}

struct addr addr_with_port(struct addr a, uint16_t port)
{
	a.port = port;
	return a;
}

struct addr addr_prefix(const struct addr *a, unsigned v4_bits, unsigned v6_bits)
{
	const unsigned keep = addr_family(a) == ADDR_V4 ? 96 + v4_bits : v6_bits;
	struct addr out = {.port = 0};

	memcpy(out.ip, a->ip, keep / 8);
	if (keep % 8 != 0)
		out.ip[keep / 8] = a->ip[keep / 8] & (uint8_t)(0xff00u >> keep % 8);
	return out;
}

size_t addr_overhead(const struct addr *a)
{
	return addr_family(a) == ADDR_V4 ? 28 : 48;
}

static bool in_net(const struct addr *a, const uint8_t *net, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++) {
		const uint8_t mask = (uint8_t)(0x80u >> i % 8);

		if ((a->ip[i / 8] & mask) != (net[i / 8] & mask))
			return false;
	}
	return true;
}

bool addr_is_private(const struct addr *a)
{
	static const struct {
		struct addr net;
		unsigned bits;
	} nets[] = {
		{{.ip = {[10] = 0xff, [11] = 0xff, [12] = 10}}, 96 + 8},
		{{.ip = {[10] = 0xff, [11] = 0xff, [12] = 172, [13] = 16}}, 96 + 12},
		{{.ip = {[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 168}}, 96 + 16},
		{{.ip = {[10] = 0xff, [11] = 0xff, [12] = 100, [13] = 64}}, 96 + 10},
		{{.ip = {[10] = 0xff, [11] = 0xff, [12] = 127}}, 96 + 8},
		{{.ip = {[10] = 0xff, [11] = 0xff, [12] = 169, [13] = 254}}, 96 + 16},
		{{.ip = {[0] = 0xfc}}, 7},
		{{.ip = {[0] = 0xfe, [1] = 0x80}}, 10},
		{{.ip = {[15] = 1}}, 128},
	};

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
		if (in_net(a, nets[i].net.ip, nets[i].bits))
			return true;
	return false;
}

bool addr_is_one_host(const struct addr *a)
{
	if (addr_family(a) == ADDR_V4)
		return a->ip[12] != 0 && a->ip[12] < 224;
	return !addr_is_any(a) && a->ip[0] != 0xff;
}

static bool parse_port(uint16_t *out, const char *text)
{
	char *end;
	const unsigned long v = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || v == 0 || v > 65535)
		return false;
	*out = (uint16_t)v;
	return true;
}

int addr_parse(struct addr *out, const char *text, uint16_t port)
{
	char host[ADDR_TEXT];
	const char *colon = strrchr(text, ':');
	const char *port_text = NULL;
	size_t len = strlen(text);
	struct addr a = {.port = 0};

	if (text[0] == '[') {
		const char *close = strchr(text, ']');

		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return NK_ERR_BAD_INPUT;
		port_text = close[1] == ':' ? close + 2 : NULL;
		text++;
		len = (size_t)(close - text);
	} else if (colon != NULL && strchr(text, ':') == colon) {
		port_text = colon + 1;
		len = (size_t)(colon - text);
	}
	if (len >= sizeof(host) || (port_text != NULL && !parse_port(&port, port_text)))
		return NK_ERR_BAD_INPUT;
	memcpy(host, text, len);
	host[len] = '\0';

	if (inet_pton(AF_INET, host, a.ip + 12) == 1)
		memcpy(a.ip, v4_mapped, sizeof(v4_mapped));
	else if (inet_pton(AF_INET6, host, a.ip) != 1)
		return NK_ERR_BAD_INPUT;
	a.port = port;
	*out = a;
	return 0;
}

const char *addr_text_ip(const struct addr *a, char text[static ADDR_TEXT])
{
	if (addr_family(a) == ADDR_V4)
		inet_ntop(AF_INET, a->ip + 12, text, ADDR_TEXT);
	else
		inet_ntop(AF_INET6, a->ip, text, ADDR_TEXT);
	return text;
}

const char *addr_text(const struct addr *a, char text[static ADDR_TEXT])
{
	char ip[ADDR_TEXT];

	addr_text_ip(a, ip);
	if (a->port == 0)
		snprintf(text, ADDR_TEXT, "%.45s", ip);
	else if (addr_family(a) == ADDR_V4)
		snprintf(text, ADDR_TEXT, "%.45s:%u", ip, a->port);
	else
		snprintf(text, ADDR_TEXT, "[%.45s]:%u", ip, a->port);
	return text;
}
