#include "common/buffer.h"
#include "common/memory.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(buffer, zeroed_memory_is_empty)
{
	struct ump_buffer buffer = {0};
	cr_assert_eq(ump_buffer_text(&buffer).size, 0);
	cr_assert_not_null(ump_buffer_text(&buffer).start);
	ump_buffer_reset(&buffer);
	ump_buffer_consume(&buffer, 0);
	ump_buffer_release(&buffer);
}

Test(buffer, adds_of_every_kind_end_in_a_zero)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer buffer = {0};
	ump_buffer_add(&buffer, "a\0b", 3);
	ump_buffer_add_text(&buffer, UMP_TEXT("cd"));
	ump_buffer_add_text(&buffer, UMP_TEXT_NONE);
	ump_buffer_add_string(&buffer, "ef");
	ump_buffer_add_character(&buffer, 'g');
	ump_buffer_print(&buffer, "-%d", 42);
	cr_assert_eq(buffer.size, 11);
	cr_assert_eq(memcmp(buffer.start, "a\0bcdefg-42", 12), 0);
}

Test(buffer, prints_longer_than_its_first_guess)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer buffer = {0};
	for (int width = 1; width < 300; width++) {
		ump_buffer_reset(&buffer);
		ump_buffer_print(&buffer, "%0*d", width, 7);
		cr_assert_eq(buffer.size, (size_t)width);
		cr_assert_eq(strlen(buffer.start), (size_t)width);
		cr_assert_eq(buffer.start[width - 1], '7');
	}
}

Test(buffer, reset_keeps_the_memory_and_release_does_not)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer buffer = {0};
	ump_buffer_add_string(&buffer, "something");
	const char *memory = buffer.start;
	ump_buffer_reset(&buffer);
	cr_assert_eq(buffer.size, 0);
	cr_assert_str_eq(buffer.start, "");
	ump_buffer_add_string(&buffer, "else");
	cr_assert_eq(buffer.start, memory);
	ump_buffer_release(&buffer);
	cr_assert_null(buffer.start);
	ump_buffer_add_string(&buffer, "again");
	cr_assert_str_eq(buffer.start, "again");
}

Test(buffer, reserved_room_can_be_filled_in_part)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer buffer = {0};
	ump_buffer_add_string(&buffer, "ab");
	memset(ump_buffer_reserve(&buffer, 1000), 'x', 1000);
	buffer.size += 3;
	cr_assert(ump_text_equals(ump_buffer_text(&buffer), UMP_TEXT("abxxx")));
	ump_buffer_add_character(&buffer, 'c');
	cr_assert_str_eq(buffer.start, "abxxxc");
}

Test(buffer, consuming_takes_from_the_front)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer buffer = {0};
	ump_buffer_add_string(&buffer, "abcdef");
	ump_buffer_consume(&buffer, 2);
	cr_assert_str_eq(buffer.start, "cdef");
	ump_buffer_consume(&buffer, 4);
	cr_assert_str_eq(buffer.start, "");
	cr_assert_eq(buffer.size, 0);
}

/* Against a model: a plain array that is shifted and appended to. */
Test(buffer, behaves_as_a_queue_of_bytes)
{
	static char model[1 << 16];
	size_t size = 0;
	ump_cleanup(ump_buffer_release) struct ump_buffer buffer = {0};
	srandom(1);
	for (int round = 0; round < 5000; round++) {
		size_t amount = (size_t)random() % 200;
		if (random() % 2 && size + amount < sizeof model) {
			for (size_t i = 0; i < amount; i++)
				model[size + i] = (char)random();
			ump_buffer_add(&buffer, model + size, amount);
			size += amount;
		} else {
			if (amount > size)
				amount = size;
			memmove(model, model + amount, size - amount);
			size -= amount;
			ump_buffer_consume(&buffer, amount);
		}
		cr_assert(ump_text_equals(ump_buffer_text(&buffer), (struct ump_text){model, size}));
		cr_assert(size == 0 || buffer.start[size] == '\0');
	}
}
