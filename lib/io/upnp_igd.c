#include "io/upnp_igd.h"

#include <errno.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/miniwget.h>
#include <miniupnpc/upnpcommands.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HTTP_OK       200
#define HOST_MAX      256
#define NOT_THERE     714 /* NoSuchEntryInArray */
#define CONFLICT      718 /* ConflictInMappingEntry */
#define NOT_OURS      729 /* ConflictWithOtherMechanisms */
#define NUMBER_TEXT   12
#define DEVICE_PREFIX "urn:schemas-upnp-org:device:InternetGatewayDevice:"

/**
 * struct igd - A gateway as it describes itself
 * @xml:	Its description, @len bytes
 */
struct igd {
	const char *xml;
	size_t len;
	struct IGDdatas data;
	struct UPNPUrls urls;
};

/* A mapping as the calls of miniupnpc want it, and a gateway tells it: sizes are theirs. */
struct entry {
	char external_port[6], client[16], port[6], protocol[4], description[80], enabled[4],
		remote[64], lease[16];
};

static uint16_t result_of(int rc)
{
	if (rc >= 401 && rc <= 899)
		return (uint16_t)rc;
	if (rc == UPNPCOMMAND_SUCCESS)
		return UPNP_RESULT_OK;
	if (errno == ENOMEM || rc == UPNPCOMMAND_MEM_ALLOC_ERROR)
		return UPNP_RESULT_TOO_LARGE;
	return rc == UPNPCOMMAND_HTTP_ERROR ? UPNP_RESULT_SILENT : UPNP_RESULT_GARBAGE;
}

/* Only numbers are hosts: a name would be looked up, wherever that leads. */
static bool host_of(struct addr *out, const char *url)
{
	char host[HOST_MAX];
	unsigned short port;
	unsigned scope;
	char *path;

	return url != NULL && parseURL(url, host, &port, &path, &scope) &&
	       addr_parse(out, host, 0) == 0;
}

static bool is_at(const struct addr *host, const char *url)
{
	struct addr a;

	return url == NULL || *url == '\0' || (host_of(&a, url) && addr_same_ip(&a, host));
}

static uint16_t find_urls(struct igd *g, const char *location)
{
	struct addr host;

	if (!host_of(&host, location))
		return UPNP_RESULT_ELSEWHERE;
	GetUPNPUrls(&g->urls, &g->data, location, 0);
	return is_at(&host, g->urls.controlURL) && is_at(&host, g->urls.controlURL_6FC)
		       ? UPNP_RESULT_OK
		       : UPNP_RESULT_ELSEWHERE;
}

/* Some have two connections, of which one is in use. */
static uint16_t choose_connection(struct igd *g, const char *location)
{
	const struct IGDdatas_service other = g->data.second;

	if (other.servicetype[0] == '\0' || UPNPIGD_IsConnected(&g->urls, &g->data))
		return UPNP_RESULT_OK;
	g->data.second = g->data.first;
	g->data.first = other;
	return find_urls(g, location);
}

static uint16_t fetch(struct igd *g, const char *location)
{
	char local[HOST_MAX];
	struct addr host;
	int size = 0, status = 0;
	uint16_t result;

	if (!host_of(&host, location))
		return UPNP_RESULT_ELSEWHERE;
	g->xml = miniwget_getaddr(location, &size, local, sizeof(local), 0, &status);
	if (status > 0 && status != HTTP_OK)
		return UPNP_RESULT_NOT_IGD;
	if (g->xml == NULL || size < 0)
		return result_of(UPNPCOMMAND_HTTP_ERROR);
	g->len = (size_t)size;
	parserootdesc(g->xml, size, &g->data);
	if (g->data.first.servicetype[0] == '\0' && g->data.IPv6FC.servicetype[0] == '\0')
		return UPNP_RESULT_NOT_IGD;
	result = find_urls(g, location);
	return result == UPNP_RESULT_OK ? choose_connection(g, location) : result;
}

/* The text of the first element of that name, none if there is none. */
static void element_text(const struct igd *g, const char *tag, char *out, size_t size)
{
	const char *at = memmem(g->xml, g->len, tag, strlen(tag));
	const char *end;
	size_t n;

	*out = '\0';
	if (at == NULL)
		return;
	at += strlen(tag);
	n = g->len - (size_t)(at - g->xml);
	end = memchr(at, '<', n);
	if (end != NULL)
		snprintf(out, size, "%.*s", (int)(end - at), at);
}

static void describe(struct upnp_reply *a, const struct igd *g)
{
	const char *version = memmem(g->xml, g->len, DEVICE_PREFIX, strlen(DEVICE_PREFIX));
	char name[UPNP_DESCRIPTION], model[UPNP_DESCRIPTION], external[HOST_MAX];
	struct UPNPUrls urls = g->urls;
	struct IGDdatas data = g->data;
	int enabled = 0, allowed = 0;

	element_text(g, "<friendlyName>", name, sizeof(name));
	element_text(g, "<modelName>", model, sizeof(model));
	if (strcmp(name, model) == 0)
		*model = '\0';
	snprintf(a->device, sizeof(a->device), "%.30s%s%.30s", name, *model != '\0' ? ", " : "",
		 model);
	if (version != NULL)
		version += strlen(DEVICE_PREFIX);
	a->igd = version != NULL && version < g->xml + g->len && *version == '2' ? 2 : 1;
	if (*data.IPv6FC.servicetype != '\0')
		UPNP_GetFirewallStatus(urls.controlURL_6FC, data.IPv6FC.servicetype, &enabled,
				       &allowed);
	a->pinholes = enabled != 0 && allowed != 0;
	if (*data.first.servicetype == '\0')
		return;
	a->connected = UPNPIGD_IsConnected(&urls, &data) != 0;
	a->result = result_of(
		UPNP_GetExternalIPAddress(urls.controlURL, data.first.servicetype, external));
	if (a->result == UPNP_RESULT_OK && addr_parse(&a->external, external, 0) != 0)
		a->external = (struct addr){.port = 0};
}

static const char *number(char out[static NUMBER_TEXT], uint32_t v)
{
	snprintf(out, NUMBER_TEXT, "%u", v);
	return out;
}

/* Empty stands for everybody. */
static const char *host_text(const struct addr *a, char out[static ADDR_TEXT])
{
	*out = '\0';
	return addr_is_any(a) ? out : addr_text_ip(a, out);
}

static const char *protocol_text(const struct upnp_request *q)
{
	return q->protocol == IPPROTO_TCP ? "TCP" : "UDP";
}

static void tell_entry(struct upnp_reply *a, const struct entry *e, uint8_t protocol,
		       uint16_t external_port)
{
	const unsigned long port = strtoul(e->port, NULL, 10);

	if (addr_parse(&a->client, e->client, 0) != 0 || port > UINT16_MAX) {
		a->result = UPNP_RESULT_GARBAGE;
		return;
	}
	a->client.port = (uint16_t)port;
	a->protocol = protocol;
	a->external.port = external_port;
	a->lifetime_s = (uint32_t)strtoul(e->lease, NULL, 10);
	snprintf(a->description, sizeof(a->description), "%.*s", UPNP_DESCRIPTION - 1,
		 e->description);
}

static void get(struct upnp_reply *a, const struct igd *g, const struct upnp_request *q)
{
	struct entry e = {.port = ""};
	char port[NUMBER_TEXT];

	a->result = result_of(UPNP_GetSpecificPortMappingEntry(
		g->urls.controlURL, g->data.first.servicetype, number(port, q->external_port),
		protocol_text(q), "", e.client, e.port, e.description, e.enabled, e.lease));
	if (a->result == UPNP_RESULT_OK)
		tell_entry(a, &e, q->protocol, q->external_port);
}

static void list(struct upnp_reply *a, const struct igd *g, const struct upnp_request *q)
{
	struct entry e = {.port = ""};
	char index[NUMBER_TEXT];

	a->result = result_of(UPNP_GetGenericPortMappingEntry(
		g->urls.controlURL, g->data.first.servicetype, number(index, q->index),
		e.external_port, e.client, e.port, e.protocol, e.description, e.enabled, e.remote,
		e.lease));
	if (a->result == UPNP_RESULT_OK)
		tell_entry(a, &e, strcmp(e.protocol, "TCP") == 0 ? IPPROTO_TCP : IPPROTO_UDP,
			   (uint16_t)strtoul(e.external_port, NULL, 10));
}

/* What the gateway says of the port: OK if it is ours, CONFLICT, NOT_THERE, or why it does not say. */
static uint16_t whose(struct upnp_reply *entry, const struct igd *g, const struct upnp_request *q)
{
	get(entry, g, q);
	if (entry->result != UPNP_RESULT_OK)
		return entry->result;
	return addr_eq(&entry->client, &q->client) ? UPNP_RESULT_OK : CONFLICT;
}

/* Any answer that is no error counts as success with miniupnpc, and some gateways agree to what they do not do. */
static void confirm(struct upnp_reply *a, const struct igd *g, const struct upnp_request *q)
{
	struct upnp_request mapping = *q;
	struct upnp_reply entry = {.lifetime_s = q->lifetime_s};
	uint16_t says;

	mapping.external_port = a->external.port;
	says = whose(&entry, g, &mapping);
	a->lifetime_s = entry.lifetime_s;
	if (says == CONFLICT || says == NOT_THERE || says == UPNP_RESULT_GARBAGE)
		a->result = UPNP_RESULT_GARBAGE;
}

/* Another program of this machine may have opened the port. Some gateways cut descriptions, or have none. */
static bool is_named_so(const struct upnp_reply *entry, const struct upnp_request *q)
{
	return strncmp(entry->description, q->description, strlen(entry->description)) == 0;
}

static bool is_anothers(const struct igd *g, const struct upnp_request *q, bool ours)
{
	struct upnp_reply entry;
	const uint16_t says = whose(&entry, g, q);

	return says == CONFLICT || (says == UPNP_RESULT_OK && !ours && !is_named_so(&entry, q));
}

static void add(struct upnp_reply *a, const struct igd *g, const struct upnp_request *q, bool ours)
{
	const char *url = g->urls.controlURL, *type = g->data.first.servicetype;
	char client[ADDR_TEXT], external_port[NUMBER_TEXT], port[NUMBER_TEXT], lease[NUMBER_TEXT];
	char reserved[6] = "";

	/* Not all gateways refuse to give one client's port to another, or to another port of ours. */
	if (is_anothers(g, q, ours)) {
		a->result = CONFLICT;
		return;
	}
	number(external_port, q->external_port);
	number(port, q->client.port);
	number(lease, q->lifetime_s);
	addr_text_ip(&q->client, client);
	a->external.port = q->external_port;
	if (q->op == UPNP_ADD) {
		a->result =
			result_of(UPNP_AddPortMapping(url, type, external_port, port, client,
						      q->description, protocol_text(q), "", lease));
	} else {
		a->result = result_of(UPNP_AddAnyPortMapping(url, type, external_port, port, client,
							     q->description, protocol_text(q), "",
							     lease, reserved));
		a->external.port = (uint16_t)strtoul(reserved, NULL, 10);
	}
	if (a->result == UPNP_RESULT_OK)
		confirm(a, g, q);
}

static void delete_mapping(struct upnp_reply *a, const struct igd *g, const struct upnp_request *q,
			   bool ours)
{
	struct upnp_reply entry;
	uint16_t says = whose(&entry, g, q);
	char port[NUMBER_TEXT];

	/* It leads to us: another program may have opened it, or it is ours by a name of the gateway's. */
	if (says == UPNP_RESULT_OK && !ours && !is_named_so(&entry, q))
		says = NOT_OURS;
	a->result = says;
	if (says != UPNP_RESULT_OK && (!ours || says == CONFLICT || says == NOT_THERE))
		return;
	a->result = result_of(UPNP_DeletePortMapping(g->urls.controlURL, g->data.first.servicetype,
						     number(port, q->external_port),
						     protocol_text(q), ""));
}

static void pinhole(struct upnp_reply *a, const struct igd *g, const struct upnp_request *q)
{
	const char *url = g->urls.controlURL_6FC, *type = g->data.IPv6FC.servicetype;
	char client[ADDR_TEXT], remote[ADDR_TEXT], port[NUMBER_TEXT], remote_port[NUMBER_TEXT],
		protocol[NUMBER_TEXT], lease[NUMBER_TEXT], id[NUMBER_TEXT];
	int rc;

	number(lease, q->lifetime_s);
	number(id, q->pinhole);
	if (q->op == UPNP_PINHOLE_ADD)
		rc = UPNP_AddPinhole(url, type, host_text(&q->remote, remote),
				     number(remote_port, q->remote.port),
				     addr_text_ip(&q->client, client), number(port, q->client.port),
				     number(protocol, q->protocol), lease, id);
	else if (q->op == UPNP_PINHOLE_UPDATE)
		rc = UPNP_UpdatePinhole(url, type, id, lease);
	else
		rc = UPNP_DeletePinhole(url, type, id);
	a->result = result_of(rc);
	a->pinhole = (uint16_t)strtoul(id, NULL, 10);
	a->external.port = q->client.port;
}

static bool has_service_for(const struct igd *g, enum upnp_op op)
{
	switch (op) {
	case UPNP_DESCRIBE:
		return true;
	case UPNP_PINHOLE_ADD:
	case UPNP_PINHOLE_UPDATE:
	case UPNP_PINHOLE_DELETE:
		return g->data.IPv6FC.servicetype[0] != '\0';
	default:
		return g->data.first.servicetype[0] != '\0';
	}
}

void upnp_igd_ask(struct upnp_reply *a, const struct upnp_request *q, bool ours)
{
	struct igd g = {.len = 0};

	errno = 0;
	a->result = fetch(&g, q->location);
	if (a->result == UPNP_RESULT_OK && !has_service_for(&g, q->op))
		a->result = UPNP_RESULT_NOT_IGD;
	if (a->result != UPNP_RESULT_OK)
		return;
	switch (q->op) {
	case UPNP_DESCRIBE:
		describe(a, &g);
		break;
	case UPNP_ADD:
	case UPNP_ADD_ANY:
		add(a, &g, q, ours);
		break;
	case UPNP_GET:
		get(a, &g, q);
		break;
	case UPNP_LIST:
		list(a, &g, q);
		break;
	case UPNP_DELETE:
		delete_mapping(a, &g, q, ours);
		break;
	default:
		pinhole(a, &g, q);
	}
}
