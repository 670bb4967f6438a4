/* Giving up privileges for good, once all that needs them is open. */
#ifndef IO_PRIVILEGE_H
#define IO_PRIVILEGE_H

/**
 * privilege_drop_to() - Become a user
 * @user:	Name of a user who is not root
 *
 * Drops supplementary groups, group and user, and makes sure that there is no
 * way back: no saved ids, no capabilities, and none by executing a file. Call
 * it before any thread is started.
 *
 * Return: 0; NK_ERR_BAD_INPUT if there is no such user or it is root;
 * NK_ERR_PERMISSION if the kernel refuses; NK_ERR_SYSTEM if the change did not
 * hold: end the program then.
 */
int privilege_drop_to(const char *user);

/**
 * privilege_drop_capabilities() - Keep the user, lose all capabilities
 *
 * For a program that was not started as root, or that has nobody to become.
 * Needs no privilege itself. Call it before any thread is started.
 *
 * Return: 0, or NK_ERR_SYSTEM: end the program then.
 */
int privilege_drop_capabilities(void);

#endif
