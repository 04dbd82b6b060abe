// SPDX-License-Identifier: Apache-2.0
/*
 * A batch owns its trees; a tree owns the list of its files. Descriptors of trees come and go:
 * at most OPEN_TREES are held, the longest held is closed for the next, so a batch may have
 * more trees than the process may have descriptors.
 */
#ifndef MICA_OUTDIR_PRIVATE_H
#define MICA_OUTDIR_PRIVATE_H

#include <dirent.h>

#include <mica/outdir.h>

enum {
	OPEN_TREES = 64,
	STAGING_MODE = 0700,    /* of a generation until it is complete */
	GENERATION_MODE = 0755, /* of a complete one; keys are protected by their own mode */
	TREE_MODE = 0755,
};

#define DATA_LINK "..data"
#define DATA_NEXT "..data_tmp"

struct staged {
	char *name;
	enum outdir_file kind;
	bool dirty;     /* its bytes are not durable yet */
	bool linked;    /* dir/NAME -> ..data/NAME is there */
	bool link_made; /* by this batch */
};

struct outdir_tree {
	struct outdir_batch *batch;
	char *dir;
	char *current; /* name of the generation that was current at the start; NULL: none */
	struct outdir_rights rights;
	struct staged *files;
	size_t n, cap;
	dev_t dev;
	int fd, generation_fd; /* -1: closed for now; tree_open() */
	bool made;             /* the directory was made by this batch */
	bool staged;           /* the generation's directory is there */
	bool dirty_names; /* the generation's directory has names that are not durable yet */
	bool dirty_tree;  /* and so has the tree's */
	bool swapped;
	bool own_links; /* not all of its links are names of the sample's */
};

struct made_dir {
	char *path;
	bool durable;
};

struct outdir_batch {
	char *generation;
	struct outdir_tree **trees;
	size_t n, cap;
	struct made_dir *made; /* directories, parents first */
	size_t n_made, cap_made;
	struct outdir_tree *open[OPEN_TREES];
	size_t next_open;
	int sample_fd; /* of a tree that was swapped, -1: none yet; swap.c */
	dev_t sample_dev;
};

/* tree.c: both descriptors of the tree are open when it returns 0 */
int tree_open(struct outdir_tree *tree, struct err *err) MICA_CHECKED;
void tree_close(struct outdir_tree *tree);
void tree_discard(struct outdir_tree *tree); /* and removes what was staged and not swapped */

/* tree.c: what stands at dir/NAME? Refused when it is not mica's link. */
int tree_probe_link(const struct outdir_tree *tree, const char *name, bool *ret_there,
    struct err *err) MICA_CHECKED;

/* read.c: the target of dir's ..data; ERR_NOT_FOUND, or ERR_REFUSED when it is not mica's */
int read_current(int dirfd, const char *dir, char **ret, struct err *err) MICA_CHECKED;
bool generation_name_ok(const char *name);
bool is_data_link(int dirfd, const char *name); /* NAME -> ..data/NAME */

DIR *dir_open(int dirfd, const char *name); /* NULL: errno says why */
void dir_closep(DIR **dir);

/* sync.c: a few directories one by one, many trees by syncfs */
int sync_swapped(struct outdir_tree **trees, size_t n, struct err *err) MICA_CHECKED;

/* put.c: "cannot write 'DIR/NAME': ..." with a hint where one helps */
int write_failed(const struct outdir_tree *tree, const char *name, int errnum, struct err *err);

#endif
