/* Playing a script on a stage, and the transcript of it. */
#ifndef KERNEL_PLAY_H
#define KERNEL_PLAY_H

#include "script.h"
#include "stage.h"

#define PLAY_TEXT_MAX 400

/**
 * struct transcript - What became of the packets of a script
 * @at, @took:	When each was really sent, and how long that took
 * @late:	By how much the worst was late
 * @came:	What came out of the NAT until the next one: a line for each packet, on which side
 *		it came out and what it was
 */
struct transcript {
	nk_time at[SCRIPT_STEPS_MAX], took[SCRIPT_STEPS_MAX];
	nk_time late;
	char came[SCRIPT_STEPS_MAX][PLAY_TEXT_MAX];
};

/**
 * play() - Play a script
 * @times:	When to send each packet; NULL: as the script says, each so long after the last
 *		one was really sent
 *
 * Return: NULL, or why the stage cannot be had.
 */
const char *play(const struct script *script, open_stage *open, const nk_time *times,
		 struct transcript *out);

#endif
