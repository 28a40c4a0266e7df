#include "provider/feed.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "provider/evidence.h"
#include "provider/metrics.h"
#include <stdio.h>
#include <stdlib.h>

enum { HITS, VERDICTS, TABLE, DEAD_LETTERS, STATUS, TOPICS };

#define REQUIRED  2                    /* the first two; the others may appear later */
#define STATUS_MS (60 * INT64_C(1000)) /* of the adapter's past states, only the last minute matters */
#define ROWS_US   (250 * UMP_MILLISECOND)

/* An order on its way. */
struct order {
	struct order *next;
	void (*done)(void *context, const struct ump_error *error);
	void *context;
};

struct feed {
	struct feed_options options;
	struct ump_loop *loop;
	struct reader *reader;
	struct board *board;
	struct evidence *evidence;
	struct order *orders;
	struct ump_timer rows;
	struct ump_event event;
	bool caught_up;
	int64_t from_ms;
	int64_t acknowledged_end[READER_PARTITIONS];
	bool is_full; /* and has to come down to half of the limit */
	char full[96];
	struct ump_series *read[TOPICS];
};

/* Rows' completions are told from others' by this address; even, as no simulated event's is. */
static const uint64_t row_mark;

static int64_t now_ms(const struct feed *feed)
{
	return ump_loop_wall(feed->loop) / UMP_MILLISECOND;
}

/* ---- Records ---- */

static bool write_row(struct feed *feed, const struct board_player *player)
{
	struct ump_error error;
	ump_cleanup_free char *row = board_row(player);
	const struct ump_record record = {
		.topic = feed->options.config->topics.table_topic, .partition = -1, .key = ump_text(player->id), .value = ump_text(row)};
	if (!row || ump_producer_send(feed->options.producer, &record, (void *)&row_mark, &error))
		return false;
	ump_metrics_add(feed->options.metrics, METRIC_ROWS, 1);
	return true;
}

/* At most one row for each player and round: the table is compacted anyhow. What the queue has no room for comes with the next round. */
static void write_rows(void *context)
{
	struct feed *feed = context;
	for (struct board_player *player; feed->caught_up && (player = board_next_row(feed->board));)
		if (!write_row(feed, player)) {
			board_row_failed(feed->board, player);
			break;
		}
	ump_timer_set(feed->loop, &feed->rows, ump_loop_now(feed->loop) + ROWS_US, write_rows, feed);
}

static void keep(struct feed *feed, enum archive_kind kind, const struct reader_record *record)
{
	evidence_keep(feed->evidence, &(struct archive_record){.where = {kind, record->partition, record->offset},
							       .timestamp_ms = record->timestamp_ms,
							       .read_ms = now_ms(feed),
							       .key = record->key,
							       .value = record->value,
							       .headers = record->headers,
							       .header_count = record->header_count});
}

static void pair(struct feed *feed, const struct board_place *hit, const struct board_place *verdict, bool cheating)
{
	if (hit->partition >= 0 && verdict->partition >= 0)
		evidence_pair(feed->evidence, &(struct archive_key){ARCHIVE_HIT, hit->partition, hit->offset},
			      &(struct archive_key){ARCHIVE_VERDICT, verdict->partition, verdict->offset}, cheating);
}

static void take_hit(struct feed *feed, const struct hit_reading *hit, const struct reader_record *record)
{
	const struct board_place place = {record->partition, record->offset, record->timestamp_ms};
	struct board_place verdict;
	if (!board_hit(feed->board, hit, &place, now_ms(feed), &verdict))
		return;
	keep(feed, ARCHIVE_HIT, record);
	pair(feed, &place, &verdict, false);
}

static void take_verdict(struct feed *feed, const struct verdict_reading *verdict, const struct reader_record *record)
{
	const struct board_place place = {record->partition, record->offset, record->timestamp_ms};
	struct board_place hit;
	if (!board_verdict(feed->board, verdict, &place, now_ms(feed), &hit))
		return;
	keep(feed, ARCHIVE_VERDICT, record);
	pair(feed, &hit, &place, verdict->cheating);
	if (feed->options.verdict)
		feed->options.verdict(feed->options.context, verdict,
				      hit.partition < 0 ? -1 : (double)(place.timestamp_ms - hit.timestamp_ms));
}

static void take_event(struct feed *feed, const struct reader_record *record)
{
	struct hit_reading hit;
	struct verdict_reading verdict;
	if (record->topic == HITS && hit_read(&feed->event, &hit)) {
		if (feed->options.hit)
			feed->options.hit(feed->options.context, &hit, record->timestamp_ms);
		take_hit(feed, &hit, record);
		hit_reading_release(&hit);
	} else if (record->topic == VERDICTS && verdict_read(&feed->event, &verdict)) {
		take_verdict(feed, &verdict, record);
		verdict_reading_release(&verdict);
	}
}

static void take(void *context, const struct reader_record *record)
{
	struct feed *feed = context;
	feed->read[record->topic]->value++;
	switch (record->topic) {
	case TABLE:
		board_read_row(feed->board, record->key, record->value);
		break;
	case DEAD_LETTERS:
		keep(feed, ARCHIVE_DEAD_LETTER, record);
		board_dead_letter(feed->board, &(struct board_place){record->partition, record->offset, record->timestamp_ms});
		break;
	case STATUS:
		board_status(feed->board, record->key, record->value, record->timestamp_ms);
		break;
	default:
		if (event_open(&feed->event, record->headers, record->header_count, record->value))
			take_event(feed, record);
	}
}

/* ---- Making and ending ---- */

static void opened(void *context)
{
	struct feed *feed = context;
	feed->options.opened(feed->options.context);
}

static void caught_up(void *context)
{
	struct feed *feed = context;
	feed->caught_up = true;
	feed->options.caught_up(feed->options.context);
}

static void trouble(void *context, const struct ump_error *error)
{
	struct feed *feed = context;
	feed->options.trouble(feed->options.context, error);
}

int feed_new(struct feed **ret_feed, struct ump_loop *loop, const struct feed_options *options, struct ump_error *error)
{
	const struct provider_config *config = options->config;
	struct feed *feed = ump_allocate(1, sizeof *feed);
	feed->options = *options;
	feed->loop = loop;
	feed->evidence = evidence_new(
		&(struct evidence_topics){config->topics.topic, config->topics.verdict_topic, config->topics.dead_letter_topic});
	feed->board = board_new(&(struct board_options){.run = options->run, .max_players = (size_t)config->pages.max_players});
	feed->from_ms = config->topics.embedded ? 0 : now_ms(feed) - config->pages.history_us / UMP_MILLISECOND;
	const struct reader_options reader = {
		.settings = &config->kafka,
		.client_id = "umpire-board",
		.group = config->topics.group,
		.embedded = config->topics.embedded,
		.topics = {[HITS] = config->topics.topic,
			   [VERDICTS] = config->topics.verdict_topic,
			   [TABLE] = config->topics.table_topic,
			   [DEAD_LETTERS] = config->topics.dead_letter_topic,
			   [STATUS] = config->topics.status_topic},
		.from_ms = {[HITS] = feed->from_ms,
			    [VERDICTS] = feed->from_ms,
			    [DEAD_LETTERS] = feed->from_ms,
			    [STATUS] = now_ms(feed) - STATUS_MS},
		.topic_count = TOPICS,
		.required = REQUIRED,
		.first = TABLE + 1,
		.record = take,
		.opened = opened,
		.caught_up = caught_up,
		.trouble = trouble,
		.context = feed,
	};
	for (size_t i = 0; i < TOPICS; i++)
		feed->read[i] = ump_metrics_series(options->metrics, METRIC_READ, (const char *[]){reader.topics[i]});
	if (reader_new(&feed->reader, loop, &reader, error)) {
		feed_free(feed);
		return -1;
	}
	write_rows(feed);
	*ret_feed = feed;
	return 0;
}

static void give_up_orders(struct feed *feed)
{
	struct ump_error error;
	ump_fail(&error, UMP_RETRY, "this process ends");
	for (struct order *order = feed->orders, *next; order; order = next) {
		next = order->next;
		order->done(order->context, &error);
		free(order);
	}
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	reader_free(feed->reader);
	ump_timer_cancel(feed->loop, &feed->rows);
	board_free(feed->board);
	evidence_free(feed->evidence);
	give_up_orders(feed);
	ump_event_release(&feed->event);
	free(feed);
}

struct reader *feed_reader(struct feed *feed)
{
	return feed->reader;
}

struct board *feed_board(struct feed *feed)
{
	return feed->board;
}

/* ---- Looking closely ---- */

bool feed_has_partition(const struct feed *feed, const struct archive_key *where)
{
	static const size_t topics[] = {[ARCHIVE_HIT] = HITS, [ARCHIVE_VERDICT] = VERDICTS, [ARCHIVE_DEAD_LETTER] = DEAD_LETTERS};
	return (size_t)where->partition < reader_partitions(feed->reader, topics[where->kind]);
}

const struct archive_record *feed_find(const struct feed *feed, const struct archive_key *where)
{
	return evidence_find(feed->evidence, where);
}

char *feed_inspect(struct feed *feed, const struct archive_record *record)
{
	bool is_hit = record->where.kind == ARCHIVE_HIT;
	if (is_hit && (!event_open(&feed->event, record->headers, record->header_count, record->value) ||
		       !board_shows(feed->board, ump_event_get(&feed->event, "source"))))
		return NULL;
	return evidence_write(feed->evidence, record, is_hit ? reader_committed(feed->reader, record->where.partition) : -1);
}

char *feed_dead_letters(const struct feed *feed)
{
	return evidence_write_dead_letters(feed->evidence);
}

int feed_order(struct feed *feed, const char *key, const char *text, void (*done)(void *context, const struct ump_error *error),
	       void *context, struct ump_error *error)
{
	const struct ump_record record = {
		.topic = feed->options.config->topics.table_topic, .partition = -1, .key = ump_text(key), .value = ump_text(text)};
	struct order *order = ump_allocate(1, sizeof *order);
	*order = (struct order){feed->orders, done, context};
	if (ump_producer_send(feed->options.producer, &record, order, error)) {
		free(order);
		return -1;
	}
	feed->orders = order;
	return 0;
}

/* ---- How far everybody is ---- */

void feed_acknowledged(struct feed *feed, int32_t partition, int64_t offset)
{
	if (partition >= 0 && partition < READER_PARTITIONS && offset >= feed->acknowledged_end[partition])
		feed->acknowledged_end[partition] = offset + 1;
}

static bool order_delivered(struct feed *feed, const struct ump_delivery *delivery)
{
	struct order **link = &feed->orders;
	while (*link && *link != delivery->opaque)
		link = &(*link)->next;
	struct order *order = *link;
	if (!order)
		return false;
	*link = order->next;
	order->done(order->context, delivery->error);
	free(order);
	return true;
}

bool feed_delivered(struct feed *feed, const struct ump_delivery *delivery)
{
	if (delivery->opaque != &row_mark)
		return order_delivered(feed, delivery);
	if (delivery->error)
		ump_log(UMP_LOG_WARNING, "row is not in Kafka", UMP_LOG_S("error", delivery->error->text));
	return true;
}

static int64_t end_of(const struct feed *feed, size_t topic, int32_t partition)
{
	int64_t end = reader_end(feed->reader, topic, partition);
	if (topic == HITS && feed->acknowledged_end[partition] > end)
		end = feed->acknowledged_end[partition];
	return end;
}

/* What fills a partition most: what the group has not committed, or the board has not read, of it. Over `limit`: says so in feed->full. */
static bool is_over(struct feed *feed, size_t topic, int32_t partition, int64_t limit)
{
	int64_t end = end_of(feed, topic, partition), committed = reader_committed(feed->reader, partition);
	int64_t uncommitted = topic == HITS && committed >= 0 ? end - committed : 0;
	int64_t unread = end - reader_position(feed->reader, topic, partition);
	bool group = uncommitted >= unread;
	if ((group ? uncommitted : unread) < limit)
		return false;
	snprintf(feed->full, sizeof feed->full, "%s %lld records of partition %d",
		 group ? "the adapter has not committed" : "the board has not read", (long long)(group ? uncommitted : unread), partition);
	return true;
}

/* Any of the unacknowledged could go into any partition: each is taken to be where it hurts. Once full, it takes half of the limit to go
 * on, or each commit would let a handful of events through, and be told about. */
const char *feed_is_full(struct feed *feed, uint64_t unacknowledged)
{
	int64_t hold_back = feed->options.config->topics.hold_back;
	int64_t limit = (feed->is_full ? (hold_back + 1) / 2 : hold_back) - (int64_t)unacknowledged;
	if (!hold_back)
		return NULL;
	feed->is_full = false;
	for (size_t topic = HITS; topic <= VERDICTS && !feed->is_full; topic++)
		for (int32_t i = 0; i < (int32_t)reader_partitions(feed->reader, topic) && !feed->is_full; i++)
			feed->is_full = is_over(feed, topic, i, limit);
	return feed->is_full ? feed->full : NULL;
}

void feed_facts(struct feed *feed, struct board_facts *facts)
{
	const struct provider_config *config = feed->options.config;
	facts->from_ms = feed->from_ms;
	facts->rebuilding = !feed->caught_up;
	facts->broker = config->topics.embedded ? "embedded" : NULL;
	facts->group = config->topics.group;
	facts->partitions = reader_partitions(feed->reader, HITS);
	if (facts->partitions > BOARD_PARTITIONS)
		facts->partitions = BOARD_PARTITIONS;
	for (size_t i = 0; i < facts->partitions; i++) {
		facts->partition[i].end = end_of(feed, HITS, (int32_t)i);
		facts->partition[i].committed = reader_committed(feed->reader, (int32_t)i);
	}
}

void feed_measure(struct feed *feed)
{
	struct ump_metrics *metrics = feed->options.metrics;
	struct board_facts facts = {0};
	feed_facts(feed, &facts);
	for (size_t i = 0; i < facts.partitions; i++) {
		char partition[24];
		snprintf(partition, sizeof partition, "%zu", i);
		int64_t lag = facts.partition[i].end - facts.partition[i].committed;
		if (facts.partition[i].end >= 0 && facts.partition[i].committed >= 0)
			ump_metrics_series(metrics, METRIC_LAG, (const char *[]){partition})->value = (double)(lag > 0 ? lag : 0);
	}
	ump_metrics_set(metrics, METRIC_PLAYERS, (double)board_refused(feed->board));
}
