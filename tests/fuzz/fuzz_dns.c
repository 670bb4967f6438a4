/* DNS queries: whatever is read is answered, within the room there is, with its own question. */
#include <string.h>

#include "must.h"
#include "wire/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_answer a = {.code = DNS_OK, .addr_count = DNS_ADDRS};
	uint8_t out[DNS_ANSWER];
	struct dns_query q;
	size_t len;

	if (dns_read(&q, data, size) != 0)
		return 0;
	must(strlen(q.name) < DNS_NAME && strchr(q.name, ' ') == NULL);
	must(q.question >= data && q.question_len <= size);
	for (unsigned i = 0; i < DNS_ADDRS; i++)
		a.addrs[i] = addr_v4(192, 0, 2, (uint8_t)i, 0);
	if (dns_reverse(&a.addrs[0], q.name)) {
		must(addr_family(&a.addrs[0]) != ADDR_NONE || addr_is_any(&a.addrs[0]));
		a = (struct dns_answer){.code = DNS_OK, .pointer = "some-host.natsim"};
	}
	len = dns_write(out, &q, &a);
	must(len > 12 + q.question_len && len <= sizeof(out));
	must(memcmp(out + 12, q.question, q.question_len) == 0);
	return 0;
}
