/* What the NAT model tells people of what it remembers. */
#include "nat_bench.h"

#include "sim/nat_forward.h"

struct listed {
	unsigned count;
	struct nat_entry entries[8];
};

static void list(void *user, const struct nat_entry *e)
{
	struct listed *l = user;

	assert_true(l->count < 8);
	l->entries[l->count++] = *e;
}

static const struct nat_entry *entry_of(const struct listed *l, enum packet_kind kind)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->entries[i].kind == kind)
			return &l->entries[i];
	fail();
	return NULL;
}

static struct listed list_all(struct nat *n, nk_time at)
{
	struct listed l = {.count = 0};

	nat_each(n, at, list, &l);
	return l;
}

/* What is told to people of what there is. */
static void test_list(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);
	struct packet query = ping(x(0), remote(1, 0), 77, false);
	const struct addr e = out(n, x(5000), remote(1, 1000), T0);
	const struct nat_entry *found;
	struct listed l;

	(void)state;
	tcp_out(n, x(6000), remote(2, 80), SYN, T0);
	assert_true(passes_out(n, &query, T0));
	l = list_all(n, T0 + 10 * NK_S);
	assert_int_equal(l.count, 3);
	found = entry_of(&l, PACKET_UDP);
	assert_true(same(found->inside, x(5000)) && same(found->external, e));
	assert_true(same(found->remote, (struct addr){.port = 0}));
	assert_string_equal(found->state, "first");
	assert_int_equal(found->left, 20 * NK_S);
	found = entry_of(&l, PACKET_TCP);
	assert_true(same(found->remote, remote(2, 80)));
	assert_string_equal(found->state, "SYN_SENT");
	assert_int_equal(found->left, 230 * NK_S);
	assert_int_equal(entry_of(&l, PACKET_QUERY)->left, 50 * NK_S);

	assert_true(reaches(n, remote(1, 1000), e, x(5000), T0 + 11 * NK_S));
	l = list_all(n, T0 + 11 * NK_S);
	assert_string_equal(entry_of(&l, PACKET_UDP)->state, "replied");
	assert_true(reaches(n, remote(1, 1000), e, x(5000), T0 + 12 * NK_S));
	l = list_all(n, T0 + 12 * NK_S);
	assert_string_equal(entry_of(&l, PACKET_UDP)->state, "stream");
	for (nk_time t = 1; t < 9; t += 3) {
		query = ping(remote(1, 0), addr_v4(203, 0, 113, 1, 0), 77, true);
		assert_true(passes_in(n, &query, T0 + t * NK_S + 12 * NK_S));
	}
	l = list_all(n, T0 + 20 * NK_S);
	assert_string_equal(entry_of(&l, PACKET_QUERY)->state,
			    "replied"); /* that is all there is */
	assert_int_equal(list_all(n, T0 + 1000 * NK_S).count, 0);
	nat_free(n);
}

/* By flow and by filtering, each remote is one; what the NAT has itself has no inside. */
static void test_list_flows(void **state)
{
	struct nat_spec spec = linux_spec();
	struct listed l;

	(void)state;
	spec.self_clash = true;

	struct nat *n = make(&spec);

	for (uint8_t host = 1; host <= 3; host++)
		out(n, x(5000), remote(host, 1000), T0);
	in(n, remote(4, 1000), addr_v4(203, 0, 113, 1, 5000), T0);
	l = list_all(n, T0);
	assert_int_equal(l.count, 4);
	for (unsigned i = 0; i < l.count; i++)
		assert_true(same(l.entries[i].inside, l.entries[i].remote.ip[15] == 4
							      ? (struct addr){.port = 0}
							      : x(5000)));
	nat_free(n);

	spec = plain_spec();
	spec.filtering = NAT_AD;
	n = make(&spec);
	out(n, x(5000), remote(1, 1000), T0);
	out(n, x(5000), remote(2, 1000), T0);
	assert_int_equal(list_all(n, T0).count, 3);
	nat_free(n);
}

/* A port that is open has nobody's state, and may be somebody's in particular. */
static void test_list_open(void **state)
{
	const struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);
	const struct nat_forward f = {
		.kind = PACKET_TCP,
		.inside = x(5000),
		.external = addr_v4(203, 0, 113, 1, 7000),
		.remote = remote(1, 0),
		.until = T0 + 60 * NK_S,
	};
	struct listed l;

	(void)state;
	assert_true(nat_forward(n, &f, T0));
	l = list_all(n, T0 + NK_S);
	assert_int_equal(l.count, 1);
	assert_int_equal(l.entries[0].kind, PACKET_TCP);
	assert_true(same(l.entries[0].inside, f.inside) && same(l.entries[0].external, f.external));
	assert_true(same(l.entries[0].remote, f.remote));
	assert_string_equal(l.entries[0].state, "open");
	assert_int_equal(l.entries[0].left, 59 * NK_S);
	nat_free(n);
}

static void tick(void *user, const struct nat_entry *e)
{
	bool *seen = user;

	assert_false(seen[e->inside.port]);
	seen[e->inside.port] = true;
}

static void test_list_of_many(void **state)
{
	static bool seen[65536];
	struct nat_spec spec = plain_spec();
	struct nat *n = make(&spec);

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		out(n, x((uint16_t)(2000 + i)), remote(1, 1000), T0);
	nat_each(n, T0, tick, seen);
	for (unsigned i = 0; i < 1000; i++)
		assert_true(seen[2000 + i]);
	nat_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_flows),
		cmocka_unit_test(test_list_open),
		cmocka_unit_test(test_list_of_many),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
