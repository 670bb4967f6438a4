#include "kernel_nat.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define TIMER(sysctl, member)                                             \
	{                                                                 \
		"nf_conntrack_" sysctl, offsetof(struct nat_spec, member) \
	}

/* SYN_SENT2, which the model has as SYN_SENT, has none: it is 120 s. */
static const struct {
	const char *sysctl;
	size_t offset; /* in struct nat_spec, of an nk_time */
} timers[] = {
	TIMER("udp_timeout", t_first),
	TIMER("udp_timeout", t_replied),
	TIMER("udp_timeout_stream", t_stream),
	TIMER("generic_timeout", t_other),
	TIMER("icmp_timeout", t_icmp),
	TIMER("icmpv6_timeout", t_icmp),
	TIMER("tcp_timeout_syn_sent", t_tcp[NAT_TCP_SYN_SENT]),
	TIMER("tcp_timeout_syn_recv", t_tcp[NAT_TCP_SYN_RECV]),
	TIMER("tcp_timeout_established", t_tcp[NAT_TCP_ESTABLISHED]),
	TIMER("tcp_timeout_fin_wait", t_tcp[NAT_TCP_FIN_WAIT]),
	TIMER("tcp_timeout_close_wait", t_tcp[NAT_TCP_CLOSE_WAIT]),
	TIMER("tcp_timeout_last_ack", t_tcp[NAT_TCP_LAST_ACK]),
	TIMER("tcp_timeout_time_wait", t_tcp[NAT_TCP_TIME_WAIT]),
	TIMER("tcp_timeout_close", t_tcp[NAT_TCP_CLOSE]),
};

#define TIMERS (sizeof(timers) / sizeof(timers[0]))

static nk_time *timer(struct nat_spec *spec, size_t i)
{
	return (nk_time *)((char *)spec + timers[i].offset);
}

/* /proc/sys/net shows the network namespace of who looks. */
static FILE *open_sysctl(const char *folder, const char *name, const char *mode)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/%s/%s", folder, name);
	return fopen(path, mode);
}

static bool write_sysctl(const char *folder, const char *name, long value)
{
	FILE *f = open_sysctl(folder, name, "w");

	if (f == NULL)
		return false;
	fprintf(f, "%ld\n", value);
	return fclose(f) == 0;
}

/* Timers are whole seconds there. */
static bool set_timers(struct nat_spec spec)
{
	for (size_t i = 0; i < TIMERS; i++) {
		const nk_time t = *timer(&spec, i);

		if (t % NK_S != 0 ||
		    (t > 0 && !write_sysctl("netfilter", timers[i].sysctl, (long)(t / NK_S))))
			return false;
	}
	return true;
}

/* Return: seconds, or -1. */
static long read_sysctl(const char *folder, const char *name)
{
	FILE *f = open_sysctl(folder, name, "r");
	long value = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

int kernel_nat_compare_timers(struct nat_spec spec, FILE *to)
{
	int others = 0;

	for (size_t i = 0; i < TIMERS; i++) {
		const long kernel = read_sysctl("netfilter", timers[i].sysctl);
		const nk_time preset = *timer(&spec, i);

		if (kernel < 0)
			return -1;
		if (kernel * NK_S == preset)
			continue;
		fprintf(to, "%s is %ld s, the preset says %.0f s\n", timers[i].sysctl, kernel,
			nk_seconds(preset));
		others++;
	}
	return others;
}

/* Gives @text to a command's standard input. */
static bool feed(const char *command, const char *text)
{
	FILE *f = popen(command, "w");

	if (f == NULL)
		return false;
	fputs(text, f);
	return pclose(f) == 0;
}

static bool set_links(unsigned mtu)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "link set lan addrgenmode none mtu %u up\n"
		 "link set wan addrgenmode none mtu %u up\n"
		 "addr add 100.64.1.1/24 dev lan\n"
		 "addr add 198.51.100.10/24 dev wan\n"
		 "addr add 2001:db8:1::1/64 dev lan nodad\n"
		 "addr add 2001:db8:8::10/64 dev wan nodad\n"
		 "route add default dev wan\n"
		 "route add ::/0 dev wan\n",
		 mtu, mtu);
	return feed("ip -batch -", text) && write_sysctl("ipv4", "ip_forward", 1) &&
	       write_sysctl("ipv6/conf/all", "forwarding", 1) &&
	       write_sysctl("ipv4", "icmp_ratelimit", 0) &&
	       write_sysctl("ipv6/icmp", "ratelimit", 0);
}

/* What the NAT does to a packet that leaves. */
static void write_nat_rule(const struct nat_spec *spec, char *rule, size_t room)
{
	if (!spec->translate)
		*rule = '\0';
	else if (spec->port_lo > 0)
		snprintf(rule, room,
			 "oifname wan meta nfproto ipv4 meta l4proto { tcp, udp, icmp } "
			 "snat ip to 198.51.100.10:%u-%u",
			 spec->port_lo, spec->port_hi);
	else
		snprintf(rule, room, "oifname wan masquerade%s",
			 spec->ports == NAT_PORTS_RANDOM ? " random" : "");
}

/* What becomes of a packet that goes no further. */
static const char *end_of(enum nat_answer answer)
{
	static const char *const ends[] = {
		[NAT_ANSWER_NONE] = "drop",
		[NAT_ANSWER_RST] = "reject with tcp reset",
		[NAT_ANSWER_NO_PORT] = "reject with icmpx port-unreachable",
		[NAT_ANSWER_PROHIBITED] = "reject with icmpx admin-prohibited",
	};

	return ends[answer];
}

/* What the kernel itself may not say. With an open INPUT chain it would answer whatever is sent to
 * it, the model a SYN at most. */
#define NO_UNREACHABLE                             \
	"icmp type destination-unreachable drop\n" \
	"    icmpv6 type destination-unreachable drop\n    "

static const char *silence_of(const struct nat_spec *spec)
{
	if (!spec->self_clash)
		return "";
	return spec->syn_answer == NAT_ANSWER_RST ? NO_UNREACHABLE
		       "tcp flags & (rst | ack) == rst drop"
						  : NO_UNREACHABLE "tcp flags & rst == rst drop";
}

static bool set_rules(const struct nat_spec *spec)
{
	const char *syn = end_of(spec->syn_answer);
	char nat[160], text[1400];

	write_nat_rule(spec, nat, sizeof(nat));
	snprintf(text, sizeof(text),
		 "table inet script {\n"
		 "  chain leaving {\n"
		 "    type nat hook postrouting priority srcnat;\n"
		 "    %s\n"
		 "  }\n"
		 "  chain through {\n"
		 "    type filter hook forward priority filter; policy drop;\n"
		 "    iifname lan ct state invalid meta l4proto tcp %s\n"
		 "    ct state invalid drop\n"
		 "    ct state established,related accept\n"
		 "    iifname lan accept\n"
		 "    tcp flags & (syn | ack) == syn %s\n"
		 "  }\n"
		 "  chain to_itself {\n"
		 "    type filter hook input priority filter; policy %s;\n"
		 "    iifname wan tcp flags & (syn | ack) == syn ct state new %s\n"
		 "  }\n"
		 "  chain of_itself {\n"
		 "    type filter hook output priority filter; policy accept;\n"
		 "    %s\n"
		 "  }\n"
		 "}\n",
		 nat, end_of(spec->tcp_lost), syn, spec->self_clash ? "accept" : "drop", syn,
		 silence_of(spec));
	return feed("nft -f -", text);
}

bool kernel_nat_set(const struct script *script)
{
	const struct nat_spec *spec = &script->spec;

	return set_links(script->mtu) && set_rules(spec) && set_timers(*spec) &&
	       write_sysctl("netfilter", "nf_conntrack_tcp_loose", spec->tcp_pickup) &&
	       write_sysctl("netfilter", "nf_conntrack_tcp_be_liberal", script->liberal);
}
