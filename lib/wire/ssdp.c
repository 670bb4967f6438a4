#include "wire/ssdp.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

#define DEVICE    "urn:schemas-upnp-org:device:InternetGatewayDevice:"
#define HTTP      "http://"
#define HTTP_PORT 80

struct addr ssdp_group(enum addr_family family)
{
	if (family == ADDR_V4)
		return addr_v4(239, 255, 255, 250, SSDP_PORT);
	return (struct addr){.ip = {[0] = 0xff, [1] = 2, [15] = 0xc}, .port = SSDP_PORT};
}

size_t ssdp_search_write(uint8_t out[static SSDP_MAX], unsigned igd, const struct addr *to)
{
	char text[ADDR_TEXT];
	const int len = snprintf((char *)out, SSDP_MAX,
				 "M-SEARCH * HTTP/1.1\r\n"
				 "HOST: %s\r\n"
				 "MAN: \"ssdp:discover\"\r\n"
				 "%s"
				 "ST: " DEVICE "%u\r\n"
				 "\r\n",
				 addr_text(to, text), addr_is_one_host(to) ? "" : "MX: 1\r\n", igd);

	return (size_t)len;
}

/* One line of text, without its end and the blanks before that; @left is what comes after it. */
struct line {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool next_line(struct line *out, const char **at, const char *end)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	size_t len;

	if (newline == NULL)
		return false;
	len = (size_t)(newline - *at);
	while (len > 0 && ((*at)[len - 1] == '\r' || is_blank((*at)[len - 1])))
		len--;
	*out = (struct line){*at, len};
	*at = newline + 1;
	return true;
}

static bool begins(const struct line *l, const char *text)
{
	return l->len >= strlen(text) && strncasecmp(l->at, text, strlen(text)) == 0;
}

/* The value of a header field, if that is its name, which ends with a colon. */
static bool field(struct line *value, const struct line *l, const char *name)
{
	size_t skip = strlen(name);

	if (!begins(l, name))
		return false;
	while (skip < l->len && is_blank(l->at[skip]))
		skip++;
	*value = (struct line){l->at + skip, l->len - skip};
	return true;
}

static bool is_url(const struct line *l)
{
	if (!begins(l, HTTP) || l->len >= SSDP_URL)
		return false;
	for (size_t i = 0; i < l->len; i++)
		if (l->at[i] <= ' ' || l->at[i] > '~')
			return false;
	return true;
}

int ssdp_answer_read(char url[static SSDP_URL], const uint8_t *bytes, size_t len)
{
	const char *at = (const char *)bytes, *const end = at + len;
	struct line l, value, location = {.at = ""};
	bool gateway = false;

	if (len == 0 || !next_line(&l, &at, end) || !begins(&l, "HTTP/1.") || l.len < 12 ||
	    memcmp(l.at + 8, " 200", 4) != 0)
		return NK_ERR_MALFORMED;
	while (next_line(&l, &at, end) && l.len > 0) {
		if (field(&value, &l, "ST:"))
			gateway = begins(&value, DEVICE);
		else if (field(&value, &l, "LOCATION:"))
			location = value;
	}
	if (!gateway || !is_url(&location))
		return NK_ERR_MALFORMED;
	memcpy(url, location.at, location.len);
	url[location.len] = '\0';
	return 0;
}

bool ssdp_url_host(struct addr *out, const char *url)
{
	char text[ADDR_TEXT];
	size_t len;

	if (strncasecmp(url, HTTP, strlen(HTTP)) != 0)
		return false;
	url += strlen(HTTP);
	len = strcspn(url, "/?#");
	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, url, len);
	text[len] = '\0';
	return addr_parse(out, text, HTTP_PORT) == 0;
}
