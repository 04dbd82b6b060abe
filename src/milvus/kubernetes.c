// SPDX-License-Identifier: Apache-2.0
/* What the pods of Helm and of the operator have in common. */
#include "render.h"

#include <string.h>

/* From 3.0 on the image runs Milvus as a user of its own. */
bool render_needs_group(const struct inv_deployment *deployment)
{
	return deployment->version >= MILVUS_VERSION(3, 0);
}

void render_indented(const char *indent, const struct buf *text, struct buf *ret)
{
	const char *from = buf_text(text);

	while (*from) {
		const size_t len = strcspn(from, "\n");

		if (len > 0)
			buf_addstr(ret, indent);
		buf_add(ret, from, len);
		buf_addstr(ret, "\n");
		from += len + (from[len] == '\n');
	}
}

/* The mode in decimal: what 0440 is depends on which YAML a parser speaks. */
void render_volumes(const struct site *site, const char *indent, mode_t mode, struct buf *ret)
{
	BUF_AUTO text = BUF_INIT;

	buf_addstr(&text, "volumes:\n  - name: \"" KUBERNETES_VOLUME "\"\n    secret:\n"
	                  "      secretName: \"");
	render_secret_name(site, &text);
	buf_printf(&text, "\"\n      defaultMode: %u # %04o\n", (unsigned)mode, (unsigned)mode);
	buf_addstr(
	    &text, "volumeMounts:\n  - name: \"" KUBERNETES_VOLUME "\"\n    mountPath: ");
	doc_quote(&text, site->deployment->mount);
	buf_addstr(&text, "\n    readOnly: true\n");
	render_indented(indent, &text, ret);
}
