#include "watch.h"

#include <string.h>

#include "face/findings.h"
#include "face/log.h"
#include "words.h"

#define DOUBT_AFTER NK_S /* by then a round of checks has failed */

static void end(const struct watch *w, struct js o)
{
	js_print(o, w->events, false);
	js_free(o);
}

static bool has_addr(const struct natpunch_event *e)
{
	return addr_family(&e->addr) != ADDR_NONE;
}

static bool has_tactic(const struct natpunch_event *e)
{
	return e->kind == NATPUNCH_CONNECTED || e->kind == NATPUNCH_MENDED ||
	       e->kind == NATPUNCH_TESTED;
}

static void tell_event(const struct watch *w, const struct natpunch_event *e)
{
	char key[CARD_KEY_TEXT], addr[ADDR_TEXT];
	bool failed;
	struct js o = findings_event(word_of_event(e->kind), nk_seconds(e->at - w->report->started),
				     &failed);

	if (e->call > 0) {
		js_put_int(o, "call", e->call);
		js_put_text(o, "peer_key", card_key_text(e->key, key));
		js_put_text(o, "peer_name", e->name);
	}
	if (has_addr(e))
		js_put_text(o, "address", addr_text(&e->addr, addr));
	if (has_tactic(e))
		js_put_text(o, "tactic", tactic_name(e->tactic));
	if (e->kind == NATPUNCH_CONNECTED)
		js_put_bool(o, "encrypted", e->encrypted);
	if (e->kind == NATPUNCH_CLOSED || e->kind == NATPUNCH_TESTED)
		js_put_text(o, "result", word_of_end(e->end));
	if (e->kind == NATPUNCH_RELAY_LIKELY)
		js_put_number(o, "p", e->p);
	if (e->kind == NATPUNCH_TOO_LONG)
		js_put_int(o, "bytes", (int64_t)e->p);
	if (e->kind == NATPUNCH_UNSERVED)
		js_put_int(o, "port", (int64_t)e->p);
	end(w, o);
}

static const char *who(const struct watch *w, const struct natpunch_event *e,
		       char key[static CARD_KEY_TEXT])
{
	if (e->name != NULL && e->name[0] != '\0')
		return e->name;
	return w->report->mode == PUNCH_LISTEN ? card_key_text(e->key, key) : "the peer";
}

static void tell_silent_broker(const struct watch *w, const char *more)
{
	const struct report *r = w->report;
	char addr[ADDR_TEXT];

	addr_text_ip(&r->broker_addr, addr);
	if (strcmp(addr, r->broker->host) == 0)
		log_line(LEVEL_ERROR, "no answer from broker %s:%u%s", addr, r->broker->port, more);
	else
		log_line(LEVEL_ERROR, "no answer from broker %s:%u (%s)%s", r->broker->host,
			 r->broker->port, addr, more);
}

/* What went wrong, whoever wants to hear it or not. */
static bool tell_trouble(const struct watch *w, const struct natpunch_event *e, const char *peer)
{
	const bool listens = w->report->mode == PUNCH_LISTEN;

	switch (e->kind) {
	case NATPUNCH_UNREGISTERED:
		tell_silent_broker(w, "; trying again");
		return true;
	case NATPUNCH_TOO_LONG:
		log_line(LEVEL_ERROR, "a line of %.0f bytes was not sent; %d are the most", e->p,
			 SESSION_MESSAGE_MAX);
		return true;
	case NATPUNCH_CLOSED:
		if (e->end == CALL_CLOSED || e->end == CALL_NOT_OVER ||
		    w->report->mode == PUNCH_TEST)
			return false;
		if (e->end == CALL_NO_BROKER)
			tell_silent_broker(w, "");
		else
			log_line(listens ? LEVEL_WARNING : LEVEL_ERROR, words_for_end(e->end),
				 peer);
		return true;
	default:
		return false;
	}
}

static void tell_stranger(struct watch *w, const struct natpunch_event *e)
{
	if (memcmp(w->stranger, e->key, sizeof(w->stranger)) == 0)
		return;
	memcpy(w->stranger, e->key, sizeof(w->stranger));
	log_line(LEVEL_INFO, "somebody rang who is not allowed to");
}

static bool has_wish(const struct keepalive_offer *o, uint8_t algorithm)
{
	for (unsigned i = 0; i < o->count; i++)
		if (o->wish[i].algorithm == algorithm)
			return true;
	return false;
}

/* Not as was wanted here. Of several calls with a peer the last is the one that has just connected. */
static void tell_kept(const struct watch *w, const struct natpunch_event *e, const char *peer)
{
	struct call_report c, last = {.session = NULL};

	for (unsigned i = 0; natpunch_call(w->report->punch, i, &c); i++)
		if (memcmp(c.peer_key, e->key, sizeof(c.peer_key)) == 0)
			last = c;
	if (last.session != NULL && !has_wish(&last.ours, last.terms.algorithm))
		log_line(LEVEL_INFO, "nothing of --keepalive suits %s too: kept by %s", peer,
			 keepalive_name((enum keepalive_algorithm)last.terms.algorithm));
}

static void tell_progress(struct watch *w, const struct natpunch_event *e, const char *peer)
{
	char addr[ADDR_TEXT] = "";

	if (has_addr(e))
		addr_text(&e->addr, addr);
	switch (e->kind) {
	case NATPUNCH_REGISTERED:
		log_line(LEVEL_INFO, "registered at %s:%u, seen as %s", w->report->broker->host,
			 w->report->broker->port, addr);
		break;
	case NATPUNCH_RANG:
		tell_stranger(w, e);
		break;
	case NATPUNCH_CONNECTED:
		log_line(LEVEL_INFO, "connected with %s at %s (%s)", peer, addr,
			 tactic_name(e->tactic));
		tell_kept(w, e, peer);
		break;
	case NATPUNCH_RELAYED:
		log_line(LEVEL_INFO, "connected with %s by way of the broker", peer);
		break;
	case NATPUNCH_PATH_LOST:
		log_line(LEVEL_INFO, "the path to %s is lost; looking for another", peer);
		break;
	case NATPUNCH_MENDED:
		log_line(LEVEL_INFO, "connected with %s again, at %s", peer, addr);
		break;
	case NATPUNCH_CLOSED:
		if (e->end != CALL_NOT_OVER || w->report->mode != PUNCH_LISTEN)
			log_line(LEVEL_INFO, words_for_end(e->end), peer);
		break;
	case NATPUNCH_TESTED:
		log_line(LEVEL_INFO, "%s: %s", tactic_name(e->tactic),
			 e->end == CALL_CLOSED ? "connected" : word_of_end(e->end));
		break;
	default:
		break;
	}
}

/* That does not stop the call, as any other trouble does. */
static void warn(const struct watch *w, const struct natpunch_event *e, const char *peer)
{
	if (e->kind == NATPUNCH_CONNECTED && e->encrypted && w->wants_bare)
		log_line(LEVEL_WARNING,
			 "the call with %s is encrypted, which has not said --no-encrypt", peer);
	if (e->kind == NATPUNCH_UNSERVED)
		log_line(LEVEL_WARNING, "%s does not serve port %.0f", peer, e->p);
}

/* Against all odds a call may connect at once: then nobody needs to be told. */
static void doubt(struct watch *w, const struct natpunch_event *e)
{
	if (e->kind == NATPUNCH_RELAY_LIKELY)
		w->doubt = *e;
	else if (e->call == w->doubt.call &&
		 (e->kind == NATPUNCH_CONNECTED || e->kind == NATPUNCH_RELAYED ||
		  e->kind == NATPUNCH_CLOSED))
		w->doubt.call = 0;
}

static void tell_doubt(struct watch *w, nk_time now)
{
	char key[CARD_KEY_TEXT];

	if (w->doubt.call == 0 || now < w->doubt.at + DOUBT_AFTER)
		return;
	if (w->talks)
		log_line(LEVEL_INFO, "no direct path to %s, with a probability of %.0f %%",
			 who(w, &w->doubt, key), w->doubt.p * 100);
	w->doubt.call = 0;
}

static void tell(struct watch *w, const struct natpunch_event *e)
{
	char key[CARD_KEY_TEXT];
	const char *peer = who(w, e, key);

	if (w->events != NULL)
		tell_event(w, e);
	w->refused = w->refused || e->kind == NATPUNCH_TOO_LONG;
	doubt(w, e);
	warn(w, e, peer);
	if (!tell_trouble(w, e, peer) && w->talks)
		tell_progress(w, e, peer);
}

void watch_turn(struct watch *w, nk_time now)
{
	struct natpunch_event e;

	while (natpunch_next_event(w->punch, &e))
		tell(w, &e);
	tell_doubt(w, now);
}

void watch_start(const struct watch *w)
{
	bool failed;
	struct js o;

	if (w->events == NULL)
		return;
	o = findings_start(REPORT_SCHEMA, w->report->started_unix, &failed);
	js_put_text(o, "mode", word_of_mode(w->report->mode));
	end(w, o);
}

void watch_end(const struct watch *w)
{
	const struct report *r = w->report;
	bool failed;

	if (w->events != NULL)
		end(w, findings_done(report_json(r, &failed), nk_seconds(r->ended - r->started)));
}
