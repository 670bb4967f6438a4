/* The commands that open ports: "natmap open", "close", "list" and "watch". */
#ifndef NATMAP_PORTS_H
#define NATMAP_PORTS_H

int open_main(int argc, char *argv[]);
int close_main(int argc, char *argv[]);
int list_main(int argc, char *argv[]);
int watch_main(int argc, char *argv[]);

#endif
