/* Making the kernel's NAT what a script says, in the network namespace of this process. */
#ifndef KERNEL_NAT_H
#define KERNEL_NAT_H

#include <stdbool.h>
#include <stdio.h>

#include "script.h"

/* That of @script, between the interfaces "lan" and "wan", which exist. Return: false if the kernel
 * refuses. */
bool kernel_nat_set(const struct script *script);

/* Writes a line for each timer of @spec that the kernel, left alone, has otherwise. Return: how
 * many, or -1 if they cannot be read. */
int kernel_nat_compare_timers(struct nat_spec spec, FILE *to);

#endif
