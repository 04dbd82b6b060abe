// SPDX-License-Identifier: Apache-2.0
/*
 * pin: the token's PIN from where the inventory says. It is only ever in a struct buf, which
 * cleanses it.
 *
 * A PIN is 1 to 255 bytes without control characters; the final newline of a file or of piped
 * input is not part of it.
 */
#ifndef MICA_CLI_PIN_H
#define MICA_CLI_PIN_H

#include <mica/buf.h>
#include <mica/inventory.h>

enum { PIN_MAX = 255 };

/* Moves the PIN out of what was read. from is for the message: "the PIN file 'pin'". */
int pin_check(
    struct buf *read, const char *from, struct buf *ret, struct err *err) MICA_CHECKED;

/* A file of one's own (or root's) that nobody else can read. */
int pin_from_file(const char *path, struct buf *ret, struct err *err) MICA_CHECKED;

/* What systemd put into $CREDENTIALS_DIRECTORY under this name (systemd.exec(5)). The caller
 * gives that directory, NULL when the variable is not set. */
int pin_from_credential(
    const char *directory, const char *name, struct buf *ret, struct err *err) MICA_CHECKED;

/* A descriptor that mica was started with, read to its end. */
int pin_from_fd(int fd, struct buf *ret, struct err *err) MICA_CHECKED;

/* Whether there is a terminal to ask on. */
int pin_terminal_check(struct err *err) MICA_CHECKED;

/* Asks on the controlling terminal, without echo. A signal that comes meanwhile finds the
 * terminal as it was; one that would end mica makes this fail instead, so that the caller can
 * clean up. */
int pin_from_terminal(const char *prompt, struct buf *ret, struct err *err) MICA_CHECKED;

#endif
