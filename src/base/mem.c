// SPDX-License-Identifier: Apache-2.0
#include <mica/mem.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *must(void *pointer)
{
	static const char words[] = "mica: out of memory\n";

	if (pointer)
		return pointer;
	(void)!write(STDERR_FILENO, words, sizeof(words) - 1);
	abort();
}

void *mem_zalloc(size_t size)
{
	return must(calloc(1, size ? size : 1));
}

void *mem_array(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size ? size : 1));
}

void *mem_grow(void *array, size_t *cap, size_t need, size_t size)
{
	size_t wanted = *cap ? *cap : 8;

	if (need <= *cap)
		return array;
	while (wanted < need)
		wanted = wanted > SIZE_MAX / 2 ? need : wanted * 2;
	array = must(reallocarray(array, wanted, size));
	*cap = wanted;
	return array;
}

void *mem_dup(const void *bytes, size_t len)
{
	char *copy;

	if (!bytes)
		return NULL;
	copy = must(malloc(len + 1));
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

char *mem_strdup(const char *text)
{
	return text ? mem_dup(text, strlen(text)) : NULL;
}

char *mem_vprintf(const char *fmt, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		return must(NULL);
	return text;
}

char *mem_printf(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	return text;
}

void mem_freep(void *pointer_to_pointer)
{
	void *pointer;

	memcpy(&pointer, pointer_to_pointer, sizeof(pointer));
	free(pointer);
}

void mem_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}
