/* Where partitions start: what is committed counts; where nothing is, it matters why. */
#include "common/memory.h"
#include "source-adapter/positions.h"
#include "tests/unit/adapter/asking_fake.h"
#include <criterion/criterion.h>

/* ---- --from ---- */

static const struct {
	const char *text;
	int kind; /* -1: refused */
	int64_t time_ms;
} policies[] = {
	{"earliest", POSITION_EARLIEST, 0},
	{"Latest", POSITION_LATEST, 0},
	{"1970-01-01T00:00:01Z", POSITION_TIME, 1000},
	{"1970-01-01T01:00:00.25+01:00", POSITION_TIME, 250},
	{"1969-12-31T23:00:00.001-01:00", POSITION_TIME, 1},
	{"2026-01-31T12:00:00", -1, 0},
	{"yesterday", -1, 0},
	{"", -1, 0},
};

Test(positions, policies_are_parsed)
{
	for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
		struct position_policy policy;
		struct ump_error error;
		int result = position_policy_parse(policies[i].text, &policy, &error);
		cr_assert_eq(result, policies[i].kind < 0 ? -1 : 0, "%s", policies[i].text);
		if (result < 0)
			continue;
		cr_expect_eq((int)policy.kind, policies[i].kind, "%s", policies[i].text);
		cr_expect_eq(policy.time_ms, policies[i].time_ms, "%s: %lld", policies[i].text, (long long)policy.time_ms);
	}
}

/* ---- Metadata ---- */

static const struct {
	const char *metadata;
	int partitions;
	const char *ahead;
} notes[] = {
	{"umpire1;n=3;a=AQI", 3, "AQI"}, {"umpire1;n=3;a=", 3, ""},    {"", 0, ""},
	{"somebody else's", 0, ""},      {"umpire1;n=x;a=AQI", 0, ""}, {"umpire1;n=3", 0, ""},
	{"umpire1;n=3;b=AQI", 0, ""},    {"umpire2;n=3;a=AQI", 0, ""},
};

Test(positions, foreign_metadata_is_ignored)
{
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
		struct position_note note = position_note_read(ump_text(notes[i].metadata));
		cr_expect_eq(note.partitions, notes[i].partitions, "%s", notes[i].metadata);
		cr_expect(ump_text_equals(note.ahead, ump_text(notes[i].ahead)), "%s", notes[i].metadata);
	}
}

/* ---- Resolving ---- */

static void set_up(void)
{
	fake_brokers =
		(struct fake_brokers){.partitions = 3, .partition = {{10, 20, -1, NULL, 12}, {0, 7, -1, NULL, -1}, {0, 5, -1, NULL, 2}}};
}

TestSuite(positions, .init = set_up);

static void expect_offsets(struct position_policy policy, const int64_t expected[3])
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(3);
	struct position positions[3];
	struct ump_error error;
	rd_kafka_topic_partition_list_add_range(list, "hits", 0, 2);
	cr_assert_eq(positions_resolve(NULL, list, &policy, 1, positions, &error), 0, "%s", error.text);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(positions[i].offset, expected[i], "partition %d begins at %lld", i, (long long)positions[i].offset);
	positions_release(positions, 3);
	rd_kafka_topic_partition_list_destroy(list);
}

Test(positions, at_the_first_assignment_from_decides_and_is_committed)
{
	expect_offsets((struct position_policy){POSITION_EARLIEST, 0}, (const int64_t[]){10, 0, 0});
	expect_offsets((struct position_policy){POSITION_LATEST, 0}, (const int64_t[]){20, 7, 5});
	expect_offsets((struct position_policy){POSITION_TIME, 1}, (const int64_t[]){12, 7, 2});
	cr_expect_eq(fake_brokers.commits, 3);
	cr_expect_eq(fake_brokers.offsets[0], 12);
	cr_expect_eq(fake_brokers.offsets[1], 7);
	cr_expect_str_eq(fake_brokers.metadata[0], "umpire1;n=3;a=");
}

Test(positions, what_is_committed_counts_whatever_from_says)
{
	for (int i = 0; i < 3; i++)
		fake_brokers.partition[i].committed = i + 1;
	expect_offsets((struct position_policy){POSITION_LATEST, 0}, (const int64_t[]){1, 2, 3});
	cr_expect_eq(fake_brokers.commits, 0);
}

Test(positions, a_partition_that_appears_later_starts_at_its_beginning)
{
	fake_brokers.partition[0].committed = 15;
	fake_brokers.partition[0].metadata = "umpire1;n=1;a=";
	expect_offsets((struct position_policy){POSITION_LATEST, 0}, (const int64_t[]){15, 0, 0});
	cr_expect_eq(fake_brokers.offsets[0], -1);
	cr_expect_eq(fake_brokers.offsets[1], 0);
	cr_expect_str_eq(fake_brokers.metadata[1], "umpire1;n=1;a=");
}

Test(positions, a_partition_of_the_beginning_without_a_commit_starts_where_from_says)
{
	fake_brokers.partition[0].committed = 15;
	fake_brokers.partition[0].metadata = "umpire1;n=2;a=";
	expect_offsets((struct position_policy){POSITION_LATEST, 0}, (const int64_t[]){15, 7, 0});
}

Test(positions, where_others_have_committed_before_an_unknown_partition_starts_at_its_beginning)
{
	fake_brokers.partition[0].committed = 15;
	fake_brokers.partition[0].metadata = "of another adapter";
	expect_offsets((struct position_policy){POSITION_LATEST, 0}, (const int64_t[]){15, 0, 0});
}

Test(positions, without_an_answer_nothing_is_decided)
{
	static const char *const questions[] = {"partitions", "committed", "bounds", "commit"};
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(3);
	struct position_policy policy = {POSITION_EARLIEST, 0};
	rd_kafka_topic_partition_list_add_range(list, "hits", 0, 2);
	for (size_t i = 0; i < 4; i++) {
		struct position positions[3];
		struct ump_error error;
		fake_brokers.silent = questions[i];
		cr_expect_eq(positions_resolve(NULL, list, &policy, 1, positions, &error), -1, "%s", questions[i]);
		cr_expect_eq(error.kind, UMP_RETRY, "%s", questions[i]);
	}
	rd_kafka_topic_partition_list_destroy(list);
}
