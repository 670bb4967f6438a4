/* "natsim up": makes a world of a file, and stays with it in the background. */
#ifndef NATSIM_UP_H
#define NATSIM_UP_H

int up_main(int argc, char *argv[]);

#endif
