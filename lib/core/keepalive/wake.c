#include "core/keepalive/wake.h"

void wake_start(struct wake *w, nk_time now)
{
	*w = (struct wake){.last = now - WAKE_TOGETHER};
}

bool wake_is_up(const struct wake *w, nk_time now)
{
	return now - w->last < WAKE_TOGETHER;
}

bool wake_note(struct wake *w, nk_time now)
{
	const bool woke = !wake_is_up(w, now);

	w->wakes += woke;
	w->last = now;
	return woke;
}
