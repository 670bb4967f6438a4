#include "core/call/bank.h"

void bank_forget(struct bank *b, uint32_t id)
{
	b->open[(id - b->first) / 64] &= ~(1ull << ((id - b->first) % 64));
}

void bank_note(struct bank *b, const struct action *action)
{
	if (!bank_has(b, action->id))
		return;
	if (action->kind == ACTION_OPEN)
		b->open[(action->id - b->first) / 64] |= 1ull << ((action->id - b->first) % 64);
	else if (action->kind == ACTION_CLOSE)
		bank_forget(b, action->id);
}

void bank_shut(struct bank *b)
{
	for (unsigned i = 0; i < BANK_WORDS; i++) {
		b->closing[i] |= b->open[i];
		b->open[i] = 0;
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
