// SPDX-License-Identifier: Apache-2.0
/*
 * harden: what a process does first so that secrets stay in it: no core dump, not dumpable, umask
 * 077, OpenSSL's secure heap.
 */
#ifndef MICA_HARDEN_H
#define MICA_HARDEN_H

void harden_process(void);

#endif
