/* DNS messages as a small authoritative server sees them: one question, a few answers. */
#ifndef WIRE_DNS_H
#define WIRE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define DNS_NAME   256 /* bytes as text: at most 253, and a NUL */
#define DNS_ADDRS  8
#define DNS_ANSWER 512 /* bytes of the longest message without TCP: RFC 1035 section 2.3.4 */

/* RFC 1035 section 3.2.2, RFC 3596 section 2.1; others exist, and have no name here. */
enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28 };

/* RFC 1035 section 4.1.1. */
enum dns_code {
	DNS_OK = 0,
	DNS_NO_NAME = 3,
	DNS_NOT_IMPLEMENTED = 4,
};

/**
 * struct dns_query - A question
 * @opcode:	0 is an ordinary one; for others dns_write() only says that they are not known
 * @wanted:	Recursion is; it is told so in the answer
 * @name:	In small letters without a dot at the end; what no host's name may have is "?"
 * @question:	As it came, for the answer; borrowed from the message
 */
struct dns_query {
	uint16_t id;
	uint8_t opcode;
	bool wanted;
	uint16_t type, class;
	char name[DNS_NAME];
	const uint8_t *question;
	size_t question_len;
};

/**
 * struct dns_answer - What is known
 * @addrs:	@addr_count addresses of the family asked for; ports are ignored
 * @pointer:	Name for DNS_PTR, or NULL
 */
struct dns_answer {
	enum dns_code code;
	struct addr addrs[DNS_ADDRS];
	unsigned addr_count;
	const char *pointer;
	uint32_t ttl_s;
};

/**
 * dns_read() - Decode a query
 * @out:	Written on success only
 *
 * What follows the question (EDNS) is not looked at.
 *
 * Return: 0; NK_ERR_MALFORMED if it is none, or has other than one question.
 */
int dns_read(struct dns_query *out, const uint8_t *buf, size_t len);

/* The address that a name of in-addr.arpa or ip6.arpa is about. Return: false if it is none. */
bool dns_reverse(struct addr *out, const char *name);

/**
 * dns_write() - Encode an answer
 * @buf:	DNS_ANSWER bytes
 *
 * Return: its length.
 */
size_t dns_write(uint8_t *buf, const struct dns_query *q, const struct dns_answer *a);

#endif
