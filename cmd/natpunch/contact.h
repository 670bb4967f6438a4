/* "natpunch contact": add, remove and list petnames. */
#ifndef NATPUNCH_CONTACT_H
#define NATPUNCH_CONTACT_H

int contact_main(int argc, char *argv[]);

#endif
