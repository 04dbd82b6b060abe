// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <errno.h>
#include <stdarg.h>

#include <mica/mem.h>

void report_clear(struct report *report)
{
	findings_clear(&report->findings);
	report->printed = 0;
}

static void print_finding(struct report *report, const struct finding *finding)
{
	static const char *const levels[] = {
		[FINDING_NOTE] = "note",
		[FINDING_WARNING] = "warning",
		[FINDING_ERROR] = "error",
	};

	if (report->volume == REPORT_QUIET && finding->level == FINDING_NOTE)
		return;
	if (finding->file)
		fprintf(report->to, "%s:", finding->file);
	if (finding->file && finding->line > 0)
		fprintf(report->to, "%d:", finding->line);
	if (finding->file && finding->line > 0 && finding->column > 0)
		fprintf(report->to, "%d:", finding->column);
	fprintf(report->to, "%s%s: %s", finding->file ? " " : "", levels[finding->level],
	    finding->text);
	if (report->volume == REPORT_VERBOSE && finding->rule)
		fprintf(report->to, " [%s]", finding->rule);
	fputc('\n', report->to);
	if (finding->hint)
		fprintf(report->to, "  hint: %s\n", finding->hint);
}

void report_findings(struct report *report)
{
	while (report->printed < report->findings.n)
		print_finding(report, &report->findings.items[report->printed++]);
}

char *report_plain(const char *text)
{
	char *plain = mem_strdup(text);

	for (char *at = plain; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	return plain;
}

MICA_PRINTF(2, 0)
static void say(struct report *report, const char *fmt, va_list args)
{
	MICA_FREE char *text = mem_vprintf(fmt, args);
	MICA_FREE char *plain = report_plain(text);

	fprintf(report->to, "%s\n", plain);
}

void report_talk(struct report *report, const char *fmt, ...)
{
	va_list args;

	if (report->volume < REPORT_NORMAL)
		return;
	va_start(args, fmt);
	say(report, fmt, args);
	va_end(args);
}

void report_detail(struct report *report, const char *fmt, ...)
{
	va_list args;

	if (report->volume < REPORT_VERBOSE)
		return;
	va_start(args, fmt);
	say(report, fmt, args);
	va_end(args);
}

enum exit_status report_err(struct report *report, const struct err *err)
{
	report_findings(report);
	fprintf(report->to, "mica: %s\n", err->text);
	if (err->hint[0] != '\0')
		fprintf(report->to, "hint: %s\n", err->hint);
	return exit_status_of(err->kind);
}

int report_flush(FILE *out, struct err *err)
{
	int failed = ferror(out);

	errno = 0;
	if (fflush(out) == 0 && !failed)
		return 0;
	if (errno == 0)
		return err_set(
		    err, ERR_FAILED, "the result could not be written to standard output");
	return err_errno(err, errno, "the result could not be written to standard output");
}
