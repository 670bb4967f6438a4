/* "natpunch beliefs": show them, or forget them. */
#ifndef NATPUNCH_BELIEFS_H
#define NATPUNCH_BELIEFS_H

int beliefs_main(int argc, char *argv[]);

#endif
