/* source-adapter/flow.h: which record is read, sent and let go of, and when.
 *
 * The bounds are kept here: events in flight, and bytes held. A record is read only when its partition has nothing that may go, or not yet
 * enough for a batch, so what is in memory is what is on its way and what must wait behind that. */
#pragma once
#include "common/loop/loop.h"
#include "source-adapter/commits.h"
#include "source-adapter/consumer.h"
#include "source-adapter/delivery.h"
#include "source-adapter/settle.h"
#include "source-adapter/skip.h"

struct flow;

struct flow_options {
	struct ump_loop *loop;
	struct ump_metrics *metrics;
	struct record_pool *pool;
	enum order order;
	size_t max_in_flight;
	int64_t max_held_bytes;
	struct retry_schedule probes;  /* how pauses between probes of a sink that is down grow */
	const struct skip_list *skips; /* records that are passed over; NULL: none */
	bool filters;                  /* delivery has a filter */
	bool put_back;                 /* instead of sending */
	size_t batch_events;           /* at most; 1: each event goes alone */
	int64_t batch_bytes;
	int64_t batch_linger_us;      /* how long the first one of a batch waits for others */
	int64_t rate;                 /* events sent a second, those tried again included; 0: as fast as they come */
	void (*idle)(void *context);  /* nothing is in flight */
	void (*quiet)(void *context); /* it was stopped, and nothing is in flight any more */
	void *context;
};

/* What it works with; none of it is there when the flow is made, because their callbacks lead here. */
struct flow_parts {
	struct consumer *consumer;
	struct commits *commits;
	struct delivery *delivery;
	struct delivery *letters; /* to the sink for dead letters; NULL: there is none */
	struct settle *settle;
	struct transaction *transaction; /* NULL: none */
};

struct flow *flow_new(const struct flow_options *options);
void flow_connect(struct flow *flow, const struct flow_parts *parts);
void flow_free(struct flow *flow); /* accepts NULL */

/* Looks, before the loop sleeps again, what can go. */
void flow_wake(struct flow *flow);

/* Sends nothing new until flow_start(). `quiet` follows, from the loop, when everything in flight has its answer. */
void flow_stop(struct flow *flow);
void flow_start(struct flow *flow);

/* Gives up waiting for answers: what the sink has not answered goes again, here or elsewhere. Returns how many these are. What Kafka has
 * not acknowledged yet stays. */
size_t flow_take_back(struct flow *flow);

/* Copies what records still hold of librdkafka's memory. Its client cannot be ended before: it would wait for them for ever. */
void flow_detach(struct flow *flow);

/* The partition goes for good: lets go of its records. */
void flow_drop(struct flow *flow, struct assigned *assigned);

/* The callbacks of settle; `context` is the flow. Finished is one record; the others are told of a leader with its batch. */
void flow_finished(void *context, struct record *record);
void flow_split(void *context, struct record *leader, size_t most);
void flow_stored(void *context, struct record *record); /* what it gave is committed; of the transaction */
void flow_paused(void *context, struct record *record);
void flow_due(void *context, struct record *record);

/* An answer has come, whatever it says: for flow_facts(), and for how many events may be in flight. */
void flow_answered(struct flow *flow, const struct record *leader, const struct ump_reply *reply);

struct flow_facts {
	size_t in_flight;
	int64_t held_bytes;
	size_t window;           /* events that may be in flight; 0: the sink is probed */
	int last_status;         /* of the latest answer, 0 for none that could be understood; -1: no try has ended yet */
	int64_t last_answer_at;  /* wall clock; 0: never */
	int64_t first_answer_us; /* from the first event sent after a second of idleness to its answer; -1: there was none yet */
	int64_t first_answer_at; /* wall clock, when that was */
};

struct flow_facts flow_facts(const struct flow *flow);
