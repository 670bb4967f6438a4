#include "port_tell.h"

#include <errno.h>

#include "face/findings.h"
#include "face/format.h"
#include "port_json.h"

void port_tell_written(struct port_tell *t, bool good)
{
	if ((!good || fflush(stdout) != 0) && t->error == 0)
		t->error = errno;
}

static void print(struct port_tell *t, struct js o, bool pretty)
{
	port_tell_written(t, js_print(o, stdout, pretty) == 0);
	js_free(o);
}

void port_tell_event(struct port_tell *t, struct js event)
{
	print(t, event, false);
}

void port_tell_start(struct port_tell *t, const char *command)
{
	bool failed;
	struct js o;

	if (t->format != FORMAT_EVENTS)
		return;
	o = findings_start(PORT_SCHEMA, t->started_unix, &failed);
	js_put_text(o, "command", command);
	print(t, o, false);
}

void port_tell_end(struct port_tell *t, struct js report, nk_time now)
{
	if (t->format == FORMAT_JSON)
		print(t, report, true);
	else if (t->format == FORMAT_EVENTS)
		print(t, findings_done(report, nk_seconds(now - t->started)), false);
	else
		js_free(report);
}
