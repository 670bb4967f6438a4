/* natsim's worlds as files: whose they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../cmd/natsim/worlds.h"

static char folder[] = "/tmp/worlds.XXXXXX";

static int begin(void **state)
{
	char path[64];

	(void)state;
	if (mkdtemp(folder) == NULL || setenv("XDG_RUNTIME_DIR", folder, 1) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/natsim", folder);
	return mkdir(path, 0700);
}

static int end(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/natsim", folder);
	return rmdir(path) == 0 ? rmdir(folder) : -1;
}

/* The number that a crash has left behind may be another process's by now, and "natsim down" ends
 * whoever has signed. */
static void who_claims_a_name_has_not_signed_yet(void **state)
{
	char path[64];
	struct stat st;
	FILE *f;
	int lock;

	(void)state;
	snprintf(path, sizeof(path), "%s/natsim/one.lock", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("123456\n", f);
	fclose(f);
	assert_false(world_is_up("one"));
	assert_int_equal(world_claim("one", &lock), 0);
	assert_true(world_is_up("one"));
	assert_int_equal(fstat(lock, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_true(world_sign(lock));
	assert_int_equal(fstat(lock, &st), 0);
	assert_true(st.st_size > 0);
	world_forget("one");
	close(lock);
	assert_false(world_is_up("one"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_claims_a_name_has_not_signed_yet),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
