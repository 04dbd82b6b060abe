// SPDX-License-Identifier: Apache-2.0
/* table: columns that fit the terminal; whole when the output is a file or a pipe. */
#ifndef MICA_CLI_TABLE_H
#define MICA_CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include <mica/mem.h>

struct table;

enum table_fit {
	TABLE_WHOLE,
	TABLE_WRAP, /* on a narrow terminal: over several lines, between words */
	TABLE_CUT,  /* on a narrow terminal: its beginning, and ".." */
};

struct table_column {
	const char *name;
	enum table_fit fit;
};

enum table_head { TABLE_HEADED, TABLE_BARE };

/* columns must outlive the table */
struct table *table_new(enum table_head head, const struct table_column *columns, size_t n);
void table_free(struct table *table);
MICA_DEFINE_FREEP(struct table, table_free)

/* One cell for each column; an empty one is shown as "-" in a table with a head. */
void table_row(struct table *table, const char *const *cells);
void table_print(struct table *table, FILE *to);

#endif
