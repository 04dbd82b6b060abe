// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <stdlib.h>

#include <libsmartcols.h>

struct table {
	struct libscols_table *lines;
	size_t n_columns;
	size_t n_rows;
	const char *empty;
};

/* libsmartcols fails for want of memory only */
static void must(int code)
{
	if (code != 0)
		abort();
}

static int flags_of(enum table_fit fit)
{
	static const int flags[] = {
		[TABLE_WHOLE] = 0,
		[TABLE_WRAP] = SCOLS_FL_WRAP,
		[TABLE_CUT] = SCOLS_FL_TRUNC,
	};

	return flags[fit];
}

struct table *table_new(enum table_head head, const struct table_column *columns, size_t n)
{
	struct table *table = mem_zalloc(sizeof(*table));

	table->lines = scols_new_table();
	table->n_columns = n;
	table->empty = head == TABLE_HEADED ? "-" : " ";
	must(!table->lines);
	must(scols_table_enable_noheadings(table->lines, head == TABLE_BARE));
	must(scols_table_set_column_separator(table->lines, "  "));
	for (size_t i = 0; i < n; i++)
		must(!scols_table_new_column(table->lines, columns[i].name,
		    columns[i].fit == TABLE_WHOLE ? 0 : 0.1, flags_of(columns[i].fit)));
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	scols_unref_table(table->lines);
	free(table);
}

void table_row(struct table *table, const char *const *cells)
{
	struct libscols_line *line = scols_table_new_line(table->lines, NULL);

	must(!line);
	for (size_t i = 0; i < table->n_columns; i++)
		must(scols_line_set_data(
		    line, i, cells[i] && cells[i][0] != '\0' ? cells[i] : table->empty));
	table->n_rows++;
}

void table_print(struct table *table, FILE *to)
{
	if (table->n_rows == 0)
		return;
	must(scols_table_set_stream(table->lines, to));
	must(scols_print_table(table->lines));
}
