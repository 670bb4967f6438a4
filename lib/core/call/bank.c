#include "core/call/bank.h"

static void set(uint64_t bits[static BANK_WORDS], uint32_t n)
{
	bits[n / 64] |= 1ull << (n % 64);
}

static void clear(uint64_t bits[static BANK_WORDS], uint32_t n)
{
	bits[n / 64] &= ~(1ull << (n % 64));
}

void bank_forget(struct bank *b, uint32_t id)
{
	clear(b->open, id - b->first);
}

void bank_note(struct bank *b, const struct action *action)
{
	if (!bank_has(b, action->id))
		return;
	if (action->kind == ACTION_OPEN)
		set(b->open, action->id - b->first);
	else if (action->kind == ACTION_CLOSE)
		bank_forget(b, action->id);
}

void bank_hold(struct bank *b, uint32_t id)
{
	set(b->held, id - b->first);
}

void bank_release(struct bank *b, uint32_t keep)
{
	if (bank_has(b, keep))
		clear(b->held, keep - b->first);
	for (unsigned i = 0; i < BANK_WORDS; i++) {
		b->closing[i] |= b->held[i];
		b->open[i] &= ~b->held[i];
		b->held[i] = 0;
	}
}

void bank_shut(struct bank *b)
{
	for (unsigned i = 0; i < BANK_WORDS; i++) {
		b->closing[i] |= b->open[i];
		b->open[i] = b->held[i] = 0;
	}
}

bool bank_output(struct bank *b, struct action *action)
{
	for (unsigned i = 0; i < BANK_WORDS; i++) {
		if (b->closing[i] == 0)
			continue;

		const unsigned bit = (unsigned)__builtin_ctzll(b->closing[i]);

		b->closing[i] &= b->closing[i] - 1;
		action->kind = ACTION_CLOSE;
		action->id = b->first + i * 64 + bit;
		return true;
	}
	return false;
}
