/* SSDP: what a search says, whose answers are taken, and where a URL leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/ssdp.h"

#define DEVICE "urn:schemas-upnp-org:device:InternetGatewayDevice:1"
#define URL    "http://192.0.2.1:5555/rootDesc.xml"

static void test_search(void **state)
{
	const struct addr group = ssdp_group(ADDR_V4), host = addr_v4(192, 0, 2, 1, SSDP_PORT);
	uint8_t out[SSDP_MAX + 1] = {0};
	const char *text = (const char *)out;
	size_t len = ssdp_search_write(out, 2, &group);

	(void)state;
	assert_string_equal(text,
			    "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
			    "MAN: \"ssdp:discover\"\r\nMX: 1\r\n"
			    "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:2\r\n\r\n");
	assert_int_equal(len, strlen(text));

	memset(out, 0, sizeof(out));
	len = ssdp_search_write(out, 1, &host);
	assert_string_equal(text, "M-SEARCH * HTTP/1.1\r\nHOST: 192.0.2.1:1900\r\n"
				  "MAN: \"ssdp:discover\"\r\nST: " DEVICE "\r\n\r\n");
	assert_int_equal(len, strlen(text));
}

/* No byte more than there is. */
static int read_bytes(char url[static SSDP_URL], const void *bytes, size_t len)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);
	const int rc = ssdp_answer_read(url, memcpy(exact, bytes, len), len);

	free(exact);
	return rc;
}

static int read_text(char url[static SSDP_URL], const char *text)
{
	return read_bytes(url, text, strlen(text));
}

static void test_answer(void **state)
{
	static const char good[] = "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nst:" DEVICE
				   "\r\nEXT:\r\nLocation: \t" URL " \r\n\r\n";
	char url[SSDP_URL] = "";

	(void)state;
	assert_int_equal(read_text(url, good), 0);
	assert_string_equal(url, URL);
	/* All but the empty line may do: it is what datagrams are cut by that counts. */
	for (size_t n = 0; n < sizeof(good) - 1; n++)
		assert_int_equal(read_bytes(url, good, n) == 0, n + 2 >= sizeof(good) - 1);
}

static void test_not_taken(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"HTTP/1.1",
		"HTTP/1.1 404 No\r\nST: " DEVICE "\r\nLOCATION: " URL "\r\n\r\n",
		"NOTIFY * HTTP/1.1\r\nST: " DEVICE "\r\nLOCATION: " URL "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nLOCATION: " URL "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nST: " DEVICE "\r\n\r\nLOCATION: " URL "\r\n",
		"HTTP/1.1 200 OK\r\nST: " DEVICE "\r\nLOCATION: https://192.0.2.1/\r\n\r\n",
		"HTTP/1.1 200 OK\r\nST: " DEVICE "\r\nLOCATION: http://192.0.2.1/a b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nST: " DEVICE "\r\nLOCATION: http://192.0.2.1/\x1b[2J\r\n\r\n",
	};
	char url[SSDP_URL] = "untouched";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(read_text(url, bad[i]), NK_ERR_MALFORMED);
	assert_string_equal(url, "untouched");
}

static void test_long_url(void **state)
{
	(void)state;
	for (int len = SSDP_URL - 2; len <= SSDP_URL; len++) {
		char text[1024], url[SSDP_URL];

		snprintf(text, sizeof(text),
			 "HTTP/1.1 200 OK\r\nST: " DEVICE
			 "\r\nLOCATION: http://192.0.2.1/%0*d\r\n\r\n",
			 len - 17, 0);
		assert_int_equal(read_text(url, text) == 0, len < SSDP_URL);
	}
}

static void test_url_host(void **state)
{
	static const struct {
		const char *url, *host;
	} urls[] = {
		{URL, "192.0.2.1:5555"},
		{"HTTP://192.0.2.1", "192.0.2.1:80"},
		{"http://192.0.2.1/?q", "192.0.2.1:80"},
		{"http://192.0.2.1:81?q", "192.0.2.1:81"},
		{"http://192.0.2.2/http://192.0.2.1/", "192.0.2.2:80"},
		{"http://[2001:db8::1]:80/", "[2001:db8::1]:80"},
		{"http://192.0.2.1@192.0.2.2/", NULL},
		{"http://192.0.2.1.example/", NULL},
		{"http://gateway/", NULL},
		{"https://192.0.2.1/", NULL},
		{"http:///", NULL},
		{"http://192.0.2.1:99999/", NULL},
		{"http://192.0.2.1\\@192.0.2.2/", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		char text[ADDR_TEXT];
		struct addr a;

		assert_int_equal(ssdp_url_host(&a, urls[i].url), urls[i].host != NULL);
		if (urls[i].host != NULL)
			assert_string_equal(addr_text(&a, text), urls[i].host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),    cmocka_unit_test(test_answer),
		cmocka_unit_test(test_not_taken), cmocka_unit_test(test_long_url),
		cmocka_unit_test(test_url_host),
	};

	return cmocka_run_group_tests_name("ssdp", tests, NULL, NULL);
}
