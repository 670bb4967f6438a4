#include "face/js.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
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

struct js_in js_begin(struct js_text *text, const char *bytes, size_t len)
{
	struct js_in in = {.text = text};
	json_error_t e;

	text->why[0] = '\0';
	text->root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &e);
	in.node = text->root;
	if (in.node == NULL)
		snprintf(text->why, sizeof(text->why), "line %d: %.200s", e.line, e.text);
	else if (!js_is_object(&in))
		in.node = NULL;
	return in;
}

void js_end(struct js_text *text)
{
	json_decref(text->root);
	text->root = NULL;
}

struct js_in js_get(const struct js_in *object, const char *key)
{
	struct js_in in = {json_object_get(object->node, key), object->text, key, ""};

	snprintf(in.path, sizeof(in.path), "%.100s.%.50s", object->path, key);
	return in;
}

struct js_in js_at(const struct js_in *array, size_t i)
{
	struct js_in in = {json_array_get(array->node, i), array->text, NULL, ""};

	snprintf(in.path, sizeof(in.path), "%.100s[%zu]", array->path, i);
	return in;
}

bool js_next(const struct js_in *object, struct js_in *member)
{
	void *at =
		member->node == NULL
			? json_object_iter(object->node)
			: json_object_iter_next(object->node, json_object_key_to_iter(member->key));

	while (at != NULL && strcmp(json_object_iter_key(at), "comment") == 0 &&
	       json_is_string(json_object_iter_value(at)))
		at = json_object_iter_next(object->node, at);
	if (at != NULL)
		*member = js_get(object, json_object_iter_key(at));
	return at != NULL;
}

bool js_refuse(const struct js_in *in, const char *format, ...)
{
	char *why = in->text->why;
	va_list args;
	int n;

	if (why[0] != '\0')
		return false;
	n = snprintf(why, JS_WHY, "%s%s", in->path, in->path[0] != '\0' ? ": " : "");
	va_start(args, format);
	vsnprintf(why + n, JS_WHY - (size_t)n, format, args);
	va_end(args);
	return false;
}

bool js_is_object(const struct js_in *in)
{
	return json_is_object((json_t *)in->node) || js_refuse(in, "give an object, {...}");
}

bool js_has_only(const struct js_in *object, const char *const *words)
{
	struct js_in m = {.node = NULL};

	if (!js_is_object(object))
		return false;
	while (js_next(object, &m)) {
		size_t i = 0;

		while (words[i] != NULL && strcmp(words[i], m.key) != 0)
			i++;
		if (words[i] == NULL)
			return js_refuse(&m, "there is no such key here");
	}
	return true;
}

bool js_is_array(const struct js_in *in, size_t *count)
{
	*count = json_array_size(in->node);
	return json_is_array((json_t *)in->node) || js_refuse(in, "give an array, [...]");
}

bool js_is_text(const struct js_in *in, const char **out)
{
	*out = json_string_value(in->node);
	return *out != NULL || js_refuse(in, "give a text, \"...\"");
}

bool js_is_bool(const struct js_in *in, bool *out)
{
	*out = json_is_true((json_t *)in->node);
	return json_is_boolean((json_t *)in->node) || js_refuse(in, "give true or false");
}

bool js_is_count(const struct js_in *in, uint64_t *out)
{
	const json_int_t n = json_integer_value(in->node);

	*out = (uint64_t)n;
	return (json_is_integer((json_t *)in->node) && n >= 0) ||
	       js_refuse(in, "give a whole number, not below 0");
}

bool js_is_number(const struct js_in *in, double *out)
{
	*out = json_number_value(in->node);
	return json_is_number((json_t *)in->node) || js_refuse(in, "give a number");
}

bool js_is_word(const struct js_in *in, char *out, size_t size)
{
	const char *text = json_string_value(in->node);
	int n = -1;

	if (text != NULL)
		n = snprintf(out, size, "%s", text);
	else if (json_is_integer((json_t *)in->node))
		n = snprintf(out, size, "%" JSON_INTEGER_FORMAT, json_integer_value(in->node));
	return (n >= 0 && (size_t)n < size) || js_refuse(in, "give a text, \"...\", not too long");
}
