/* natmap without a command: the map of the NATs in front of this machine. */
#ifndef NATMAP_MAP_H
#define NATMAP_MAP_H

int map_main(int argc, char *argv[]);

#endif
