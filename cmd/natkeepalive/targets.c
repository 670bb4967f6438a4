#include "targets.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "face/exit.h"
#include "face/log.h"
#include "io/lookup.h"
#include "io/resolve.h"
#include "io/wakes.h"

#define STUN_PORT   3478
#define AGAIN_AFTER (30 * NK_S) /* between two look-ups of one name */

static int say(const char *name, const char *why)
{
	char quoted[LOG_QUOTED];

	log_line(LEVEL_ERROR, "cannot look up %s: %s", log_quote(quoted, sizeof(quoted), name),
		 why);
	return EXIT_UNREACHABLE;
}

/* Answers tell by their address whose they are. Return: the first target that @a from @local_port is,
 * or NULL. */
static const struct keeper_target *find_same(const struct targets *t, const struct addr *a,
					     uint16_t local_port)
{
	for (unsigned i = 0; i < t->options->target_count && local_port != 0; i++)
		if (addr_eq(&t->now[i], a))
			return &t->options->targets[i];
	return NULL;
}

static int pass_over(const char *name, const struct keeper_target *same)
{
	char quoted[LOG_QUOTED], other[LOG_QUOTED];

	log_quote(quoted, sizeof(quoted), name);
	if (strcmp(name, same->name) == 0) {
		log_line(LEVEL_ERROR, "%s is given twice, to be sent to from one port", quoted);
		return EXIT_USAGE;
	}
	log_line(LEVEL_WARNING, "%s is left out: it has the address of %s", quoted,
		 log_quote(other, sizeof(other), same->name));
	return EXIT_YES;
}

static int add(struct targets *t, const struct settings *s, const struct wish *w,
	       enum addr_family family)
{
	const uint16_t local_port = (uint16_t)(s->share > 0 ? s->share : s->local_port);
	struct keeper_options *o = t->options;
	const struct keeper_target *same;
	char quoted[LOG_QUOTED];
	const char *why = NULL;
	struct addr a;
	int r;

	if (o->target_count == KEEPER_TARGETS_MAX) {
		log_line(LEVEL_ERROR, "there are more than %d targets, with both families",
			 KEEPER_TARGETS_MAX);
		return EXIT_USAGE;
	}
	r = resolve_host(&a, 1, w->name, STUN_PORT, family, &why);
	if (r < 0)
		return say(w->name, why != NULL ? why : err_text(r));
	if (!addr_is_one_host(&a)) {
		log_line(LEVEL_ERROR, "cannot use %s; that is not the address of one host",
			 log_quote(quoted, sizeof(quoted), w->name));
		return EXIT_USAGE;
	}
	same = find_same(t, &a, local_port);
	if (same != NULL)
		return pass_over(w->name, same);
	t->now[o->target_count] = a;
	t->family[o->target_count] = addr_family(&a);
	o->targets[o->target_count++] = (struct keeper_target){
		.kind = w->kind,
		.name = w->name,
		.addr = a,
		.local_port = local_port,
		.shared = s->share > 0,
	};
	return EXIT_YES;
}

/* Nobody is named: the first server that is found elsewhere. */
static int find_default(struct targets *t, struct settings *s)
{
	const int r = server_list_find(&t->list, NULL, 0);

	if (r == NK_ERR_NO_MEMORY)
		log_line(LEVEL_ERROR, "%s", err_text(r));
	if (r != 0)
		return exit_from_err(r);
	s->wishes[s->wish_count++] = (struct wish){KEEPER_STUN, t->list.names[0]};
	return EXIT_YES;
}

int targets_find(struct targets *t, struct settings *s)
{
	int status = s->wish_count == 0 ? find_default(t, s) : EXIT_YES;

	t->options = &s->keeper;
	for (unsigned i = 0; i < s->wish_count && status == EXIT_YES; i++) {
		if (s->v4 || !s->v6)
			status = add(t, s, &s->wishes[i], s->v4 ? ADDR_V4 : ADDR_NONE);
		if (s->v6 && status == EXIT_YES)
			status = add(t, s, &s->wishes[i], ADDR_V6);
	}
	return status;
}

void targets_free(struct targets *t)
{
	struct addr a;

	if (t->fd > 0)
		lookup_end(t->fd, &a);
	t->fd = 0;
	server_list_free(&t->list);
}

void targets_note(struct targets *t, const struct keeper_event *e)
{
	if (e->kind == KEEPER_EVENT_LOST)
		t->lost[e->target] = true;
	else if (e->kind == KEEPER_EVENT_UP || e->kind == KEEPER_EVENT_CHANGED)
		t->lost[e->target] = false;
}

static bool is_name(const struct keeper_target *target)
{
	struct addr a;

	return addr_parse(&a, target->name, STUN_PORT) != 0;
}

/* One after the other: if the network is down the resolver is slow, and asked in vain. */
static void ask(struct targets *t, nk_time now)
{
	for (unsigned i = 0; i < t->options->target_count && t->fd == 0; i++) {
		const struct keeper_target *target = &t->options->targets[i];

		if (!t->lost[i] || !is_name(target) ||
		    (t->asked[i] != 0 && now < t->asked[i] + AGAIN_AFTER))
			continue;
		t->asked[i] = now;
		t->asking = i;
		t->fd = lookup_begin(target->name, STUN_PORT, t->family[i]);
		if (t->fd > 0)
			wakes_add(t->wake, t->fd);
		else
			t->fd = 0; /* no thread, or no descriptor: another time */
	}
}

static void take(struct targets *t, struct keeper *k, nk_time now)
{
	const struct keeper_target *target = &t->options->targets[t->asking];
	struct addr a;

	if (t->fd == 0 || !wakes_is_ready(t->fd))
		return;
	if (lookup_end(t->fd, &a) && !addr_eq(&a, &t->now[t->asking]) && addr_is_one_host(&a) &&
	    find_same(t, &a, target->local_port) == NULL) {
		t->now[t->asking] = a;
		keeper_retarget(k, t->asking, &a, now);
	}
	t->fd = 0;
}

void targets_turn(struct targets *t, struct keeper *k, nk_time now)
{
	take(t, k, now);
	ask(t, now);
}
