/* source-adapter/settle.h: what an outcome leads to: the end, a reply, another try, a dead letter, or a stall. */
#pragma once
#include "common/cloudevents/http.h"
#include "common/http/client.h"
#include "common/kafka/producer.h"
#include "common/loop/loop.h"
#include "common/telemetry/metrics.h"
#include "source-adapter/record.h"
#include "source-adapter/retry.h"

struct settle;

struct settle_options {
	struct ump_loop *loop;
	struct ump_metrics *metrics;
	struct record_pool *pool;
	struct retry_schedule schedule;
	int64_t stall_probe_us;
	const char *sink;
	const char *group;
	const char *dead_letter_topic;     /* NULL: what cannot be delivered stalls */
	bool dead_letter_sink;             /* there is one: what cannot be delivered comes back by `due`, to be sent there */
	bool drops;                        /* what cannot even be a dead letter is dropped, and does not stall */
	const char *reply_topic;           /* NULL: replies are ignored */
	enum ump_header_encoding encoding; /* of replies' headers */
	const char *to_topic;              /* where settle_put_back() puts records */
	bool transactional;                /* replies and dead letters go with the offsets, in a transaction: transaction_keep() */
	bool letters;                      /* the records are dead letters themselves: what fails again keeps its origin */

	bool batches; /* the sink gets batches, and answers with them */

	void (*finished)(void *context, struct record *record);           /* it has its final outcome */
	void (*split)(void *context, struct record *leader, size_t most); /* the batch ends: its records go again, at most so many in one */
	void (*paused)(void *context, struct record *record);             /* it waits: it needs no place among those in flight */
	void (*due)(void *context, struct record *record);                /* the pause is over */
	void *context;
};

struct settle *settle_new(const struct settle_options *options);
void settle_free(struct settle *settle); /* accepts NULL */

/* Where replies and dead letters go to; made after this, because its completions come here. NULL where there are none. */
void settle_set_producer(struct settle *settle, struct ump_producer *producer);
void settle_delivered(struct settle *settle, const struct ump_delivery *delivery);
void settle_writable(struct settle *settle);

/* Kafka does not take what the record gave in a transaction. False: there is nothing else that it could give. */
bool settle_refused(void *settle, struct record *record, const struct ump_error *error);

/* A try has ended with an answer, or without one. */
void settle_answer(struct settle *settle, struct record *record, const struct ump_reply *reply);

/* The same of a try to deliver a dead letter. */
void settle_letter_answer(struct settle *settle, struct record *record, const struct ump_reply *reply);

/* A try could not begin: the record is no valid event (UMP_REJECT), or no call could be made. */
void settle_not_sent(struct settle *settle, struct record *record, const struct ump_error *error);

/* Instead of a try: the record is condemned. */
void settle_condemned(struct settle *settle, struct record *record);

/* Instead of a try: the record goes back into Kafka, as it was before it became a dead letter. */
void settle_put_back(struct settle *settle, struct record *record);

/* The record's partition does not come back: whatever is under way for it has nobody to tell. Gives the record back. */
void settle_forget(struct settle *settle, struct record *record);
