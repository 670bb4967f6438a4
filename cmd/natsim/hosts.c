#include "hosts.h"

#include "face/exit.h"

int hosts_start(struct hosts *h, const struct topology *t, const struct server_options *o)
{
	int status = EXIT_YES;

	h->count = h->server_count = 0;
	while (status == EXIT_YES && h->count < t->host_count) {
		status = host_start(&h->host[h->count], t, h->count);
		h->count++;
	}
	for (unsigned i = 0; status == EXIT_YES && i < t->host_count; i++) {
		if (t->hosts[i].server)
			status = server_start(&h->server[h->server_count++], &t->hosts[i],
					      h->host[i].init, o);
	}
	return status;
}

void hosts_look(struct hosts *h)
{
	for (unsigned i = 0; i < h->server_count; i++)
		server_look(&h->server[i]);
}

void hosts_end(struct hosts *h)
{
	for (unsigned i = 0; i < h->server_count; i++)
		server_end(&h->server[i]);
	for (unsigned i = 0; i < h->count; i++)
		host_end(&h->host[i]);
	h->count = h->server_count = 0;
}
