#include "wire/dns.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

#define HEADER        12
#define LABEL_MAX     63
#define CLASS_IN      1
#define POINTER_FIRST 0xc000 /* a name written before, at this offset: section 4.1.4 */

/* Bits of the second header word: RFC 1035 section 4.1.1. */
#define BIT_RESPONSE      0x8000
#define BIT_AUTHORITATIVE 0x0400
#define BIT_WANTED        0x0100
#define BIT_AVAILABLE     0x0080

static char small_letter(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
		return (char)c;
	return '?';
}

/* A question has no pointers: there is nothing before it to point at. */
static bool read_name(struct rd *r, char name[static DNS_NAME])
{
	size_t len = 0;

	for (;;) {
		const uint8_t n = rd_u8(r);
		const uint8_t *label = rd_bytes(r, n);

		/* With the dots and both ends a name is of 255 bytes: section 2.3.4. */
		if (r->bad || n > LABEL_MAX || len + n + 1 >= DNS_NAME - 1)
			return false;
		if (n == 0)
			break;
		if (len > 0)
			name[len++] = '.';
		for (size_t i = 0; i < n; i++)
			name[len++] = small_letter(label[i]);
	}
	name[len] = '\0';
	return true;
}

int dns_read(struct dns_query *out, const uint8_t *buf, size_t len)
{
	struct rd r = rd_make(buf, len);
	struct dns_query q = {.id = rd_be16(&r)};
	const uint16_t bits = rd_be16(&r);
	const uint16_t questions = rd_be16(&r);

	rd_be16(&r);
	rd_be32(&r); /* the other sections */
	q.opcode = bits >> 11 & 0xf;
	q.wanted = (bits & BIT_WANTED) != 0;
	q.question = r.p;
	if (r.bad || (bits & BIT_RESPONSE) != 0 || questions != 1 || !read_name(&r, q.name))
		return NK_ERR_MALFORMED;
	q.type = rd_be16(&r);
	q.class = rd_be16(&r);
	if (r.bad)
		return NK_ERR_MALFORMED;
	q.question_len = (size_t)(r.p - q.question);
	*out = q;
	return 0;
}

/* A number below @limit and the dot behind it. Return: what follows, or NULL. */
static const char *take_number(const char *s, unsigned base, unsigned limit, unsigned *value)
{
	const char *start = s;
	unsigned v = 0;

	for (; *s != '.' && *s != '\0'; s++) {
		const char *digits = "0123456789abcdef", *d = strchr(digits, *s);

		v = v * base + (d != NULL ? (unsigned)(d - digits) : base);
		if (d == NULL || (unsigned)(d - digits) >= base || v >= limit)
			return NULL;
	}
	*value = v;
	return s > start && *s == '.' ? s + 1 : NULL;
}

static bool reverse_v4(struct addr *out, const char *s)
{
	unsigned b[4] = {0};

	for (size_t i = 0; i < 4 && s != NULL; i++)
		s = take_number(s, 10, 256, &b[3 - i]);
	if (s == NULL || strcmp(s, "in-addr.arpa") != 0)
		return false;
	*out = addr_v4((uint8_t)b[0], (uint8_t)b[1], (uint8_t)b[2], (uint8_t)b[3], 0);
	return true;
}

static bool reverse_v6(struct addr *out, const char *s)
{
	struct addr a = {.port = 0};

	for (size_t i = 0; i < 32 && s != NULL; i++) {
		unsigned nibble = 0;

		s = take_number(s, 16, 16, &nibble);
		a.ip[15 - i / 2] |= (uint8_t)(i % 2 == 0 ? nibble : nibble << 4);
	}
	if (s == NULL || strcmp(s, "ip6.arpa") != 0)
		return false;
	*out = a;
	return true;
}

bool dns_reverse(struct addr *out, const char *name)
{
	return reverse_v4(out, name) || reverse_v6(out, name);
}

static void write_name(struct wr *w, const char *name)
{
	while (*name != '\0') {
		const size_t n = strcspn(name, ".");

		wr_u8(w, (uint8_t)n);
		wr_bytes(w, name, n);
		name += n + (name[n] == '.');
	}
	wr_u8(w, 0);
}

static void write_record(struct wr *w, const struct dns_query *q, uint32_t ttl_s)
{
	wr_be16(w, POINTER_FIRST | HEADER);
	wr_be16(w, q->type);
	wr_be16(w, CLASS_IN);
	wr_be32(w, ttl_s);
}

static void write_addr(struct wr *w, const struct addr *a)
{
	const size_t len = addr_family(a) == ADDR_V4 ? 4 : 16;

	wr_be16(w, (uint16_t)len);
	wr_bytes(w, a->ip + sizeof(a->ip) - len, len);
}

static void write_pointer(struct wr *w, const char *name)
{
	const size_t at = w->len;

	wr_be16(w, 0);
	write_name(w, name);
	wr_patch_be16(w, at, (uint16_t)(w->len - at - 2));
}

size_t dns_write(uint8_t *buf, const struct dns_query *q, const struct dns_answer *a)
{
	struct wr w = wr_make(buf, DNS_ANSWER);
	const unsigned count = a->addr_count + (a->pointer != NULL);

	wr_be16(&w, q->id);
	wr_be16(&w, (uint16_t)(BIT_RESPONSE | (unsigned)q->opcode << 11 | BIT_AUTHORITATIVE |
			       (q->wanted ? BIT_WANTED | BIT_AVAILABLE : 0) | a->code));
	wr_be16(&w, 1);
	wr_be16(&w, (uint16_t)count);
	wr_be32(&w, 0); /* authority, additional */
	wr_bytes(&w, q->question, q->question_len);
	for (unsigned i = 0; i < a->addr_count; i++) {
		write_record(&w, q, a->ttl_s);
		write_addr(&w, &a->addrs[i]);
	}
	if (a->pointer != NULL) {
		write_record(&w, q, a->ttl_s);
		write_pointer(&w, a->pointer);
	}
	return w.len;
}
