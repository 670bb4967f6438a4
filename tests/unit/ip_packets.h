/* Packets as Linux sent them into a TUN device, and an independent look at their checksums. */
#ifndef TESTS_UNIT_IP_PACKETS_H
#define TESTS_UNIT_IP_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct linux_packet {
	const char *what, *hex;
};

enum {
	LINUX_UDP4,
	LINUX_UDP6,
	LINUX_SYN4,
	LINUX_SYN6,
	LINUX_PING4,
	LINUX_PING6,
	LINUX_UNREACHABLE4,
	LINUX_UNREACHABLE6,
	LINUX_PACKETS
};

static const struct linux_packet linux_packets[LINUX_PACKETS] = {
	[LINUX_UDP4] = {"UDP, 100.64.0.2:5000 to 192.0.2.1:3478, \"hello\"",
			"4500002127ce40004011ecba64400002c000020113880d96000d74a068656c6c6f"},
	[LINUX_UDP6] = {"UDP, [2001:db8:1::2]:5000 to [2001:db8::1]:3478, \"hello!\"",
			"600a247a000e114020010db800010000000000000000000220010db8000000000000000000"
			"00000113880d96000e3f4b68656c6c6f21"},
	[LINUX_SYN4] = {"TCP, 100.64.0.2:6000 to 192.0.2.1:80",
			"4500003cd3cf4000400640a964400002c000020117700050a7c5795100000000a002faf0a9"
			"560000020405b40402080a27b71ce4000000000103030a"},
	[LINUX_SYN6] =
		{"TCP, [2001:db8:1::2]:6000 to [2001:db8::1]:80",
		 "6009e9e50028064020010db800010000000000000000000220010db8000000000000000000"
		 "0000011770"
		 "00503548e94600000000a002fd20bd690000020405a00402080a1517e6aa000000000103030"
		 "a"},
	[LINUX_PING4] = {"ICMP echo request, 100.64.0.2 to 192.0.2.1, id 0x34, 8 bytes",
			 "45000024277540004001ed2064400002c00002010800ebba00340001000102030405060"
			 "7"},
	[LINUX_PING6] = {"ICMPv6 echo request, 2001:db8:1::2 to 2001:db8::1, id 0x35, 8 bytes",
			 "60033f6f00103a4020010db800010000000000000000000220010db80000000000000000"
			 "000000018000"
			 "17f9003500010001020304050607"},
	[LINUX_UNREACHABLE4] =
		{"port 7777 at 100.64.0.2 is closed for 192.0.2.1:3478",
		 "45c0003c27ab000040012c1364400002c00002010303235e00000000450000200001"
		 "00003c115889c0000201644000020d961e61000ce8d461626364"},
	[LINUX_UNREACHABLE6] =
		{"port 7777 at 2001:db8:1::2 is closed for [2001:db8::1]:3478",
		 "6001d360003c3a4020010db800010000000000000000000220010db8000000000000"
		 "000000000001"
		 "010431e40000000060000000000c113c20010db80000000000000000000000012001"
		 "0db8000100000000"
		 "0000000000020d961e61000cb3a261626364"},
};

/* Its bytes in a block of exactly that size, which the caller frees. */
static inline uint8_t *linux_bytes(unsigned i, size_t *len)
{
	const char *hex = linux_packets[i].hex;
	uint8_t *bytes;

	*len = strlen(hex) / 2;
	bytes = malloc(*len);
	for (size_t at = 0; bytes != NULL && at < *len; at++) {
		const char two[] = {hex[2 * at], hex[2 * at + 1], 0};

		bytes[at] = (uint8_t)strtoul(two, NULL, 16);
	}
	return bytes;
}

static inline uint32_t plain_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Whether all checksums of a packet without options or extension headers are right. */
static inline bool plainly_right(const uint8_t *p, size_t len)
{
	const bool v4 = p[0] == 0x45;
	const size_t header = v4 ? 20 : 40;
	const uint8_t protocol = v4 ? p[9] : p[6];
	const size_t said = v4 ? (size_t)(p[2] << 8 | p[3]) : 40 + (size_t)(p[4] << 8 | p[5]);
	uint32_t sum = 0;

	if (said != len || (v4 && plain_sum(0, p, 20) != 0xffff))
		return false;
	if (protocol != 1) {
		const uint8_t more[] = {0, protocol, (uint8_t)((len - header) >> 8),
					(uint8_t)(len - header)};

		sum = plain_sum(0, more, sizeof(more));
		sum = plain_sum(sum, p + (v4 ? 12 : 8), v4 ? 8 : 32);
	}
	if (v4 && protocol == 17 && p[26] == 0 && p[27] == 0)
		return true; /* UDP without a checksum */
	return plain_sum(sum, p + header, len - header) == 0xffff;
}

#endif
