#include "desk/network.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "io/files.h"
#include "io/netinfo.h"

bool network_find(struct network *n, const struct addr *towards, const char *interface)
{
	struct route_info route;

	*n = (struct network){.interface = ""};
	if (netinfo_route(&route, towards, interface) != 0)
		return false;
	snprintf(n->interface, sizeof(n->interface), "%s", route.interface);
	if (addr_family(&route.gateway) != ADDR_NONE)
		addr_text_ip(&route.gateway, n->gateway);
	return true;
}

/* By a name that no interface's can spoil. */
bool network_place(char path[static PATH_MAX], const struct network *n, const char *folder)
{
	char text[IF_NAMESIZE + ADDR_TEXT + 2], name[64];
	uint8_t hash[32];
	const int len = snprintf(text, sizeof(text), "%s %s", n->interface, n->gateway);

	crypto_sha256(hash, text, (size_t)len);
	snprintf(name, sizeof(name), "%s/%02x%02x%02x%02x%02x%02x%02x%02x.json", folder, hash[0],
		 hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]);
	return files_place(path, FILES_STATE, name) == 0;
}

bool network_seen(struct network *n, const struct addr *seen)
{
	const struct addr prefix = addr_prefix(seen, 24, 48);
	char text[ADDR_TEXT];
	bool other;

	if (addr_family(seen) == ADDR_NONE ||
	    strcmp(addr_text_ip(&prefix, text), n->public_prefix) == 0)
		return false;
	other = n->public_prefix[0] != '\0';
	memcpy(n->public_prefix, text, sizeof(text));
	return other;
}

bool network_read(struct network *n, const struct js_in *root)
{
	const struct js_in network = js_get(root, "network");
	struct js_in interface, gateway, public;

	if (!js_is_object(&network))
		return false;
	interface = js_get(&network, "interface");
	gateway = js_get(&network, "gateway");
	public = js_get(&network, "public");
	return js_is_word(&interface, n->interface, sizeof(n->interface)) &&
	       js_is_word(&gateway, n->gateway, sizeof(n->gateway)) &&
	       js_is_word(&public, n->public_prefix, sizeof(n->public_prefix));
}

void network_json(struct js object, const struct network *n)
{
	struct js network = js_put_object(object, "network");

	js_put_text(network, "interface", n->interface);
	js_put_text(network, "gateway", n->gateway);
	js_put_text(network, "public", n->public_prefix);
}
