/*
 * A script: packets that hosts on both sides of a NAT send, and when. They are
 * sent in the order of time, whatever that of the lines.
 *
 *	# What it shows
 *	timer-first = 3 s	an axis of the NAT other than the preset "linux" has it (zoo.conf)
 *	0 a:5000 > s:80 udp as X	at 0 s; the port it has outside is called X from now on
 *	+0.1 s:80 > n:X udp		0.1 s after that of the line before
 *
 * After the endpoints comes what kind of packet it is: udp, tcp, ping, pong (whose
 * ports are the identifier), other (a protocol without ports), or an ICMP error:
 * ttl-exceeded, no-port, no-host, prohibited, too-big; and then, in any order:
 *
 *	syn, fin, rst, ack	TCP flags
 *	data			TCP: payload; others always have some
 *	ttl N			64 without
 *	size N			bytes of payload
 *	df			don't fragment
 *	as X			X (A to Z) is the packet as it came out of the NAT, and its port
 *	about X			an ICMP error: quotes that packet
 *	split, split-back	in fragments; the last first
 *
 * Two settings are no axes: "mtu = 1400", what passes the NAT's links, and "liberal
 * = yes", the kernel is to believe every sequence number, as the model does.
 */
#ifndef KERNEL_SCRIPT_H
#define KERNEL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"
#include "sim/nat_spec.h"
#include "sim/packet.h"

#define SCRIPT_STEPS_MAX 512
#define SCRIPT_LABELS    26
#define SCRIPT_TEXT_MAX  100

enum split { SPLIT_NOT, SPLIT_IN_ORDER, SPLIT_BACKWARDS };

/* An endpoint; @label, if it is not -1, is whose port it has. */
struct endpoint {
	struct addr addr;
	int label;
};

/**
 * struct step - A packet that someone sends
 * @at:		When, from the script's beginning
 * @line:	Of the file
 * @as, @about:	Labels, or -1
 * @text:	As it is written, without the time
 */
struct step {
	nk_time at;
	unsigned line;
	struct endpoint from, to;
	enum packet_kind kind;
	bool reply;
	enum packet_error error;
	uint8_t flags, ttl;
	bool data, dont_fragment;
	unsigned size;
	enum split split;
	int as, about;
	char text[SCRIPT_TEXT_MAX];
};

struct script {
	struct nat_spec spec;
	unsigned mtu;
	bool liberal;
	unsigned count;
	struct step steps[SCRIPT_STEPS_MAX];
};

/**
 * script_read() - Read a script
 * @out:	Its steps, added to those that are there; and what its settings change of the rest
 * @why:	@room bytes for what is wrong and in which line
 *
 * Return: false if it is not as above.
 */
bool script_read(struct script *out, const char *path, char *why, size_t room);

/* For scripts that are not read: one more packet, and the order of time once all are there. */
void script_add(struct script *script, const struct step *s);
void script_sort(struct script *script);

#endif
