// SPDX-License-Identifier: Apache-2.0
/*
 * mem: memory that is there, or the program ends (as git's xmalloc does); and owned locals.
 *
 * Every owned local carries MICA_AUTO(x_freep), so that a function may return early. Ownership is
 * given away with mem_give(), which leaves NULL behind.
 */
#ifndef MICA_MEM_H
#define MICA_MEM_H

#include <stdarg.h>
#include <stddef.h>

void *mem_zalloc(size_t size);                          /* zeroed; free() it */
void *mem_array(size_t n, size_t size);                 /* zeroed; overflow ends the program */
void *mem_grow(void *array, size_t *cap, size_t need, size_t size); /* at least `need` items; new ones are not zeroed */
void *mem_dup(const void *bytes, size_t len);           /* a copy with a NUL behind it; NULL stays NULL */
char *mem_strdup(const char *text);                     /* NULL stays NULL */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

#define MICA_AUTO(function) __attribute__((cleanup(function)))
#define MICA_FREE MICA_AUTO(mem_freep)
#define MICA_CLOSE MICA_AUTO(mem_closep)

void mem_freep(void *pointer_to_pointer); /* free(*p) */
void mem_closep(int *fd);                 /* close(*fd) unless negative; errno is kept */

/* gives away what an owned local holds: `*ret = mem_give(local);` */
#define mem_give(p)                            \
	({                                     \
		__typeof__(p) mem_given_ = (p); \
		(p) = NULL;                    \
		mem_given_;                    \
	})

/* defines x_freep(T **) for a T with x_free(T *) */
#define MICA_DEFINE_FREEP(T, x_free)                            \
	static inline void x_free##p(T **pointer) { x_free(*pointer); }

#define mem_count(array) (sizeof(array) / sizeof((array)[0]))

#endif
