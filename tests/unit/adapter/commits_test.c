/* When commits start and what they say, with a consumer that the tests play themselves. */
#include "common/memory.h"
#include "source-adapter/commits.h"
#include "source-adapter/counts.h"
#include <criterion/criterion.h>
#include <stdlib.h>

#define INTERVAL (5 * UMP_MILLISECOND)

typedef void done_fn(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *, void *);

/* The consumer: one partition, and the commit that it was asked for. */
static struct assigned *only;
static rd_kafka_topic_partition_list_t *asked;
static done_fn *asked_done;
static void *asked_context;
static int begun, ended_count;

struct assigned *consumer_partitions(struct consumer *consumer)
{
	(void)consumer;
	return only;
}

void consumer_commit(struct consumer *consumer, const rd_kafka_topic_partition_list_t *offsets, done_fn *done, void *context)
{
	(void)consumer;
	asked = rd_kafka_topic_partition_list_copy(offsets);
	asked_done = done;
	asked_context = context;
	begun++;
}

/* A transaction is asked as the consumer is. */
void transaction_commit(struct transaction *transaction, struct consumer *consumer, const rd_kafka_topic_partition_list_t *offsets,
			done_fn *done, void *context)
{
	(void)transaction;
	consumer_commit(consumer, offsets, done, context);
}

static void answer(rd_kafka_resp_err_t code)
{
	rd_kafka_topic_partition_list_t *list = ump_steal(asked);
	asked_done(NULL, code, list, asked_context);
	rd_kafka_topic_partition_list_destroy(list);
}

static void ended(void *context)
{
	(void)context;
	ended_count++;
}

static struct ump_loop *loop;
static struct ump_metrics *metrics;
static struct commits *commits;

static void set_up(void)
{
	struct ump_error error;
	only = ump_allocate(1, sizeof *only);
	*only = (struct assigned){.topic = ump_copy_string("hits"), .active = true, .partitions_at_start = 3};
	only->ring = partition_new(&(struct partition_options){ORDER_NONE, 16, 0, UMP_TEXT_NONE, 1});
	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	metrics = ump_metrics_new(count_table, count_table_size);
	commits = commits_new(
		&(struct commits_options){.loop = loop, .metrics = metrics, .number = 2, .interval_us = INTERVAL, .ended = ended});
}

static void tear_down(void)
{
	if (asked)
		rd_kafka_topic_partition_list_destroy(asked);
	commits_free(commits);
	ump_metrics_free(metrics);
	ump_loop_free(loop);
	partition_free(only->ring);
	free(only->topic);
	free(only);
}

TestSuite(commits, .init = set_up, .fini = tear_down);

static void finish(int64_t offset)
{
	struct partition_ticket ticket;
	void *record;
	cr_assert_eq(partition_add(only->ring, offset, UMP_TEXT_NONE, only), PARTITION_ADDED);
	cr_assert(partition_take(only->ring, &ticket, &record));
	cr_assert(partition_finish(only->ring, ticket));
	commits_add(commits, only);
}

/* Lets the interval pass, and a little more. */
static void wait_interval(void)
{
	int64_t end = ump_loop_clock() + 4 * INTERVAL;
	while (ump_loop_clock() < end)
		ump_loop_once(loop, INTERVAL);
}

Test(commits, one_starts_with_the_number_and_only_one_is_on_the_way)
{
	finish(0);
	cr_expect_eq(begun, 0);
	finish(1);
	cr_assert_eq(begun, 1);
	cr_expect_eq(asked->cnt, 1);
	cr_expect_eq(asked->elems[0].offset, 2);
	finish(2);
	finish(3);
	finish(4);
	cr_expect_eq(begun, 1);
	cr_expect_eq(commits_open(commits), 5);
	answer(RD_KAFKA_RESP_ERR_NO_ERROR);
	cr_expect_eq(only->committed, 2);
	cr_assert_eq(begun, 2);
	cr_expect_eq(asked->elems[0].offset, 5);
	answer(RD_KAFKA_RESP_ERR_NO_ERROR);
	cr_expect_eq(commits_open(commits), 0);
	cr_expect_eq(ended_count, 2);
}

Test(commits, one_starts_after_the_interval)
{
	finish(0);
	wait_interval();
	cr_assert_eq(begun, 1);
	cr_expect_eq(asked->elems[0].offset, 1);
}

Test(commits, one_that_failed_is_tried_again_without_new_records)
{
	finish(0);
	finish(1);
	answer(RD_KAFKA_RESP_ERR__TIMED_OUT);
	cr_expect_eq(only->committed, 0);
	cr_expect_eq(commits_open(commits), 2);
	cr_expect_eq(begun, 1, "not at once");
	wait_interval();
	cr_assert_eq(begun, 2);
	answer(RD_KAFKA_RESP_ERR_NO_ERROR);
	cr_expect_eq(only->committed, 2);
	cr_expect_eq(commits_open(commits), 0);
}

Test(commits, one_that_failed_waits_for_its_partition_to_come_back)
{
	finish(0);
	finish(1);
	only->active = false; /* lost, and then the commit fails */
	answer(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
	wait_interval();
	cr_expect_eq(begun, 1, "what is not ours is not committed");
	only->active = true;
	wait_interval();
	cr_expect_eq(begun, 2, "it is ours again, and nothing else would start a commit where the flow is held back for want of one");
}

Test(commits, what_is_forgotten_is_not_committed)
{
	finish(0);
	finish(1);
	finish(2);
	commits_forget(commits, only);
	cr_expect_eq(commits_open(commits), 0);
	answer(RD_KAFKA_RESP_ERR_NO_ERROR);
	cr_expect_eq(commits_open(commits), 0);
	cr_expect_eq(only->committed, 0, "the partition had gone before its answer");
}

Test(commits, a_position_that_moved_over_a_gap_is_committed_too)
{
	partition_read_up_to(only->ring, 9);
	commits_consider(commits, only);
	wait_interval();
	cr_assert_eq(begun, 1);
	cr_expect_eq(asked->elems[0].offset, 9);
}

Test(commits, the_metadata_tells_the_partitions_at_the_start)
{
	finish(0);
	finish(1);
	struct position_note note = position_note_read((struct ump_text){asked->elems[0].metadata, asked->elems[0].metadata_size});
	cr_expect_eq(note.partitions, 3);
	cr_expect_eq(note.ahead.size, 0);
}

Test(commits, a_replay_commits_nothing_and_waits_for_no_commit)
{
	struct commits *never = commits_new(
		&(struct commits_options){.loop = loop, .metrics = metrics, .number = 1, .interval_us = 1, .never = true, .ended = ended});
	finish(0);
	commits_add(never, only);
	commits_consider(never, only);
	cr_expect_eq(commits_open(never), 0);
	cr_expect_not(commits_flush(never));
	cr_expect_eq(begun, 0);
	commits_free(never);
}

/* With a transaction: what is finished beyond a gap waits for the one that closes it. */
Test(commits, in_a_transaction_what_is_beyond_a_gap_waits)
{
	struct commits *exactly = commits_new(&(struct commits_options){.loop = loop,
									.metrics = metrics,
									.number = 1,
									.interval_us = INTERVAL,
									.transaction = (struct transaction *)&begun,
									.ended = ended});
	struct partition_ticket first, second;
	void *record;
	partition_add(only->ring, 0, UMP_TEXT_NONE, only);
	partition_add(only->ring, 1, UMP_TEXT_NONE, only);
	partition_take(only->ring, &first, &record);
	partition_take(only->ring, &second, &record);
	partition_finish(only->ring, second);
	commits_add(exactly, only);
	cr_expect_eq(begun, 0, "there is nothing to commit");
	cr_expect_eq(commits_open(exactly), 1);
	cr_expect_eq(commits_left(exactly), 0);
	cr_expect_not(commits_flush(exactly));
	partition_finish(only->ring, first);
	commits_add(exactly, only);
	cr_assert_eq(begun, 1);
	cr_expect_eq(asked->elems[0].offset, 2);
	struct position_note note = position_note_read((struct ump_text){asked->elems[0].metadata, asked->elems[0].metadata_size});
	cr_expect_eq(note.ahead.size, 0);
	answer(RD_KAFKA_RESP_ERR_NO_ERROR);
	cr_expect_eq(commits_open(exactly), 0);
	commits_free(exactly);
}

Test(commits, a_partition_whose_record_kafka_refuses_is_left_out)
{
	only->refused = true;
	finish(0);
	finish(1);
	cr_expect_eq(begun, 0);
	only->refused = false;
	wait_interval();
	cr_expect_eq(begun, 1, "it is tried again");
}
