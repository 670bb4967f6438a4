/*
 * libnatkit's public interface.
 *
 * Only names that begin with nk_ are exported, and only those declared here are
 * kept stable.
 */
#ifndef NATKIT_H
#define NATKIT_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nk_version() - Version of the library in use
 *
 * Return: text such as "0.1.0", constant, never NULL.
 */
const char *nk_version(void);

/**
 * nk_strerror() - What an error code of this library means
 * @code:	0 or a negative code; anything else is "unknown error"
 *
 * Return: a constant English text without a newline, never NULL.
 */
const char *nk_strerror(int code);

#ifdef __cplusplus
}
#endif

#endif
