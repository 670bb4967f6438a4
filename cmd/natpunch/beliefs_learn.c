#include "beliefs_learn.h"

static bool was(nk_time at)
{
	return at != NK_NEVER;
}

/* A punch by one way alone, in a test, says nothing of the others where it fails. */
static bool was_full_punch(const struct call_report *r)
{
	return was(r->fired) && (r->tested == TACTICS || was(r->connected));
}

/* What had not come when the user stopped might have come yet. */
static bool has_run_out(const struct call_report *r)
{
	return r->end != CALL_CLOSED && r->end != CALL_FAILED && r->end != CALL_NOT_OVER;
}

static void learn_fact(struct tactics_belief *b, const struct call_report *r, enum link_fact fact,
		       bool yes, nk_time now)
{
	if (yes || has_run_out(r))
		tactics_add_fact(b, fact, yes, now);
}

static void learn_facts(struct tactics_belief *b, const struct call_report *r, nk_time now)
{
	learn_fact(b, r, LINK_WE_REACH_CLOUD, was(r->acknowledged), now);
	if (!was(r->acknowledged))
		return;
	learn_fact(b, r, LINK_CLOUD_REACHES_PEER, was(r->answered), now);
	if (!was_full_punch(r))
		return;
	learn_fact(b, r, LINK_PEER_IS_OPEN, r->punch.heard > 0, now);
	learn_fact(b, r, LINK_PEER_CAN_OPEN, was(r->connected), now);
}

/* Whoever was overtaken by another had no full chance, and nothing is learned of it. */
void beliefs_learn(struct tactics_belief *b, const struct call_report *r, nk_time now)
{
	learn_facts(b, r, now);
	if (r->punch.connected)
		tactics_add(b, r->punch.by, true, now);
	if (r->relayed)
		tactics_add(b, TACTIC_RELAY, true, now);
	for (unsigned t = 0; r->end == CALL_NO_PATH && t < TACTICS; t++)
		if (r->punch.attempts[t].tried)
			tactics_add(b, (enum tactic)t, false, now);
}
