// SPDX-License-Identifier: Apache-2.0
/*
 * One file a token in the state directory, there while a login is under way and after one that
 * did not succeed. It is written and synced before C_Login is called, whatever becomes of mica
 * or this machine then. Its removal is not synced: a power cut brings it back, and a login too
 * few is asked for, never one too many.
 */
#include "latch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mica/clock.h>
#include <mica/digest.h>
#include <mica/file.h>
#include <mica/mem.h>

#include "uri.h"

#define PREFIX "latch-"

enum { NAME_BYTES = 16, MAX_FILE = 16 << 10 };

static const char heading[] =
    "# A login to this token was begun and did not succeed. So that the token does not lock, a "
    "PIN\n"
    "# that nobody types is not tried any more: put it right, then: mica token --clear-latch\n";

/* --- text ---------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{ "label", offsetof(struct token_latch, label) },
	{ "serial", offsetof(struct token_latch, serial) },
	{ "manufacturer", offsetof(struct token_latch, manufacturer) },
	{ "model", offsetof(struct token_latch, model) },
	{ "why", offsetof(struct token_latch, why) },
};

static char **text_at(const struct token_latch *latch, size_t i)
{
	return (char **)((char *)latch + texts[i].offset);
}

/* One line, whatever a token calls itself. */
static void put_line(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s: ", name);
	for (const char *at = value; at && *at; at++) {
		unsigned char byte = (unsigned char)*at;

		buf_printf(
		    out, byte < ' ' || byte == 0x7f || byte == '%' ? "%%%02x" : "%c", byte);
	}
	buf_addstr(out, "\n");
}

static char *get_value(const char *from, size_t len)
{
	BUF_AUTO value = BUF_INIT;

	for (size_t i = 0; i < len; i++) {
		char hex[3] = { 0 };
		unsigned char byte = (unsigned char)from[i];

		if (byte == '%' && i + 2 < len) {
			memcpy(hex, from + i + 1, 2);
			byte = (unsigned char)strtoul(hex, NULL, 16);
			i += 2;
		}
		buf_add(&value, &byte, 1);
	}
	return mem_strdup(buf_text(&value));
}

static void take_line(struct token_latch *latch, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name = colon ? (size_t)(colon - line) : 0;
	MICA_FREE char *value = NULL;

	if (!colon || name + 2 > len || colon[1] != ' ')
		return;
	value = get_value(colon + 2, len - name - 2);
	if (name == strlen("since") && strncmp(line, "since", name) == 0)
		(void)!clock_parse(value, &latch->since);
	for (size_t i = 0; i < mem_count(texts); i++)
		if (strlen(texts[i].name) == name && strncmp(line, texts[i].name, name) == 0) {
			free(*text_at(latch, i));
			*text_at(latch, i) = mem_give(value);
			return;
		}
}

static void write_text(const struct token_latch *latch, struct buf *out)
{
	char date[CLOCK_TEXT];

	buf_addstr(out, heading);
	put_line(out, "since", clock_text(latch->since, date));
	for (size_t i = 0; i < mem_count(texts); i++)
		put_line(out, texts[i].name, *text_at(latch, i));
}

/* That the file is there is what counts: what cannot be read in it is left empty. */
static void read_text(const char *path, struct token_latch *ret)
{
	struct err why = ERR_INIT;
	BUF_AUTO text = BUF_INIT;
	const char *line;

	*ret = (struct token_latch){ .path = mem_strdup(path) };
	if (file_read(AT_FDCWD, path, MAX_FILE, &text, &why) < 0)
		ret->why = mem_strdup(why.text);
	for (line = buf_text(&text); *line;) {
		size_t len = strcspn(line, "\n");

		if (line[0] != '#')
			take_line(ret, line, len);
		line += len + (line[len] == '\n');
	}
	for (size_t i = 0; i < mem_count(texts); i++)
		if (!*text_at(ret, i))
			*text_at(ret, i) = mem_strdup("");
}

void token_latch_clear(struct token_latch *latch)
{
	for (size_t i = 0; i < mem_count(texts); i++)
		free(*text_at(latch, i));
	free(latch->path);
	*latch = (struct token_latch){ 0 };
}

void token_latches_clear(struct token_latches *latches)
{
	for (size_t i = 0; i < latches->n; i++)
		token_latch_clear(&latches->items[i]);
	free(latches->items);
	*latches = (struct token_latches){ NULL, 0 };
}

/* --- one token's --------------------------------------------------------------- */

/* The label is part of it: every TPM has the serial number 0. */
void latch_name(struct latch *latch, const struct token_info *info)
{
	BUF_AUTO names = BUF_INIT;
	BUF_AUTO hex = BUF_INIT;
	struct digest digest;

	token_latch_clear(&latch->file);
	if (!latch->dir)
		return;
	buf_printf(&names, "%s\n%s\n%s\n%s", info->label, info->serial, info->manufacturer,
	    info->model);
	digest = digest_of(names.data, names.len);
	buf_addhex(&hex, digest.bytes, NAME_BYTES);
	latch->file = (struct token_latch){
		.label = mem_strdup(info->label),
		.serial = mem_strdup(info->serial),
		.manufacturer = mem_strdup(info->manufacturer),
		.model = mem_strdup(info->model),
		.path = mem_printf("%s/" PREFIX "%s", latch->dir, buf_text(&hex)),
	};
}

void latch_clear(struct latch *latch)
{
	token_latch_clear(&latch->file);
	mem_freep(&latch->dir);
	*latch = (struct latch){ 0 };
}

static bool is_there(const char *path)
{
	struct stat st;

	/* what cannot be looked at is taken as there: writing it will tell why */
	return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

bool latch_is_armed(const struct latch *latch)
{
	return latch->file.path && is_there(latch->file.path);
}

static int refuse(const struct latch *latch, const struct token_latch *found, struct err *err)
{
	char date[CLOCK_TEXT];

	err_set(err, ERR_REFUSED,
	    "no PIN is tried on token '%s' (serial %s): the login of %s did not succeed: %s",
	    latch->file.label, latch->file.serial,
	    found->since ? clock_text(found->since, date) : "an unknown time", found->why);
	return err_hint(err, "put the PIN right, then: mica token --clear-latch");
}

int latch_check(const struct latch *latch, struct token_latch *ret, struct err *err)
{
	struct token_latch found = { 0 };
	int result = 0;

	if (!latch_is_armed(latch))
		return 0;
	read_text(latch->file.path, &found);
	if (latch->rule == TOKEN_LATCH_HEEDED)
		result = refuse(latch, &found, err);
	if (result < 0 || !ret) {
		token_latch_clear(&found);
		return result;
	}
	token_latch_clear(ret);
	*ret = found;
	return 0;
}

static int write_latch(struct latch *latch, const char *why, struct err *err)
{
	struct token_latch *file = &latch->file;
	BUF_AUTO text = BUF_INIT;

	free(file->why);
	file->why = mem_strdup(why);
	file->since = latch->now;
	write_text(file, &text);
	return file_replace(AT_FDCWD, file->path, text.data, text.len, 0600, err);
}

static int make_place(struct latch *latch, struct err *err)
{
	latch->made_dir = !is_there(latch->dir);
	return file_make_dirs(latch->dir, 0700, err);
}

int latch_arm(struct latch *latch, struct err *err)
{
	if (!latch->file.path || latch_is_armed(latch))
		return 0;
	if (make_place(latch, err) == 0 &&
	    write_latch(latch, "it was begun, and how it ended is not known", err) == 0)
		return 0;
	err_prefix(err, "no PIN is tried without a latch");
	return err_hint(err,
	    "a login is noted in the state directory '%s' before it is tried: mica must be "
	    "able to write there",
	    latch->dir);
}

int latch_disarm(struct latch *latch, struct err *err)
{
	if (!latch->file.path)
		return 0;
	if (unlink(latch->file.path) < 0 && errno != ENOENT) {
		err_errno(err, errno, "cannot remove the latch '%s'", latch->file.path);
		return err_hint(err,
		    "the login succeeded, and the next run would not know: mica must be able "
		    "to write in '%s'; then: mica token --clear-latch",
		    latch->dir);
	}
	if (latch->made_dir)
		(void)rmdir(latch->dir); /* where nothing else came into it */
	latch->made_dir = false;
	return 0;
}

/* "C_Login said CKR_PIN_INCORRECT: the PIN is wrong", without whose login it was */
static const char *told(const char *text)
{
	const char *said = strstr(text, "C_Login said");

	return said ? said : text;
}

void latch_keep(struct latch *latch, struct err *why)
{
	struct err ignored = ERR_INIT; /* it is armed: only the reason would be a better one */
	MICA_FREE char *hint = mem_strdup(why->hint);

	if (!latch->file.path)
		return;
	(void)!write_latch(latch, told(why->text), &ignored);
	if (latch->rule == TOKEN_LATCH_HEEDED && why->kind == ERR_PIN && *hint)
		(void)!err_hint(why, "%s, then: mica token --clear-latch", hint);
}

/* --- all of a directory -------------------------------------------------------- */

static bool means(const struct uri *uri, const struct token_latch *latch)
{
	const struct token_info info = { .label = latch->label,
		.serial = latch->serial,
		.manufacturer = latch->manufacturer,
		.model = latch->model,
		.initialized = true };

	/* one that cannot be read may be of any token */
	return latch->label[0] == '\0' || uri_means_token(uri, &info);
}

static int is_latch(const struct dirent *entry)
{
	return strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0;
}

int token_latches(const char *dir, const char *uri, struct token_latches *ret, struct err *err)
{
	URI_AUTO parsed = URI_INIT;
	struct dirent **entries = NULL;
	size_t cap = 0;
	int n;

	if (uri_parse(uri, &parsed, err) < 0)
		return -1;
	n = scandir(dir, &entries, is_latch, alphasort);
	if (n < 0 && errno != ENOENT && errno != ENOTDIR)
		return err_errno(err, errno, "cannot read the directory '%s'", dir);
	token_latches_clear(ret);
	for (int i = 0; i < n; i++) {
		MICA_FREE char *path = mem_printf("%s/%s", dir, entries[i]->d_name);
		struct token_latch latch;

		free(entries[i]);
		read_text(path, &latch);
		if (!means(&parsed, &latch)) {
			token_latch_clear(&latch);
			continue;
		}
		ret->items = mem_grow(ret->items, &cap, ret->n + 1, sizeof(latch));
		ret->items[ret->n++] = latch;
	}
	free(entries);
	return 0;
}

static int sync_directory(const char *path)
{
	MICA_FREE char *dir = mem_dup(path, (size_t)(strrchr(path, '/') - path));
	MICA_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}

int token_unlatch(const struct token_latch *latch, struct err *err)
{
	if ((unlink(latch->path) < 0 && errno != ENOENT) || sync_directory(latch->path) < 0)
		return err_errno(err, errno, "cannot remove the latch '%s'", latch->path);
	return 0;
}
