#include "core/call/call_fire.h"

#define PAUSE_MIN (50 * NK_MS)
#define SLACK_MIN (2 * NK_MS)
#define MORE_TIME (100 * NK_MS) /* a busy machine lets a program wait so long */

nk_time call_fire_wait(nk_time callee, nk_time caller, bool opener, unsigned vain)
{
	/* Of what was measured: round trips of later packets differ. */
	const nk_time slack = SLACK_MIN + (callee + caller) / 16 + vain * MORE_TIME;

	if (!opener)
		return callee / 2 + caller + slack;
	return nk_max(callee / 2 + 2 * caller + slack, callee + callee / 2);
}

nk_time call_first_pause(const struct call_options *options, nk_time ours, nk_time theirs)
{
	return options->first_pause > 0 ? options->first_pause : nk_max(PAUSE_MIN, ours + theirs);
}
