/* Finished offsets as text. */
#include "common/memory.h"
#include "source-adapter/ahead.h"
#include <criterion/criterion.h>
#include <stdlib.h>

/* ---- The set in a commit's metadata ---- */

static const struct {
	const char *what, *text;
	size_t count; /* SIZE_MAX: refused */
} texts[] = {
	{"nothing", "", 0},
	{"one range: 3 behind the base, 2 long", "AwI", 1},
	{"two ranges", "AwIBAQ", 2},
	{"half a pair", "Aw", SIZE_MAX},
	{"a distance of 0", "AAI", SIZE_MAX},
	{"a length of 0", "AwA", SIZE_MAX},
	{"not base64url", "A+I", SIZE_MAX},
	{"white space", "AwI ", SIZE_MAX},
	{"a lone character", "AwIBA", SIZE_MAX},
	{"bits behind the end", "AwJ", SIZE_MAX},
	{"a number that does not end", "gICA", SIZE_MAX},
	{"a number over 63 bits", "____________AQ", SIZE_MAX},
	{"a sum over 63 bits", "__________9_AQ", SIZE_MAX},
};

Test(ahead, what_is_not_understood_is_refused)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct offset_range *ranges = NULL;
		size_t count = 0;
		bool good = ahead_read(ump_text(texts[i].text), 1000, &ranges, &count);
		cr_expect_eq(good, texts[i].count != SIZE_MAX, "%s", texts[i].what);
		if (good)
			cr_expect_eq(count, texts[i].count, "%s", texts[i].what);
		free(ranges);
	}
}

Test(ahead, ranges_come_back_as_they_were)
{
	srand(1);
	for (int round = 0; round < 500; round++) {
		struct offset_range written[200], *read;
		size_t count = (size_t)(rand() % 200), read_count;
		int64_t base = rand(), end = base;
		struct ahead_writer writer;
		ahead_begin(&writer, base, 4000);
		for (size_t i = 0; i < count; i++) {
			int64_t from = end + 1 + rand() % (i % 7 == 0 ? 100000000 : 20);
			written[i] = (struct offset_range){from, from + 1 + rand() % 300};
			end = written[i].to;
			int64_t middle = (written[i].from + written[i].to) / 2;
			ahead_add(&writer, written[i].from, middle); /* perhaps empty */
			ahead_add(&writer, middle, written[i].to);
		}
		ump_cleanup(ump_buffer_release) struct ump_buffer text = {0};
		ahead_finish(&writer, &text);
		cr_assert_leq(text.size, 4000);
		cr_assert(ahead_read(ump_buffer_text(&text), base, &read, &read_count));
		cr_assert_eq(read_count, count);
		for (size_t i = 0; i < count; i++)
			cr_assert(read[i].from == written[i].from && read[i].to == written[i].to);
		free(read);
	}
}

Test(ahead, what_does_not_fit_is_left_out)
{
	struct ahead_writer writer;
	ahead_begin(&writer, 0, 40);
	for (int64_t from = 1000; from < 1000000; from += 1000)
		ahead_add(&writer, from, from + 1);
	ump_cleanup(ump_buffer_release) struct ump_buffer text = {0};
	ahead_finish(&writer, &text);
	struct offset_range *ranges;
	size_t count;
	cr_assert_leq(text.size, 40);
	cr_assert(ahead_read(ump_buffer_text(&text), 0, &ranges, &count));
	cr_expect_eq(count, 10, "three bytes each");
	cr_expect_eq(ranges[9].from, 10000);
	free(ranges);
}
