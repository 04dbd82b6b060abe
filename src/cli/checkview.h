// SPDX-License-Identifier: Apache-2.0
/* checkview: what check found, for people and for programs. */
#ifndef MICA_CLI_CHECKVIEW_H
#define MICA_CLI_CHECKVIEW_H

#include <mica/findings.h>

#include "run.h"

/* A table of levels, rules and places, then of each what, why and how to mend it. */
void checkview_print(const struct run *run, const struct findings *findings);
void checkview_json(const struct run *run, const struct findings *findings);

#endif
