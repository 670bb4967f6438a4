#include "natkit.h"

#include "base/err.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED const char *nk_version(void)
{
	return NK_VERSION;
}

EXPORTED const char *nk_strerror(int code)
{
	return err_text(code);
}
