/* "natpunch id": who we are. */
#ifndef NATPUNCH_ID_H
#define NATPUNCH_ID_H

int id_main(int argc, char *argv[]);

#endif
