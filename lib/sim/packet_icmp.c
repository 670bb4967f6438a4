#include "sim/packet_icmp.h"

enum {
	UNREACHABLE = 3,
	SOURCE_QUENCH = 4,
	REDIRECT = 5,
	TIME_EXCEEDED = 11,
	PARAMETER_PROBLEM = 12,
	UNREACHABLE_V6 = 1,
	TOO_BIG_V6 = 2,
	TIME_EXCEEDED_V6 = 3,
	ERROR_V6_MAX = 127, /* RFC 4443 section 2.1: errors have the types up to this */
};

/* The first of an error is the one that is sent; of several codes alike the others are understood. */
struct meaning {
	struct icmp_code icmp;
	enum packet_error error;
};

static const struct meaning v4[] = {
	{{TIME_EXCEEDED, 0}, PACKET_TTL_EXCEEDED}, {{UNREACHABLE, 3}, PACKET_NO_PORT},
	{{UNREACHABLE, 1}, PACKET_NO_HOST},        {{UNREACHABLE, 0}, PACKET_NO_HOST},
	{{UNREACHABLE, 13}, PACKET_PROHIBITED},    {{UNREACHABLE, 9}, PACKET_PROHIBITED},
	{{UNREACHABLE, 10}, PACKET_PROHIBITED},    {{UNREACHABLE, 4}, PACKET_TOO_BIG},
};

static const struct meaning v6[] = {
	{{TIME_EXCEEDED_V6, 0}, PACKET_TTL_EXCEEDED}, {{UNREACHABLE_V6, 4}, PACKET_NO_PORT},
	{{UNREACHABLE_V6, 3}, PACKET_NO_HOST},        {{UNREACHABLE_V6, 0}, PACKET_NO_HOST},
	{{UNREACHABLE_V6, 1}, PACKET_PROHIBITED},     {{TOO_BIG_V6, 0}, PACKET_TOO_BIG},
};

#define MEANINGS_V4 (sizeof(v4) / sizeof(v4[0]))
#define MEANINGS_V6 (sizeof(v6) / sizeof(v6[0]))

static const struct meaning *meanings(enum addr_family family, size_t *count)
{
	*count = family == ADDR_V4 ? MEANINGS_V4 : MEANINGS_V6;
	return family == ADDR_V4 ? v4 : v6;
}

bool icmp_is_error(enum addr_family family, uint8_t type)
{
	if (family != ADDR_V4)
		return type >= UNREACHABLE_V6 && type <= ERROR_V6_MAX;
	return type == UNREACHABLE || type == SOURCE_QUENCH || type == REDIRECT ||
	       type == TIME_EXCEEDED || type == PARAMETER_PROBLEM;
}

enum packet_error icmp_error_of(enum addr_family family, struct icmp_code c)
{
	size_t count;
	const struct meaning *m = meanings(family, &count);

	for (size_t i = 0; i < count; i++)
		if (m[i].icmp.type == c.type && m[i].icmp.code == c.code)
			return m[i].error;
	return PACKET_ERROR_OTHER;
}

struct icmp_code icmp_code_of(enum addr_family family, enum packet_error error)
{
	size_t count;
	const struct meaning *m = meanings(family, &count);
	size_t i = 0;

	while (i < count - 1 && m[i].error != error)
		i++;
	return m[i].icmp;
}

struct icmp_code icmp_echo_code(enum addr_family family, bool reply)
{
	if (family == ADDR_V4)
		return (struct icmp_code){reply ? 0 : 8, 0};
	return (struct icmp_code){reply ? 129 : 128, 0};
}

bool icmp_is_echo(enum addr_family family, struct icmp_code c, bool *reply)
{
	*reply = c.type == icmp_echo_code(family, true).type;
	return c.code == 0 && c.type == icmp_echo_code(family, *reply).type;
}
