/* source-adapter/consumer.h: librdkafka's consumer inside our loop: polling, and the partitions that the group gives and takes.
 *
 * Each assigned partition is read from a queue of its own, and only when its ring has use for another record. So nothing is paused or
 * resumed, which would throw the prefetched records away; a slow partition does not stand in the way of the others; and the group's events
 * are polled for all the time, however slow the sink is. */
#pragma once
#include "common/kafka/settings.h"
#include "common/loop/loop.h"
#include "common/telemetry/metrics.h"
#include "source-adapter/assigned.h"
#include "source-adapter/cluster.h"
#include "source-adapter/replay.h"

struct consumer;

struct consumer_handler {
	void *context;
	void (*readable)(void *context); /* there may be records to read, or partitions have come */

	/* The group takes all partitions back. Unless they are lost already, finish and commit what is under way, send nothing new, and
	 * call consumer_release(). Lost ones may belong to another member by now: nothing of them may be committed. */
	void (*revoking)(void *context);
	void (*lost)(void *context);

	void (*dropping)(void *context, struct assigned *assigned);   /* it does not come back: let go of its records */
	void (*failed)(void *context, const struct ump_error *error); /* fatal: nothing more will come */
};

struct consumer_options {
	const struct ump_kafka_settings *settings;
	const char *client_id;
	const char *group;
	const char *instance_id; /* of a static member; NULL: it comes and goes */
	bool low_memory;
	const struct ump_list *topics;
	struct cluster cluster;
	struct position_policy from;
	enum order order;
	uint32_t ring_capacity;
	struct ump_metrics *metrics;
	const struct replay_plan *plan; /* what is read, without joining the group; NULL: what the group gives, for ever */
};

int consumer_new(struct consumer **ret_consumer, struct ump_loop *loop, const struct consumer_options *options,
		 const struct consumer_handler *handler, struct ump_error *error);
void consumer_free(struct consumer *consumer); /* without leaving the group, unless it is closed; drops all; accepts NULL */

/* The partitions, active and kept ones, linked by `next`. */
struct assigned *consumer_partitions(struct consumer *consumer);
size_t consumer_active(const struct consumer *consumer);
bool consumer_has_joined(const struct consumer *consumer); /* an assignment has come, perhaps an empty one */
bool consumer_is_done(const struct consumer *consumer);    /* all of a replay has its final outcome; of a member of a group: never */

/* The next message of an active partition, which the caller destroys; or NULL. */
rd_kafka_message_t *consumer_read(struct consumer *consumer, struct assigned *assigned);

/* For further connections; those that exist stay. */
int consumer_set_credentials(struct consumer *consumer, const char *user, const char *password, struct ump_error *error);

/* Gives the partitions back. Their rings are kept until the next assignment says who comes again. */
void consumer_release(struct consumer *consumer);

/* Leaves the group. Everything must be committed before; `closed` is called from the loop. */
void consumer_close(struct consumer *consumer, void (*closed)(void *context), void *context);

/* Behind consumer_close(): joins the group again with a new client, made of what the files of the settings hold now. The rings are kept as
 * through a rebalance; their records must not hold messages any more (record_detach). */
int consumer_reopen(struct consumer *consumer, struct ump_error *error);

/* Commits without blocking. `done` is called exactly once, from the loop or from inside this function where the commit cannot even begin;
 * after consumer_free() no more. The list is the caller's. */
void consumer_commit(struct consumer *consumer, const rd_kafka_topic_partition_list_t *offsets,
		     void (*done)(rd_kafka_t *, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t *, void *), void *context);

/* Whose commits these are, for a transaction; the caller's to destroy. */
rd_kafka_consumer_group_metadata_t *consumer_group(struct consumer *consumer);

/* Records behind the committed offset, as far as the last fetch tells, or up to the end of a replay; -1: unknown. */
int64_t consumer_lag(struct consumer *consumer, const struct assigned *assigned);
