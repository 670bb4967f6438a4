/* "natpunch listen", "call", "send" and "test". */
#ifndef NATPUNCH_RUN_H
#define NATPUNCH_RUN_H

int listen_main(int argc, char *argv[]);
int call_main(int argc, char *argv[]);
int send_main(int argc, char *argv[]);
int test_main(int argc, char *argv[]);

#endif
