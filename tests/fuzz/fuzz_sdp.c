/* Descriptions: what is understood is written so that it reads as the same. */
#include <string.h>

#include "must.h"
#include "wire/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[SDP_TEXT];
	struct sdp s, again;
	size_t len;

	if (sdp_read(&s, (const char *)data, size) != 0)
		return 0;
	must(s.count <= SDP_CANDIDATES);
	len = sdp_write(text, sizeof(text), &s);
	must(len > 0 && len < sizeof(text));
	must(sdp_read(&again, text, len) == 0);
	must(strcmp(s.ufrag, again.ufrag) == 0 && strcmp(s.password, again.password) == 0);
	must(s.count == again.count);
	for (unsigned i = 0; i < s.count; i++)
		must(s.candidates[i].kind == again.candidates[i].kind &&
		     s.candidates[i].priority == again.candidates[i].priority &&
		     addr_eq(&s.candidates[i].addr, &again.candidates[i].addr));
	return 0;
}
