/* common/memory.h: memory from the heap, and its release at the end of a scope.
 *
 * Everything sized from outside has a cap before it reaches an allocation, so running out of memory is no condition that a caller could
 * handle better than by ending: these functions abort with a line on standard error instead of returning NULL. */
#pragma once
#include <stddef.h>

/* `count` * `size` zeroed bytes. The multiplication is checked. */
void *ump_allocate(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2), returns_nonnull));

/* As realloc for an array of `count` elements; new bytes are not zeroed. */
void *ump_reallocate(void *old, size_t count, size_t size) __attribute__((alloc_size(2, 3), returns_nonnull));

/* A terminated copy of a string, or of the first `length` bytes at `start`; free() releases it. */
char *ump_copy_string(const char *string) __attribute__((malloc, returns_nonnull));
char *ump_copy_bytes(const char *start, size_t length) __attribute__((malloc, returns_nonnull));

/* A formatted string; free() releases it. */
char *ump_format(const char *format, ...) __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));

/* `ump_cleanup(function)` on a local calls function(&local) when its scope ends; `ump_cleanup_free` calls free(). */
#define ump_cleanup(function) __attribute__((cleanup(function)))
#define ump_cleanup_free      ump_cleanup(ump_free_pointer)
void ump_free_pointer(void *pointer_to_pointer);

/* Takes the pointer out of a variable and leaves NULL there: how ownership leaves a scope. */
#define ump_steal(pointer)                          \
	({                                          \
		__auto_type ump_stolen = (pointer); \
		(pointer) = NULL;                   \
		ump_stolen;                         \
	})
