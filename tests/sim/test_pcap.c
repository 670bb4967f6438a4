/* What is written as pcapng, decoded block by block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../unit/ip_packets.h"
#include "base/bytes.h"
#include "sim/net_pcap.h"

struct written {
	FILE *file;
	char *bytes;
	size_t len;
	struct rd r;
};

static void open_file(struct written *w)
{
	w->file = open_memstream(&w->bytes, &w->len);
	assert_non_null(w->file);
}

static void read_file(struct written *w)
{
	assert_int_equal(fclose(w->file), 0);
	w->r = rd_make(w->bytes, w->len);
}

/* The body of the next block, which is of that type, aligned and has its length on both ends. */
static struct rd block(struct written *w, uint32_t type)
{
	uint32_t len;
	struct rd body;

	assert_int_equal(rd_be32(&w->r), type);
	len = rd_be32(&w->r);
	assert_int_equal(len % 4, 0);
	body = rd_sub(&w->r, len - 12);
	assert_int_equal(rd_be32(&w->r), len);
	assert_false(w->r.bad);
	return body;
}

static void expect_begin(struct written *w)
{
	struct rd b = block(w, 0x0a0d0d0a);

	assert_int_equal(rd_be32(&b), 0x1a2b3c4d);
	assert_int_equal(rd_be32(&b), 1 << 16);
	assert_true(rd_be64(&b) == UINT64_MAX);
	assert_int_equal(rd_left(&b), 0);
}

static void expect_interface(struct written *w, const char *name)
{
	struct rd b = block(w, 1);
	uint16_t len;

	assert_int_equal(rd_be16(&b), 101);
	rd_be16(&b);
	rd_be32(&b);
	assert_int_equal(rd_be16(&b), 2);
	len = rd_be16(&b);
	assert_int_equal(len, strlen(name));
	assert_memory_equal(rd_bytes(&b, len), name, len);
	rd_bytes(&b, (4u - len % 4u) % 4u);
	assert_int_equal(rd_be32(&b), 0);
	assert_int_equal(rd_left(&b), 0);
}

static void expect_packet(struct written *w, uint32_t interface, nk_time at, const uint8_t *ip,
			  size_t len)
{
	struct rd b = block(w, 6);

	assert_int_equal(rd_be32(&b), interface);
	assert_true(rd_be64(&b) == (uint64_t)at);
	assert_int_equal(rd_be32(&b), len);
	assert_int_equal(rd_be32(&b), len);
	assert_memory_equal(rd_bytes(&b, len), ip, len);
	assert_int_equal(rd_left(&b), (4 - len % 4) % 4);
}

static void test_blocks(void **state)
{
	const nk_time late = (nk_time)1 << 52;
	const char *long_name =
		"a name of sixty-eight bytes is cut to sixty-four, so as to fit in ...";
	char cut[65] = {0};
	struct written w;
	struct pcap x;
	size_t len4, len6;
	uint8_t *four = linux_bytes(LINUX_UDP4, &len4), *six = linux_bytes(LINUX_PING6, &len6);

	(void)state;
	memcpy(cut, long_name, 64);
	open_file(&w);
	pcap_begin(&x, w.file);
	assert_int_equal(pcap_interface(&x, "home"), 0);
	pcap_packet(&x, 0, 5, four, len4);
	assert_int_equal(pcap_interface(&x, "inside"), 1);
	pcap_packet(&x, 1, late, six, len6);
	assert_int_equal(pcap_interface(&x, long_name), 2);
	read_file(&w);
	expect_begin(&w);
	expect_interface(&w, "home");
	expect_packet(&w, 0, 5, four, len4);
	expect_interface(&w, "inside");
	expect_packet(&w, 1, late, six, len6);
	expect_interface(&w, cut);
	assert_int_equal(rd_left(&w.r), 0);
	free(w.bytes);
	free(four);
	free(six);
}

static void name_it(void *user, enum net_place place, int number, char name[static NET_PCAP_NAME])
{
	snprintf(name, NET_PCAP_NAME, "%s-%d-%d", (const char *)user, (int)place, number);
}

/* A packet of the virtual world becomes bytes, and each place is named once. */
static void test_places(void **state)
{
	static struct net_pcap x;
	size_t len;
	uint8_t *bytes = linux_bytes(LINUX_UDP4, &len);
	const struct packet p = {
		.kind = PACKET_UDP,
		.from = addr_v4(100, 64, 0, 2, 5000),
		.to = addr_v4(192, 0, 2, 1, 3478),
		.ttl = 64,
		.dont_fragment = true,
		.size = len,
		.data = bytes + 28,
		.len = len - 28,
	};
	char prefix[] = "x";

	(void)state;
	bytes[4] = bytes[5] = 0; /* the packet's number, which Linux chose */
	bytes[10] = 0x14;        /* and so, by as much, its checksum */
	bytes[11] = 0x89;
	assert_true(plainly_right(bytes, len));
	for (unsigned named = 0; named < 2; named++) {
		struct written w;

		open_file(&w);
		net_pcap_begin(&x, w.file, 1000, named ? name_it : NULL, prefix);
		net_pcap_tap(&x, NET_AT_HOST, 7, &p, 1);
		net_pcap_tap(&x, NET_NODE_INSIDE, 0, &p, 2);
		net_pcap_tap(&x, NET_NODE_OUTSIDE, 0, &p, 3);
		net_pcap_tap(&x, NET_NODE_INSIDE, 0, &p, 4);
		read_file(&w);
		expect_begin(&w);
		expect_interface(&w, named ? "x-0-7" : "host 7");
		expect_packet(&w, 0, 1001, bytes, len);
		expect_interface(&w, named ? "x-1-0" : "node 0 inside");
		expect_packet(&w, 1, 1002, bytes, len);
		expect_interface(&w, named ? "x-2-0" : "node 0 outside");
		expect_packet(&w, 2, 1003, bytes, len);
		expect_packet(&w, 1, 1004, bytes, len);
		assert_int_equal(rd_left(&w.r), 0);
		free(w.bytes);
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
