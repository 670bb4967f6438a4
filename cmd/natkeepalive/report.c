#include "report.h"

#include <math.h>

#define SOON (10 * NK_S) /* what was sent at first is not what will be sent */

double report_per_hour(uint64_t count, nk_time elapsed)
{
	return elapsed < SOON ? NAN : (double)count * 3600 / nk_seconds(elapsed);
}
