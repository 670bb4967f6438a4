/* Other addresses in mid-run: of a host's device, and in what hosts know of each other. */
#ifndef NATSIM_READDRESS_H
#define NATSIM_READDRESS_H

#include "hosts.h"
#include "topology.h"

/* Host @number of @t has @to in place of @from on its device. Return: false if it failed, and
 * nothing has changed. */
bool readdress_device(const struct hosts *hosts, const struct topology *t, unsigned number,
		      const struct addr *from, const struct addr *to);

/* Writes the names of @t to /etc/hosts of all hosts. Return: false if one has the old ones still. */
bool readdress_names(const struct hosts *hosts, const struct topology *t);

#endif
