// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <libsmartcols.h>

/* No wrapped or cut column is made narrower than this. */
enum { NARROWEST = 18, CUT_WIDTH = 10, GAP = 2 };

#define CUT_MARK ".."

struct table {
	struct libscols_table *lines;
	const struct table_column *columns;
	size_t n_columns;
	char **cells; /* row by row */
	size_t n_cells, cap;
	const char *empty;
};

/* libsmartcols fails for want of memory only */
static void must(int code)
{
	if (code != 0)
		abort();
}

struct table *table_new(enum table_head head, const struct table_column *columns, size_t n)
{
	struct table *table = mem_zalloc(sizeof(*table));

	table->lines = scols_new_table();
	table->columns = columns;
	table->n_columns = n;
	table->empty = head == TABLE_HEADED ? "-" : " ";
	must(!table->lines);
	must(scols_table_enable_noheadings(table->lines, head == TABLE_BARE));
	must(scols_table_set_column_separator(table->lines, "  "));
	must(scols_table_set_termforce(table->lines, SCOLS_TERMFORCE_NEVER));
	for (size_t i = 0; i < n; i++) {
		bool wraps = columns[i].fit == TABLE_WRAP;
		struct libscols_column *column = scols_table_new_column(
		    table->lines, columns[i].name, 0, wraps ? SCOLS_FL_WRAP : 0);

		must(!column);
		if (!wraps)
			continue;
		must(scols_column_set_safechars(column, "\n"));
		must(scols_column_set_wrapfunc(
		    column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL));
	}
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	scols_unref_table(table->lines);
	free(table);
}

void table_row(struct table *table, const char *const *cells)
{
	size_t need = table->n_cells + table->n_columns;

	table->cells = mem_grow(table->cells, &table->cap, need, sizeof(*table->cells));
	for (size_t i = 0; i < table->n_columns; i++)
		table->cells[table->n_cells++] =
		    mem_strdup(cells[i] && cells[i][0] != '\0' ? cells[i] : table->empty);
}

/* --- breaking lines ------------------------------------------------------------------ */

static size_t width_of(const char *text)
{
	wchar_t wide[512];
	size_t len = mbstowcs(wide, text, mem_count(wide));
	int width = len < mem_count(wide) ? wcswidth(wide, len) : -1;

	return width >= 0 ? (size_t)width : strlen(text);
}

static size_t terminal_width(FILE *to)
{
	struct winsize size;

	if (!isatty(fileno(to)) || ioctl(fileno(to), TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

/* What the widest cell of each column needs. */
static void measure(const struct table *table, size_t widths[])
{
	for (size_t i = 0; i < table->n_columns; i++) {
		widths[i] = width_of(table->columns[i].name);
		for (size_t k = i; k < table->n_cells; k += table->n_columns) {
			size_t width = width_of(table->cells[k]);

			if (width > widths[i])
				widths[i] = width;
		}
	}
}

/* Takes from the columns of this fit, down to least, what the line is too long by. */
static size_t shrink(
    const struct table *table, enum table_fit fit, size_t least, size_t widths[], size_t over)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		size_t spare = widths[i] > least ? widths[i] - least : 0;
		size_t taken = spare < over ? spare : over;

		if (table->columns[i].fit != fit)
			continue;
		widths[i] -= taken;
		over -= taken;
	}
	return over;
}

/* Puts line ends where blanks are, so that no line is wider than room. */
static void break_words(char *text, size_t room)
{
	char *line = text;
	char *blank = NULL;

	for (char *at = text; *at; at++) {
		if (*at == '\n')
			*at = ' ';
		if (*at != ' ')
			continue;
		*at = '\0';
		if (width_of(line) > room && blank) {
			*blank = '\n';
			line = blank + 1;
		}
		*at = ' ';
		blank = at;
	}
	if (blank && blank > line && width_of(line) > room)
		*blank = '\n';
}

static void fit_cell(enum table_fit fit, char *cell, size_t width)
{
	if (fit == TABLE_WRAP)
		break_words(cell, width);
	if (fit == TABLE_CUT && strlen(cell) > width)
		strcpy(cell + width - strlen(CUT_MARK), CUT_MARK);
}

static void fit_cells(struct table *table, size_t room)
{
	MICA_FREE size_t *widths = mem_array(table->n_columns, sizeof(*widths));
	size_t total = (table->n_columns - 1) * GAP;
	size_t over;

	measure(table, widths);
	for (size_t i = 0; i < table->n_columns; i++)
		total += widths[i];
	if (total <= room)
		return;
	over = shrink(table, TABLE_CUT, CUT_WIDTH, widths, total - room);
	shrink(table, TABLE_WRAP, NARROWEST, widths, over);
	for (size_t i = 0; i < table->n_columns; i++)
		for (size_t k = i; k < table->n_cells; k += table->n_columns)
			fit_cell(table->columns[i].fit, table->cells[k], widths[i]);
}

void table_print(struct table *table, FILE *to)
{
	size_t room = terminal_width(to);

	if (table->n_cells == 0)
		return;
	if (room > 0)
		fit_cells(table, room);
	for (size_t row = 0; row < table->n_cells; row += table->n_columns) {
		struct libscols_line *line = scols_table_new_line(table->lines, NULL);

		must(!line);
		for (size_t i = 0; i < table->n_columns; i++)
			must(scols_line_set_data(line, i, table->cells[row + i]));
	}
	must(scols_table_set_stream(table->lines, to));
	must(scols_print_table(table->lines));
}
