/* source-adapter/options.h: the adapter's settings: one table, from which flags, variables, file, --help and reference come. */
#pragma once
#include "common/config/log_options.h"
#include "common/config/options.h"
#include "common/kafka/settings.h"
#include "source-adapter/replay.h"

enum on_exhausted { EXHAUSTED_STALLS, EXHAUSTED_DROPS };

struct config {
	struct ump_kafka_settings kafka;

	/* What is read */
	struct ump_list topics;
	char *group;
	char *group_instance_id;
	char *from;
	bool replay;
	char *until;
	int64_t rate;
	bool commit;  /* what a replay has finished */
	bool redrive; /* the command: a replay of dead letters, from where their group is */
	char *to_topic;

	/* Where it goes */
	char *sink;
	char *sink_ca_certificates;
	int64_t timeout_us;
	int64_t sink_timeout_s; /* Knative's way to say it; -1: not given */
	int header_encoding;    /* enum ump_header_encoding */
	int content;            /* enum content_mode */
	char *audience;
	char *token_file;
	bool has_token; /* the sink wants one: somebody said so, or Knative has put it there */
	struct ump_list filters, prefix_filters, suffix_filters;
	char *filter_file;
	struct ump_yaml *filter_tree;
	int64_t batch_max_events;
	int64_t batch_max_bytes;
	int64_t batch_linger_us;

	/* How records become events */
	int key_type; /* enum key_type */
	char *namespace_name;
	char *name;
	char *overrides; /* {"extensions":{…}} */

	/* Order and bounds */
	int order; /* enum order */
	int64_t max_in_flight;
	int64_t max_in_flight_bytes;
	bool low_memory;
	int64_t commit_interval_us;
	int64_t drain_timeout_us;

	/* What becomes of failures and replies */
	int64_t retries;
	int backoff_policy; /* enum retry_policy */
	int64_t backoff_delay_us;
	int64_t backoff_max_us;
	int64_t retry_after_max_us;
	char *dead_letter_topic;
	char *dead_letter_sink;
	int on_exhausted; /* enum on_exhausted */
	struct ump_list skips;
	int64_t stall_probe_us;
	char *reply_topic;
	int64_t reply_max;
	bool exactly_once;
	char *transactional_id;

	/* Operation */
	char *admin_listen;
	int64_t start_timeout_us;
	char *status_topic;
	char *instance;
	char *logging; /* Knative's way to set the log's level */
	struct ump_log_options log;
};

/* The ends of a replay; `ret_bounds` is the caller's to release. */
int config_replay_bounds(const struct config *config, struct replay_bounds *ret_bounds, struct ump_error *error);

/* What ump_config_load() needs. */
const struct ump_program *config_program(void);

/* What was asked for, read from the options and their files. Errors name the place. */
struct filter;
struct skip_list;
int config_filter(const struct config *config, struct filter **ret_filter, struct ump_error *error);
int config_skips(const struct config *config, struct skip_list **ret_list, struct ump_error *error);
