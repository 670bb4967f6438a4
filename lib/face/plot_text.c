#include "face/plot_text.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define ROWS     8
#define COLS_MAX 88
#define MARGIN   8 /* columns left of the plot: "  100 % " */

/* The widest canvas in dots: a braille cell is 2 by 4. */
#define DOTS_X (COLS_MAX * 2)
#define DOTS_Y (ROWS * 4)

/**
 * struct canvas - What is drawn, in dots
 * @cols:	Character columns in use
 * @sx, @sy:	Dots per character: 2 by 4 of braille, or 1 by 1
 * @dot:	Bit i: series i has this dot
 */
struct canvas {
	unsigned cols, sx, sy;
	uint8_t dot[DOTS_Y][DOTS_X];
};

static const enum tone tones[PLOT_SERIES_MAX] = {TONE_DOUBT, TONE_GOOD, TONE_BLUE};
static const char letters[PLOT_SERIES_MAX] = {'o', '+', '#'};

static unsigned dot_row(const struct canvas *c, double p)
{
	const unsigned last = ROWS * c->sy - 1;

	return (unsigned)lround((1 - fmin(fmax(p, 0), 1)) * last);
}

/* One curve, each column of dots joined to the one before. Without colours the first series is
 * dotted and the second dashed, to be told apart. */
static void draw(struct canvas *c, const struct plot_series *s, const struct plot_axis *axis,
		 unsigned number, bool dashed)
{
	const unsigned width = c->cols * c->sx;
	const double end = plot_end(s, axis);
	const unsigned period = dashed && c->sx > 1 ? number == 0 ? 3 : number == 1 ? 5 : 1 : 1;
	const unsigned on = number == 0 ? 1 : 3;
	unsigned before = 0;

	for (unsigned x = 0; x < width; x++) {
		const double t = plot_t(axis, (x + 0.5) / width);
		const unsigned row = dot_row(c, plot_p(s, t));
		const unsigned from = x > 0 && before < row ? before + 1 : row;

		if (t > end)
			return;
		for (unsigned y = from; y <= row; y++) {
			if (period == 1 || (x + y) % period < on)
				c->dot[y][x] |= (uint8_t)(1 << number);
		}
		before = row;
	}
}

/* The series that owns a cell: the one with most dots in it. */
static unsigned cell_owner(const struct canvas *c, unsigned row, unsigned col, uint8_t *braille)
{
	static const uint8_t bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
	unsigned dots[PLOT_SERIES_MAX] = {0}, best = 0;

	*braille = 0;
	for (unsigned y = 0; y < c->sy; y++) {
		for (unsigned x = 0; x < c->sx; x++) {
			const uint8_t d = c->dot[row * c->sy + y][col * c->sx + x];

			*braille |= d != 0 ? bit[y][x] : 0;
			for (unsigned i = 0; i < PLOT_SERIES_MAX; i++)
				dots[i] += d >> i & 1;
		}
	}
	for (unsigned i = 1; i < PLOT_SERIES_MAX; i++) {
		if (dots[i] >= dots[best] && dots[i] > 0)
			best = i;
	}
	return best;
}

static void print_cell(FILE *out, const struct style *style, unsigned owner, uint8_t braille)
{
	fputs(style_tone(style, tones[owner]), out);
	if (style->utf8)
		fprintf(out, "\xe2%c%c", 0xa0 | braille >> 6, 0x80 | (braille & 0x3f));
	else
		fputc(letters[owner], out);
	fputs(style_tone(style, TONE_PLAIN), out);
}

static void print_row(FILE *out, const struct style *style, const struct canvas *c, unsigned row)
{
	static const char *const left[ROWS] = {
		[0] = "100 %", [ROWS / 2] = "50 %", [ROWS - 1] = "0 %"};
	int blanks = 0;

	fprintf(out, "%6s %s", left[row] != NULL ? left[row] : "", style->utf8 ? "│" : "|");
	for (unsigned col = 0; col < c->cols; col++) {
		uint8_t braille;
		const unsigned owner = cell_owner(c, row, col, &braille);

		if (braille == 0) {
			blanks++;
			continue;
		}
		fprintf(out, "%*s", blanks, "");
		blanks = 0;
		print_cell(out, style, owner, braille);
	}
	fputc('\n', out);
}

/* The axis with its marks, and below it their texts, where there is room for them. */
static void print_axis(FILE *out, const struct style *style, const struct plot_axis *axis,
		       unsigned cols)
{
	char marks[COLS_MAX + 1], texts[COLS_MAX + 24];
	unsigned free_from = 0;

	memset(marks, '-', sizeof(marks));
	memset(texts, ' ', sizeof(texts));
	for (unsigned i = 0; i < axis->count; i++) {
		const unsigned col = (unsigned)lround(plot_x(axis, axis->ticks[i]) * (cols - 1));
		char text[16];
		const unsigned n =
			(unsigned)strlen(plot_tick_text(text, sizeof(text), axis->ticks[i]));
		const unsigned at = col > n / 2 ? col - n / 2 : 0;

		if (at < free_from || at + n > cols)
			continue;
		marks[col] = '+';
		memcpy(texts + at, text, n);
		free_from = at + n + 2;
	}
	fprintf(out, "%*s%s", MARGIN - 1, "", style->utf8 ? "└" : "+");
	for (unsigned col = 0; col < cols; col++) {
		if (style->utf8)
			fputs(marks[col] == '+' ? "┴" : "─", out);
		else
			fputc(marks[col], out);
	}
	texts[free_from > 0 ? free_from - 2 : 0] = '\0';
	fprintf(out, "\n%*s%s\n", MARGIN, "", texts);
}

static void print_legend(FILE *out, const struct style *style, const struct plot_series *series,
			 unsigned count)
{
	static const char *const lines[PLOT_SERIES_MAX] = {"⠂⠂⠂", "⠒⠂⠒", "⠒⠒⠒"};

	fprintf(out, "%*s", MARGIN, "");
	for (unsigned i = 0; i < count; i++) {
		fputs(style_tone(style, tones[i]), out);
		if (style->utf8)
			fputs(lines[style->colour ? 2 : i], out);
		else
			fprintf(out, "%c%c%c", letters[i], letters[i], letters[i]);
		fprintf(out, "%s %s%s", style_tone(style, TONE_PLAIN), series[i].name,
			i + 1 < count ? "   " : "\n");
	}
}

void plot_text(FILE *out, const struct style *style, const struct plot_series *series,
	       unsigned count)
{
	struct canvas c = {.sx = style->utf8 ? 2 : 1, .sy = style->utf8 ? 4 : 1};
	struct plot_axis axis;

	if (!plot_axis(&axis, series, count))
		return;
	c.cols = style->width - MARGIN - 2;
	if (c.cols > COLS_MAX)
		c.cols = COLS_MAX;
	for (unsigned i = 0; i < count; i++)
		draw(&c, &series[i], &axis, i, !style->colour);
	for (unsigned row = 0; row < ROWS; row++)
		print_row(out, style, &c, row);
	print_axis(out, style, &axis, c.cols);
	print_legend(out, style, series, count);
}
