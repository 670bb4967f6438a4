#include "face/findings.h"

void findings_addr(struct js parent, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT];

	js_put_text(parent, key, addr_is_any(a) ? NULL : addr_text(a, text));
}

void findings_ip(struct js parent, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT];

	js_put_text(parent, key, addr_is_any(a) ? NULL : addr_text_ip(a, text));
}

void findings_p(struct js object, double p)
{
	if (p > 0)
		js_put_number(object, "p", p);
	else
		js_put_null(object, "p");
}

void findings_why(struct js object, const char *why)
{
	js_put_text(object, "why", why[0] != '\0' ? why : "not measured");
}

void findings_measured(struct js parent, const char *key, const struct measured *m)
{
	struct js o = js_put_object(parent, key), ci;

	if (m->known) {
		js_put_seconds(o, "value", m->value);
		ci = js_put_array(o, "ci95");
		js_add_seconds(ci, m->lo);
		js_add_seconds(ci, m->hi);
		if (m->varies)
			js_put_bool(o, "varies", true);
	} else {
		js_put_null(o, "value");
		js_put_null(o, "ci95");
		if (m->at_least > 0)
			js_put_seconds(o, "at_least", m->at_least);
	}
	js_put_text(o, "unit", "s");
	findings_p(o, m->p);
	js_put_int(o, "trials", m->trials);
	if (!m->known && (!(m->at_least > 0) || m->why[0] != '\0'))
		findings_why(o, m->why);
}
