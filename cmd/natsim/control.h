/*
 * How the commands speak to the supervisor of a world: one request and one
 * answer, each a JSON object in one message, on a connection of its own.
 *
 *	{"do": "status", "json": true}			an answer with a file, to be printed
 *	{"do": "exec", "host": "alice"}			an answer with the host's first process
 *	{"do": "set", "name": "home", "settings": ["loss=2%", "reboot"]}
 *	{"do": "stop"}					an answer, and the end when it is over
 *
 * Answers: {"exit": 0}, or with an enum exit_status and {"why": "..."}.
 */
#ifndef NATSIM_CONTROL_H
#define NATSIM_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "face/js.h"

#define CONTROL_MAX 16384 /* bytes of a message */

/* Sends a message, and with it a descriptor unless that is -1. Return: false and errno. */
bool control_send(int socket, const void *bytes, size_t len, int fd);

/* Receives a message of at most @cap bytes, and a descriptor or -1. Return: its length, or -1. */
long control_receive(int socket, void *bytes, size_t cap, int *fd);

/* A root, sent as a message and ended. Return: false and errno. */
bool control_send_js(int socket, struct js root, int fd);

/* The beginning of a request. */
struct js control_request(bool *failed, const char *what);

/**
 * control_ask() - Asks the world of that name
 * @request:	Ended by this
 * @fd:		Set to a descriptor that came with the answer, or -1
 * @socket:	Set to the connection, which stays open; NULL: closed
 *
 * Return: OPTIONS_GO_ON if all is well; else the exit status to end with, all being said.
 */
int control_ask(const char *name, struct js request, int *fd, int *socket);

#endif
