#include "core/identity/card.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/err.h"

#define PREFIX    "natkit:"
#define KEY_CHARS (CARD_KEY_TEXT - 1)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The 6 bits of a character (RFC 4648 section 5), or -1. */
static int value_of(char c)
{
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

	return at != NULL ? (int)(at - alphabet) : -1;
}

/* @len characters. The last has 4 bits of the key and 2 zeros: there is one text for each key. */
static int read_key(uint8_t out[static 32], const char *text, size_t len)
{
	uint8_t key[33] = {0};

	if (len != KEY_CHARS)
		return NK_ERR_BAD_INPUT;
	for (size_t i = 0; i < len; i++) {
		const int v = value_of(text[i]);
		const unsigned at = (unsigned)i * 6, shifted = (unsigned)v << (10 - at % 8);

		if (v < 0)
			return NK_ERR_BAD_INPUT;
		key[at / 8] |= (uint8_t)(shifted >> 8);
		key[at / 8 + 1] |= (uint8_t)shifted;
	}
	if (key[32] != 0)
		return NK_ERR_BAD_INPUT;
	memcpy(out, key, 32);
	return 0;
}

int card_parse_key(uint8_t out[static 32], const char *text)
{
	return read_key(out, text, strlen(text));
}

const char *card_key_text(const uint8_t key[static 32], char text[static CARD_KEY_TEXT])
{
	for (unsigned i = 0; i < KEY_CHARS; i++) {
		const unsigned at = i * 6;
		const unsigned next = at / 8 < 31 ? key[at / 8 + 1] : 0;
		const unsigned pair = (unsigned)key[at / 8] << 8 | next;

		text[i] = alphabet[pair >> (10 - at % 8) & 63];
	}
	text[KEY_CHARS] = '\0';
	return text;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '_' || c == '.';
}

/* "broker.example", "192.0.2.1": what looks like a number must be an address, or a resolver would
 * take it for another one than a person does. */
static bool is_host(const char *host)
{
	const char *dot = strrchr(host, '.');
	const char *label = dot == NULL ? host : dot + 1;
	struct addr a;

	if (*host == '-' || *host == '.' || strstr(host, "..") != NULL)
		return false;
	for (const char *c = host; *c != '\0'; c++)
		if (!is_name_char(*c))
			return false;
	while (is_digit(*label))
		label++;
	return *label != '\0' || addr_parse(&a, host, 0) == 0;
}

/* "[2001:db8::1]" */
static bool is_host_v6(const char *host, size_t len)
{
	char inner[ADDR_TEXT];
	struct addr a;

	if (len < 2 || host[len - 1] != ']' || len - 2 >= sizeof(inner))
		return false;
	memcpy(inner, host + 1, len - 2);
	inner[len - 2] = '\0';
	return addr_parse(&a, inner, 0) == 0 && addr_family(&a) == ADDR_V6 && a.port == 0;
}

/* The port after the colon, or 3478 without one. */
static bool read_port(uint16_t *out, const char *text)
{
	unsigned port = 0;

	if (*text == '\0') {
		*out = 3478;
		return true;
	}
	for (text++; is_digit(*text) && port <= 65535; text++)
		port = port * 10 + (unsigned)(*text - '0');
	*out = (uint16_t)port;
	return *text == '\0' && port > 0 && port <= 65535;
}

static bool read_broker(struct card *c, const char *text)
{
	const char *bracket = *text == '[' ? strchr(text, ']') : NULL;
	const size_t len = bracket != NULL ? (size_t)(bracket + 1 - text) : strcspn(text, ":");

	if (len == 0 || len >= sizeof(c->host) || (text[len] != '\0' && text[len] != ':'))
		return false;
	memcpy(c->host, text, len);
	c->host[len] = '\0';
	return (bracket != NULL ? is_host_v6(c->host, len) : is_host(c->host)) &&
	       read_port(&c->port, text + len);
}

int card_parse(struct card *out, const char *text, char why[static CARD_WHY])
{
	const size_t prefix = strlen(PREFIX);
	const char *at = strchr(text, '@');
	struct card c = {.port = 0};

	if (strncmp(text, PREFIX, prefix) != 0 || at == NULL)
		snprintf(why, CARD_WHY, "a card is written natkit:KEY@BROKER:PORT");
	else if (read_key(c.key, text + prefix, (size_t)(at - text) - prefix) != 0)
		snprintf(why, CARD_WHY, "a key is %d letters, digits, \"-\" and \"_\"", KEY_CHARS);
	else if (!read_broker(&c, at + 1))
		snprintf(why, CARD_WHY,
			 "after the @ write HOST or HOST:PORT of a broker, such as %s",
			 "broker.example:3478");
	else {
		*out = c;
		return 0;
	}
	return NK_ERR_BAD_INPUT;
}

const char *card_text(const struct card *c, char text[static CARD_TEXT])
{
	char key[CARD_KEY_TEXT];

	snprintf(text, CARD_TEXT, PREFIX "%s@%s:%u", card_key_text(c->key, key), c->host, c->port);
	return text;
}
