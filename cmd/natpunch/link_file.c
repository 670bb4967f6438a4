#include "link_file.h"

bool link_read(struct link_belief *out, const struct js_in *in, int64_t unix_us)
{
	static const char *const words[] = {"yes", "no", "at_unix_s", NULL};
	const struct js_in yes = js_get(in, "yes"), no = js_get(in, "no");
	const struct js_in at = js_get(in, "at_unix_s");
	struct link_belief l;
	uint64_t unix_s;

	if (!js_has_only(in, words) || !js_is_number(&yes, &l.yes) || !js_is_number(&no, &l.no) ||
	    !js_is_count(&at, &unix_s))
		return false;
	if (!(l.yes >= 0 && l.yes < 1e9 && l.no >= 0 && l.no < 1e9 && unix_s < UINT32_MAX))
		return js_refuse(in, "that can be no count of trials");
	l.at = (nk_time)unix_s * NK_S - unix_us;
	*out = l;
	return true;
}

void link_put(struct js object, const char *name, const struct link_belief *l, int64_t unix_us)
{
	struct js one;

	if (l->yes <= 0 && l->no <= 0)
		return;
	one = js_put_object(object, name);
	js_put_number(one, "yes", l->yes);
	js_put_number(one, "no", l->no);
	js_put_int(one, "at_unix_s", (l->at + unix_us) / NK_S);
}
