/* "natpunch ice": meets ICE agents of others. */
#ifndef NATPUNCH_ICE_H
#define NATPUNCH_ICE_H

int ice_main(int argc, char *argv[]);

#endif
