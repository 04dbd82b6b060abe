// SPDX-License-Identifier: Apache-2.0
/*
 * faults: the system calls by which a run changes something, counted, and one of them made to
 * fail. This program defines the functions of the C library that make them, so that every
 * library in it, SQLite too, calls these.
 */
#ifndef MICA_YEARS_FAULTS_H
#define MICA_YEARS_FAULTS_H

enum fault {
	FAULT_NONE,
	FAULT_COUNT, /* counted only */
	FAULT_KILL,  /* at the given call this process dies, as by kill -9, before it is made */
	FAULT_FULL,  /* from the given call on the disk is full, for what needs room */
};

/* From now on; at: the call, from 1. */
void faults_begin(enum fault fault, unsigned at);
/* No more; how many calls there were. */
unsigned faults_end(void);

#endif
