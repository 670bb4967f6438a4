#include "exec.h"

#include "base/err.h"
#include "face/environment.h"
#include "face/log.h"

void exec_note(struct exec *e, const struct keeper_event *ev)
{
	struct exec_state *s;

	if (ev->kind != KEEPER_EVENT_UP && ev->kind != KEEPER_EVENT_CHANGED &&
	    ev->kind != KEEPER_EVENT_LOST)
		return;
	s = &e->now[ev->target];
	s->known = true;
	s->up = ev->kind != KEEPER_EVENT_LOST;
	s->local = ev->local;
	if (s->up)
		s->mapped = ev->mapped;
}

static bool is_due(const struct exec *e, unsigned target)
{
	const struct exec_state *now = &e->now[target], *told = &e->told[target];

	if (!now->known || e->hook.command == NULL)
		return false;
	return !told->known || now->up != told->up ||
	       (now->up && !addr_eq(&now->mapped, &told->mapped));
}

static const char *event_name(const struct exec_state *now, const struct exec_state *told)
{
	if (!now->up)
		return "lost";
	return told->up ? "changed" : "up";
}

/* Return: 0 or NK_ERR_NO_MEMORY. */
static int make_environment(struct environment *env, const struct exec *e, unsigned target)
{
	const struct exec_state *now = &e->now[target], *told = &e->told[target];
	const struct addr none = {.port = 0};
	const int r = environment_begin(env, HOOK_PREFIX);

	if (r != 0)
		return r;
	environment_put(env, HOOK_PREFIX "EVENT=%s", event_name(now, told));
	environment_put(env, HOOK_PREFIX "SERVER=%s", e->options->targets[target].name);
	hook_put_addr(env, "PUBLIC", now->up ? &now->mapped : &none);
	hook_put_addr(env, "BEFORE", &told->mapped);
	hook_put_addr(env, "LOCAL", &now->local);
	return 0;
}

static void run(struct exec *e, unsigned target)
{
	struct environment env;

	if (make_environment(&env, e, target) == 0)
		hook_run(&e->hook, &env, e->options->targets[target].name);
	else
		log_line(LEVEL_WARNING, "--exec: %s", err_text(NK_ERR_NO_MEMORY));
	environment_free(&env);
	e->told[target] = e->now[target];
}

/* Return: false if there is none. */
static bool run_next(struct exec *e)
{
	for (unsigned i = 0; i < e->options->target_count; i++) {
		const unsigned target = (e->next + i) % e->options->target_count;

		if (is_due(e, target)) {
			e->next = target + 1;
			run(e, target);
			return true;
		}
	}
	return false;
}

void exec_turn(struct exec *e)
{
	while (hook_reap(&e->hook, false) && run_next(e))
		; /* what could not be run has had its turn, too */
}

void exec_end(struct exec *e, bool all)
{
	do {
		hook_reap(&e->hook, true);
	} while (all && run_next(e));
}
