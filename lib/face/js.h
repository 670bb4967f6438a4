/*
 * Building, printing and reading JSON. (Not called json: that prefix is jansson's,
 * which js.c alone includes.)
 *
 * A report is built without looking at errors: the first failure, such as want
 * of memory, is remembered in the caller's flag, and js_print() tells of it.
 */
#ifndef FACE_JS_H
#define FACE_JS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct js - An object or array being built, as a small value
 * @node:	Belongs to the root, and ends with it
 * @failed:	The caller's flag, shared by the whole tree
 */
struct js {
	void *node;
	bool *failed;
};

/* A root. *@failed is set to false, and to true by the first failure. The caller ends it with js_free(). */
struct js js_object(bool *failed);
void js_free(struct js root);

/* Members of an object. The js that comes back is borrowed from its root. */
struct js js_put_object(struct js object, const char *key);
struct js js_put_array(struct js object, const char *key);
void js_put_null(struct js object, const char *key);
void js_put_bool(struct js object, const char *key, bool value);
void js_put_int(struct js object, const char *key, int64_t value);

/* Rounded to 6 significant digits; null if it is not finite. */
void js_put_number(struct js object, const char *key, double value);

/* A time in seconds, rounded to microseconds; null if it is not finite. */
void js_put_seconds(struct js object, const char *key, double value);

/* Bytes that are not UTF-8 become "?"; null for NULL. */
void js_put_text(struct js object, const char *key, const char *text);

/* Puts @member, a root with the same flag, into @object, which owns it from then on. */
void js_put_root(struct js object, const char *key, struct js member);

/* Elements of an array. */
struct js js_add_object(struct js array);
void js_add_int(struct js array, int64_t value);
void js_add_number(struct js array, double value);
void js_add_seconds(struct js array, double value);
void js_add_text(struct js array, const char *text);

/**
 * js_print() - Writes a root and a newline
 * @pretty:	Indented for people; otherwise all in one line
 *
 * Return: 0; NK_ERR_NO_MEMORY if the tree is not whole (nothing is written), or
 * NK_ERR_SYSTEM if it could not be written.
 */
int js_print(struct js root, FILE *out, bool pretty);

#define JS_WHY  320
#define JS_PATH 160 /* shorter: what is wrong follows where it is */

/**
 * struct js_text - A JSON text that was read
 * @why:	The first thing that was found wrong with it, and where: one line for a person
 */
struct js_text {
	void *root;
	char why[JS_WHY];
};

/**
 * struct js_in - A value in it, as a small value
 * @node:	NULL: there is none
 * @key:	Under which it is in its object, or NULL; belongs to the text
 * @path:	Where it is, as jq writes it: ".hosts.alice"
 */
struct js_in {
	void *node;
	struct js_text *text;
	const char *key;
	char path[JS_PATH];
};

/* Reads @len bytes, which must be one JSON object without anything twice in an object. Return:
 * its root; without a node, and with @text->why set, if it is not. js_end() in either case. */
struct js_in js_begin(struct js_text *text, const char *bytes, size_t len);
void js_end(struct js_text *text);

/* A member of an object, an element of an array; without a node if there is none. */
struct js_in js_get(const struct js_in *object, const char *key);
struct js_in js_at(const struct js_in *array, size_t i);

/* Goes on to the member after *@member, to the first if that is zero, in the order of the text.
 * What is called "comment" and is a text is passed over. Return: false if there is no more. */
bool js_next(const struct js_in *object, struct js_in *member);

/* Says what is wrong with a value unless something else has been said. Return: false. */
bool js_refuse(const struct js_in *in, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Each returns true and sets its last argument, or refuses what is there. @words ends with NULL. */
bool js_is_object(const struct js_in *in);
bool js_has_only(const struct js_in *object, const char *const *words);
bool js_is_array(const struct js_in *in, size_t *count);
bool js_is_text(const struct js_in *in, const char **out);
bool js_is_bool(const struct js_in *in, bool *out);
bool js_is_count(const struct js_in *in, uint64_t *out);
bool js_is_number(const struct js_in *in, double *out);

/* A text, or a whole number as people write it, in @size bytes. */
bool js_is_word(const struct js_in *in, char *out, size_t size);

#endif
