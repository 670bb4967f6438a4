/* What a gateway sends: PCP, NAT-PMP and SSDP. What is read of the first two is written again as it was. */
#include <string.h>

#include "must.h"
#include "wire/natpmp.h"
#include "wire/pcp.h"
#include "wire/ssdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_pcp(const uint8_t *data, size_t size)
{
	uint8_t out[PCP_MAX], again[PCP_MAX];
	struct pcp_msg m, read;
	size_t len;

	if (pcp_read(&m, data, size) != 0)
		return;
	must(size >= 24 && size <= PCP_MAX && size % 4 == 0);
	must(m.filter_count <= PCP_FILTERS);
	if (!m.has_body && m.opcode != PCP_ANNOUNCE)
		return; /* an error that was cut */
	len = pcp_write(out, &m);
	must(len <= size); /* unknown options are not kept */
	must(pcp_read(&read, out, len) == 0);
	must(pcp_write(again, &read) == len && memcmp(out, again, len) == 0);
}

static void try_natpmp(const uint8_t *data, size_t size)
{
	uint8_t out[NATPMP_MAX];
	struct natpmp_msg m, read;

	if (natpmp_read(&m, data, size) != 0)
		return;
	must(size <= NATPMP_MAX);
	must(m.external.port == 0 || m.opcode != NATPMP_ADDRESS);
	must(natpmp_read(&read, out, natpmp_write(out, &m)) == 0);
	must(read.opcode == m.opcode && read.response == m.response && read.result == m.result);
	must(!m.has_body || m.result == NATPMP_UNSUPP_VERSION ||
	     (addr_eq(&read.external, &m.external) && read.lifetime_s == m.lifetime_s));
}

static void try_ssdp(const uint8_t *data, size_t size)
{
	char url[SSDP_URL], text[ADDR_TEXT];
	struct addr host;

	if (ssdp_answer_read(url, data, size) != 0)
		return;
	must(strlen(url) < SSDP_URL && strlen(url) < size);
	must(strpbrk(url, " \t\r\n\x1b\x7f") == NULL);
	if (ssdp_url_host(&host, url) && addr_family(&host) == ADDR_V4)
		must(strncmp(url + 7, addr_text_ip(&host, text), strlen(text)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_pcp(data, size);
	try_natpmp(data, size);
	try_ssdp(data, size);
	return 0;
}
