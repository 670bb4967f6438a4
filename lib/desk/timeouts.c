#include "desk/timeouts.h"

#include <unistd.h>

#include "desk/json_file.h"

#define SCHEMA    "natkit.timeouts/1"
#define LONGEST_S (366 * 86400.0)     /* no timeout is as long as that */
#define LATEST_S  (UINT64_C(1) << 40) /* and in microseconds it is to have room */

/* What is not known is left out. */
static bool read_seconds(double *out, const struct js_in *in)
{
	*out = 0;
	if (in->node == NULL)
		return true;
	if (!js_is_number(in, out))
		return false;
	return (*out > 0 && *out < LONGEST_S) || js_refuse(in, "that can be no timeout");
}

static bool read_udp(struct timeouts *t, const struct js_in *udp)
{
	const struct js_in lower = js_get(udp, "lower_s"), value = js_get(udp, "value_s");
	const struct js_in upper = js_get(udp, "upper_s"), only = js_get(udp, "outbound_only");
	const struct js_in at = js_get(udp, "at_unix_s");

	if (!read_seconds(&t->lower, &lower) || !read_seconds(&t->value, &value) ||
	    !read_seconds(&t->upper, &upper) || !js_is_bool(&only, &t->outbound_only) ||
	    !js_is_count(&at, &t->at_unix_s))
		return false;
	if (t->at_unix_s > LATEST_S)
		return js_refuse(&at, "that is no time");
	return (t->upper == 0 || t->upper >= t->lower) ||
	       js_refuse(&upper, "that is less than lower_s");
}

static bool read_root(void *into, const struct js_in *root)
{
	const struct js_in udp = js_get(root, "udp");
	struct timeouts *t = into, read = *t;

	if (!network_read(&read.network, root) || !js_is_object(&udp) || !read_udp(&read, &udp))
		return false;
	*t = read;
	return true;
}

bool timeouts_open(struct timeouts *t, const struct addr *towards, const char *interface)
{
	*t = (struct timeouts){.path = ""};
	if (!network_find(&t->network, towards, interface))
		return false;
	if (!network_place(t->path, &t->network, "timeouts")) {
		t->path[0] = '\0';
		return false;
	}
	return access(t->path, F_OK) == 0 && json_file_read(t->path, read_root, t);
}

static void put_seconds(struct js object, const char *key, double value)
{
	if (value > 0)
		js_put_seconds(object, key, value);
}

void timeouts_save(const struct timeouts *t)
{
	bool failed;
	struct js root, udp;

	if (t->path[0] == '\0')
		return;
	root = js_object(&failed);
	js_put_text(root, "schema", SCHEMA);
	network_json(root, &t->network);
	udp = js_put_object(root, "udp");
	put_seconds(udp, "lower_s", t->lower);
	put_seconds(udp, "value_s", t->value);
	put_seconds(udp, "upper_s", t->upper);
	js_put_bool(udp, "outbound_only", t->outbound_only);
	js_put_int(udp, "at_unix_s", (int64_t)t->at_unix_s);
	json_file_keep(t->path, root);
	js_free(root);
}
