/* Names, routes, privileges and files: what commands need of the system besides sockets. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "io/files.h"
#include "io/netinfo.h"
#include "io/privilege.h"
#include "io/resolve.h"
#include "own_net.h"

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(&a, text, 0), 0);
	return a;
}

/* Names. */

static void resolves_numbers(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1:3478"},
		{"192.0.2.1:5000", "192.0.2.1:5000"},
		{"2001:db8::1", "[2001:db8::1]:3478"},
		{"[2001:db8::1]", "[2001:db8::1]:3478"},
		{"[2001:db8::1]:5000", "[2001:db8::1]:5000"},
	};
	struct addr out[4];
	char text[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(resolve_host(out, 4, cases[i].text, 3478, ADDR_NONE, NULL), 1);
		assert_string_equal(addr_text(&out[0], text), cases[i].want);
	}
	assert_int_equal(resolve_host(out, 4, "192.0.2.1", 1, ADDR_V4, NULL), 1);
	assert_int_equal(resolve_host(out, 4, "192.0.2.1", 1, ADDR_V6, NULL), NK_ERR_BAD_INPUT);
	assert_int_equal(resolve_host(out, 4, "2001:db8::1", 1, ADDR_V4, NULL), NK_ERR_BAD_INPUT);
}

static void refuses_what_is_no_name(void **state)
{
	static const char *const texts[] = {
		"",
		":3478",
		"localhost:",
		"localhost:0",
		"localhost:65536",
		"localhost:x",
		"localhost:1:2",
		"192.0.2",
		"3221225985",
		"192.0.2.1.5",
		"[localhost]",
		"[2001:db8::1",
		"2001:db8::1:zz:1",
		"a.b.7",
		"localhost:-1",
	};
	char longest[300];
	struct addr out;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(resolve_host(&out, 1, texts[i], 3478, ADDR_NONE, NULL),
				 NK_ERR_BAD_INPUT);
		assert_non_null(resolve_wrong(texts[i]));
	}
	assert_null(resolve_wrong("localhost"));
	assert_null(resolve_wrong("localhost:3478"));
	assert_null(resolve_wrong("2001:db8::1"));
	assert_null(resolve_wrong("[2001:db8::1]:3478"));
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(resolve_host(&out, 1, longest, 3478, ADDR_NONE, NULL), NK_ERR_BAD_INPUT);
}

static void resolves_names(void **state)
{
	struct addr out[4];

	(void)state;
	assert_int_equal(resolve_host(out, 1, "localhost:3479", 3478, ADDR_V4, NULL), 1);
	assert_int_equal(addr_family(&out[0]), ADDR_V4);
	assert_int_equal(out[0].port, 3479);
	assert_true(resolve_host(out, 4, "localhost", 3478, ADDR_V4, NULL) >= 1);
	assert_int_equal(out[0].port, 3478);

	NEED(own_net, "no network namespace of our own: would ask the network");
	assert_int_equal(resolve_host(out, 4, "no-such-host.invalid", 3478, ADDR_V4, NULL),
			 NK_ERR_UNREACHABLE);
}

/* Routes and interfaces. */

static void assert_route(const char *to, const char *interface, const char *local,
			 const char *gateway, unsigned mtu)
{
	const struct addr dest = addr_of(to);
	struct route_info r;
	char text[ADDR_TEXT];

	assert_int_equal(netinfo_route(&r, &dest, NULL), 0);
	assert_string_equal(r.interface, interface);
	assert_string_equal(addr_text(&r.local, text), local);
	assert_string_equal(addr_text(&r.gateway, text), gateway);
	assert_int_equal(r.mtu, mtu);
	assert_false(r.tunnel);
}

static void finds_routes(void **state)
{
	struct addr to = addr_of("192.0.2.77");
	struct route_info r;

	(void)state;
	NEED_OWN_NET();
	NEED(command("ip link add nkv0 type veth peer name nkv1 && "
		     "ip addr add 192.0.2.1/24 dev nkv0 && "
		     "ip addr add 2001:db8::1/64 dev nkv0 nodad && "
		     "ip link set nkv0 up && ip link set nkv1 up && "
		     "ip route add 198.51.100.0/24 via 192.0.2.254 mtu 1280 && "
		     "ip route add 203.0.113.0/24 via inet6 2001:db8::fe dev nkv0 && "
		     "ip route add default via 2001:db8::ff"),
	     "no ip command that can do this");
	assert_route("127.0.0.1", "lo", "127.0.0.1", "::", 65536);
	assert_route("192.0.2.9", "nkv0", "192.0.2.1", "::", 1500);
	assert_route("198.51.100.9", "nkv0", "192.0.2.1", "192.0.2.254", 1280);
	assert_route("203.0.113.9", "nkv0", "192.0.2.1", "2001:db8::fe", 1500);
	assert_route("2001:db8:1::1", "nkv0", "2001:db8::1", "2001:db8::ff", 1500);

	assert_int_equal(netinfo_route(&r, &to, "nkv0"), 0);
	assert_int_equal(netinfo_route(&r, &to, "nk-none"), NK_ERR_BAD_INPUT);
	to = addr_of("100.64.0.1");
	assert_int_equal(netinfo_route(&r, &to, NULL), NK_ERR_UNREACHABLE);
	assert_true(command("ip route add prohibit 100.64.0.0/10"));
	assert_int_equal(netinfo_route(&r, &to, NULL), NK_ERR_UNREACHABLE);
	assert_true(command("ip link del nkv0 && ip route del prohibit 100.64.0.0/10"));
}

static void knows_a_tunnel(void **state)
{
	const struct addr to = addr_of("198.51.100.1");
	struct route_info r;

	(void)state;
	NEED_OWN_NET();
	NEED(command("ip tuntap add nkt0 mode tun 2>/dev/null"), "no TUN devices here");
	assert_true(command("ip addr add 198.51.100.2/24 dev nkt0 && ip link set nkt0 up"));
	assert_int_equal(netinfo_route(&r, &to, NULL), 0);
	assert_string_equal(r.interface, "nkt0");
	assert_true(r.tunnel);
	assert_true(command("ip tuntap del nkt0 mode tun"));
}

static void lists_interfaces(void **state)
{
	struct link_info links[64];
	const int n = netinfo_links(links, 64);
	bool lo = false;

	(void)state;
	assert_true(n >= 1);
	for (int i = 0; i < n; i++) {
		if (strcmp(links[i].name, "lo") != 0)
			continue;
		lo = true;
		assert_int_equal(links[i].index, if_nametoindex("lo"));
		assert_true(links[i].loopback && links[i].up && !links[i].tunnel);
		assert_true(links[i].mtu > 0);
	}
	assert_true(lo);
	assert_int_equal(netinfo_links(links, 0), 0);
}

/* Privileges: each in a child, as there is no way back. */

static int in_child(int (*f)(void))
{
	const pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(f());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* True if this process may do anything that needs a capability, now or after executing a file. */
static bool has_power(void)
{
	return unshare(CLONE_NEWUTS) == 0 || setuid(0) == 0 || setgid(0) == 0 ||
	       system("grep -q '^CapEff:.*[1-9a-f]' /proc/self/status") == 0;
}

static int become_nobody(void)
{
	const gid_t more = 12345;

	if (setgroups(1, &more) != 0 || privilege_drop_to("nobody") != 0)
		return 1;
	if (getuid() == 0 || geteuid() == 0 || getgroups(0, NULL) != 0)
		return 2;
	return has_power() ? 3 : 0;
}

static int lose_capabilities(void)
{
	if (privilege_drop_capabilities() != 0)
		return 1;
	if (unshare(CLONE_NEWUTS) == 0)
		return 2;
	return system("grep -q '^CapEff:.*[1-9a-f]' /proc/self/status") == 0 ? 3 : 0;
}

static bool root_of_all_users(void)
{
	FILE *f = fopen("/proc/self/uid_map", "r");
	unsigned inside = 1, outside = 1, count = 0;

	if (f == NULL)
		return false;
	if (fscanf(f, "%u %u %u", &inside, &outside, &count) != 3)
		count = 0;
	fclose(f);
	return geteuid() == 0 && inside == 0 && count > 65534;
}

static void drops_to_a_user(void **state)
{
	(void)state;
	assert_int_equal(privilege_drop_to("nk-no-such-user"), NK_ERR_BAD_INPUT);
	assert_int_equal(privilege_drop_to("root"), NK_ERR_BAD_INPUT);
	NEED(root_of_all_users(), "not root");
	assert_int_equal(in_child(become_nobody), 0);
}

static void drops_capabilities(void **state)
{
	(void)state;
	assert_int_equal(in_child(lose_capabilities), 0);
}

/* Files, in a directory of their own. */

static char dir[] = "/tmp/natkit-test-XXXXXX";
static char path[PATH_MAX];

static const char *in_dir(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void assert_content(const char *name, const char *want)
{
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(files_read(&text, &len, in_dir(name), 1000), 0);
	assert_int_equal(len, strlen(want));
	assert_string_equal(text, want);
	free(text);
}

static void replaces_files(void **state)
{
	struct stat st;

	(void)state;
	umask(022);
	assert_true(files_may_write(in_dir("a")));
	assert_int_equal(files_write(in_dir("a"), "one", 3, 0600), 0);
	assert_content("a", "one");
	assert_int_equal(stat(in_dir("a"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);

	/* A reader that has the old file open keeps it whole. */
	const int fd = open(in_dir("a"), O_RDONLY);
	char old[8] = "";

	assert_int_equal(files_write(in_dir("a"), "second", 6, 0660), 0);
	assert_int_equal(read(fd, old, sizeof(old)), 3);
	assert_string_equal(old, "one");
	close(fd);
	assert_content("a", "second");
	assert_int_equal(stat(in_dir("a"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);

	/* Through a link the file is replaced, not the link. */
	assert_int_equal(symlink("a", in_dir("link")), 0);
	assert_int_equal(files_write(in_dir("link"), "third", 5, 0644), 0);
	assert_content("a", "third");
	assert_int_equal(lstat(in_dir("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));

	assert_int_equal(files_write("/dev/null", "x", 1, 0644), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(files_write(in_dir("none/b"), "x", 1, 0644), NK_ERR_SYSTEM);
	assert_false(files_may_write(in_dir("none/b")));
	assert_false(files_may_write(dir));
	assert_int_equal(errno, EISDIR);
	assert_false(files_may_write(""));
	assert_int_equal(errno, ENOENT);
	/* Nothing half done is left behind. */
	snprintf(path, sizeof(path), "test \"$(ls %s | wc -l)\" = 2", dir);
	assert_true(command(path));
}

static void makes_places_for_files(void **state)
{
	char place[PATH_MAX], want[PATH_MAX];
	struct stat st;

	(void)state;
	setenv("HOME", in_dir("home"), 1);
	setenv("XDG_CONFIG_HOME", "relative", 1);
	setenv("XDG_STATE_HOME", in_dir("state"), 1);
	snprintf(want, sizeof(want), "%s/home/.config/natkit/a", dir);
	assert_int_equal(files_place(place, FILES_CONFIG, "a"), 0);
	assert_string_equal(place, want);
	snprintf(want, sizeof(want), "%s/state/natkit/b/c", dir);
	assert_int_equal(files_place(place, FILES_STATE, "b/c"), 0);
	assert_string_equal(place, want);
	assert_int_equal(stat(in_dir("state/natkit/b"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);

	unsetenv("XDG_STATE_HOME");
	assert_int_equal(files_place(place, FILES_STATE, "c"), 0);
	assert_int_equal(stat(in_dir("home/.local/state/natkit"), &st), 0);
	setenv("HOME", "/dev/null", 1);
	assert_int_equal(files_place(place, FILES_STATE, "c"), NK_ERR_SYSTEM);
	assert_int_equal(errno, ENOTDIR);
	unsetenv("HOME");
	assert_int_equal(files_place(place, FILES_STATE, "c"), NK_ERR_BAD_INPUT);
	snprintf(want, sizeof(want), "rm -r %s/home %s/state", dir, dir);
	assert_true(command(want));
}

static void reads_small_files(void **state)
{
	char *text = NULL;

	(void)state;
	assert_int_equal(files_write(in_dir("five"), "12345", 5, 0644), 0);
	assert_int_equal(files_read(&text, NULL, in_dir("five"), 4), NK_ERR_NO_ROOM);
	assert_null(text);
	assert_int_equal(files_read(&text, NULL, in_dir("five"), 5), 0);
	assert_string_equal(text, "12345");
	free(text);
	text = NULL;
	assert_int_equal(files_read(&text, NULL, in_dir("nothing"), 5), NK_ERR_SYSTEM);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(files_read(&text, NULL, dir, 5), NK_ERR_SYSTEM);
	assert_null(text);
}

static void finds_the_configuration(void **state)
{
	char found[PATH_MAX];
	char home[PATH_MAX];

	(void)state;
	snprintf(home, sizeof(home), "%s", in_dir("home"));
	setenv("HOME", home, 1);
	unsetenv("XDG_CONFIG_HOME");
	assert_false(files_find_config(found, "nk-test"));

	assert_int_equal(mkdir(home, 0755), 0);
	assert_int_equal(mkdir(in_dir("home/.config"), 0755), 0);
	assert_int_equal(mkdir(in_dir("home/.config/natkit"), 0755), 0);
	assert_int_equal(files_write(in_dir("home/.config/natkit/nk-test"), "", 0, 0644), 0);
	assert_true(files_find_config(found, "nk-test"));
	assert_string_equal(found, in_dir("home/.config/natkit/nk-test"));

	setenv("XDG_CONFIG_HOME", "relative", 1);
	assert_true(files_find_config(found, "nk-test"));
	assert_string_equal(found, in_dir("home/.config/natkit/nk-test"));

	setenv("XDG_CONFIG_HOME", in_dir("xdg"), 1);
	assert_false(files_find_config(found, "nk-test"));
	assert_int_equal(mkdir(in_dir("xdg"), 0755), 0);
	assert_int_equal(mkdir(in_dir("xdg/natkit"), 0755), 0);
	assert_int_equal(files_write(in_dir("xdg/natkit/nk-test"), "", 0, 0644), 0);
	assert_true(files_find_config(found, "nk-test"));
	assert_string_equal(found, in_dir("xdg/natkit/nk-test"));
}

static int enter(void **state)
{
	(void)state;
	own_net_enter();
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int leave(void **state)
{
	char text[PATH_MAX];

	(void)state;
	snprintf(text, sizeof(text), "rm -rf '%s'", dir);
	return command(text) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolves_numbers),  cmocka_unit_test(refuses_what_is_no_name),
		cmocka_unit_test(resolves_names),    cmocka_unit_test(finds_routes),
		cmocka_unit_test(knows_a_tunnel),    cmocka_unit_test(lists_interfaces),
		cmocka_unit_test(drops_to_a_user),   cmocka_unit_test(drops_capabilities),
		cmocka_unit_test(replaces_files),    cmocka_unit_test(makes_places_for_files),
		cmocka_unit_test(reads_small_files), cmocka_unit_test(finds_the_configuration),
	};

	return cmocka_run_group_tests_name("io_system", tests, enter, leave);
}
