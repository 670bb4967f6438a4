/* What the files of the fan share with one another, and with nobody else. */
#ifndef CORE_PROBE_FAN_PARTS_H
#define CORE_PROBE_FAN_PARTS_H

#include "core/probe/fan.h"

/* fan_trial.c: one trial from its opening to its silence */
bool trial_output(struct fan *f, uint32_t index, struct action *action, nk_time now);
void trial_input(struct fan *f, uint32_t index, const struct event *ev, nk_time now);
void trial_void(struct fan *f, uint32_t index, const char *why, nk_time now);
void trial_end(struct fan *f, uint32_t index, nk_time now);
void status_output(struct fan *f, nk_time now);

/* When the last packet of the trial's pattern came or left, and seconds since then. */
nk_time trial_last_use(const struct trial *t);
double trial_age(const struct trial *t, nk_time now);

/* fan_quota.c: refusals that would look like lost set-ups */
void quota_confirmed(struct fan *f, const struct trial *t);
void quota_unconfirmed(struct fan *f, struct trial *t, nk_time now);

/* fan_rank.c: who is younger; @at: when a copy came, or would have come */
void evict_alive(struct fan *f, const struct trial *t, nk_time at);
void evict_dead(struct fan *f, const struct trial *t, nk_time at);

/* Whether deaths of this lane may be evictions. */
bool evict_in_doubt(const struct fan *f, unsigned state);

/* So many mappings at least, or at most, were younger than this one at @at. */
struct rank rank_at_least(const struct fan *f, const struct trial *t, nk_time at);
struct rank rank_at_most(const struct fan *f, const struct trial *t, nk_time at);
bool rank_within(const struct rank *r, const unsigned limit[static AGES]);
void rank_raise(unsigned limit[static AGES], const unsigned to[static AGES]);

/* fan_evict.c: evictions that would look like timers */
void evict_judged(struct fan *f, uint32_t index, enum verdict verdict, nk_time now);
void evict_step(struct fan *f, nk_time now);
nk_time evict_deadline(const struct fan *f);

/* Whether lanes must leave all mappings alone meanwhile. */
bool evict_holds(const struct fan *f);

/* Whether set-ups are under way, which keep pushing others out. */
bool evict_settling(const struct fan *f);

/* Ends a suspicion: with nothing found, with a timer found, or by waiting for a still older witness. */
void evict_dismiss(struct fan *f);
void evict_was_timer(struct fan *f);
void evict_outlive(struct fan *f);

/* fan_challenge.c: what tells a quota from lifetimes that vary */
void challenge_begin(struct fan *f, nk_time now);
void challenge_step(struct fan *f, nk_time now);
void challenge_judged(struct fan *f, uint32_t index, enum verdict verdict, nk_time now);

/* fan_open.c: which lane's opening is due next, and when (STATE_COUNT: none is wanted) */
unsigned fan_next_opening(const struct fan *f, nk_time *at);
bool fan_open_one(struct fan *f, struct action *action, nk_time now);

#define FAN_HURRY       36   /* openings of the lane that takes 3 s to set up, before the others */
#define FAN_LIFE_MARGIN 1.03 /* beyond a timer, at which a mapping is surely gone */

/* fan.c */

/* Whether this lane is to be measured. */
bool fan_enabled(const struct fan *f, unsigned state);

void fan_evidence(struct fan *f, const struct trial *t, enum verdict verdict, double gap,
		  const struct ask_verdict *v, const char *why);

/* No mapping can be opened from now on: lanes do with those that there are. */
void fan_no_more(struct fan *f, nk_time now);

/* How many trials the server takes in a session, beside those of others than the fan. */
unsigned fan_trials_max(const struct fan *f);
void fan_restart(struct fan *f, unsigned mappings, nk_time now);
bool fan_ask(struct fan *f, const uint32_t *indices, unsigned count, nk_time now);

#endif
