#include "qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>

#include "base/err.h"

#define MARGIN 4 /* modules of light around it (ISO/IEC 18004 section 6.3.8) */

static bool is_dark(const QRcode *code, int row, int column)
{
	if (row < 0 || column < 0 || row >= code->width || column >= code->width)
		return false;
	return (code->data[row * code->width + column] & 1) != 0;
}

/* Two rows of modules in one of characters. What is drawn is the light: with colours it is white on
 * black whatever the terminal's own are, and without them most terminals are dark. */
static void print_rows(FILE *out, const QRcode *code, int row)
{
	static const char *const halves[2][2] = {{"█", "▀"}, {"▄", " "}};

	for (int column = -MARGIN; column < code->width + MARGIN; column++)
		fputs(halves[is_dark(code, row, column)][is_dark(code, row + 1, column)], out);
}

/* A module is two spaces, which needs no characters beyond ASCII. */
static void print_row(FILE *out, const QRcode *code, int row)
{
	for (int column = -MARGIN; column < code->width + MARGIN; column++)
		fputs(is_dark(code, row, column) ? "  " : "##", out);
}

int qr_print(FILE *out, const struct style *style, const char *text)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	const int step = style->utf8 ? 2 : 1;

	if (code == NULL)
		return errno == ERANGE ? NK_ERR_NO_ROOM : NK_ERR_NO_MEMORY;
	for (int row = -MARGIN; row < code->width + MARGIN; row += step) {
		if (style->colour)
			fputs("\x1b[97;40m", out);
		if (style->utf8)
			print_rows(out, code, row);
		else
			print_row(out, code, row);
		fputs(style->colour ? "\x1b[0m\n" : "\n", out);
	}
	QRcode_free(code);
	return 0;
}
