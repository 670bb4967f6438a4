/*
 * Where a script is played: in front of the model, in virtual time, or of the
 * kernel's NAT, in real time. Packets are bytes on both.
 */
#ifndef KERNEL_STAGE_H
#define KERNEL_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "script.h"

#define STAGE_PACKET_MAX 8192

/* A packet came out of the NAT: on its inside, or on its outside. Borrowed for the call. */
typedef void stage_came(void *user, bool inside, const uint8_t *bytes, size_t len);

/**
 * struct stage - A NAT with someone on both sides
 * @until:	Lets time pass until @at, from the stage's beginning on, and hands over what comes;
 *		returns what time it is
 * @send:	A packet for the NAT's inside or its outside
 */
struct stage {
	nk_time (*until)(struct stage *s, nk_time at);
	void (*send)(struct stage *s, bool inside, const uint8_t *bytes, size_t len);
	void (*close)(struct stage *s);
	stage_came *came;
	void *user;
};

/* With the NAT and the links of @script. Return: NULL, and in *@why what is wrong. A stage is ended
 * with its close(). */
typedef struct stage *open_stage(const struct script *script, stage_came *came, void *user,
				 const char **why);

open_stage model_stage;

/* Moves the process into a network namespace of its own, for good. */
open_stage kernel_stage;

#endif
