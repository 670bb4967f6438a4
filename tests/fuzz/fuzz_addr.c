/* Addresses as text: what is accepted is printed so that it reads as the same address. */
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char out[ADDR_TEXT];
	struct addr a, again;

	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (addr_parse(&a, text, 3478) == 0) {
		must(a.port != 0 && addr_family(&a) != ADDR_NONE);
		must(addr_parse(&again, addr_text(&a, out), 1) == 0);
		must(addr_eq(&a, &again));
		must(addr_parse(&again, addr_text_ip(&a, out), a.port) == 0);
		must(addr_eq(&a, &again));
	}
	free(text);
	return 0;
}
