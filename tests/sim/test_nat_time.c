/* The timers of the NAT model, to the microsecond. */
#include "nat_bench.h"

/* What is written in one line of a timer test: a packet out ('o') or in ('i') at a time. */
struct packet_at {
	char way;
	nk_time at;
};

/* Plays packets, then asks whether one from the outside still gets in at @ask. */
static bool alive_after(const struct nat_spec *spec, const struct packet_at *p, nk_time ask)
{
	struct nat *n = make(spec);
	struct addr e = {.port = 0};
	bool alive;

	for (; p->way != '\0'; p++) {
		if (p->way == 'o')
			e = out(n, x(5000), remote(1, 1000), T0 + p->at);
		else
			assert_true(reaches(n, remote(1, 1000), e, x(5000), T0 + p->at));
	}
	alive = reaches(n, remote(1, 1000), e, x(5000), T0 + ask);
	nat_free(n);
	return alive;
}

static void check_end(const struct nat_spec *spec, const struct packet_at *p, nk_time end)
{
	assert_true(alive_after(spec, p, end - 1));
	assert_false(alive_after(spec, p, end));
}

/* lab.md's and conntrack's rules for when a flow is first, replied, or a stream. */
static const struct {
	struct packet_at packets[6];
	nk_time both, outward_only, inward_only, neither;
} lives[] = {
	{{{'o', 0}}, 30 * NK_S, 30 * NK_S, 30 * NK_S, 30 * NK_S},
	{{{'o', 0}, {'o', 10 * NK_S}}, 40 * NK_S, 40 * NK_S, 30 * NK_S, 30 * NK_S},
	{{{'o', 0}, {'i', NK_S}}, 61 * NK_S, 60 * NK_S, 61 * NK_S, 60 * NK_S},
	/* the first answer is late, yet does not make a stream */
	{{{'o', 0}, {'i', 3 * NK_S}}, 63 * NK_S, 60 * NK_S, 63 * NK_S, 60 * NK_S},
	/* not after 2 s, after more */
	{{{'o', 0}, {'i', NK_S}, {'o', 2 * NK_S}}, 62 * NK_S, 62 * NK_S, 61 * NK_S, 60 * NK_S},
	{{{'o', 0}, {'i', NK_S}, {'o', 2 * NK_S + 1}},
	 122 * NK_S + 1,
	 122 * NK_S + 1,
	 121 * NK_S,
	 120 * NK_S},
	{{{'o', 0}, {'i', NK_S}, {'i', 3 * NK_S}}, 123 * NK_S, 120 * NK_S, 123 * NK_S, 120 * NK_S},
	/* packets out and nothing back are no stream, however late; what does not restart the
	 * timer at 20 s is gone at 40 s and made anew */
	{{{'o', 0}, {'o', 20 * NK_S}, {'o', 40 * NK_S}},
	 70 * NK_S,
	 70 * NK_S,
	 70 * NK_S,
	 70 * NK_S},
	/* once a stream, always a stream */
	{{{'o', 0}, {'i', NK_S}, {'o', 3 * NK_S}, {'o', 50 * NK_S}, {'i', 51 * NK_S}},
	 171 * NK_S,
	 170 * NK_S,
	 171 * NK_S,
	 120 * NK_S},
};

static void check_lives(struct nat_spec *spec)
{
	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		spec->refresh_out = spec->refresh_in = true;
		check_end(spec, lives[i].packets, lives[i].both);
		spec->refresh_in = false;
		check_end(spec, lives[i].packets, lives[i].outward_only);
		spec->refresh_out = false;
		spec->refresh_in = true;
		check_end(spec, lives[i].packets, lives[i].inward_only);
		spec->refresh_in = false;
		check_end(spec, lives[i].packets, lives[i].neither);
	}
}

static void test_timers(void **state)
{
	(void)state;
	for (int pair = 0; pair < 18; pair++) {
		struct nat_spec spec = plain_spec();

		spec.mapping = (enum nat_behaviour)(pair % 3);
		spec.filtering = (enum nat_behaviour)(pair / 3 % 3);
		spec.flow_timers = pair >= 9;
		check_lives(&spec);
	}
}

/* A timer that gets shorter, as pf's (60 s first, 30 s single), ends on time too. */
static void test_timer_gets_shorter(void **state)
{
	static const struct packet_at p[] = {{'o', 0}, {'i', NK_S}, {'\0', 0}};
	struct nat_spec spec = plain_spec();

	(void)state;
	spec.t_first = 60 * NK_S;
	spec.t_replied = 10 * NK_S;
	check_end(&spec, p, 11 * NK_S);
}

/* A packet that filtering stops restarts nothing. */
static void test_stopped_packets_do_not_refresh(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;
	struct addr e;

	(void)state;
	spec.filtering = NAT_APD;
	n = make(&spec);
	e = out(n, x(5000), remote(1, 1000), 0);
	for (nk_time t = NK_S; t < 30 * NK_S; t += NK_S)
		assert_false(reaches(n, remote(1, 1001), e, x(5000), t));
	assert_int_equal(nat_held(n, 30 * NK_S - 1), 1);
	assert_int_equal(nat_held(n, 30 * NK_S), 0);
	nat_free(n);
}

/* One timer for the mapping, one for each remote that filtering knows. */
static void test_filter_entries_end_alone(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;
	struct addr e;

	(void)state;
	spec.filtering = NAT_APD;
	n = make(&spec);
	e = out(n, x(5000), remote(1, 1000), 0);
	assert_true(same(out(n, x(5000), remote(2, 1000), 20 * NK_S), e));
	assert_false(reaches(n, remote(1, 1000), e, x(5000), 30 * NK_S));
	assert_true(reaches(n, remote(2, 1000), e, x(5000), 49 * NK_S));
	assert_int_equal(nat_held(n, 49 * NK_S), 1);
	nat_free(n);
}

/* Linux: a stream with one remote does not lengthen the life of another flow of the same port. */
static void test_flow_timers(void **state)
{
	struct nat_spec spec = plain_spec();
	struct nat *n;
	struct addr e;

	(void)state;
	spec.filtering = NAT_APD;
	spec.flow_timers = true;
	n = make(&spec);
	e = out(n, x(5000), remote(1, 1000), 0);
	assert_true(reaches(n, remote(1, 1000), e, x(5000), NK_S));
	assert_true(reaches(n, remote(1, 1000), e, x(5000), 3 * NK_S));
	assert_true(same(out(n, x(5000), remote(2, 1000), 10 * NK_S), e));
	assert_int_equal(nat_held(n, 39 * NK_S), 2);
	assert_true(reaches(n, remote(2, 1000), e, x(5000), 10 * NK_S + 1));
	assert_int_equal(nat_held(n, 70 * NK_S), 2);
	assert_int_equal(nat_held(n, 70 * NK_S + 1), 1);
	assert_false(reaches(n, remote(2, 1000), e, x(5000), 71 * NK_S));
	assert_true(reaches(n, remote(1, 1000), e, x(5000), 123 * NK_S - 1));
	assert_int_equal(nat_held(n, 243 * NK_S - 1), 0);
	assert_false(reaches(n, remote(1, 1000), e, x(5000), 243 * NK_S));
	assert_int_equal(nat_held_peak(n), 2);
	nat_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_timer_gets_shorter),
		cmocka_unit_test(test_stopped_packets_do_not_refresh),
		cmocka_unit_test(test_filter_entries_end_alone),
		cmocka_unit_test(test_flow_timers),
	};

	if (crypto_init() != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
