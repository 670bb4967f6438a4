/* A zoo from a file, for tests, which run in the top folder. */
#ifndef TESTS_SIM_ZOO_FILE_H
#define TESTS_SIM_ZOO_FILE_H

#include "sim/zoo.h"

/* NULL @path: that of the environment variable NATKIT_ZOO, or share/zoo.conf. Ends the program,
 * and says why, if there is no zoo to be had. */
struct zoo *zoo_from_file(const char *path);

#endif
