#include "base/err.h"

#include <assert.h>
#include <stddef.h>

static const char *const texts[] = {
	[0] = "no error",
	[-NK_ERR_NOT_STUN] = "not a STUN message",
	[-NK_ERR_MALFORMED] = "malformed message",
	[-NK_ERR_NO_ROOM] = "does not fit",
	[-NK_ERR_BAD_INPUT] = "bad input",
	[-NK_ERR_UNREACHABLE] = "no answer",
	[-NK_ERR_PERMISSION] = "not permitted",
	[-NK_ERR_NO_MEMORY] = "out of memory",
	[-NK_ERR_SYSTEM] = "system call failed",
	[-NK_ERR_STOPPED] = "stopped",
	[-NK_ERR_LINK_LOST] = "network interface lost",
	[-NK_ERR_FORGOTTEN] = "the server forgot this run: was it restarted?",
	[-NK_ERR_LOST] = "the server stopped answering",
};
static_assert(sizeof(texts) / sizeof(texts[0]) == 1 - NK_ERR_LAST, "each code has a text");

const char *err_text(int code)
{
	if (code > 0 || code < NK_ERR_LAST)
		return "unknown error";
	return texts[-code];
}
