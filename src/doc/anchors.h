// SPDX-License-Identifier: Apache-2.0
/* anchors: the nodes that have a name, for doc_read_loose(). */
#ifndef MICA_DOC_ANCHORS_H
#define MICA_DOC_ANCHORS_H

#include <mica/doc.h>

struct anchors {
	void *root; /* of a tree (tsearch(3)): a text may have as many names as lines */
};

void anchors_note(struct anchors *anchors, const char *name, struct doc_node *node);
/* The newest of that name; NULL: none. A node that is not read to its end has no name yet, so
 * that none can hold itself. */
struct doc_node *anchors_find(const struct anchors *anchors, const char *name);
void anchors_clear(struct anchors *anchors);

#endif
