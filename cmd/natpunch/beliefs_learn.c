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

static void learn_facts(struct tactics_belief *b, const struct call_report *r, nk_time now)
{
	tactics_add_fact(b, LINK_WE_REACH_CLOUD, was(r->acknowledged), now);
	if (!was(r->acknowledged))
		return;
	tactics_add_fact(b, LINK_CLOUD_REACHES_PEER, was(r->answered), now);
	if (!was_full_punch(r))
		return;
	tactics_add_fact(b, LINK_PEER_IS_OPEN, r->punch.heard > 0, now);
	tactics_add_fact(b, LINK_PEER_CAN_OPEN, was(r->connected), now);
}

/* Whoever was overtaken by another had no full chance, and nothing is learned of it. */
void beliefs_learn(struct tactics_belief *b, const struct call_report *r, nk_time now)
{
	learn_facts(b, r, now);
	if (r->punch.connected)
		tactics_add(b, r->punch.by, true, now);
	for (unsigned t = 0; r->end == CALL_NO_PATH && t < TACTICS; t++)
		if (r->punch.attempts[t].tried)
			tactics_add(b, (enum tactic)t, false, now);
}
