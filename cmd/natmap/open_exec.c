#include "open_exec.h"

#include "base/err.h"
#include "face/environment.h"
#include "face/log.h"
#include "port_words.h"

void open_exec_note(struct open_exec *e, const struct porter_event *ev)
{
	if (ev->now.state != GATE_LOOKING) /* soon it is known */
		e->now[ev->gate] = ev->now;
}

static bool is_due(const struct open_exec *e, unsigned gate)
{
	const struct gate_result *now = &e->now[gate], *told = &e->told[gate];
	const struct addr is = gate_public(now), was = gate_public(told);

	if (e->hook.command == NULL || (!gate_is_up(now->state) && !gate_is_up(told->state)))
		return false;
	return now->state != told->state || !addr_eq(&is, &was);
}

/* "lost": it was there, and is to be there again. */
static const char *event_name(const struct gate_result *now)
{
	return now->state == GATE_ASKING ? "lost" : gate_state_name(now->state);
}

/* Return: 0 or NK_ERR_NO_MEMORY. */
static int make_environment(struct environment *env, const struct gate_result *now,
			    const struct gate_result *told)
{
	const struct addr none = {.port = 0};
	const struct addr is = gate_is_up(now->state) ? gate_public(now) : none;
	const struct addr was = gate_is_up(told->state) ? gate_public(told) : none;
	char gateway[ADDR_TEXT];
	const int r = environment_begin(env, HOOK_PREFIX);

	if (r != 0)
		return r;
	environment_put(env, HOOK_PREFIX "EVENT=%s", event_name(now));
	environment_put(env, HOOK_PREFIX "TRANSPORT=%s", port_transport(now->mapping.ip_protocol));
	hook_put_addr(env, "PUBLIC", &is);
	hook_put_addr(env, "BEFORE", &was);
	hook_put_addr(env, "LOCAL", &now->mapping.internal);
	environment_put(env, HOOK_PREFIX "GATEWAY=%s",
			addr_text_ip(&now->mapping.gateway, gateway));
	environment_put(env, HOOK_PREFIX "PROTOCOL=%s",
			portmap_protocol_name(now->mapping.protocol));
	return 0;
}

static void run(struct open_exec *e, unsigned gate)
{
	const struct gate_result *now = &e->now[gate];
	const struct addr public = gate_public(now);
	struct environment env;
	char about[PORT_WORDS];

	if (make_environment(&env, now, &e->told[gate]) == 0)
		hook_run(&e->hook, &env,
			 port_pair(about, now->mapping.ip_protocol, &public,
				   &now->mapping.internal));
	else
		log_line(LEVEL_WARNING, "--exec: %s", err_text(NK_ERR_NO_MEMORY));
	environment_free(&env);
	e->told[gate] = *now;
}

/* Return: false if there is none. */
static bool run_next(struct open_exec *e)
{
	for (unsigned i = 0; i < e->count; i++) {
		const unsigned gate = (e->next + i) % e->count;

		if (is_due(e, gate)) {
			e->next = gate + 1;
			run(e, gate);
			return true;
		}
	}
	return false;
}

void open_exec_turn(struct open_exec *e)
{
	while (hook_reap(&e->hook, false) && run_next(e))
		; /* what could not be run has had its turn, too */
}

void open_exec_end(struct open_exec *e)
{
	do {
		hook_reap(&e->hook, true);
	} while (run_next(e));
}
