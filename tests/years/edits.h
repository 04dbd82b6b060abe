// SPDX-License-Identifier: Apache-2.0
/* edits: what people and machines do to a history besides what goes wrong for days: the
 * inventory edited, files deleted and changed, certificates rotated, Milvus crashing, the clock
 * jumping. */
#ifndef MICA_YEARS_EDITS_H
#define MICA_YEARS_EDITS_H

#include <stdbool.h>

struct history;

void edits_of_the_day(struct history *history);

/* The clock jumps, and mica runs at the wrong time: true: that was the run of today. */
bool edits_of_the_clock(struct history *history);

/* Somebody moves away what is in mica's way, as it says. */
void edits_move_away(struct history *history);

void write_inventory(struct history *history);

#endif
