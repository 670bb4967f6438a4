/*
 * Building and printing JSON. (Not called json: that prefix is jansson's, which
 * js.c alone includes.)
 *
 * A report is built without looking at errors: the first failure, such as want
 * of memory, is remembered in the caller's flag, and js_print() tells of it.
 */
#ifndef FACE_JS_H
#define FACE_JS_H

#include <stdbool.h>
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

#endif
