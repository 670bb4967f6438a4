/* Files of open ports: what a killed run leaves, and that two runs do not disturb each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "desk/held.h"
#include "desk/held_text.h"

#define NOW INT64_C(1790000000000000) /* microseconds */

static char folder[] = "/tmp/held-test-XXXXXX";

static int begin(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? setenv("XDG_STATE_HOME", folder, 1) : -1;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c): a folder of our own */
}

static struct held_port some_port(uint16_t number)
{
	return (struct held_port){
		.ip_protocol = 6,
		.gateway = addr_v4(192, 168, 1, 1, 0),
		.internal = addr_v4(192, 168, 1, 2, number),
	};
}

static void assert_same(const struct held_port *a, const struct held_port *b)
{
	assert_int_equal(a->ip_protocol, b->ip_protocol);
	assert_true(addr_eq(&a->gateway, &b->gateway));
	assert_true(addr_eq(&a->internal, &b->internal));
	assert_true(addr_eq(&a->external, &b->external));
	assert_string_equal(a->protocol, b->protocol);
	assert_memory_equal(a->nonce, b->nonce, sizeof(a->nonce));
	assert_true(a->expires_unix_us == b->expires_unix_us);
	assert_int_equal(a->detached, b->detached);
	assert_int_equal(a->pinhole, b->pinhole);
}

/* The same as held_list(), where so many files cannot be read. */
static int listed(struct held_entry *out, unsigned max, int64_t unix_us, unsigned unread)
{
	unsigned n;
	const int count = held_list(out, max, unix_us, &n);

	assert_int_equal(n, unread);
	return count;
}

/* As if killed: the descriptor is closed, and nothing else done. */
static void next_run_finds_what_was_left(void **state)
{
	struct held_port port = some_port(8080), again = some_port(8080);
	struct held_file f;
	struct stat st;

	(void)state;
	assert_int_equal(held_claim(&f, &port), HELD_NEW);
	for (unsigned i = 0; i < HELD_NONCE; i++)
		port.nonce[i] = (uint8_t)(0xf0 + i);
	assert_int_equal(held_save(&f, &port), 0);
	port.external = addr_v4(203, 0, 113, 5, 18080);
	snprintf(port.protocol, sizeof(port.protocol), "nat-pmp");
	port.expires_unix_us = NOW;
	port.detached = true;
	port.pinhole = 65535;
	assert_int_equal(held_save(&f, &port), 0);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	held_leave(&f);
	assert_int_equal(held_claim(&f, &again), HELD_AGAIN);
	assert_same(&again, &port);
	held_forget(&f);
	assert_int_equal(stat(f.path, &st), -1);
	assert_int_equal(held_claim(&f, &again), HELD_NEW);
	held_forget(&f);
}

static void ports_are_told_apart(void **state)
{
	struct held_port a = some_port(1000), b = some_port(1000), c = some_port(1000);
	struct held_entry list[4];
	struct held_file fa, fb, fc;

	(void)state;
	b.ip_protocol = 17;
	c.gateway = addr_v4(192, 168, 2, 1, 0);
	assert_int_equal(held_claim(&fa, &a), HELD_NEW);
	assert_int_equal(held_claim(&fb, &b), HELD_NEW);
	assert_int_equal(held_claim(&fc, &c), HELD_NEW);
	assert_int_equal(listed(list, 4, NOW, 0), 0); /* nothing was written yet */
	assert_int_equal(held_save(&fa, &a), 0);
	assert_int_equal(held_save(&fb, &b), 0);
	assert_int_equal(held_save(&fc, &c), 0);
	assert_int_equal(listed(list, 3, NOW, 0), 3);
	assert_int_equal(listed(list, 2, NOW, 1), 2); /* nothing is kept silent */
	held_forget(&fa);
	held_forget(&fb);
	held_forget(&fc);
}

/* Another process, which ends when its standard input does. */
static pid_t start_other(int pipes[2])
{
	struct held_port port = some_port(2000);
	struct held_file f;
	char c;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid != 0)
		return pid;
	close(pipes[1]);
	if (held_claim(&f, &port) != HELD_NEW || held_save(&f, &port) != 0)
		_exit(1);
	port.detached = read(pipes[0], &c, 1) == 0; /* not reached while others look */
	_exit(port.detached ? 0 : 1);
}

static void another_process_has_it(void **state)
{
	struct held_port port = some_port(2000);
	struct held_entry list[4];
	struct held_file f;
	int pipes[2], status;
	pid_t pid = start_other(pipes);

	(void)state;
	while (listed(list, 4, NOW, 0) == 0 || list[0].owner == 0)
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(list[0].owner, pid);
	assert_int_equal(held_claim(&f, &port), HELD_BUSY);
	held_forget(&f); /* is not ours: nothing happens */
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(listed(list, 4, NOW, 0), 1);
	assert_int_equal(list[0].owner, 0);
	assert_int_equal(held_claim(&f, &port), HELD_AGAIN);
	held_forget(&f);
}

static void what_has_ended_is_forgotten(void **state)
{
	struct held_port port = some_port(3000);
	struct held_entry list[4];
	struct held_file f;

	(void)state;
	assert_int_equal(held_claim(&f, &port), HELD_NEW);
	assert_false(held_is_over(&port, NOW)); /* not known */
	port.expires_unix_us = NOW;
	assert_false(held_is_over(&port, NOW));
	assert_true(held_is_over(&port, NOW + 1));
	assert_int_equal(held_save(&f, &port), 0);
	held_leave(&f);
	assert_int_equal(listed(list, 4, NOW + 1000000, 0), 1);
	assert_int_equal(listed(list, 4, NOW + INT64_C(120000000), 0), 0);
	assert_int_equal(access(f.path, F_OK), -1);
}

static bool reads(const char *text)
{
	struct held_port out;
	char why[HELD_WHY];
	const bool good = held_text_read(&out, text, strlen(text), why);

	assert_true(good || why[0] != '\0');
	return good;
}

#define GOOD                                                                                   \
	"\"transport\":\"tcp\",\"gateway\":\"192.0.2.1\",\"external\":\"\","                   \
	"\"protocol\":\"\",\"pinhole\":0,\"nonce\":\"000102030405060708090a0b\",\"detached\":" \
	"false"

static void a_spoilt_file_is_none(void **state)
{
	struct held_port port = some_port(4000);
	struct held_entry list[4];
	struct held_file f;
	FILE *out;

	(void)state;
	assert_true(reads("{" GOOD ",\"internal\":\"192.0.2.2:9\",\"expires_unix_s\":0}\n\n"));
	assert_false(reads("{" GOOD ",\"internal\":\"192.0.2.2\",\"expires_unix_s\":0}"));
	assert_false(reads("{" GOOD ",\"internal\":\"[2001:db8::1]:9\",\"expires_unix_s\":0}"));
	assert_false(reads("{" GOOD ",\"internal\":\"192.0.2.2:9\",\"expires_unix_s\":-1}"));
	assert_false(reads("{" GOOD ",\"internal\":\"192.0.2.2:9\"}"));
	assert_false(reads("{" GOOD));
	assert_int_equal(held_claim(&f, &port), HELD_NEW);
	held_leave(&f);
	out = fopen(f.path, "w");
	assert_non_null(out);
	fputs("{\"transport\":1}", out);
	fclose(out);
	assert_int_equal(listed(list, 4, NOW, 1), 0);
	assert_int_equal(held_claim(&f, &port), HELD_NEW);
	assert_int_equal(held_save(&f, &port), 0);
	assert_int_equal(listed(list, 4, NOW, 0), 1);
	held_forget(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_run_finds_what_was_left),
		cmocka_unit_test(ports_are_told_apart),
		cmocka_unit_test(another_process_has_it),
		cmocka_unit_test(what_has_ended_is_forgotten),
		cmocka_unit_test(a_spoilt_file_is_none),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
