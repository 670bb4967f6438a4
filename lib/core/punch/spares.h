/* Sockets beyond the two of the candidates: opened when a hard tactic first aims from one, and closed
 * when it is over. */
#ifndef CORE_PUNCH_SPARES_H
#define CORE_PUNCH_SPARES_H

#include "core/core.h"
#include "core/punch/tactic.h"

#define SPARES_FIRST 2   /* as aims count sockets */
#define SPARES_MAX   256 /* birthday's */

enum spare_state { SPARE_CLOSED, SPARE_OPENING, SPARE_OPEN, SPARE_FAILED };

/**
 * struct spares - All of them
 * @waiting:	The aim that a socket is opened for, which is sent when it is open
 * @ready:	Of these many opened sockets the aim is still to be sent
 */
struct spares {
	uint32_t first_id;
	enum spare_state state[SPARES_MAX];
	struct aim waiting[SPARES_MAX];
	bool has_waiting[SPARES_MAX];
	unsigned ready;
};

/* @first_id: of the socket that aims call 0. */
void spares_init(struct spares *s, uint32_t first_id);

/* The owner has opened this one already. */
void spares_have(struct spares *s, uint32_t socket);

/* Whether a check can leave from @socket, one of the first two among them. */
bool spares_can_send(const struct spares *s, uint32_t socket);

/* Opens the socket that @aim is to be sent from; false if it cannot be, and the aim is dropped. */
bool spares_open(struct spares *s, const struct aim *aim, struct action *action);

/* Return: true if the event tells of a spare socket's opening. */
bool spares_input(struct spares *s, const struct event *ev);

/* An aim that can be sent now, because its socket has been opened. */
bool spares_next(struct spares *s, struct aim *out);

/* Closes one that is open and not @keep; false if there is none. */
bool spares_close(struct spares *s, uint32_t keep, struct action *action);

#endif
