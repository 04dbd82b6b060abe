// SPDX-License-Identifier: Apache-2.0
#include <mica/doc.h>

#include <stdarg.h>

#include <mica/mem.h>

void doc_fault(struct findings *findings, const char *rule, const struct mark *where,
    const char *hint, const char *fmt, ...)
{
	MICA_FREE char *text = NULL;
	va_list args;

	if (findings->errors > DOC_MAX_FAULTS)
		return;
	if (findings->errors == DOC_MAX_FAULTS) {
		findings_add(findings, FINDING_ERROR, "too-many-faults", NULL,
		    "mend these first", "there are more faults than these %d", DOC_MAX_FAULTS);
		return;
	}
	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	findings_add(findings, FINDING_ERROR, rule, where, hint, "%s", text);
}
