#include "common/memory.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(memory, allocated_bytes_are_zero)
{
	ump_cleanup_free unsigned char *bytes = ump_allocate(100, 10);
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(bytes[i], 0);
}

Test(memory, nothing_is_a_pointer_too)
{
	ump_cleanup_free void *none = ump_allocate(0, 8);
	ump_cleanup_free void *empty = ump_reallocate(NULL, 0, 8);
	cr_assert(none && empty);
}

Test(memory, reallocation_keeps_what_was_there)
{
	ump_cleanup_free int *numbers = ump_reallocate(NULL, 4, sizeof *numbers);
	for (int i = 0; i < 4; i++)
		numbers[i] = i;
	numbers = ump_reallocate(numbers, 4000, sizeof *numbers);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(numbers[i], i);
}

/* Read from memory, so that the compiler does not refuse what the test is about. */
static volatile size_t huge = SIZE_MAX / 2;

Test(memory, a_product_that_overflows_ends_the_process, .signal = SIGABRT)
{
	free(ump_allocate(huge, 4));
}

Test(memory, a_reallocation_that_overflows_ends_the_process, .signal = SIGABRT)
{
	free(ump_reallocate(NULL, huge, 4));
}

Test(memory, copies_are_terminated_and_keep_zeros)
{
	ump_cleanup_free char *string = ump_copy_string("abc");
	cr_assert_str_eq(string, "abc");
	ump_cleanup_free char *bytes = ump_copy_bytes("a\0bcd", 4);
	cr_assert_eq(memcmp(bytes, "a\0bc\0", 5), 0);
	ump_cleanup_free char *empty = ump_copy_bytes(NULL, 0);
	cr_assert_str_eq(empty, "");
}

Test(memory, formats)
{
	ump_cleanup_free char *text = ump_format("%s-%04d", "m", 7);
	cr_assert_str_eq(text, "m-0007");
}

Test(memory, stealing_leaves_null)
{
	char *owner = ump_copy_string("x");
	ump_cleanup_free char *taken = ump_steal(owner);
	cr_assert_null(owner);
	cr_assert_str_eq(taken, "x");
}
