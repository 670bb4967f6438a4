#include "wire/checksum.h"

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint64_t checksum_add(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (; len >= 2; p += 2, len -= 2)
		sum += (uint64_t)(p[0] << 8 | p[1]);
	return len > 0 ? sum + (uint64_t)(p[0] << 8) : sum;
}

uint16_t checksum_of(uint64_t sum)
{
	return (uint16_t)~fold(sum);
}

/* RFC 1624, equation 3. What changes nothing leaves 0xffff as it was, not as 0. */
uint16_t checksum_update(uint16_t checksum, uint64_t less, uint64_t more)
{
	if (fold(less) == fold(more))
		return checksum;
	return checksum_of((uint64_t)(uint16_t)~checksum + (uint16_t)~fold(less) + fold(more));
}
