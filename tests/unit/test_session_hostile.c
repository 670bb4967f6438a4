/*
 * Somebody between the two who replays, forges, cuts, holds back and reorders; and a peer without
 * manners. Nothing is taken twice, and nothing that was not said. test_session_path has who sends
 * from elsewhere.
 */
#include "core/session/keys.h"
#include "session_rig.h"

static void test_replayed(void **state)
{
	struct rig_packet p;

	(void)state;
	g.side[0].to_send = 1;
	rig_output(&g, 0);
	p = g.last[0];
	rig_run(&g, 100 * NK_MS);
	for (unsigned i = 0; i < 10; i++)
		assert_false(rig_hears(&g, &p));
	rig_run(&g, NK_S);
	assert_int_equal(g.side[1].taken, 1);
	assert_int_equal(rig_stats(&g, 1)->rejected, 10);
}

static void test_forged_and_cut(void **state)
{
	struct rig_packet p;

	(void)state;
	p = rig_held_back(&g, 0);
	for (size_t bit = 0; bit < 8 * p.len; bit++) {
		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(rig_hears(&g, &p));
		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (const size_t whole = p.len; p.len-- > 0;) {
		assert_in_range(p.len, 0, whole);
		assert_false(rig_hears(&g, &p));
	}
	p = rig_held_back(&g, 0);
	assert_true(rig_hears(&g, &p));
}

static void test_reflected(void **state)
{
	struct rig_packet p;

	(void)state;
	p = rig_held_back(&g, 0);
	p.to = 0;
	assert_false(rig_hears(&g, &p));
	assert_int_equal(rig_stats(&g, 0)->rejected, 0); /* it is another session's */
	p.bytes[4] = 100;                                /* even with the right index */
	assert_false(rig_hears(&g, &p));
}

/* All that was said in one order arrives in another. */
static void test_reordered(void **state)
{
	(void)state;
	g.side[0].to_send = g.side[1].to_send = 300;
	g.jitter = 200 * NK_MS;
	rig_run(&g, 200 * NK_S);
	assert_int_equal(g.side[0].taken, 300);
	assert_int_equal(g.side[1].taken, 300);
}

/* An ACK that was overtaken is not heard: what it acknowledges is sent again, and had already. */
static void test_old_ack(void **state)
{
	struct rig_packet ack, newer;

	(void)state;
	g.side[1].to_send = 1;
	rig_output(&g, 1);
	assert_true(rig_hears(&g, &g.last[1]));
	rig_owner(&g, 0);
	ack = rig_next_output(&g, 0);
	newer = rig_held_back(&g, 0);
	assert_true(rig_hears(&g, &newer));
	assert_true(rig_hears(&g, &ack));
	assert_false(session_all_acked(g.side[1].session));
	rig_run(&g, NK_S);
	assert_true(session_all_acked(g.side[1].session));
	assert_int_equal(g.side[0].taken, 1);
}

/* Side 0 has the right keys, and seals whatever it likes. */
static void say(struct keys *rude, const struct frame *f)
{
	struct rig_packet p = {.to = 1, .id = RIG_SOCKET, .from = g.side[0].at};
	struct wr w = wr_make(p.bytes + PACKET_HEADER, sizeof(p.bytes) - PACKET_OVERHEAD);

	frame_write(&w, f);
	p.len = keys_seal(rude, p.bytes, w.len, g.now);
	assert_true(rig_hears(&g, &p));
}

static struct keys rude_peer(void)
{
	const struct noise_keys call = rig_keys(1);
	struct keys rude;

	keys_start(&rude, &call, true, 100, 200, g.now);
	rude.out.counter = 1000;
	return rude;
}

/* After the end nothing comes, and the end comes once. */
static void test_after_close(void **state)
{
	struct keys rude = rude_peer();
	const struct frame close = {.kind = FRAME_CLOSE},
			   message = {.kind = FRAME_MESSAGE, .seq = 1};
	struct session_news news;

	(void)state;
	say(&rude, &close);
	say(&rude, &message);
	say(&rude, &close);
	assert_true(session_next(g.side[1].session, &news));
	assert_int_equal(news.kind, SESSION_CLOSED);
	assert_false(session_next(g.side[1].session, &news));
}

/* Acknowledgements of what was never sent, answers to what was never asked, frames of no kind. */
static void test_rude_frames(void **state)
{
	const struct frame frames[] = {
		{.kind = FRAME_ACK, .seq = 40, .bits = UINT64_MAX},
		{.kind = FRAME_ACK, .seq = 0, .bits = UINT64_MAX},
		{.kind = FRAME_PONG, .token = 12345},
		{.kind = FRAME_MESSAGE, .seq = 64},
		{.kind = FRAME_MESSAGE, .seq = 65535},
		{.kind = FRAME_CLOSE, .seq = 30000},
		{.kind = (enum frame_kind)99},
	};
	struct keys rude = rude_peer();
	struct session_news news;

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		say(&rude, &frames[i]);
	assert_false(session_next(g.side[1].session, &news));
	assert_int_equal(rig_stats(&g, 1)->messages_acked, 0);
	assert_true(session_has_room(g.side[1].session));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_talking_rig(test_replayed),    with_talking_rig(test_forged_and_cut),
		with_talking_rig(test_reflected),   with_talking_rig(test_reordered),
		with_talking_rig(test_old_ack),     with_talking_rig(test_after_close),
		with_talking_rig(test_rude_frames),
	};

	return cmocka_run_group_tests_name("session_hostile", tests, NULL, NULL);
}
