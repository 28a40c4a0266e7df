#include "deploy/laptop/screen.h"
#include <criterion/criterion.h>

static const struct screen_part parts[] = {
	{.name = "broker", .state = "running", .where = "127.0.0.1:9"},
	{.name = "audit-fn", .state = "asleep", .where = "127.0.0.1:8"},
	{.name = "source-adapter", .state = "running", .where = "game-hits", .interrupts = 2},
};

static const struct screen_view before = {.logs = "build/demo/1", .parts = parts, .part_count = 3};

Test(screen, says_what_runs_where)
{
	struct ump_buffer out = {0};
	struct screen_view view = before;
	view.board = "http://127.0.0.1:1/";
	cr_assert_eq(screen_render(&view, 0, false, &out), 5);
	cr_assert_str_eq(out.start, "  board           http://127.0.0.1:1/\n"
				    "  broker          running   127.0.0.1:9\n"
				    "  audit-fn        asleep    127.0.0.1:8\n"
				    "  source-adapter  running   game-hits  (restarted 2 x)\n"
				    "  logs in build/demo/1; Ctrl-C stops everything\n");
	ump_buffer_release(&out);
}

Test(screen, counts_its_lines)
{
	const struct screen_counts counts = {.hits = 1234567, .rate = 500.4, .verdicts = 999, .flagged = 3, .p50_ms = 4.2, .p99_ms = 18};
	struct ump_buffer out = {0};
	struct screen_view view = before;
	view.phones = "http://192.0.2.1:1/play";
	view.token = "0123456789abcdef";
	view.counts = &counts;
	unsigned lines = screen_render(&view, 0, true, &out), found = 0;
	for (size_t i = 0; i < out.size; i++)
		found += out.start[i] == '\n';
	cr_assert_eq(lines, found);
	cr_assert_eq(lines, 8);
	cr_assert(strstr(out.start, "1,234,567 hits (500/s)   999 verdicts   3 players flagged   hit to verdict p50 4 ms, p99 18 ms"));
	ump_buffer_release(&out);
}

/* A line that wraps would be drawn over wrongly. */
Test(screen, no_line_is_wider_than_the_terminal)
{
	struct ump_buffer out = {0};
	size_t width = 0;
	screen_render(&before, 20, false, &out);
	for (size_t i = 0; i < out.size; i++) {
		width = out.start[i] == '\n' ? 0 : width + 1;
		cr_assert_leq(width, 20);
	}
	ump_buffer_release(&out);
}

Test(screen, reads_the_boards_state)
{
	struct ump_error error;
	struct screen_counts counts;
	struct ump_text state = UMP_TEXT("{\"totals\":{\"hits\":10,\"verdicts\":9,\"cheating\":2,\"flagged\":1},\"rate\":{\"hits\":12.5},"
					 "\"latency\":{\"p50\":null,\"p99\":null},\"simulation\":{\"held\":true}}");
	cr_assert_eq(screen_counts_read(state, &counts, &error), 0, "%s", error.text);
	cr_assert_eq(counts.hits, 10);
	cr_assert_eq(counts.verdicts, 9);
	cr_assert_eq(counts.flagged, 1);
	cr_assert_float_eq(counts.rate, 12.5, 0.001);
	cr_assert_lt(counts.p50_ms, 0);
	cr_assert(counts.held_back);
}

Test(screen, something_else_is_no_state)
{
	static const char *const texts[] = {"", "[]", "{}", "{\"totals\":1}", "<html>"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct ump_error error;
		struct screen_counts counts = {.hits = 77};
		cr_assert_eq(screen_counts_read(ump_text(texts[i]), &counts, &error), -1);
		cr_assert_eq(counts.hits, 77);
	}
}
