#include "requests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "change.h"
#include "control.h"
#include "face/exit.h"
#include "face/log.h"
#include "io/clock.h"
#include "status.h"

#define SETTINGS_MAX 64

/**
 * struct answer - To a request
 * @why:	If @status is not EXIT_YES
 * @fd:		Goes along, or -1
 * @keep:	@fd stays ours
 */
struct answer {
	int status;
	char why[CHANGE_WHY];
	int fd;
	bool keep;
};

static struct answer refuse(int status, const char *why)
{
	struct answer a = {.status = status, .fd = -1};

	snprintf(a.why, sizeof(a.why), "%s", why);
	return a;
}

static struct answer do_status(const struct world_view *w, const struct js_in *request)
{
	const struct js_in wish = js_get(request, "json");
	const nk_time now = clock_monotonic();
	const struct status status = {
		.name = w->name,
		.file = w->file,
		.pid = (int)getpid(),
		.up = now - w->started,
		.now = now,
		.t = w->t,
		.net = w->net,
	};
	struct answer a = {.fd = -1};
	const int file = memfd_create("natsim-status", MFD_CLOEXEC);
	FILE *out = file < 0 ? NULL : fdopen(file, "w");
	bool json = false;

	if (out == NULL) {
		a = refuse(EXIT_INTERNAL, strerror(errno));
		if (file >= 0)
			close(file);
		return a;
	}
	if (wish.node != NULL && js_is_bool(&wish, &json) && json)
		status_json(out, &status);
	else
		status_text(out, &status);
	if (fflush(out) != 0 || (a.fd = fcntl(file, F_DUPFD_CLOEXEC, 0)) < 0)
		a = refuse(EXIT_INTERNAL, strerror(errno));
	fclose(out);
	return a;
}

static struct answer do_exec(const struct world_view *w, const struct js_in *request)
{
	const struct js_in wish = js_get(request, "host");
	char quoted[LOG_QUOTED];
	struct answer a = {.keep = true, .fd = -1};
	const char *name;
	int host;

	if (!js_is_text(&wish, &name))
		return refuse(EXIT_USAGE, request->text->why);
	host = topology_find_host(w->t, name);
	if (host >= 0) {
		a.fd = w->hosts->host[host].init;
		return a;
	}
	a.status = EXIT_USAGE;
	log_quote(quoted, sizeof(quoted), name);
	if (topology_find_node(w->t, name) >= 0)
		snprintf(a.why, sizeof(a.why), "%s is a NAT or a router, not a host", quoted);
	else
		snprintf(a.why, sizeof(a.why), "there is no host %s; \"natsim status\" names them",
			 quoted);
	return a;
}

static struct answer do_set(const struct world_view *w, const struct js_in *request)
{
	const struct change c = {
		.t = w->t,
		.net = w->net,
		.hosts = w->hosts,
		.zoo = w->zoo,
	};
	const struct js_in who = js_get(request, "name"), what = js_get(request, "settings");
	const char *name, *settings[SETTINGS_MAX];
	struct answer a = {.fd = -1};
	size_t count;

	if (!js_is_text(&who, &name) || !js_is_array(&what, &count))
		return refuse(EXIT_USAGE, request->text->why);
	if (count > SETTINGS_MAX)
		return refuse(EXIT_USAGE, "give fewer settings at once");
	for (size_t i = 0; i < count; i++) {
		const struct js_in element = js_at(&what, i);

		if (!js_is_text(&element, &settings[i]))
			return refuse(EXIT_USAGE, request->text->why);
	}
	if (!change_apply(&c, name, settings, (unsigned)count, a.why))
		a.status = EXIT_USAGE;
	return a;
}

static struct answer do_request(const struct world_view *w, const struct js_in *request, bool *stop)
{
	const struct js_in wish = js_get(request, "do");
	const char *what;

	if (request->node == NULL || !js_is_text(&wish, &what))
		return refuse(EXIT_USAGE, request->text->why);
	if (strcmp(what, "status") == 0)
		return do_status(w, request);
	if (strcmp(what, "exec") == 0)
		return do_exec(w, request);
	if (strcmp(what, "set") == 0)
		return do_set(w, request);
	*stop = strcmp(what, "stop") == 0;
	if (*stop)
		return (struct answer){.fd = -1};
	return refuse(EXIT_USAGE, "this natsim does not know what that is");
}

static void send_answer(int socket, const struct answer *a)
{
	bool failed;
	struct js root = js_object(&failed);

	js_put_int(root, "exit", a->status);
	if (a->status != EXIT_YES)
		js_put_text(root, "why", a->why);
	control_send_js(socket, root, a->fd);
	if (a->fd >= 0 && !a->keep)
		close(a->fd);
}

bool requests_answer(const struct world_view *w, int socket)
{
	char bytes[CONTROL_MAX];
	struct js_text text;
	bool stop = false;
	int fd;
	const long n = control_receive(socket, bytes, sizeof(bytes), &fd);

	if (fd >= 0)
		close(fd);
	if (n > 0) {
		const struct js_in request = js_begin(&text, bytes, (size_t)n);
		const struct answer a = do_request(w, &request, &stop);

		send_answer(socket, &a);
		js_end(&text);
	}
	return !stop;
}
