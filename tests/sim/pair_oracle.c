#include "pair_oracle.h"

/* A packet of @other's to where the broker saw @side is let in, once @side has sent one back. */
static bool is_reachable(struct pair_class side, struct pair_class other)
{
	return side.filtering == NAT_EI ||
	       (side.mapping == NAT_EI && (side.filtering == NAT_AD || other.mapping == NAT_EI));
}

/* What @other sends comes from a port that @side has never sent to, and is not let in. */
static bool is_deaf(struct pair_class side, struct pair_class other)
{
	return side.filtering == NAT_APD && other.mapping != NAT_EI;
}

enum pair_kind pair_kind(struct pair_class a, struct pair_class b)
{
	if (!is_reachable(a, b) && !is_reachable(b, a))
		return PAIR_HARD;
	return is_deaf(a, b) || is_deaf(b, a) ? PAIR_ONE_WAY : PAIR_ALLOWED;
}

bool pair_is_plain(struct pair_class a, struct pair_class b)
{
	return a.mapping == NAT_EI && b.mapping == NAT_EI;
}

const char *pair_kind_name(enum pair_kind kind)
{
	static const char *const names[] = {
		[PAIR_HARD] = "hard", [PAIR_ALLOWED] = "allowed", [PAIR_ONE_WAY] = "one-way"};

	return names[kind];
}

struct pair_class pair_class_at(unsigned number)
{
	return (struct pair_class){(enum nat_behaviour)(number / 3),
				   (enum nat_behaviour)(number % 3)};
}

unsigned pair_class_number(struct pair_class c)
{
	return c.mapping * 3 + c.filtering;
}

struct pair_class pair_class_of(const struct nat_spec *nats, unsigned count)
{
	struct pair_class c = {NAT_EI, NAT_EI};

	for (unsigned i = 0; i < count; i++) {
		if (nats[i].translate && nats[i].mapping > c.mapping)
			c.mapping = nats[i].mapping;
		if (nats[i].filtering > c.filtering)
			c.filtering = nats[i].filtering;
	}
	return c;
}

const char *pair_class_text(struct pair_class c)
{
	static const char *const names[PAIR_CLASSES] = {"EIM/EIF",  "EIM/ADF",  "EIM/APDF",
							"ADM/EIF",  "ADM/ADF",  "ADM/APDF",
							"APDM/EIF", "APDM/ADF", "APDM/APDF"};

	return names[pair_class_number(c)];
}
