#include "face/exit.h"

#include "base/err.h"

int exit_from_err(int code)
{
	switch (code) {
	case 0:
		return EXIT_YES;
	case NK_ERR_BAD_INPUT:
		return EXIT_USAGE;
	case NK_ERR_UNREACHABLE:
	case NK_ERR_LINK_LOST:
	case NK_ERR_FORGOTTEN:
	case NK_ERR_LOST:
		return EXIT_UNREACHABLE;
	case NK_ERR_PERMISSION:
		return EXIT_PERMISSION;
	default:
		return EXIT_INTERNAL;
	}
}
