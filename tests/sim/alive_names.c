#include <string.h>

#include "alive_scene.h"

static const char *const ways[ALIVE_WAYS] = {
	[ALIVE_TURNS] = "turns",   [ALIVE_FIXED] = "fixed", [ALIVE_LEARNED] = "learned",
	[ALIVE_OPENER] = "opener", [ALIVE_NONE] = "none",   [ALIVE_ORACLE] = "oracle",
};
static const char *const losses[ALIVE_LOSSES] = {
	[ALIVE_LOSS_NONE] = "none",
	[ALIVE_LOSS_2] = "2%",
	[ALIVE_LOSS_5] = "5%",
	[ALIVE_LOSS_BURSTS] = "bursts",
};
static const char *const drifts[ALIVE_DRIFTS] = {
	[ALIVE_STEADY] = "steady",
	[ALIVE_GROWS] = "grows",
	[ALIVE_SHRINKS] = "shrinks",
	[ALIVE_WALKS] = "walks",
};

static int place(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

const char *alive_way_name(enum alive_way w)
{
	return ways[w];
}

const char *alive_loss_name(enum alive_loss l)
{
	return losses[l];
}

const char *alive_drift_name(enum alive_drift d)
{
	return drifts[d];
}

int alive_way_find(const char *name)
{
	return place(ways, ALIVE_WAYS, name);
}

int alive_loss_find(const char *name)
{
	return place(losses, ALIVE_LOSSES, name);
}

int alive_drift_find(const char *name)
{
	return place(drifts, ALIVE_DRIFTS, name);
}
