/* Everything here runs on the loop's thread but the calls that block, which transactor.c makes on its own.
 *
 * One transaction has three steps: what the records gave is produced; when Kafka has acknowledged all of it, the offsets are added and it
 * is committed; then the records are let go of. Whatever goes wrong aborts it, and the next commit makes it again. The acknowledgements are
 * waited for before the blocking part, so that what was refused is known, and why. */
#include "source-adapter/transaction.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "source-adapter/counts.h"
#include "source-adapter/parcel.h"
#include "source-adapter/transactor.h"
#include <stdlib.h>

enum state { STARTING, IDLE, PRODUCING, COMMITTING, ABORTING };

typedef void done_fn(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *, void *);

struct transaction {
	struct transaction_options options;
	struct ump_producer *producer;
	struct transactor *transactor;
	enum state state;

	/* Of the present one */
	struct consumer *consumer;
	rd_kafka_topic_partition_list_t *offsets;
	int element;           /* of the offsets, whose partition's records are being produced; */
	struct record *cursor; /* the next of them */
	size_t unacknowledged;
	bool careful; /* one at a time: Kafka refused one of those that went together, which it blames on all of them */
	done_fn *done;
	void *done_context;
	struct record *orphans; /* nobody waits for them any more, and the producer may still know them */

	struct ump_timer probe; /* when partitions whose records were refused are tried again */
};

/* ---- What is kept ---- */

void transaction_keep(struct record *record, const struct ump_record *given)
{
	struct parcel *parcel = parcel_new(given);
	parcel_free(record->parcel);
	record->parcel = parcel;
}

void transaction_hold(struct transaction *transaction, struct record *record)
{
	struct assigned *home = record->home;
	record_detach(transaction->options.pool, record);
	record->next = NULL;
	*home->last_given = record;
	home->last_given = &record->next;
}

/* Takes out of the list what was given below `offset`, and calls `each` for it. */
static void take_below(struct transaction *transaction, struct assigned *assigned, int64_t offset,
		       void (*each)(struct transaction *transaction, struct record *record))
{
	struct record **link = &assigned->given;
	while (*link) {
		struct record *record = *link;
		if (record->offset >= offset) {
			link = &record->next;
			continue;
		}
		*link = record->next;
		each(transaction, record);
	}
	assigned->last_given = link;
}

static void store(struct transaction *transaction, struct record *record)
{
	bool reply = record->settling == SETTLING_REPLY;
	ump_metrics_add(transaction->options.metrics, reply ? COUNT_REPLIES : COUNT_DEAD_LETTERED, 1);
	transaction->options.stored(transaction->options.context, record);
}

static void orphan(struct transaction *transaction, struct record *record)
{
	record->home = NULL;
	record->next = transaction->orphans;
	transaction->orphans = record;
}

static void bury_orphans(struct transaction *transaction)
{
	while (transaction->orphans) {
		struct record *record = transaction->orphans;
		transaction->orphans = record->next;
		record_give(transaction->options.pool, record);
	}
}

/* ---- Records that Kafka refuses ---- */

static void probe_over(void *context)
{
	struct transaction *transaction = context;
	for (struct assigned *assigned = consumer_partitions(transaction->consumer); assigned; assigned = assigned->next)
		assigned->refused = false;
}

static void refuse(struct transaction *transaction, struct record *record, const struct ump_error *error)
{
	struct ump_loop *loop = transaction->options.loop;
	if (!record->home || transaction->options.refused(transaction->options.context, record, error))
		return;
	record->home->refused = true;
	ump_timer_set(loop, &transaction->probe, ump_loop_now(loop) + transaction->options.refused_probe_us, probe_over, transaction);
}

/* ---- The steps ---- */

/* The end of a transaction; without an error it is committed. */
static void end(struct transaction *transaction, const struct ump_error *error)
{
	rd_kafka_topic_partition_list_t *offsets = ump_steal(transaction->offsets);
	transaction->state = IDLE;
	bury_orphans(transaction);
	if (error)
		ump_log(UMP_LOG_WARNING, "transaction aborted", UMP_LOG_S("error", error->text));
	transaction->done(NULL, error ? RD_KAFKA_RESP_ERR__FAIL : RD_KAFKA_RESP_ERR_NO_ERROR, error ? NULL : offsets,
			  transaction->done_context);
	rd_kafka_topic_partition_list_destroy(offsets);
}

static void let_go(struct transaction *transaction)
{
	for (int i = 0; i < transaction->offsets->cnt; i++) {
		const rd_kafka_topic_partition_t *element = &transaction->offsets->elems[i];
		struct assigned *assigned = assigned_find(consumer_partitions(transaction->consumer), element->topic, element->partition);
		if (assigned)
			take_below(transaction, assigned, element->offset, store);
	}
}

static void ended(void *context, enum transactor_result result, const struct ump_error *error)
{
	struct transaction *transaction = context;
	if (result == TRANSACTOR_FATAL) {
		struct ump_error fatal = *error;
		ump_error_prefix(&fatal, "transactional.id %s", transaction->options.id);
		transaction->options.failed(transaction->options.context, &fatal);
	} else if (transaction->state == STARTING) {
		transaction->state = IDLE;
		transaction->options.ready(transaction->options.context);
	} else if (result == TRANSACTOR_DONE) {
		let_go(transaction);
		transaction->careful = false;
		end(transaction, NULL);
	} else {
		end(transaction, error);
	}
}

static void abort_it(struct transaction *transaction, const struct ump_error *why)
{
	transaction->state = ABORTING;
	transactor_abort(transaction->transactor, why);
}

/* Turns to the partition of the next offset. */
static void turn(struct transaction *transaction, int element)
{
	transaction->element = element;
	transaction->cursor = NULL;
	if (element == transaction->offsets->cnt)
		return;
	const rd_kafka_topic_partition_t *offset = &transaction->offsets->elems[element];
	struct assigned *assigned = assigned_find(consumer_partitions(transaction->consumer), offset->topic, offset->partition);
	/* What is below the offset that the group has was in a transaction whose end nobody told us. */
	take_below(transaction, assigned, assigned->committed, store);
	transaction->cursor = assigned->given;
}

/* Hands over what the records below the offsets gave: all of it, or the next one. */
static int produce(struct transaction *transaction, struct ump_error *error)
{
	for (; transaction->element < transaction->offsets->cnt; turn(transaction, transaction->element + 1)) {
		while (transaction->cursor) {
			struct record *record = transaction->cursor;
			transaction->cursor = record->next;
			if (record->offset >= transaction->offsets->elems[transaction->element].offset)
				continue;
			if (ump_producer_send(transaction->producer, &record->parcel->record, record, error) < 0) {
				if (error->kind == UMP_REJECT)
					refuse(transaction, record, error);
				return -1;
			}
			transaction->unacknowledged++;
			if (transaction->careful)
				return 0;
		}
	}
	return 0;
}

/* Goes on with producing, and when all of it is acknowledged with committing. */
static void proceed(struct transaction *transaction)
{
	struct ump_error error;
	if (transaction->state != PRODUCING)
		return;
	if (produce(transaction, &error) < 0) {
		abort_it(transaction, &error);
	} else if (transaction->unacknowledged == 0) {
		transaction->state = COMMITTING;
		transactor_commit(transaction->transactor, rd_kafka_topic_partition_list_copy(transaction->offsets),
				  consumer_group(transaction->consumer));
	}
}

static void delivered(void *context, const struct ump_delivery *delivery)
{
	struct transaction *transaction = context;
	transaction->unacknowledged--;
	if (transaction->state != PRODUCING)
		return;
	if (!delivery->error) {
		if (transaction->careful || transaction->unacknowledged == 0)
			proceed(transaction);
		return;
	}
	if (delivery->error->kind == UMP_REJECT && transaction->careful)
		refuse(transaction, delivery->opaque, delivery->error);
	transaction->careful = transaction->careful || delivery->error->kind == UMP_REJECT;
	abort_it(transaction, delivery->error);
}

void transaction_commit(struct transaction *transaction, struct consumer *consumer, const rd_kafka_topic_partition_list_t *offsets,
			done_fn *done, void *context)
{
	rd_kafka_error_t *problem = NULL;
	if (transaction->state == IDLE)
		problem = rd_kafka_begin_transaction(ump_producer_handle(transaction->producer));
	if (transaction->state != IDLE || problem) {
		ump_log(UMP_LOG_WARNING, "transaction not begun",
			UMP_LOG_S("error", problem ? rd_kafka_error_string(problem) : "the producer is being made anew"));
		if (problem)
			rd_kafka_error_destroy(problem);
		done(NULL, RD_KAFKA_RESP_ERR__STATE, NULL, context);
		return;
	}
	transaction->state = PRODUCING;
	transaction->consumer = consumer;
	transaction->offsets = rd_kafka_topic_partition_list_copy(offsets);
	transaction->done = done;
	transaction->done_context = context;
	turn(transaction, 0);
	proceed(transaction);
}

void transaction_forget(struct transaction *transaction, struct assigned *assigned)
{
	struct ump_error gone;
	bool some = assigned->given != NULL;
	take_below(transaction, assigned, INT64_MAX, orphan);
	if (transaction->state == IDLE || transaction->state == STARTING)
		bury_orphans(transaction);
	else if (transaction->state == PRODUCING && some) {
		ump_fail(&gone, UMP_RETRY, "topic %s, partition %d: it is not ours any more", assigned->topic, assigned->number);
		abort_it(transaction, &gone);
	}
}

/* ---- Making it ---- */

static void producer_failed(void *context, const struct ump_error *error)
{
	struct transaction *transaction = context;
	struct ump_error fatal = *error;
	ump_error_prefix(&fatal, "transactional.id %s", transaction->options.id);
	transaction->options.failed(transaction->options.context, &fatal);
}

/* The queue takes all that may be kept: how much that is has a bound of its own. */
static int open_producer(struct transaction *transaction, struct ump_error *error)
{
	const char *properties[] = {"transactional.id",
				    transaction->options.id,
				    "queue.buffering.max.messages",
				    "1000000",
				    "queue.buffering.max.kbytes",
				    "2097151",
				    NULL};
	struct ump_producer_options options = {
		.settings = transaction->options.settings,
		.client_id = transaction->options.client_id,
		.properties = properties,
		.delivered = delivered,
		.failed = producer_failed,
		.context = transaction,
	};
	if (ump_producer_new(&transaction->producer, transaction->options.loop, &options, error) < 0 ||
	    transactor_new(&transaction->transactor, transaction->options.loop, ump_producer_handle(transaction->producer), ended,
			   transaction, error) < 0)
		return -1;
	transaction->state = STARTING;
	transactor_init(transaction->transactor);
	return 0;
}

static void close_producer(struct transaction *transaction)
{
	transactor_free(ump_steal(transaction->transactor));
	ump_producer_free(ump_steal(transaction->producer));
}

int transaction_new(struct transaction **ret_transaction, const struct transaction_options *options, struct ump_error *error)
{
	struct transaction *transaction = ump_allocate(1, sizeof *transaction);
	transaction->options = *options;
	if (open_producer(transaction, error) < 0) {
		transaction_free(transaction);
		return -1;
	}
	*ret_transaction = transaction;
	return 0;
}

void transaction_free(struct transaction *transaction)
{
	if (!transaction)
		return;
	ump_timer_cancel(transaction->options.loop, &transaction->probe);
	close_producer(transaction);
	if (transaction->offsets)
		rd_kafka_topic_partition_list_destroy(transaction->offsets);
	bury_orphans(transaction);
	free(transaction);
}

int transaction_reopen(struct transaction *transaction, struct ump_error *error)
{
	close_producer(transaction);
	return open_producer(transaction, error);
}

struct ump_producer *transaction_producer(struct transaction *transaction)
{
	return transaction->producer;
}
