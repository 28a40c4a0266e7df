#include "provider/retrieval.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "provider/reader_private.h"
#include <pthread.h>
#include <stdlib.h>

#define TIMEOUT_US (3 * UMP_SECOND) /* for one record, connecting included */
#define POLL_MS    100

struct question {
	struct question *next;
	char *topic;
	struct archive_key where;
	retrieval_fn *done;
	void *context;
	enum retrieval_result result;
	struct archive_record *record; /* free() releases it */
};

struct retrieval {
	struct retrieval_options options; /* constant, as the loop is */
	struct ump_loop *loop;
	struct ump_wakeup wakeup;
	pthread_t thread;
	bool started;
	size_t count; /* asked, and not answered: the loop's */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stop;                           /* from here on guarded by the lock */
	struct question *waiting, *answered; /* the oldest first; any order */
};

static void free_question(struct question *question)
{
	free(question->topic);
	free(question->record);
	free(question);
}

/* ---- The helper's thread ---- */

static int open_client(const struct retrieval *retrieval, rd_kafka_t **ret_handle, struct ump_error *error)
{
	const char *properties[] = {"group.id", /* never joined */
				    "umpire-inspector",
				    "enable.auto.commit",
				    "false",
				    "enable.partition.eof",
				    "true",
				    "auto.offset.reset",
				    "error",
				    "isolation.level",
				    retrieval->options.embedded ? "read_uncommitted" : "read_committed",
				    "queued.max.messages.kbytes",
				    "1024",
				    "allow.auto.create.topics",
				    "false",
				    NULL};
	rd_kafka_conf_t *configuration;
	if (ump_kafka_configure(retrieval->options.settings, "umpire-inspector", properties, &configuration, error) < 0 ||
	    ump_kafka_open(RD_KAFKA_CONSUMER, configuration, ret_handle, error) < 0)
		return -1;
	rd_kafka_poll_set_consumer(*ret_handle);
	return 0;
}

static struct archive_record *copy_of(const struct question *question, const rd_kafka_message_t *message)
{
	struct ump_kafka_field fields[READER_HEADERS];
	struct reader_record record;
	reader_read(message, fields, &record);
	return archive_copy(&(struct archive_record){.where = question->where,
						     .timestamp_ms = record.timestamp_ms,
						     .read_ms = -1,
						     .key = record.key,
						     .value = record.value,
						     .headers = record.headers,
						     .header_count = record.header_count});
}

static enum retrieval_result out_of_range(rd_kafka_t *handle, const struct question *question)
{
	int64_t low, high;
	if (rd_kafka_query_watermark_offsets(handle, question->topic, question->where.partition, &low, &high,
					     (int)(TIMEOUT_US / UMP_MILLISECOND)))
		return RETRIEVAL_SILENT;
	return question->where.offset < low ? RETRIEVAL_GONE : RETRIEVAL_AHEAD;
}

/* False: this message says nothing about it. */
static bool is_answer(rd_kafka_t *handle, struct question *question, const rd_kafka_message_t *message)
{
	switch (message->err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		question->result = message->offset == question->where.offset ? RETRIEVAL_FOUND : RETRIEVAL_GONE;
		if (question->result == RETRIEVAL_FOUND)
			question->record = copy_of(question, message);
		return true;
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		question->result = message->offset > question->where.offset ? RETRIEVAL_GONE : RETRIEVAL_AHEAD;
		return true;
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
		question->result = out_of_range(handle, question);
		return true;
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		question->result = RETRIEVAL_AHEAD;
		return true;
	default:
		return false;
	}
}

static void look(const struct retrieval *retrieval, struct question *question)
{
	rd_kafka_t *handle;
	struct ump_error error;
	question->result = RETRIEVAL_SILENT;
	if (open_client(retrieval, &handle, &error) < 0) {
		ump_log(UMP_LOG_WARNING, "a record cannot be looked for", UMP_LOG_S("error", error.text));
		return;
	}
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, question->topic, question->where.partition)->offset = question->where.offset;
	bool is_over = rd_kafka_assign(handle, list) != RD_KAFKA_RESP_ERR_NO_ERROR;
	rd_kafka_topic_partition_list_destroy(list);
	for (int64_t until = ump_loop_clock() + TIMEOUT_US; !is_over && ump_loop_clock() < until;) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(handle, POLL_MS);
		if (!message)
			continue;
		is_over = is_answer(handle, question, message);
		rd_kafka_message_destroy(message);
	}
	rd_kafka_consumer_close(handle);
	rd_kafka_destroy(handle);
}

static void *run(void *context)
{
	struct retrieval *retrieval = context;
	pthread_mutex_lock(&retrieval->lock);
	while (!retrieval->stop) {
		struct question *question = retrieval->waiting;
		if (!question) {
			pthread_cond_wait(&retrieval->changed, &retrieval->lock);
			continue;
		}
		retrieval->waiting = question->next;
		pthread_mutex_unlock(&retrieval->lock);
		look(retrieval, question);
		pthread_mutex_lock(&retrieval->lock);
		question->next = retrieval->answered;
		retrieval->answered = question;
		ump_wakeup_signal(&retrieval->wakeup);
	}
	pthread_mutex_unlock(&retrieval->lock);
	return NULL;
}

/* ---- The loop's ---- */

static void tell(void *context)
{
	struct retrieval *retrieval = context;
	pthread_mutex_lock(&retrieval->lock);
	struct question *answered = ump_steal(retrieval->answered);
	pthread_mutex_unlock(&retrieval->lock);
	for (struct question *question = answered, *next; question; question = next) {
		next = question->next;
		retrieval->count--;
		question->done(question->context, question->result, question->record);
		free_question(question);
	}
}

int retrieval_new(struct retrieval **ret_retrieval, struct ump_loop *loop, const struct retrieval_options *options, struct ump_error *error)
{
	struct retrieval *retrieval = ump_allocate(1, sizeof *retrieval);
	retrieval->options = *options;
	retrieval->loop = loop;
	if (ump_wakeup_open(loop, &retrieval->wakeup, tell, retrieval, error)) {
		free(retrieval);
		return -1;
	}
	pthread_mutex_init(&retrieval->lock, NULL);
	pthread_cond_init(&retrieval->changed, NULL);
	*ret_retrieval = retrieval;
	return 0;
}

static void free_questions(struct question *question)
{
	for (struct question *next; question; question = next) {
		next = question->next;
		free_question(question);
	}
}

void retrieval_free(struct retrieval *retrieval)
{
	if (!retrieval)
		return;
	pthread_mutex_lock(&retrieval->lock);
	retrieval->stop = true;
	pthread_cond_signal(&retrieval->changed);
	pthread_mutex_unlock(&retrieval->lock);
	if (retrieval->started)
		pthread_join(retrieval->thread, NULL);
	free_questions(retrieval->waiting);
	free_questions(retrieval->answered);
	pthread_cond_destroy(&retrieval->changed);
	pthread_mutex_destroy(&retrieval->lock);
	ump_wakeup_close(retrieval->loop, &retrieval->wakeup);
	free(retrieval);
}

bool retrieval_ask(struct retrieval *retrieval, const char *topic, const struct archive_key *where, retrieval_fn *done, void *context)
{
	retrieval->started = retrieval->started || pthread_create(&retrieval->thread, NULL, run, retrieval) == 0;
	if (!retrieval->started || retrieval->count >= RETRIEVAL_MOST)
		return false;
	struct question *question = ump_allocate(1, sizeof *question);
	*question = (struct question){.topic = ump_copy_string(topic), .where = *where, .done = done, .context = context};
	retrieval->count++;
	pthread_mutex_lock(&retrieval->lock);
	struct question **end = &retrieval->waiting;
	while (*end)
		end = &(*end)->next;
	*end = question;
	pthread_cond_signal(&retrieval->changed);
	pthread_mutex_unlock(&retrieval->lock);
	return true;
}
