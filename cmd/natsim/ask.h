/* "natsim status", "natsim set" and "natsim down": what is asked of a world that is up. */
#ifndef NATSIM_ASK_H
#define NATSIM_ASK_H

int status_main(int argc, char *argv[]);
int set_main(int argc, char *argv[]);
int down_main(int argc, char *argv[]);

#endif
