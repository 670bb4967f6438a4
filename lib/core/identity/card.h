/* A contact card: "natkit:KEY@broker.example:3478", who somebody is and where to ring. */
#ifndef CORE_IDENTITY_CARD_H
#define CORE_IDENTITY_CARD_H

#include <stdbool.h>
#include <stdint.h>

#define CARD_HOST     254 /* a DNS name, or a numeric address (IPv6 in brackets), and NUL */
#define CARD_KEY_TEXT 44  /* base64url of 32 bytes without padding, and NUL */
#define CARD_TEXT     (7 + CARD_KEY_TEXT + CARD_HOST + 7)
#define CARD_WHY      120

/**
 * struct card - A contact
 * @key:	Ed25519
 * @host, @port: Its broker; the port is 3478 where the text names none
 */
struct card {
	uint8_t key[32];
	char host[CARD_HOST];
	uint16_t port;
};

/* Return: 0, or NK_ERR_BAD_INPUT with @why: what would be right, for a person. */
int card_parse(struct card *out, const char *text, char why[static CARD_WHY]);
const char *card_text(const struct card *c, char text[static CARD_TEXT]);

/* The key alone, as options take it. Return: 0 or NK_ERR_BAD_INPUT. */
int card_parse_key(uint8_t out[static 32], const char *text);
const char *card_key_text(const uint8_t key[static 32], char text[static CARD_KEY_TEXT]);

#endif
