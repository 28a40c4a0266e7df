/* The calls of a transactional producer on their own thread, with a librdkafka that the test plays. */
#include "common/memory.h"
#include "source-adapter/transactor.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- librdkafka: each call takes the next answer of its list ---- */

enum call { INIT, OFFSETS, COMMIT, ABORT, CALLS };
enum answer { GOOD, AGAIN, MUST_ABORT, FATAL };

struct rd_kafka_error_s {
	enum answer answer;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum answer answers[CALLS][8];
static int calls[CALLS];
static char order[64];

static rd_kafka_error_t *answer(enum call call)
{
	pthread_mutex_lock(&lock);
	enum answer answer = answers[call][calls[call] < 7 ? calls[call] : 7];
	calls[call]++;
	if (strlen(order) < sizeof order - 1)
		order[strlen(order)] = "ioca"[call];
	pthread_mutex_unlock(&lock);
	if (answer == GOOD)
		return NULL;
	rd_kafka_error_t *error = ump_allocate(1, sizeof *error);
	error->answer = answer;
	return error;
}

rd_kafka_error_t *rd_kafka_init_transactions(rd_kafka_t *producer, int timeout_ms)
{
	(void)producer, (void)timeout_ms;
	return answer(INIT);
}

rd_kafka_error_t *rd_kafka_send_offsets_to_transaction(rd_kafka_t *producer, const rd_kafka_topic_partition_list_t *offsets,
						       const rd_kafka_consumer_group_metadata_t *group, int timeout_ms)
{
	(void)producer, (void)offsets, (void)group, (void)timeout_ms;
	return answer(OFFSETS);
}

rd_kafka_error_t *rd_kafka_commit_transaction(rd_kafka_t *producer, int timeout_ms)
{
	(void)producer, (void)timeout_ms;
	return answer(COMMIT);
}

rd_kafka_error_t *rd_kafka_abort_transaction(rd_kafka_t *producer, int timeout_ms)
{
	(void)producer, (void)timeout_ms;
	return answer(ABORT);
}

int rd_kafka_error_is_retriable(const rd_kafka_error_t *error)
{
	return error->answer == AGAIN;
}

int rd_kafka_error_txn_requires_abort(const rd_kafka_error_t *error)
{
	return error->answer == MUST_ABORT;
}

int rd_kafka_error_is_fatal(const rd_kafka_error_t *error)
{
	return error->answer == FATAL;
}

const char *rd_kafka_error_string(const rd_kafka_error_t *error)
{
	return error->answer == FATAL ? "fenced" : "on purpose";
}

void rd_kafka_error_destroy(rd_kafka_error_t *error)
{
	free(error);
}

void rd_kafka_topic_partition_list_destroy(rd_kafka_topic_partition_list_t *list)
{
	free(list);
}

void rd_kafka_consumer_group_metadata_destroy(rd_kafka_consumer_group_metadata_t *group)
{
	free(group);
}

/* ---- The rig ---- */

static struct ump_loop *loop;
static struct transactor *transactor;
static int done_count;
static enum transactor_result result;
static char text[240];

static void done(void *context, enum transactor_result given, const struct ump_error *error)
{
	(void)context;
	done_count++;
	result = given;
	if (given != TRANSACTOR_DONE)
		memcpy(text, error->text, sizeof text);
}

static void set_up(void)
{
	struct ump_error error;
	memset(answers, 0, sizeof answers);
	memset(calls, 0, sizeof calls);
	memset(order, 0, sizeof order);
	done_count = 0;
	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	cr_assert_eq(transactor_new(&transactor, loop, NULL, done, NULL, &error), 0);
}

static void tear_down(void)
{
	transactor_free(transactor);
	ump_loop_free(loop);
}

TestSuite(transactor, .init = set_up, .fini = tear_down);

static void commit(void)
{
	transactor_commit(transactor, (rd_kafka_topic_partition_list_t *)ump_allocate(1, sizeof(rd_kafka_topic_partition_list_t)),
			  (rd_kafka_consumer_group_metadata_t *)ump_allocate(1, 1));
}

static void expect(enum transactor_result wanted, const char *calls_made)
{
	int64_t end = ump_loop_clock() + 10 * UMP_SECOND;
	while (done_count == 0 && ump_loop_clock() < end)
		ump_loop_once(loop, UMP_SECOND / 10);
	cr_assert_eq(done_count, 1);
	cr_expect_eq((int)result, (int)wanted);
	cr_expect_str_eq(order, calls_made);
	done_count = 0;
}

Test(transactor, offsets_go_into_the_transaction_before_it_is_committed)
{
	commit();
	expect(TRANSACTOR_DONE, "oc");
	commit();
	expect(TRANSACTOR_DONE, "ococ");
}

Test(transactor, what_may_go_well_another_time_is_called_again)
{
	answers[INIT][0] = AGAIN;
	answers[OFFSETS][0] = answers[OFFSETS][1] = AGAIN;
	answers[COMMIT][0] = AGAIN;
	transactor_init(transactor);
	expect(TRANSACTOR_DONE, "ii");
	commit();
	expect(TRANSACTOR_DONE, "iioooc"
				"c");
}

Test(transactor, what_must_be_aborted_is_and_the_reason_is_the_first_one)
{
	answers[COMMIT][0] = MUST_ABORT;
	answers[ABORT][0] = AGAIN;
	commit();
	expect(TRANSACTOR_ABORTED, "ocaa");
	cr_expect_str_eq(text, "committing a transaction: on purpose");
	answers[OFFSETS][1] = MUST_ABORT;
	commit();
	expect(TRANSACTOR_ABORTED, "ocaaoa");
}

Test(transactor, an_abort_says_why_it_was_asked_for)
{
	struct ump_error why;
	ump_fail(&why, UMP_RETRY, "a partition has gone");
	transactor_abort(transactor, &why);
	expect(TRANSACTOR_ABORTED, "a");
	cr_expect_str_eq(text, "a partition has gone");
}

Test(transactor, who_is_fenced_is_told_so_and_nothing_is_tried_any_more)
{
	answers[COMMIT][0] = FATAL;
	commit();
	expect(TRANSACTOR_FATAL, "oc");
	cr_expect_str_eq(text, "committing a transaction: fenced");
}

Test(transactor, it_ends_in_the_middle_of_a_call_that_is_made_again)
{
	int made = 0;
	for (int i = 0; i < 8; i++)
		answers[COMMIT][i] = AGAIN;
	commit();
	while (made < 2) {
		pthread_mutex_lock(&lock);
		made = calls[COMMIT];
		pthread_mutex_unlock(&lock);
	}
}
