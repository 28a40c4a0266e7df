/* What a replay is about: its ends as they are written, and what they come to. */
#include "source-adapter/replay.h"
#include "tests/unit/adapter/asking_fake.h"
#include <criterion/criterion.h>
#include <string.h>

static char hits[] = "hits", other[] = "other";
static char *topics_items[] = {hits, other};
static const struct ump_list topics = {topics_items, 2}, only_hits = {topics_items, 1};

static const struct {
	const char *from;
	int kind;
	size_t starts;
} good[] = {
	{"earliest", REPLAY_EARLIEST, 0},         {"EARLIEST", REPLAY_EARLIEST, 0},
	{"2026-01-31T12:00:00Z", REPLAY_TIME, 0}, {"2026-01-31T12:00:00.250+01:00", REPLAY_TIME, 0},
	{"hits:0:7", REPLAY_OFFSETS, 1},          {"hits:0:7,other:12:9223372036854775807", REPLAY_OFFSETS, 2},
};

static const char *const bad[] = {"latest",
				  "",
				  "hits",
				  "hits:0",
				  "hits:0:",
				  "hits:x:1",
				  "hits:0:-1",
				  "hits:0:1,",
				  ",hits:0:1",
				  "misses:0:1",
				  "hits:0:1;hits:1:1",
				  "2026-13-31T12:00:00Z",
				  "hits:2147483648:0",
				  "hits:0:9223372036854775808"};

Test(replay, beginnings_are_understood)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct replay_bounds bounds = {0};
		struct ump_error error;
		cr_assert_eq(replay_parse_from(good[i].from, &topics, &bounds, &error), 0, "%s: %s", good[i].from, error.text);
		cr_expect_eq((int)bounds.from, good[i].kind, "%s", good[i].from);
		cr_expect_eq(bounds.start_count, good[i].starts, "%s", good[i].from);
		replay_bounds_release(&bounds);
	}
}

Test(replay, what_is_no_beginning_is_refused)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct replay_bounds bounds = {0};
		struct ump_error error;
		cr_expect_eq(replay_parse_from(bad[i], &topics, &bounds, &error), -1, "%s", bad[i]);
		replay_bounds_release(&bounds);
	}
}

Test(replay, ends_are_understood)
{
	struct replay_bounds bounds = {0};
	struct ump_error error;
	cr_expect_eq(replay_parse_until("end", &bounds, &error), 0);
	cr_expect_not(replay_needs_times(&bounds));
	cr_expect_eq(replay_parse_until("1970-01-01T00:00:01.5Z", &bounds, &error), 0);
	cr_expect_eq(bounds.until_ms, 1500);
	cr_expect(replay_needs_times(&bounds));
	cr_expect_eq(replay_parse_until("tomorrow", &bounds, &error), -1);
}

static void set_up(void)
{
	fake_brokers =
		(struct fake_brokers){.partitions = 3, .partition = {{10, 20, 15, NULL, 12}, {0, 0, -1, NULL, -1}, {0, 5, -1, NULL, -1}}};
}

TestSuite(replay_plan, .init = set_up);

/* Makes a plan and checks where each partition begins and ends, and what was deleted. */
static void expect_plan(const char *from, const char *until, const int64_t expected[3][3])
{
	struct replay_bounds bounds = {.from = REPLAY_COMMITTED};
	struct replay_plan plan;
	struct ump_error error;
	if (from) {
		bounds.from = REPLAY_EARLIEST;
		cr_assert_eq(replay_parse_from(from, &only_hits, &bounds, &error), 0);
	}
	cr_assert_eq(replay_parse_until(until, &bounds, &error), 0);
	cr_assert_eq(replay_plan_make(NULL, &only_hits, &bounds, 1, &plan, &error), 0, "%s", error.text);
	cr_assert_eq(plan.count, bounds.from == REPLAY_OFFSETS ? 1 : 3);
	for (size_t i = 0; i < plan.count; i++) {
		cr_expect_eq(plan.parts[i].partition, (int32_t)i);
		cr_expect_eq(plan.parts[i].partitions, 3);
		cr_expect_eq(plan.parts[i].from, expected[i][0], "%s: partition %zu begins at %lld", from, i,
			     (long long)plan.parts[i].from);
		cr_expect_eq(plan.parts[i].end, expected[i][1], "%s: partition %zu ends at %lld", from, i, (long long)plan.parts[i].end);
		cr_expect_eq(plan.parts[i].expired, expected[i][2], "%s: partition %zu", from, i);
	}
	replay_plan_release(&plan);
	replay_bounds_release(&bounds);
}

Test(replay_plan, from_the_beginning_to_the_end)
{
	expect_plan("earliest", "end", (const int64_t[3][3]){{10, 20, 0}, {0, 0, 0}, {0, 5, 0}});
}

Test(replay_plan, a_time_that_no_record_has_reached_is_the_end)
{
	expect_plan("2026-01-01T00:00:00Z", "end", (const int64_t[3][3]){{12, 20, 0}, {0, 0, 0}, {5, 5, 0}});
	expect_plan("earliest", "2026-01-01T00:00:00Z", (const int64_t[3][3]){{10, 12, 0}, {0, 0, 0}, {0, 5, 0}});
}

Test(replay_plan, named_offsets_begin_there_and_the_others_take_no_part)
{
	expect_plan("hits:0:13", "end", (const int64_t[3][3]){{13, 20, 0}});
	expect_plan("hits:0:20", "end", (const int64_t[3][3]){{20, 20, 0}});
}

Test(replay_plan, what_the_broker_has_deleted_is_passed_over_and_counted)
{
	expect_plan("hits:0:4", "end", (const int64_t[3][3]){{10, 20, 6}});
}

Test(replay_plan, from_the_committed_offsets_or_the_beginning)
{
	expect_plan(NULL, "end", (const int64_t[3][3]){{15, 20, 0}, {0, 0, 0}, {0, 5, 0}});
	fake_brokers.partition[0].committed = 3;
	expect_plan(NULL, "end", (const int64_t[3][3]){{10, 20, 7}, {0, 0, 0}, {0, 5, 0}});
}

Test(replay_plan, an_offset_behind_the_end_and_a_partition_that_is_not_there_are_refused)
{
	static const char *const wrong[] = {"hits:0:21", "hits:3:0"};
	for (size_t i = 0; i < 2; i++) {
		struct replay_bounds bounds = {0};
		struct replay_plan plan;
		struct ump_error error;
		cr_assert_eq(replay_parse_from(wrong[i], &only_hits, &bounds, &error), 0);
		cr_expect_eq(replay_plan_make(NULL, &only_hits, &bounds, 1, &plan, &error), -1);
		cr_expect_eq(error.kind, UMP_REJECT, "%s", wrong[i]);
		replay_bounds_release(&bounds);
	}
}

Test(replay_plan, without_an_answer_there_is_no_plan_yet)
{
	static const char *const questions[] = {"partitions", "bounds", "time", "committed"};
	for (size_t i = 0; i < 4; i++) {
		struct replay_bounds bounds = {.from = i == 3 ? REPLAY_COMMITTED : REPLAY_TIME};
		struct replay_plan plan;
		struct ump_error error;
		fake_brokers.silent = questions[i];
		cr_expect_eq(replay_plan_make(NULL, &only_hits, &bounds, 1, &plan, &error), -1, "%s", questions[i]);
		cr_expect_eq(error.kind, UMP_RETRY, "%s", questions[i]);
	}
}
