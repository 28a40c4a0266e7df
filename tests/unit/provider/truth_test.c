#include "provider/comparison.h"
#include "provider/moment.h"
#include "provider/truth.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A run of six events: p-1 cheats in 2 and 5, p-2 in 6; 4 was not acknowledged. */
static struct truth example(void)
{
	struct truth truth = {.run = "r1", .seed = 7, .epoch_us = 1000000, .started_us = 2000000, .preset = "hits", .complete = true};
	truth.hits_topic = strdup("game-hits");
	truth.verdicts_topic = strdup("audit-verdicts");
	truth_acknowledged(&truth, 2, true, "p-1");
	truth_acknowledged(&truth, 1, false, "p-3");
	truth_acknowledged(&truth, 3, false, "p-1");
	truth_acknowledged(&truth, 5, true, "p-1");
	truth_acknowledged(&truth, 6, true, "p-2");
	return truth;
}

Test(truth, what_is_written_is_read)
{
	char folder[] = "/tmp/umpire-truth-XXXXXX";
	cr_assert(mkdtemp(folder));
	char path[64];
	snprintf(path, sizeof path, "%s/truth.json", folder);
	struct truth written = example(), read;
	struct ump_error error;
	cr_assert_eq(truth_load(&read, path, &error), -1);
	cr_expect_eq((int)error.kind, (int)UMP_RETRY, "a file that is not there yet may come");
	cr_assert_eq(truth_save(&written, path, &error), 0, "%s", error.text);
	cr_assert_eq(truth_load(&read, path, &error), 0, "%s", error.text);
	cr_expect_str_eq(read.run, "r1");
	cr_expect_str_eq(read.hits_topic, "game-hits");
	cr_expect_str_eq(read.verdicts_topic, "audit-verdicts");
	cr_expect_eq(read.epoch_us, written.epoch_us);
	cr_expect_eq(read.started_us, written.started_us);
	cr_expect(read.complete);
	cr_expect_eq(read.events, 6u);
	for (uint64_t id = 0; id < 9; id++) {
		cr_expect_eq(id_set_has(&read.acknowledged, id), id_set_has(&written.acknowledged, id), "%d", (int)id);
		cr_expect_eq(id_set_has(&read.cheating, id), id_set_has(&written.cheating, id), "%d", (int)id);
	}
	cr_expect_eq(read.flagged.count, 2u);
	cr_expect(table_find(&read.flagged, UMP_TEXT("p-1")) && table_find(&read.flagged, UMP_TEXT("p-2")));
	truth_release(&written);
	truth_release(&read);
	unlink(path);
	rmdir(folder);
}

static const char *const broken[] = {
	"",
	"[]",
	"{}",
	"{\"version\":2,\"run\":\"r\",\"seed\":1,\"epoch\":\"2026-01-01T00:00:00Z\",\"started\":\"2026-01-01T00:00:00Z\",\"preset\":"
	"\"hits\","
	"\"topics\":{\"hits\":\"a\",\"verdicts\":\"b\"},\"complete\":true,\"events\":1,\"failed\":[],\"flagged\":[],\"cheating\":[]}",
	"{\"version\":1,\"run\":\"r\",\"seed\":1,\"epoch\":\"noon\",\"started\":\"2026-01-01T00:00:00Z\",\"preset\":\"hits\","
	"\"topics\":{\"hits\":\"a\",\"verdicts\":\"b\"},\"complete\":true,\"events\":1,\"failed\":[],\"flagged\":[],\"cheating\":[]}",
	"{\"version\":1,\"run\":\"r\",\"seed\":1,\"epoch\":\"2026-01-01T00:00:00Z\",\"started\":\"2026-01-01T00:00:00Z\",\"preset\":"
	"\"hits\","
	"\"topics\":{\"hits\":\"a\",\"verdicts\":\"b\"},\"complete\":true,\"events\":1,\"failed\":[\"x\"],\"flagged\":[],\"cheating\":[]}",
};

Test(truth, other_files_are_refused)
{
	char path[] = "/tmp/umpire-truth-XXXXXX";
	int file = mkstemp(path);
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct truth truth;
		struct ump_error error = {0};
		cr_assert_eq(ftruncate(file, 0), 0);
		cr_assert_eq(pwrite(file, broken[i], strlen(broken[i]), 0), (ssize_t)strlen(broken[i]));
		cr_expect_eq(truth_load(&truth, path, &error), -1, "%s", broken[i]);
		cr_expect_eq((int)error.kind, (int)UMP_REJECT, "%s", broken[i]);
		cr_expect(strstr(error.text, path), "no path in: %s", error.text);
	}
	close(file);
	unlink(path);
}

/* ---- The comparison ---- */

static void audit(struct comparison *comparison, const struct truth *truth, uint64_t id)
{
	char text[24];
	int size = snprintf(text, sizeof text, "%d", (int)id);
	comparison_event(comparison, (struct ump_text){text, (size_t)size});
	comparison_verdict(comparison, (struct ump_text){text, (size_t)size}, id_set_has(&truth->cheating, id),
			   id == 6 ? UMP_TEXT("p-2") : UMP_TEXT("p-1"));
}

static struct comparison *right(const struct truth *truth, uint64_t without)
{
	struct comparison *comparison = comparison_new();
	for (uint64_t id = id_set_next(&truth->acknowledged, 0); id != UINT64_MAX; id = id_set_next(&truth->acknowledged, id + 1))
		if (id != without)
			audit(comparison, truth, id);
	return comparison;
}

/* Frees the comparison and the truth; the report has to hold `text`. */
static void expect(struct comparison *comparison, struct truth *truth, uint64_t differences, const char *text)
{
	struct ump_buffer out = {0};
	cr_expect_eq(comparison_report(comparison, truth, &out), differences, "%s", out.start ? out.start : "nothing");
	if (text)
		cr_expect(out.start && strstr(out.start, text), "expected \"%s\" in \"%s\"", text, out.start ? out.start : "");
	else
		cr_expect_eq(out.size, 0u, "%s", out.start);
	ump_buffer_release(&out);
	comparison_free(comparison);
	truth_release(truth);
}

Test(comparison, equal_sets_are_equal_however_often_they_come)
{
	struct truth truth = example();
	struct comparison *comparison = right(&truth, 0);
	cr_expect(comparison_is_complete(comparison, &truth));
	uint64_t progress = comparison_progress(comparison);
	audit(comparison, &truth, 3);
	audit(comparison, &truth, 5);
	cr_expect_eq(comparison_progress(comparison), progress);
	expect(comparison, &truth, 0, "have their verdict");
}

Test(comparison, a_dropped_fair_hit_and_a_doubled_one_are_not_equal)
{
	struct truth truth = example();
	struct comparison *comparison = right(&truth, 3);
	audit(comparison, &truth, 1);
	cr_expect_not(comparison_is_complete(comparison, &truth));
	expect(comparison, &truth, 1, "1 event that Kafka acknowledged is not in the topic: 3");
}

Test(comparison, a_missing_verdict_is_found)
{
	struct truth truth = example();
	struct comparison *comparison = right(&truth, 3);
	comparison_event(comparison, UMP_TEXT("3"));
	expect(comparison, &truth, 1, "1 event has no verdict: 3 (fair)");
}

Test(comparison, a_wrong_verdict_is_found)
{
	struct truth truth = example();
	struct comparison *comparison = right(&truth, 5);
	comparison_event(comparison, UMP_TEXT("5"));
	comparison_verdict(comparison, UMP_TEXT("5"), false, UMP_TEXT("p-1"));
	expect(comparison, &truth, 1, "1 verdict is wrong: 5 (found fair, expected cheating)");
}

Test(comparison, two_different_verdicts_are_found)
{
	struct truth truth = example();
	struct comparison *comparison = right(&truth, 0);
	comparison_verdict(comparison, UMP_TEXT("5"), false, UMP_TEXT("p-1"));
	expect(comparison, &truth, 1, "two different verdicts: 5");
}

Test(comparison, extra_verdicts_are_found)
{
	struct truth truth = example();
	struct comparison *comparison = right(&truth, 0);
	comparison_verdict(comparison, UMP_TEXT("4"), false, UMP_TEXT("p-3"));
	comparison_verdict(comparison, UMP_TEXT("700"), false, UMP_TEXT("p-3"));
	expect(comparison, &truth, 2, "2 verdicts are about events never sent: 4, 700");
}

Test(comparison, ids_from_elsewhere_are_found)
{
	struct truth truth = example();
	struct comparison *comparison = right(&truth, 0);
	comparison_event(comparison, UMP_TEXT("0"));
	comparison_verdict(comparison, UMP_TEXT("x7"), false, UMP_TEXT("p-3"));
	expect(comparison, &truth, 2, "2 ids are not of this run: \"0\", \"x7\"");
}

Test(comparison, an_event_that_kafka_has_without_having_said_so_needs_a_verdict)
{
	struct truth truth = example();
	struct comparison *comparison = right(&truth, 0);
	comparison_event(comparison, UMP_TEXT("4"));
	expect(comparison, &truth, 1, "1 event has no verdict: 4");
}

Test(comparison, the_flagged_set_has_to_be_the_truths)
{
	struct truth truth = example();
	struct comparison *comparison = right(&truth, 6);
	comparison_event(comparison, UMP_TEXT("6"));
	comparison_verdict(comparison, UMP_TEXT("6"), true, UMP_TEXT("p-3"));
	expect(comparison, &truth, 2, "1 player was flagged without having cheated: p-3");
}

Test(comparison, many_differences_are_counted_and_ten_shown)
{
	struct truth truth = {.complete = true};
	struct comparison *comparison = comparison_new();
	for (uint64_t id = 1; id <= 1000; id++)
		truth_acknowledged(&truth, id, false, "p-1");
	expect(comparison, &truth, 1000, "1000 events that Kafka acknowledged are not in the topic: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …");
}

/* ---- Times ---- */

static const struct {
	const char *text;
	int64_t us;
} moments[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"2026-11-23T03:16:16Z", INT64_C(1795403776000000)},
	{"2026-11-23T03:16:16.5Z", INT64_C(1795403776500000)},
	{"2026-11-23T03:16:16.123456789Z", INT64_C(1795403776123456)},
	{"2026-11-23T04:16:16+01:00", INT64_C(1795403776000000)},
	{"2026-11-22t22:16:16-05:00", INT64_C(1795403776000000)},
	{"2024-02-29T00:00:00Z", INT64_C(1709164800000000)},
};

static const char *const no_moments[] = {"",
					 "noon",
					 "2026-11-23",
					 "2026-11-23T03:16:16",
					 "2026-11-23T03:16Z",
					 "2025-02-29T00:00:00Z",
					 "2026-13-01T00:00:00Z",
					 "2026-11-23T24:00:00Z",
					 "2026-11-23T03:16:16.Z",
					 "2026-11-23T03:16:16+0100",
					 "2026-11-23T03:16:16+24:00",
					 "2026-11-23T03:16:16Z ",
					 "1969-12-31T23:59:59Z"};

Test(moment, times_are_read_and_written)
{
	int64_t us;
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		cr_assert(moment_read(moments[i].text, &us), "%s", moments[i].text);
		cr_expect_eq(us, moments[i].us, "%s", moments[i].text);
		char text[MOMENT_SIZE];
		moment_write(text, us);
		cr_assert(moment_read(text, &us));
		cr_expect_eq(us, moments[i].us, "%s", text);
	}
	for (size_t i = 0; i < sizeof no_moments / sizeof *no_moments; i++)
		cr_expect_not(moment_read(no_moments[i], &us), "%s", no_moments[i]);
}
