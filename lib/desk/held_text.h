/* What the file of an open port says (desk/held.h). */
#ifndef DESK_HELD_TEXT_H
#define DESK_HELD_TEXT_H

#include <stddef.h>

#include "desk/held.h"
#include "face/js.h"

#define HELD_TEXT 1024 /* bytes of each file: JSON, and newlines until it is full */
#define HELD_WHY  JS_WHY

/* "tcp" or "udp". */
const char *held_transport(uint8_t ip_protocol);

/* Return: 0, or NK_ERR_NO_MEMORY. */
int held_text_write(char out[static HELD_TEXT], const struct held_port *port);

/* Return: true and *@out, or false and @why. */
bool held_text_read(struct held_port *out, const char *text, size_t len, char why[static HELD_WHY]);

#endif
