/* A pcapng file (draft-ietf-opsawg-pcapng) of IP packets, for any packet dissector. */
#ifndef SIM_PCAP_H
#define SIM_PCAP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/time.h"

/* struct pcap - @file is borrowed; what went wrong with it, ferror() says */
struct pcap {
	FILE *file;
	unsigned interfaces;
};

/* Begins the file. */
void pcap_begin(struct pcap *x, FILE *file);

/* A place where packets are seen. @name: up to 64 bytes count. Return: its number. */
unsigned pcap_interface(struct pcap *x, const char *name);

/* One packet of at most 65575 bytes. @at: since the epoch, or since the world began. */
void pcap_packet(struct pcap *x, unsigned interface, nk_time at, const uint8_t *ip, size_t len);

#endif
