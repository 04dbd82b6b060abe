// SPDX-License-Identifier: Apache-2.0
/*
 * values.yaml for the chart "milvus" of milvus-helm.
 *
 * The chart's own volumes reach every pod, standalone or cluster, but only from chart 4.2.31
 * on. Milvus 2.3 and 2.4 come with older ones, which can mount files into the proxy alone; a
 * chart that has both would mount twice what stands at both places.
 */
#include "render.h"

#include <mica/mem.h>

/* the group milvus of the image; any group would do, since pods are given it besides their own
 */
enum { IMAGE_GROUP = 999 };

static void add_pods(const struct site *site, struct buf *ret)
{
	if (site->deployment->version < MILVUS_VERSION(2, 5)) {
		buf_addstr(ret, "proxy:\n");
		render_volumes(site, "  ", 0440, ret);
	} else {
		render_volumes(site, "", 0440, ret);
	}
	buf_printf(ret, "annotations:\n  mica-generation: \"%s\"\n", site->generation);
	if (render_needs_group(site->deployment))
		buf_printf(ret,
		    "# Milvus runs as a user here: by this group it can read the Secret's "
		    "files.\n"
		    "securityContext:\n  fsGroup: %d\n",
		    IMAGE_GROUP);
}

void render_helm(const struct site *site, const struct buf *config, struct buf *ret)
{
	render_header(site, ret);
	buf_addstr(ret,
	    "# For the chart milvus of https://zilliztech.github.io/milvus-helm; deploy.md has "
	    "the\n"
	    "# commands. Each delivery has a Secret of its own, and names it here: so the pods "
	    "are\n"
	    "# replaced.\n"
	    "extraConfigFiles:\n  user.yaml: |\n");
	render_indented("    ", config, ret);
	add_pods(site, ret);
}
