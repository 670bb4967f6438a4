/* Texts as QR codes. libqrencode is used here alone. */
#ifndef NATPUNCH_QR_H
#define NATPUNCH_QR_H

#include <stdio.h>

#include "face/style.h"

/* Draws @text for a camera that looks at the terminal. Return: 0, or NK_ERR_NO_ROOM if it is too
 * long, NK_ERR_NO_MEMORY. */
int qr_print(FILE *out, const struct style *style, const char *text);

#endif
