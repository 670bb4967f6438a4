/* natsim run: one program behind one NAT, or several. */
#ifndef NATSIM_RUN_H
#define NATSIM_RUN_H

/* As a program's main(). Return: the exit status of the program that it ran, or its own. */
int run_main(int argc, char *argv[]);

#endif
