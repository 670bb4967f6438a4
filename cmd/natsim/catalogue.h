/* "natsim list" and "natsim show": the presets, and where each of their properties is from. */
#ifndef NATSIM_CATALOGUE_H
#define NATSIM_CATALOGUE_H

int list_main(int argc, char *argv[]);
int show_main(int argc, char *argv[]);

#endif
