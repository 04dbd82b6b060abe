// SPDX-License-Identifier: Apache-2.0
/*
 * {"n": 7, "call": "pwrite64", "result": 24, "fault": "short", "watched": 612, ...}, and of
 * what the call has: "file"
 * {"path", "kind", "inode", "offset"} of its descriptor, "path" and "path2" from the root on,
 * "inode" of what lies at "path" or "path2" afterwards, "text" of a symbolic link, "count",
 * "value", "value2", "bytes" in hexadecimal digits. "result" is null where the program was
 * killed before the call.
 */
#include "crash.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_text(FILE *file, const char *name, const char *text)
{
	fprintf(file, ", \"%s\": \"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
			fprintf(file, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, file);
	}
	fputc('"', file);
}

static const char *kind_name(mode_t mode)
{
	return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "directory" : "other";
}

/* Where a write() without an offset goes, from /proc: "pos:", "flags:" */
static long long position(pid_t tid, int fd, const struct stat *st)
{
	char path[64];
	long long at = 0;
	unsigned flags = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)tid, fd);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "pos: %lld flags: %o", &at, &flags) != 2)
		at = -1;
	fclose(file);
	return flags & O_APPEND ? (long long)st->st_size : at;
}

static void put_descriptor(
    FILE *file, pid_t tid, const struct call *call, const int64_t *result)
{
	int fd = (int)call->args[call->kind->fd - 1];
	char target[PEEK_PATH];
	char link[64];
	struct stat st;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid, fd);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0 || stat(link, &st) < 0)
		return;
	target[len] = '\0';
	fprintf(file, ", \"file\": {\"kind\": \"%s\", \"inode\": %" PRIu64,
	    kind_name(st.st_mode), (uint64_t)st.st_ino);
	if (call->kind->offset)
		fprintf(file, ", \"offset\": %" PRIu64, call->args[call->kind->offset - 1]);
	else if (call->kind->bytes) /* it has moved on by what was written */
		fprintf(file, ", \"offset\": %lld",
		    position(tid, fd, &st) - (long long)(result && *result > 0 ? *result : 0));
	put_text(file, "path", target);
	fputc('}', file);
}

static void put_bytes(FILE *file, pid_t tid, const struct call *call, size_t len)
{
	unsigned char *bytes = malloc(len + 1);

	if (bytes && peek_bytes(tid, call->args[call->kind->bytes - 1], bytes, len)) {
		fputs(", \"bytes\": \"", file);
		for (size_t i = 0; i < len; i++)
			fprintf(file, "%02x", bytes[i]);
		fputc('"', file);
	}
	free(bytes);
}

static void put_paths(FILE *file, pid_t tid, const struct call *call)
{
	const struct kind *kind = call->kind;
	char path[PEEK_PATH];
	struct stat st;

	if (kind->text) {
		peek_string(tid, call->args[kind->text - 1], path);
		put_text(file, "text", path);
	}
	if (!kind->path)
		return;
	peek_path(tid, call, kind->dir, kind->path, path);
	put_text(file, "path", path);
	if (kind->path2) {
		peek_path(tid, call, kind->dir2, kind->path2, path);
		put_text(file, "path2", path);
	}
	if (lstat(path, &st) == 0)
		fprintf(file, ", \"inode\": %" PRIu64, (uint64_t)st.st_ino);
}

static void put_number(FILE *file, const struct call *call, const char *name, char argument)
{
	if (argument)
		fprintf(file, ", \"%s\": %" PRId64, name, (int64_t)call->args[argument - 1]);
}

void log_call(
    const struct crash_log *log, pid_t tid, const struct call *call, const int64_t *result)
{
	const struct kind *kind = call->kind;
	FILE *file = log->file;

	if (!file)
		return;
	fprintf(file, "{\"n\": %ld, \"call\": \"%s\", \"result\": ", call->n, kind->name);
	if (result)
		fprintf(file, "%" PRId64, *result);
	else
		fputs("null", file);
	if (call->fault)
		put_text(file, "fault", call->fault);
	if (call->watched >= 0)
		fprintf(file, ", \"watched\": %ld", call->watched);
	if (kind->fd)
		put_descriptor(file, tid, call, result);
	put_paths(file, tid, call);
	put_number(file, call, "count", kind->count);
	put_number(file, call, "value", kind->value);
	put_number(file, call, "value2", kind->value2);
	if (log->bytes && kind->bytes && result && *result > 0)
		put_bytes(file, tid, call, (size_t)*result);
	fputs("}\n", file);
}
