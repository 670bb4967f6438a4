#include "face/js.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/err.h"

struct js js_object(bool *failed)
{
	struct js root = {json_object(), failed};

	*failed = root.node == NULL;
	return root;
}

void js_free(struct js root)
{
	json_decref(root.node);
}

/* Gives @value to @object; a NULL on either side is a failure that happened before. */
static struct js put(struct js object, const char *key, json_t *value)
{
	if (value == NULL || json_object_set_new(object.node, key, value) != 0) {
		*object.failed = true;
		value = NULL;
	}
	return (struct js){value, object.failed};
}

static struct js add(struct js array, json_t *value)
{
	if (value == NULL || json_array_append_new(array.node, value) != 0) {
		*array.failed = true;
		value = NULL;
	}
	return (struct js){value, array.failed};
}

struct js js_put_object(struct js object, const char *key)
{
	return put(object, key, json_object());
}

struct js js_put_array(struct js object, const char *key)
{
	return put(object, key, json_array());
}

void js_put_null(struct js object, const char *key)
{
	put(object, key, json_null());
}

void js_put_bool(struct js object, const char *key, bool value)
{
	put(object, key, json_boolean(value));
}

void js_put_int(struct js object, const char *key, int64_t value)
{
	put(object, key, json_integer(value));
}

/* @value with @digits after the point, or null. */
static json_t *fixed(double value, int digits)
{
	const double scale = pow(10, digits);

	if (!isfinite(value))
		return json_null();
	return json_real(round(value * scale) / scale);
}

static json_t *significant(double value)
{
	if (!isfinite(value))
		return json_null();
	if (value == 0)
		return json_real(0);
	return fixed(value, 5 - (int)floor(log10(fabs(value))));
}

void js_put_number(struct js object, const char *key, double value)
{
	put(object, key, significant(value));
}

void js_put_seconds(struct js object, const char *key, double value)
{
	put(object, key, fixed(value, 6));
}

static json_t *text_value(const char *text)
{
	char clean[512];
	size_t n = 0;
	json_t *v;

	if (text == NULL)
		return json_null();
	v = json_string(text);
	if (v != NULL)
		return v;
	for (; *text != '\0' && n + 1 < sizeof(clean); text++)
		clean[n++] = (unsigned char)*text < 0x80 ? *text : '?';
	clean[n] = '\0';
	return json_string(clean);
}

void js_put_text(struct js object, const char *key, const char *text)
{
	put(object, key, text_value(text));
}

void js_put_root(struct js object, const char *key, struct js member)
{
	put(object, key, member.node);
}

struct js js_add_object(struct js array)
{
	return add(array, json_object());
}

void js_add_int(struct js array, int64_t value)
{
	add(array, json_integer(value));
}

void js_add_number(struct js array, double value)
{
	add(array, significant(value));
}

void js_add_seconds(struct js array, double value)
{
	add(array, fixed(value, 6));
}

void js_add_text(struct js array, const char *text)
{
	add(array, text_value(text));
}

int js_print(struct js root, FILE *out, bool pretty)
{
	const size_t flags = JSON_REAL_PRECISION(15) | (pretty ? JSON_INDENT(2) : JSON_COMPACT);

	if (*root.failed)
		return NK_ERR_NO_MEMORY;
	if (json_dumpf(root.node, out, flags) != 0 || fputc('\n', out) == EOF || fflush(out) != 0)
		return NK_ERR_SYSTEM;
	return 0;
}
