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

/* Seconds since the last packet of the trial's pattern. */
double trial_age(const struct trial *t, nk_time now);

/* fan_quota.c: limits of the NAT that would look like timers */
void quota_confirmed(struct fan *f, const struct trial *t);
void quota_unconfirmed(struct fan *f, struct trial *t, nk_time now);
void quota_alive(struct fan *f, struct trial *t);
void quota_dead(struct fan *f, const struct trial *t);

/* Whether what this lane believes may be the work of a quota. */
bool quota_in_doubt(const struct fan *f, unsigned state);
void quota_witness_judged(struct fan *f, uint32_t index, enum verdict verdict);
void quota_step(struct fan *f, nk_time now);
nk_time quota_deadline(const struct fan *f);

/* fan.c */
void fan_evidence(struct fan *f, const struct trial *t, enum verdict verdict, double gap,
		  const struct ask_verdict *v, const char *why);

/* No mapping can be opened from now on: lanes do with those that there are. */
void fan_no_more(struct fan *f, nk_time now);
void fan_restart(struct fan *f, unsigned mappings, nk_time now);
bool fan_ask(struct fan *f, const uint32_t *indices, unsigned count, nk_time now);

#endif
