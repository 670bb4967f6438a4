/* Namespaces: whether we may make them, and what a host's hold. */
#ifndef NATSIM_SPACES_H
#define NATSIM_SPACES_H

/**
 * spaces_prepare() - Become able to make hosts
 *
 * Without privilege this process goes into a user namespace of its own, in which its user is
 * called root and has all power over the hosts, and outside it none that he had not before. To be
 * called once, before any thread is started.
 *
 * Return: EXIT_YES, or the exit status to end with, what is missing having been said.
 */
int spaces_prepare(void);

/**
 * spaces_furnish() - In a host's own namespaces: its name, /etc/hosts, /etc/resolv.conf and /proc
 * @hosts, @resolver: Texts of the two files; one that does not exist outside is left out
 *
 * Return: 0, or -1 and errno.
 */
int spaces_furnish(const char *name, const char *hosts, const char *resolver);

#endif
