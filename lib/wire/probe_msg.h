/*
 * The probe service of natbroker: our own methods and attributes on top of STUN.
 *
 * A client has one control flow and many trial flows. On the control flow it
 * opens a session (SESSION: two exchanges, the second echoes a cookie). A trial
 * flow sends TRIAL: an indication, which is never answered, or a request, which
 * is answered at once on its own flow. On the control flow the client learns
 * which trials were seen (STATUS) and asks for unsolicited copies to some of
 * them (ASK). COPY goes to a trial, from the address and port that the trial
 * had contacted; after each round of copies an ECHO goes to the control flow,
 * so that silence on a trial can be told from loss on the path. COPY and ECHO
 * carry the transaction id of their ASK: 96 bits that only the asker knows.
 *
 * Methods are in the expert-review block of RFC 8489 section 18.2, whose first
 * byte stays below 4 (RFC 7983); attributes are comprehension-optional.
 * natkit-protocol(7) is the specification.
 */
#ifndef WIRE_PROBE_MSG_H
#define WIRE_PROBE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "wire/stun.h"

enum probe_method {
	PROBE_SESSION = 0x0E0, /* request on control: opens, or with lifetime 0 ends, a session */
	PROBE_TRIAL = 0x0E1,   /* indication or request on a trial flow */
	PROBE_STATUS = 0x0E2,  /* request on control: which of these trials were seen? */
	PROBE_ASK = 0x0E3,     /* request on control: send copies to these trials */
	PROBE_COPY = 0x0E4,    /* indication from the broker to a trial flow */
	PROBE_ECHO = 0x0E5,    /* indication from the broker to the control flow */
	PROBE_HOLD = 0x0E6,    /* request on control: keep these trials' mappings, by TICKs */
	PROBE_REACH = 0x0E7,   /* request on control: come to this port of ours from elsewhere */
	PROBE_TICK = 0x0ED,    /* indication from the broker to a trial flow that is held */
	PROBE_VISIT = 0x0EE,   /* indication from the broker to a port that is to be reached */
};

enum probe_attr {
	PROBE_ATTR_COOKIE = 0xEB00,       /* 8 bytes, opaque to the client */
	PROBE_ATTR_TOKEN = 0xEB01,        /* 8 bytes: the session */
	PROBE_ATTR_TRIAL = 0xEB02,        /* u32: a trial's number, chosen by the client */
	PROBE_ATTR_TRIALS = 0xEB03,       /* n x u32 */
	PROBE_ATTR_TRIAL_STATES = 0xEB04, /* n x struct probe_trial_state */
	PROBE_ATTR_COPIES = 0xEB05,       /* u8 copies, u8 0, u16 spacing ms, u32 delay ms */
	PROBE_ATTR_TIME = 0xEB06,         /* u64: microseconds of the broker's clock */
	PROBE_ATTR_LIMITS = 0xEB07,    /* u16 trials, u16 copies/s, u32 seconds a trial is kept */
	PROBE_ATTR_ROUND = 0xEB08,     /* u8 round, 0 first; 3 x 0 */
	PROBE_ATTR_ABILITIES = 0xEB09, /* u32: bits of enum probe_ability */
	PROBE_ATTR_HOLD = 0xEB0A,      /* u8 ttl, u8 0, u16 interval ms, u32 lease ms */
	PROBE_ATTR_REACH = 0xEB0B,     /* u8 IP protocol, u8 enum probe_reach, u16 port */
};

#define PROBE_TRIALS_MAX 32 /* entries in one STATUS or ASK */
#define PROBE_COPIES_MAX 3

/* Error codes of the probe service, in ERROR-CODE. */
enum probe_error {
	PROBE_ERR_COOKIE = 461,  /* SESSION without a valid cookie; the answer carries one */
	PROBE_ERR_SESSION = 462, /* no such session from this address: open one anew */
	PROBE_ERR_FULL = 463,    /* a limit of the broker is reached: come back later */
};

enum probe_trial_flag {
	PROBE_SEEN = 0x01, /* a TRIAL of this number has come */
	PROBE_OTHER_ADDRESS =
		0x02,         /* it came from an address that is not the control flow's: refused */
	PROBE_REPLIED = 0x04, /* the broker has answered a TRIAL request of it */
	PROBE_REFUSED = 0x08, /* over a limit, or its packets have not paid for the copies */
	PROBE_UNKNOWN_TRIAL = 0x10, /* ASK or HOLD of a trial that is not known (any more) */
	PROBE_HELD = 0x20,          /* TICKs are sent to it */
	PROBE_WITHHELD = 0x40,      /* since the last HOLD one was not, because of the cap */
};

/* What a broker can do besides, told in the answer to SESSION. */
enum probe_ability {
	PROBE_ABLE_ICMP = 0x01,  /* trials by ICMP echo to the address that the control flow uses */
	PROBE_ABLE_HOLD = 0x02,  /* TICKs with a TTL of the client's choice */
	PROBE_ABLE_REACH = 0x04, /* visits from a port that the client has not sent to */
	PROBE_ABLE_REACH_IP = 0x08, /* and from another address */
};

/*
 * What came of a visit. A request has PROBE_REACH_ASKED; the success answer tells what is known,
 * and the client asks again (another transaction) until it is not PROBE_REACH_UNDER_WAY.
 */
enum probe_reach {
	PROBE_REACH_ASKED,
	PROBE_REACH_UNDER_WAY,
	PROBE_REACH_SENT,     /* UDP: VISITs have gone, only the client can say whether they came */
	PROBE_REACH_ACCEPTED, /* TCP: the connection was accepted */
	PROBE_REACH_REFUSED,  /* TCP: reset */
	PROBE_REACH_SILENT,   /* TCP: no answer */
	PROBE_REACH_NO_WAY,   /* an ICMP error, or the broker could not send */
};

/**
 * struct probe_trial_state - What the broker knows of a trial
 * @trial:	Its number
 * @flags:	Bits of enum probe_trial_flag
 * @port:	Mapped port, as seen by the broker
 * @last_us:	Broker time when the trial's last TRIAL came
 *
 * On the wire: u32 trial, u16 flags, u16 port ^ 0x2112, u64 last.
 */
struct probe_trial_state {
	uint32_t trial;
	uint16_t flags;
	uint16_t port;
	uint64_t last_us;
};

/**
 * struct probe_hold - TICKs as asked for, or as they are sent
 * @ttl:	TTL or hop limit that they leave with, not 0
 * @interval_ms: Between two to one trial, PROBE_INTERVAL_MIN_MS at least
 * @lease_ms:	For how long; 0: none any more
 */
struct probe_hold {
	uint8_t ttl;
	uint16_t interval_ms;
	uint32_t lease_ms;
};

#define PROBE_INTERVAL_MIN_MS 500
#define PROBE_LEASE_MAX_MS    30000

/**
 * struct probe_visit - A port to be reached, and what is known of it
 * @protocol:	6 or 17
 * @reach:	Of enum probe_reach
 */
struct probe_visit {
	uint8_t protocol;
	uint8_t reach;
	uint16_t port;
};

/**
 * struct probe_msg - All attributes of the probe service that a message had
 * @has_cookie, @has_token, @has_trial, @has_copies, @has_time, @has_limits, @has_round, @has_hold,
 *		@has_visit: what was there
 * @abilities:	0 if they were not told
 * @trials:	TRIALS: @trial_count numbers
 * @states:	TRIAL-STATES: @state_count entries
 */
struct probe_msg {
	bool has_cookie, has_token, has_trial, has_copies, has_time, has_limits, has_round;
	bool has_hold, has_visit;
	uint64_t cookie;
	uint64_t token;
	uint32_t trial;
	uint32_t trials[PROBE_TRIALS_MAX];
	unsigned trial_count;
	struct probe_trial_state states[PROBE_TRIALS_MAX];
	unsigned state_count;
	uint8_t copies;
	uint16_t spacing_ms;
	uint32_t delay_ms;
	uint64_t time_us;
	uint16_t max_trials;
	uint16_t max_copies_per_s;
	uint32_t max_keep_s;
	uint8_t round;
	uint32_t abilities;
	struct probe_hold hold;
	struct probe_visit visit;
};

/**
 * probe_read() - Take our attributes out of a decoded STUN message
 * @out:	Written on success only
 * @m:		From stun_read(), its bytes still there
 *
 * Return: 0, or NK_ERR_MALFORMED if one of them has a wrong length or too many
 * entries. An absent attribute is no error.
 */
int probe_read(struct probe_msg *out, const struct stun_msg *m);

void probe_put_cookie(struct wr *w, uint64_t cookie);
void probe_put_token(struct wr *w, uint64_t token);
void probe_put_trial(struct wr *w, uint32_t trial);
void probe_put_trials(struct wr *w, const uint32_t *trials, unsigned count);
void probe_put_states(struct wr *w, const struct probe_trial_state *states, unsigned count);
void probe_put_copies(struct wr *w, uint8_t copies, uint16_t spacing_ms, uint32_t delay_ms);
void probe_put_time(struct wr *w, uint64_t time_us);
void probe_put_limits(struct wr *w, uint16_t trials, uint16_t copies_per_s, uint32_t keep_s);
void probe_put_round(struct wr *w, uint8_t round);
void probe_put_abilities(struct wr *w, uint32_t abilities);
void probe_put_hold(struct wr *w, const struct probe_hold *hold);
void probe_put_visit(struct wr *w, const struct probe_visit *visit);

/* Lengths in bytes of UDP payload, so that both sides count alike what a trial must pay in
 * advance. */
#define PROBE_COPY_LEN        (STUN_HEADER + 8 + 8 + 12) /* TRIAL, ROUND, TIME */
#define PROBE_TRIAL_REPLY_LEN (STUN_HEADER + 8 + 12)     /* TRIAL, TIME */
#define PROBE_TICK_LEN        (STUN_HEADER + 8)          /* TRIAL */
#define PROBE_VISITS          3
#define PROBE_VISIT_LEN       STUN_HEADER

/* What a REACH has to be padded to: no less than its VISITs, or three SYNs, an ACK and a RST. */
#define PROBE_REACH_LEN 324

#endif
