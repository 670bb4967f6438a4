/*
 * What a natprobe run found: the one struct that the printers read.
 *
 * Nothing here is a bare number: each finding says how sure it is, how many
 * trials it rests on, and if it is unknown, why.
 */
#ifndef CORE_PROBE_RESULT_H
#define CORE_PROBE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

#define PROBE_WHY          160
#define PROBE_PUBLIC_MAX   8
#define PROBE_FAULTS_MAX   16
#define PROBE_EVIDENCE_MAX 2048
#define PROBE_CURVE_POINTS 128

/* A question that packets can answer with yes or no. */
enum tri { TRI_UNKNOWN, TRI_YES, TRI_NO };

/* Whether a why-text is the server's limit (exit status 0) or a failure to find out (1). */
enum why_kind { WHY_NONE, WHY_SERVER, WHY_NOT_ASKED, WHY_PATH };

/**
 * struct fact - The answer to a yes/no question
 * @p:		Probability of the answer given (of "yes" or of "no", whichever it says)
 * @trials:	Trials that count
 * @why:	Why it is unknown, or empty
 */
struct fact {
	enum tri answer;
	double p;
	unsigned trials;
	enum why_kind why_kind;
	char why[PROBE_WHY];
};

/* RFC 4787 sections 4.1 and 5, for mapping and for filtering alike. */
enum nat_class {
	CLASS_UNKNOWN,
	CLASS_ENDPOINT_INDEPENDENT,
	CLASS_ADDRESS_DEPENDENT,
	CLASS_ADDRESS_AND_PORT_DEPENDENT,
	CLASS_COUNT
};

/**
 * struct class_finding - Mapping or filtering behaviour, by vote of several local ports
 * @votes:	By class; [CLASS_UNKNOWN] counts ports whose test was void
 * @inconsistent: Ports disagreed (as when a NAT overloads ports)
 */
struct class_finding {
	enum nat_class cls;
	double p;
	unsigned votes[CLASS_COUNT];
	bool inconsistent;
	enum why_kind why_kind;
	char why[PROBE_WHY];
};

enum port_pattern {
	PORTS_UNKNOWN,
	PORTS_PRESERVED,
	PORTS_SEQUENTIAL,
	PORTS_PARITY,
	PORTS_RANGE,
	PORTS_RANDOM,
	PORTS_COUNT
};

/**
 * struct ports_finding - How external ports are chosen
 * @kept:	Of @trials mappings, those whose external port was the local one
 * @step:	For PORTS_SEQUENTIAL: the usual distance between two new mappings
 * @parity:	Of @trials, those whose external port had the parity of the local one
 * @lo, @hi:	Lowest and highest external port seen
 */
struct ports_finding {
	enum port_pattern pattern;
	double p;
	unsigned trials, kept, parity;
	int step;
	uint16_t lo, hi;
	enum why_kind why_kind;
	char why[PROBE_WHY];
};

enum pooling { POOL_UNKNOWN, POOL_PAIRED, POOL_ARBITRARY };

/**
 * struct measured - A time in seconds, with honest uncertainty
 * @known:	@value, @lo and @hi are set
 * @varies:	It differs from mapping to mapping, within [@lo, @hi], as where a NAT purges in sweeps
 * @at_least:	Not @known, but longer than this (the longest silence tried); 0 if that is not known either
 * @p:		Posterior probability of [@lo, @hi], or of being longer than @at_least
 * @trials:	Trials that count
 */
struct measured {
	bool known, varies;
	double value, lo, hi;
	double at_least;
	double p;
	unsigned trials;
	enum why_kind why_kind;
	char why[PROBE_WHY];
};

/* The traffic that a mapping has seen: RFC 4787 has one timer, real NATs have several. */
enum traffic_state {
	STATE_SOLITARY, /* one packet out, nothing back */
	STATE_REPLIED,  /* one out, one back at once: a plain STUN exchange */
	STATE_STREAM,   /* traffic both ways for more than 3 s */
	STATE_COUNT
};

enum quota_policy { QUOTA_UNKNOWN, QUOTA_NONE_SEEN, QUOTA_REFUSES, QUOTA_EVICTS };

/**
 * struct quota_finding - Whether the NAT limits the sessions of one host
 * @policy:	QUOTA_UNKNOWN if no mappings were held to find out
 * @value:	Sessions it allowed, as we count them; 0 if none was met
 * @held:	Most mappings that were held at once with no sign of a limit
 */
struct quota_finding {
	enum quota_policy policy;
	unsigned value;
	unsigned held;
	double p;
};

/* Faults of a server, which are named and never turned into a finding about the NAT. */
enum fault_kind {
	FAULT_OTHER_IS_SELF,  /* OTHER-ADDRESS has the server's own IP */
	FAULT_OTHER_SILENT,   /* OTHER-ADDRESS does not answer */
	FAULT_CHANGE_IGNORED, /* CHANGE-REQUEST answered from the address asked */
	FAULT_CHANGE_REFUSED, /* CHANGE-REQUEST answered with an error */
	FAULT_WRONG_SOURCE,   /* an answer came from an address that was not asked */
	FAULT_WRONG_TID,      /* an answer had a transaction id that was never sent */
	FAULT_GARBAGE,        /* something that is not an answer came from the server */
	FAULT_NO_ANSWER,      /* the server is silent */
	FAULT_COUNT
};

struct server_fault {
	enum fault_kind kind;
	struct addr server; /* the address asked, or the sender */
	unsigned count;
};

enum evidence_kind {
	EVIDENCE_MAPPING,   /* @state unused; @server: the address asked; @mapped: the answer */
	EVIDENCE_FILTERING, /* @server: the address that the answer was to come from */
	EVIDENCE_LIFETIME,  /* @gap_s, @copies, @controls */
	EVIDENCE_REFRESH,   /* @gap_s: since the last packet of the other direction */
	EVIDENCE_HAIRPIN,
	EVIDENCE_FRAGMENT,
	EVIDENCE_ICMP,
	EVIDENCE_KIND_COUNT
};

enum verdict { VERDICT_VOID, VERDICT_ALIVE, VERDICT_DEAD, VERDICT_COUNT };

/**
 * struct evidence - One trial
 * @at_s:	When its first packet left, seconds since the run began
 * @gap_s:	Silence between the last packet of the pattern and the first copy
 * @copies:	Bit i: copy i came
 * @controls:	Bit i: the control answer after copy i came
 * @why:	For VERDICT_VOID a constant string, else NULL
 */
struct evidence {
	enum evidence_kind kind;
	enum traffic_state state;
	enum verdict verdict;
	double at_s;
	double gap_s;
	uint16_t local_port;
	struct addr server;
	struct addr mapped;
	uint8_t copies, controls;
	const char *why;
};

/**
 * struct survival_curve - P(mapping still held) against silence
 * @t:		Seconds, rising, @count of them; @p and the band @lo, @hi at each
 */
struct survival_curve {
	unsigned count;
	double t[PROBE_CURVE_POINTS];
	double p[PROBE_CURVE_POINTS];
};

/**
 * struct probe_result - The whole report of one address family
 * @server:	The server that was used; @software is its name for itself, printable ASCII
 * @complete:	False if the run was cut short; @cut_why is then one of enum nk_err
 * @loss:	Estimated share of packets lost on a round trip, with trials behind it
 * @evidence:	@evidence_count trials in the order in which they ended; @evidence_lost were
 *		not kept for want of room
 */
struct probe_result {
	enum addr_family family;
	nk_time started, ended;
	bool complete;
	int cut_why;

	struct addr server;
	struct addr other_address;
	char software[64];
	bool probe_service, can_change;
	enum tri response_port; /* unknown: not tried */
	struct server_fault faults[PROBE_FAULTS_MAX];
	unsigned fault_count;

	struct addr local; /* port 0 */
	struct addr public_addrs[PROBE_PUBLIC_MAX];
	unsigned public_count;
	struct fact nat;
	struct fact firewall; /* stateful filtering, with or without NAT */
	struct class_finding mapping, filtering;
	struct ports_finding ports;
	enum pooling pooling;
	unsigned pooling_trials;
	struct fact hairpin;
	bool hairpin_internal_source; /* delivered, but with the private address (against REQ-9a) */
	struct fact fragments_out, fragments_in;
	struct fact alg;

	struct measured timeouts[STATE_COUNT];
	struct survival_curve curves[STATE_COUNT];
	struct fact refresh_out, refresh_in;
	struct quota_finding quota;
	struct measured icmp_query;

	double rtt_ms;
	double loss;
	unsigned loss_trials;
	uint64_t packets_out, packets_in, bytes_out, bytes_in;
	unsigned mappings_peak;

	struct evidence evidence[PROBE_EVIDENCE_MAX];
	unsigned evidence_count, evidence_lost;
};

/* The names that reports use; never NULL. */
const char *nat_class_name(enum nat_class c);
const char *port_pattern_name(enum port_pattern p);
const char *pooling_name(enum pooling p);
const char *traffic_state_name(enum traffic_state s);
const char *quota_policy_name(enum quota_policy p);
const char *fault_name(enum fault_kind k);
const char *evidence_kind_name(enum evidence_kind k);
const char *verdict_name(enum verdict v);

#endif
