#include "cast.h"

#include <assert.h>
#include <string.h>

#define CAST (sizeof(cast) / sizeof(cast[0]))

static const struct {
	const char *name, *ip;
	bool inside;
} cast[] = {
	{"a", "100.64.1.2", true},     {"a6", "2001:db8:1::2", true},
	{"b", "100.64.1.3", true},     {"b6", "2001:db8:1::3", true},
	{"q", "100.64.1.9", true},     {"q6", "2001:db8:1::9", true},
	{"i", "100.64.1.1", true},     {"i6", "2001:db8:1::1", true},
	{"n", "198.51.100.10", false}, {"n6", "2001:db8:8::10", false},
	{"s", "192.0.2.1", false},     {"s6", "2001:db8:2::1", false},
	{"t", "192.0.2.2", false},     {"t6", "2001:db8:2::2", false},
	{"r", "203.0.113.1", false},   {"r6", "2001:db8:3::1", false},
};

static struct addr address(size_t i)
{
	struct addr a = {{0}, 0};
	const int err = addr_parse(&a, cast[i].ip, 0);

	assert(err == 0);
	(void)err;
	return a;
}

bool cast_find(struct addr *out, const char *name, size_t len)
{
	for (size_t i = 0; i < CAST; i++) {
		if (strlen(cast[i].name) == len && memcmp(cast[i].name, name, len) == 0) {
			*out = address(i);
			return true;
		}
	}
	return false;
}

struct addr cast_addr(const char *name)
{
	struct addr a = {{0}, 0};
	const bool found = cast_find(&a, name, strlen(name));

	assert(found);
	(void)found;
	return a;
}

/* Return: its place in the cast, or CAST. */
static size_t find(const struct addr *a)
{
	size_t i;

	for (i = 0; i < CAST; i++) {
		const struct addr member = address(i);

		if (addr_same_ip(a, &member))
			break;
	}
	return i;
}

const char *cast_name(const struct addr *a)
{
	const size_t i = find(a);

	return i == CAST ? NULL : cast[i].name;
}

bool cast_is_inside(const struct addr *a)
{
	const size_t i = find(a);

	return i < CAST && cast[i].inside;
}
