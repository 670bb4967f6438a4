#include "face/progress.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define BAR_COLS 24

struct progress progress_on(FILE *out)
{
	struct progress p = {0};

	if (isatty(fileno(out))) {
		p.out = out;
		p.style = style_of(out);
	}
	return p;
}

/* The bar itself, in eighths of a column where there are such characters. */
static size_t put_bar(char *to, size_t size, const struct style *style, double done)
{
	static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
	const long full = lround(fmin(fmax(done, 0), 1) * BAR_COLS * 8);
	size_t n = 0;

	for (long col = 0; col < BAR_COLS; col++) {
		const long fill = full - col * 8;
		const long eighth = fill < 0 ? 0 : fill > 8 ? 8 : fill;

		if (style->utf8)
			n += (size_t)snprintf(to + n, size - n, "%s", eighths[eighth]);
		else
			n += (size_t)snprintf(to + n, size - n, "%c", eighth >= 4 ? '#' : '.');
	}
	return n;
}

/* Whole seconds: it is a bound, and it ticks. */
static void put_left(char *to, size_t size, nk_time left)
{
	const long s = lround(ceil(nk_seconds(nk_max(left, 0))));

	if (left == NK_NEVER)
		to[0] = '\0';
	else if (s < 120)
		snprintf(to, size, ", %ld s left at most", s);
	else
		snprintf(to, size, ", %ld min %ld s left at most", s / 60, s % 60);
}

void progress_draw(struct progress *p, double done, const char *stage, nk_time left)
{
	char line[sizeof(p->line)], bar[BAR_COLS * 4 + 1], time[64];
	const unsigned room = p->style.width - 1 - BAR_COLS - 9;

	if (p->out == NULL)
		return;
	put_bar(bar, sizeof(bar), &p->style, done);
	put_left(time, sizeof(time), left);
	if (strlen(stage) + strlen(time) > room)
		time[0] = '\0';
	snprintf(line, sizeof(line), "%s%s%s %3.0f %%  %.*s%s", p->style.utf8 ? "▕" : "[", bar,
		 p->style.utf8 ? "▏" : "]", floor(done * 100), (int)(room < 128 ? room : 128),
		 stage, time);
	if (p->shown && strcmp(line, p->line) == 0)
		return;
	memcpy(p->line, line, sizeof(line));
	fprintf(p->out, "\r%s\033[K", line);
	fflush(p->out);
	p->shown = true;
}

void progress_clear(struct progress *p)
{
	if (!p->shown)
		return;
	fputs("\r\033[K", p->out);
	fflush(p->out);
	p->shown = false;
}
