#include "wire/sdp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "wire/ice_msg.h"

#define LINE_MAX_LEN 512
#define UFRAG_LEAST  4 /* RFC 8839 section 5.4 */
#define PWD_LEAST    22
#define WORDS        8 /* of a candidate line, to its type */

static const char *const kinds[SDP_KINDS] = {
	[SDP_HOST] = "host",
	[SDP_SERVER_REFLEXIVE] = "srflx",
	[SDP_PEER_REFLEXIVE] = "prflx",
	[SDP_RELAYED] = "relay",
};

/* Text under way; @len beyond @cap: it did not fit. */
struct text {
	char *out;
	size_t cap, len;
};

static __attribute__((format(printf, 2, 3))) void put(struct text *t, const char *format, ...)
{
	const size_t room = t->len < t->cap ? t->cap - t->len : 0;
	va_list args;

	va_start(args, format);
	t->len += (size_t)vsnprintf(room > 0 ? t->out + t->len : NULL, room, format, args);
	va_end(args);
}

static void put_candidate(struct text *t, const struct sdp_candidate *c, unsigned number)
{
	char ip[ADDR_TEXT];

	put(t, "a=candidate:%u 1 UDP %u %s %u typ %s", number, c->priority,
	    addr_text_ip(&c->addr, ip), c->addr.port, kinds[c->kind]);
	if (addr_family(&c->base) != ADDR_NONE)
		put(t, " raddr %s rport %u", addr_text_ip(&c->base, ip), c->base.port);
	put(t, "\n");
}

size_t sdp_write(char *out, size_t cap, const struct sdp *s)
{
	struct text t = {out, cap, 0};

	put(&t, "m=application 9 ICE/SDP\nc=IN IP4 0.0.0.0\na=ice-ufrag:%s\na=ice-pwd:%s\n",
	    s->ufrag, s->password);
	for (unsigned i = 0; i < s->count; i++)
		put_candidate(&t, &s->candidates[i], i + 1);
	return t.len < cap ? t.len : 0;
}

/* Takes a secret if it is one and there was none before. */
static void read_secret(char out[static SDP_SECRET_MAX + 1], const char *value, size_t least)
{
	const size_t len = strlen(value);

	if (out[0] == '\0' && len >= least && len <= SDP_SECRET_MAX &&
	    strspn(value, ICE_CHARS) == len)
		memcpy(out, value, len + 1);
}

static bool read_number(unsigned long *out, const char *word, unsigned long most)
{
	char *end;

	*out = strtoul(word, &end, 10);
	return word[0] >= '0' && word[0] <= '9' && strlen(word) <= 10 && *end == '\0' &&
	       *out <= most;
}

static bool read_kind(enum sdp_kind *out, const char *word)
{
	for (unsigned i = 0; i < SDP_KINDS; i++) {
		if (strcmp(word, kinds[i]) != 0)
			continue;
		*out = (enum sdp_kind)i;
		return true;
	}
	return false;
}

/* RFC 8839 section 5.1: foundation, component, transport, priority, address, port, "typ", type. */
static bool read_candidate(struct sdp_candidate *out, char *value)
{
	struct sdp_candidate c = {.priority = 0};
	unsigned long component, priority, port;
	char *words[WORDS];
	char *rest = NULL;

	for (unsigned i = 0; i < WORDS; i++) {
		words[i] = strtok_r(i == 0 ? value : NULL, " ", &rest);
		if (words[i] == NULL)
			return false;
	}
	if (!read_number(&component, words[1], 256) || component != 1 ||
	    strcasecmp(words[2], "UDP") != 0 || !read_number(&priority, words[3], UINT32_MAX) ||
	    !read_number(&port, words[5], UINT16_MAX) || port == 0 ||
	    strpbrk(words[4], "[]") != NULL || addr_parse(&c.addr, words[4], 0) != 0 ||
	    c.addr.port != 0 || strcmp(words[6], "typ") != 0 || !read_kind(&c.kind, words[7]))
		return false;
	c.priority = (uint32_t)priority;
	c.addr.port = (uint16_t)port;
	if (!addr_is_one_host(&c.addr))
		return false;
	*out = c;
	return true;
}

/* What follows @name in a line that begins so, or NULL. */
static char *value_of(char *line, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(line, name, len) == 0 ? line + len : NULL;
}

static void read_line(struct sdp *s, char *line)
{
	const char *ufrag = value_of(line, "a=ice-ufrag:");
	const char *password = value_of(line, "a=ice-pwd:");
	char *candidate = value_of(line, "a=candidate:");

	if (ufrag != NULL)
		read_secret(s->ufrag, ufrag, UFRAG_LEAST);
	else if (password != NULL)
		read_secret(s->password, password, PWD_LEAST);
	else if (candidate != NULL && s->count < SDP_CANDIDATES)
		s->count += read_candidate(&s->candidates[s->count], candidate);
}

/* The next line, cut to LINE_MAX_LEN; false at the end. */
static bool next_line(char line[static LINE_MAX_LEN + 1], const char **at, const char *end)
{
	const char *stop;
	size_t len;

	if (*at == end)
		return false;
	stop = memchr(*at, '\n', (size_t)(end - *at));
	if (stop == NULL)
		stop = end;
	len = (size_t)(stop - *at);
	if (len > LINE_MAX_LEN)
		len = LINE_MAX_LEN;
	memcpy(line, *at, len);
	line[len] = '\0';
	line[strcspn(line, "\r")] = '\0';
	*at = stop == end ? end : stop + 1;
	return true;
}

int sdp_read(struct sdp *out, const char *text, size_t len)
{
	struct sdp s = {.count = 0};
	char line[LINE_MAX_LEN + 1];
	const char *at = text;
	unsigned media = 0;

	while (media < 2 && next_line(line, &at, text + len)) {
		media += strncmp(line, "m=", 2) == 0;
		if (media < 2)
			read_line(&s, line);
	}
	if (s.ufrag[0] == '\0' || s.password[0] == '\0')
		return NK_ERR_MALFORMED;
	*out = s;
	return 0;
}
