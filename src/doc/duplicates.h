// SPDX-License-Identifier: Apache-2.0
/* duplicates: keys that a map has twice. Each is a fault at its own place, naming the first. */
#ifndef MICA_DOC_DUPLICATES_H
#define MICA_DOC_DUPLICATES_H

#include <mica/doc.h>

void duplicates_judge(const struct doc_node *map, struct findings *findings);

#endif
