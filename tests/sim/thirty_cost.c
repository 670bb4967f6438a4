#include "thirty_cost.h"

#include "keeper_rig.h"

#define HOUR        (3600 * NK_S)
#define LEARNED     (12 * HOUR)
#define MEASURED    (6 * HOUR)
#define EXCHANGE    (2.0 * (28 + KEEPALIVE_LEN)) /* bytes of IPv4 */
#define CONSTANT    15.0
#define FIXED       (0.72 * 0.9) /* of the timeout, in the mean */

#define WAKES_MOST  0.2
#define WAKES_LOSSY 0.25 /* hellos come by themselves; those timers ask nobody again */
#define BYTES_MOST  0.2  /* where a timeout is long, */
#define LONG        (120 * NK_S)
#define FIXED_MOST  1.2 /* and where it is not */

static struct rig rig;

struct thirty_cost thirty_measure(const struct nat_spec *nat, double loss)
{
	const double times = nk_seconds(MEASURED) * THIRTY;
	struct keeper_result before, after;
	struct thirty_cost c = {.up = 0};

	rig_open(&rig, nat, loss, (uint64_t)nat->t_stream);
	rig.options.algorithm = KEEPALIVE_LEARNED;
	for (unsigned i = 0; i < THIRTY; i++)
		rig_add(&rig, RIG_BROKER);
	rig_start(&rig);
	rig_wait(&rig, LEARNED);
	before = rig_result(&rig);
	rig_wait(&rig, MEASURED);
	after = rig_result(&rig);
	c.wakes = (double)(after.wakes - before.wakes) /
		  (double)(after.constant_wakes - before.constant_wakes);
	c.bytes = (double)(after.bytes - before.bytes) / (times / CONSTANT * EXCHANGE);
	c.fixed = c.bytes * FIXED * nk_seconds(nat->t_stream) / CONSTANT;
	for (unsigned i = 0; i < THIRTY; i++)
		c.up += after.targets[i].state == KEEPER_UP;
	rig_close(&rig);
	return c;
}

bool thirty_is_cheap(const struct thirty_cost *c, const struct nat_spec *nat, double loss)
{
	return c->up == THIRTY && c->wakes <= (loss > 0 ? WAKES_LOSSY : WAKES_MOST) &&
	       (nat->t_stream >= LONG ? c->bytes <= BYTES_MOST : c->fixed <= FIXED_MOST);
}
