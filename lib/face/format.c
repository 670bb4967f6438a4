#include "face/format.h"

#include <unistd.h>

int format_settle(int format)
{
	if (format != FORMAT_AUTO)
		return format;
	return isatty(STDOUT_FILENO) ? FORMAT_TEXT : FORMAT_JSON;
}
