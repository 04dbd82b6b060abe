// SPDX-License-Identifier: Apache-2.0
/*
 * outdir: delivered files, as generations (kubelet's layout).
 *
 * A tree is a directory such as out/prod/tls. Its files lie in a generation, a directory within it
 * that is never changed once it is current; "..data" links to the current one, and the names that
 * people and Milvus use are links through it:
 *
 *     tls/server.pem -> ..data/server.pem      tls/..data -> ..20261122T083700.4f2a
 *
 * So one rename moves all files of a tree at once, a reader sees the old set or the new one, and a
 * bind mount of tls/ stays valid. Whatever begins with ".." is mica's own.
 *
 * A batch stages many trees, makes them durable with as few syncs as possible (a few fsyncs, or one
 * syncfs for each file system), and swaps them. Until the swap nothing is visible; a batch that is freed
 * before it removes what it staged, and the directories it made. What a crash leaves behind is
 * removed by the next outdir_tidy().
 *
 * A generation's directory has mode 0700 until it is complete and 0755 from then on; keys are protected
 * by their own mode. So what was staged and never finished is told from an older generation. The names
 * of a tree are linked before ..data moves: they lead nowhere, or to the old set, until it does. That
 * rename is the only step that shows, and it comes after everything else is durable.
 *
 * A tree's directory is a directory: a symbolic link in its place is refused, links on the way to it
 * are not. The umask has no effect on any mode. Links are hard links of one another within a batch.
 */
#ifndef MICA_OUTDIR_H
#define MICA_OUTDIR_H

#include <stdbool.h>
#include <sys/types.h>

#include <mica/buf.h>

struct outdir_batch;
struct outdir_tree;

struct outdir_rights {
	uid_t uid; /* (uid_t)-1: leave */
	gid_t gid; /* (gid_t)-1: leave */
	mode_t key_mode;
};

enum { OUTDIR_PUBLIC_MODE = 0644 };

/* generation: a name for this run's generations, beginning with ".." and not used before; it need not
 * sort: which of two is newer is told by their times of modification */
struct outdir_batch *outdir_batch_new(const char *generation);
void outdir_batch_free(struct outdir_batch *batch);
MICA_DEFINE_FREEP(struct outdir_batch, outdir_batch_free)

/* Frees the batch and leaves what it staged where it is, for outdir_read_staged() in a later run. */
void outdir_batch_leave(struct outdir_batch *batch);

/* Begins a new generation of the tree at dir, made (0755, and its parents) when it is not there. The
 * tree belongs to the batch. ERR_REFUSED when dir or its ..data is not what mica made; ERR_EXISTS when
 * the generation is there already. */
int outdir_tree(struct outdir_batch *batch, const char *dir, const struct outdir_rights *rights,
    struct outdir_tree **ret, struct err *err) MICA_CHECKED;

/* Writes a file of the generation: O_EXCL, mode, owner. A key has rights->key_mode, other files
 * OUTDIR_PUBLIC_MODE. ERR_REFUSED when the tree has something of that name that is not mica's link, or
 * when it is no name for a file (a slash, or ".." at its beginning). */
enum outdir_file { OUTDIR_PUBLIC, OUTDIR_KEY };
int outdir_put(struct outdir_tree *tree, const char *name, enum outdir_file kind, const struct buf *bytes,
    struct err *err) MICA_CHECKED;

/* Whether outdir_put() would refuse this name, known before there is anything to put. */
int outdir_may_put(struct outdir_tree *tree, const char *name, struct err *err) MICA_CHECKED;

/* Takes over a file of the current generation unchanged: a hard link where it has the rights
 * already, a copy with the right ones otherwise. ERR_NOT_FOUND. */
int outdir_carry(struct outdir_tree *tree, const char *name, enum outdir_file kind,
    struct err *err) MICA_CHECKED;

/* Takes over a file that was put into another tree of the batch on the same file system by a hard
 * link where rights allow, by a copy otherwise. */
int outdir_share(struct outdir_tree *tree, const struct outdir_tree *from, const char *name,
    struct err *err) MICA_CHECKED;

/* Everything put so far is durable when this returns. Nothing to do costs nothing. */
int outdir_sync(struct outdir_batch *batch, struct err *err) MICA_CHECKED;

/* Makes every tree's new generation current, durably; what was not synced yet is synced first. A failure
 * part of the way leaves whole trees, old or new. Names no longer in the generation lose their links. */
int outdir_swap(struct outdir_batch *batch, struct err *err) MICA_CHECKED;

/* Removes staging that crashed runs left, and all but `keep` generations: the current one and the newest
 * others. A directory that is not there is nothing to do. Not while a batch has staged in dir. May be called
 * for many trees at once, each by a thread of its own. */
int outdir_tidy(const char *dir, unsigned keep, struct err *err) MICA_CHECKED;

/* The batch made the directory: there is nothing to tidy in it. */
bool outdir_is_new(const struct outdir_tree *tree);

/* --- reading what is delivered -------------------------------------------------------------- */

/* One file through its link; ERR_NOT_FOUND when it, or a link on the way, is missing. */
int outdir_read(const char *dir, const char *name, struct buf *ret, struct err *err) MICA_CHECKED;

/* One file of a generation that a run which died had staged and never swapped: the newest that has
 * it; ERR_NOT_FOUND. (A key whose certificate was issued just before the crash waits there.) */
int outdir_read_staged(const char *dir, const char *name, struct buf *ret, struct err *err) MICA_CHECKED;

/* Whether a delivered file has the mode and the owner that it would be put with; if not, ret_wrong gets
 * what is wrong: "has mode 0644, not 0600". One that is not there has nothing wrong. */
bool outdir_has_rights(const char *dir, const char *name, enum outdir_file kind,
    const struct outdir_rights *rights, struct buf *ret_wrong);

/* Whether something else lies where the link of a delivered file was: it may have the right bytes today,
 * and will not follow the next swap, which refuses it. A link that is missing is none of it. */
bool outdir_is_replaced(const char *dir, const char *name);

/* Name of the current generation, free() it; ERR_NOT_FOUND. */
int outdir_current(const char *dir, char **ret, struct err *err) MICA_CHECKED;

#endif
