/* provider/configuration.h: what event-provider is told, and which of it cannot be. */
#pragma once
#include "common/config/log_options.h"
#include "common/config/options.h"
#include "common/kafka/settings.h"
#include "provider/run_name.h"
#include "provider/scenario.h"

/* What the embedded broker can take (librdkafka's mock cluster keeps 5 MiB or 100,000 record batches a partition, then drops silently).
 * Measured: key, value and headers of a hit are 279 bytes at most, of a verdict 453; with 70 bytes for a batch and a record of its own, and
 * room for longer names, 400 and 700. So half of 5 MiB are 3,700 verdicts.
 *
 * Being safe is the business of holding back; the limit of the rate only refuses what would be held most of the time. `make demo` on two
 * cores with a load of 4 to 9 by others: 1,000/s by 40 players was never held; of 2,000/s about 1,000/s came through, and with 400 players
 * 1,600/s, since events of one player wait for each other. All had their verdicts. */
#define EMBEDDED_HOLD_BACK 3500 /* records a partition */
#define EMBEDDED_RATE      2000 /* events per second, in all */

enum provider_command { PROVIDER_RUN = -1, PROVIDER_VERIFY };
enum provider_preset { PRESET_HITS, PRESET_SHIPWARS };
enum provider_transport { TRANSPORT_KAFKA, TRANSPORT_HTTP, TRANSPORT_BRIDGE };

struct provider_config {
	struct ump_kafka_settings kafka;
	struct {
		char *topic, *verdict_topic, *table_topic, *dead_letter_topic, *status_topic;
		char *group;
		bool embedded;
		int64_t hold_back; /* records a partition; 0: never */
	} topics;
	struct {
		double rate, cheaters;
		int64_t players, seed, events, duration_us;
		char *run, *epoch; /* NULL: taken at start */
		char *scenario;
		struct scenario chosen; /* by --scenario and --preset; filled by the check */
		int preset;
		char *truth;
		bool stay, resume;
		int transport;
		char *target, *target_token_file; /* NULL: none */
		int64_t target_requests, delivery_timeout_us;
	} simulation;
	struct {
		char *listen; /* "none": no pages */
		char *public_url;
		int64_t history_us, max_players, max_pages;
	} pages;
	struct {
		int64_t wait_us;
		bool follow;
		char *against; /* NULL: compare with the truth */
		int64_t max_events;
	} verify;
	struct {
		char *admin_listen;
	} process;
	struct ump_log_options log;
	struct {
		char *admin_token_file;
		struct ump_list events_topics; /* never empty after the check */
		struct ump_list trusted_proxies;
		double join_rate, player_rate, address_rate; /* per second */
		bool free_names;
		int64_t ack_timeout_us, max_body, max_batch, max_senders;
	} doors;
};

/* Whether anything is read from or written to Kafka: not by a simulator alone that sends by HTTP. */
bool provider_uses_kafka(const struct provider_config *config);

/* The option table. The same pointer each time. */
const struct ump_program *provider_program(void);

/* 0 unless the broker is the embedded one, and could not take a scenario's fastest phase at that rate. */
int provider_check_rate(const struct provider_config *config, const struct scenario *scenario, double rate, struct ump_error *error);
