/* "natsim exec": runs a program in a host of a world that is up. */
#ifndef NATSIM_EXEC_H
#define NATSIM_EXEC_H

int exec_main(int argc, char *argv[]);

#endif
