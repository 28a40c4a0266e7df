#include "provider/configuration.h"
#include "common/http/client.h"
#include "common/kafka/small_file.h"
#include "common/memory.h"
#include "provider/metrics.h"
#include "provider/moment.h"
#include "provider/scenario_file.h"
#include "provider/sender.h"
#include "provider/simulator.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define MEMBER(group, name) offsetof(struct provider_config, group.name) - offsetof(struct provider_config, group)
#define COUNT(array)        (sizeof(array) / sizeof *(array))
#define SHORTEST_TOKEN      16
#define LOWEST_RATE         1e-4
#define HOURS(n)            ((n)*INT64_C(3600000000))

/* clang-format off */
static const struct ump_option topic_options[] = {
	{.name = "topic", .type = UMP_OPTION_STRING, .offset = MEMBER(topics, topic), .fallback = "game-hits", .value = "TOPIC",
	 .help = "where events go, and where the board reads them"},
	{.name = "verdict-topic", .type = UMP_OPTION_STRING, .offset = MEMBER(topics, verdict_topic), .fallback = "audit-verdicts", .value = "TOPIC",
	 .help = "where the replies of audit-fn arrive"},
	{.name = "table-topic", .type = UMP_OPTION_STRING, .offset = MEMBER(topics, table_topic), .fallback = "flagged-players", .value = "TOPIC",
	 .help = "compacted: one row for each flagged player, written from the verdicts"},
	{.name = "dead-letter-topic", .type = UMP_OPTION_STRING, .offset = MEMBER(topics, dead_letter_topic), .fallback = "game-hits-dlq", .value = "TOPIC",
	 .help = "what could not be delivered, counted on the board"},
	{.name = "status-topic", .type = UMP_OPTION_STRING, .offset = MEMBER(topics, status_topic), .fallback = "umpire-status", .value = "TOPIC",
	 .help = "what the adapter says of itself once a second"},
	{.name = "group", .type = UMP_OPTION_STRING, .offset = MEMBER(topics, group), .fallback = "umpire", .value = "GROUP",
	 .help = "the adapter's consumer group, whose lag the board shows; it is never joined"},
	{.name = "embedded", .type = UMP_OPTION_SWITCH, .offset = MEMBER(topics, embedded),
	 .help = "the broker is the embedded one, which forgets silently when it is full: hold the simulator back long before, and refuse rates that it cannot take"},
	{.name = "hold-back", .type = UMP_OPTION_INTEGER, .offset = MEMBER(topics, hold_back), .fallback = "0", .maximum = INT64_MAX, .value = "RECORDS",
	 .help = "make no events while a partition has this many records that the group has not committed or the board has not read, until half of them are left; 0: never, with --embedded 3500"},
};

static const struct ump_option simulation_options[] = {
	{.name = "rate", .type = UMP_OPTION_NUMBER, .offset = MEMBER(simulation, rate), .fallback = "50", .value = "EVENTS",
	 .help = "events per second; 0: no simulator, only the pages"},
	{.name = "players", .type = UMP_OPTION_INTEGER, .offset = MEMBER(simulation, players), .fallback = "40", .minimum = 1, .maximum = SIMULATOR_PLAYERS,
	 .value = "COUNT", .help = "simulated players"},
	{.name = "cheaters", .type = UMP_OPTION_NUMBER, .offset = MEMBER(simulation, cheaters), .fallback = "0.1", .value = "SHARE",
	 .help = "share of them that cheats now and then, 0 to 1; over 0 means at least one"},
	{.name = "seed", .type = UMP_OPTION_INTEGER, .offset = MEMBER(simulation, seed), .fallback = "1", .maximum = INT64_MAX, .value = "NUMBER",
	 .help = "the same seed, run and epoch give the same events, byte by byte"},
	{.name = "run", .type = UMP_OPTION_STRING, .offset = MEMBER(simulation, run), .value = "NAME",
	 .help = "name of this run, part of its events' source; without: from the time and chance"},
	{.name = "resume", .type = UMP_OPTION_SWITCH, .offset = MEMBER(simulation, resume),
	 .help = "go on with the run of that name where it was interrupted: what Kafka has of it, as far back as --history, is not sent again"},
	{.name = "epoch", .type = UMP_OPTION_STRING, .offset = MEMBER(simulation, epoch), .value = "TIME",
	 .help = "RFC 3339: where the times of the run's events begin; without: now"},
	{.name = "events", .type = UMP_OPTION_INTEGER, .offset = MEMBER(simulation, events), .fallback = "0", .maximum = SIMULATOR_EVENTS, .value = "COUNT",
	 .help = "end after so many distinct events; 0: no end"},
	{.name = "duration", .type = UMP_OPTION_DURATION, .offset = MEMBER(simulation, duration_us), .fallback = "0", .value = "DURATION",
	 .help = "end after this time; 0: no end"},
	{.name = "stay", .type = UMP_OPTION_SWITCH, .offset = MEMBER(simulation, stay),
	 .help = "keep the pages up after the end of --events or --duration, instead of exiting"},
	{.name = "scenario", .type = UMP_OPTION_STRING, .offset = MEMBER(simulation, scenario), .fallback = "steady", .value = "NAME|FILE",
	 .help = "how the crowd behaves: steady, burst, cheaters, boundary, slow-cheaters, hot-key, out-of-order, duplicates, web-activity, metrics, logs, or a YAML file"},
	{.name = "preset", .type = UMP_OPTION_CHOICE, .offset = MEMBER(simulation, preset), .fallback = "hits", .choices = "hits|shipwars",
	 .help = "what a hit looks like: type game.hits, or type bonus with the data of the Shipwars game"},
	{.name = "transport", .type = UMP_OPTION_CHOICE, .offset = MEMBER(simulation, transport), .fallback = "kafka", .choices = "kafka|http|bridge",
	 .help = "how the simulator's events go: into Kafka; as CloudEvents to --target, such as another provider's /events or a Knative Broker; or as records to Strimzi's Kafka Bridge there"},
	{.name = "target", .type = UMP_OPTION_STRING, .offset = MEMBER(simulation, target), .value = "URL",
	 .help = "for --transport http and bridge; of the bridge without /topics/TOPIC"},
	{.name = "target-token-file", .type = UMP_OPTION_STRING, .offset = MEMBER(simulation, target_token_file), .value = "FILE",
	 .help = "holds what is sent there as Authorization: Bearer"},
	{.name = "target-requests", .type = UMP_OPTION_INTEGER, .offset = MEMBER(simulation, target_requests), .fallback = "64", .minimum = 1, .maximum = 4096,
	 .value = "COUNT", .help = "requests to --target at a time; with 1 the events' order is kept"},
	{.name = "delivery-timeout", .type = UMP_OPTION_DURATION, .offset = MEMBER(simulation, delivery_timeout_us), .fallback = "5m", .minimum = 1000000, .maximum = HOURS(1),
	 .value = "DURATION", .help = "how long an event is tried, by Kafka's producer or at --target, before it counts as failed"},
	{.name = "truth", .type = UMP_OPTION_STRING, .offset = MEMBER(simulation, truth), .value = "FILE",
	 .help = "write there what was sent and who cheated; for verify: compare with it"},
};

static const struct ump_option page_options[] = {
	{.name = "listen", .type = UMP_OPTION_STRING, .offset = MEMBER(pages, listen), .fallback = "127.0.0.1:8080", .value = "ADDR:PORT",
	 .help = "where the board is served; none: no pages, and nothing is read from Kafka"},
	{.name = "public-url", .type = UMP_OPTION_STRING, .offset = MEMBER(pages, public_url), .value = "URL",
	 .help = "how browsers reach this server, where that is not the address it listens on"},
	{.name = "history", .type = UMP_OPTION_DURATION, .offset = MEMBER(pages, history_us), .fallback = "15m", .maximum = HOURS(24 * 365), .value = "DURATION",
	 .help = "how far back the board reads events and verdicts when it starts; flagged players are read from the beginning"},
	{.name = "max-players", .type = UMP_OPTION_INTEGER, .offset = MEMBER(pages, max_players), .fallback = "10000", .minimum = 1, .maximum = 1000000,
	 .value = "COUNT", .help = "players that the board tells apart; further ones are only counted"},
	{.name = "max-pages", .type = UMP_OPTION_INTEGER, .offset = MEMBER(pages, max_pages), .fallback = "1000", .minimum = 1, .maximum = 100000, .value = "COUNT",
	 .help = "browsers that follow the board at a time, and as many phones; further ones get 503; fewer where the hard limit of open files is too low"},
};

static const struct ump_option verify_options[] = {
	{.name = "wait", .type = UMP_OPTION_DURATION, .offset = MEMBER(verify, wait_us), .fallback = "30s", .value = "DURATION",
	 .help = "give up when something is missing and nothing new has come for this long; Kafka has 10 s at least for its first answer"},
	{.name = "against", .type = UMP_OPTION_STRING, .offset = MEMBER(verify, against), .value = "TOPIC",
	 .help = "compare the verdicts in --verdict-topic with those in this topic, event by event, instead of with --truth: two functions that run in parallel"},
	{.name = "max-events", .type = UMP_OPTION_INTEGER, .offset = MEMBER(verify, max_events), .fallback = "5000000", .minimum = 1, .maximum = INT64_C(1) << 31,
	 .value = "COUNT", .help = "events that --against tells apart, some 100 bytes each; with more the comparison fails"},
	{.name = "follow", .type = UMP_OPTION_SWITCH, .offset = MEMBER(verify, follow),
	 .help = "started beside the run: wait for the truth file and for its end, however long that takes"},
};

static const struct ump_option process_options[] = {
	{.name = "admin-listen", .type = UMP_OPTION_STRING, .offset = MEMBER(process, admin_listen), .value = "ADDR:PORT",
	 .help = "health and metrics pages; without: none"},
};

static const struct ump_option door_options[] = {
	{.name = "admin-token-file", .type = UMP_OPTION_STRING, .offset = MEMBER(doors, admin_token_file), .value = "FILE",
	 .help = "holds the secret that the speaker's controls and POST /events ask for, and from which players' cookies get their key; without: made at start, and printed once on standard output"},
	{.name = "events-topics", .type = UMP_OPTION_LIST, .offset = MEMBER(doors, events_topics), .value = "TOPIC",
	 .help = "where POST /events/TOPIC may write; POST /events writes to the first; without: --topic alone"},
	{.name = "trusted-proxy", .type = UMP_OPTION_LIST, .offset = MEMBER(doors, trusted_proxies), .value = "CIDR",
	 .help = "networks whose word about their clients counts (X-Forwarded-For)"},
	{.name = "join-rate", .type = UMP_OPTION_NUMBER, .offset = MEMBER(doors, join_rate), .fallback = "50", .maximum = 1000000, .value = "COUNT",
	 .help = "players that may join from one address in a second; more get 429"},
	{.name = "player-rate", .type = UMP_OPTION_NUMBER, .offset = MEMBER(doors, player_rate), .fallback = "10", .maximum = 1000000, .value = "COUNT",
	 .help = "requests of one player in a second; more get 429"},
	{.name = "address-rate", .type = UMP_OPTION_NUMBER, .offset = MEMBER(doors, address_rate), .fallback = "3000", .maximum = 1000000, .value = "COUNT",
	 .help = "requests to the doors from one address in a second, a whole room's; more get 429"},
	{.name = "free-names", .type = UMP_OPTION_SWITCH, .offset = MEMBER(doors, free_names),
	 .help = "players may choose their names, up to 20 characters; without: names are generated"},
	{.name = "ack-timeout", .type = UMP_OPTION_DURATION, .offset = MEMBER(doors, ack_timeout_us), .fallback = "10s", .minimum = 1000, .maximum = 60 * INT64_C(1000000),
	 .value = "DURATION", .help = "how long a request waits for Kafka's acknowledgement; then 503, and its events may still arrive"},
	{.name = "max-body", .type = UMP_OPTION_SIZE, .offset = MEMBER(doors, max_body), .fallback = "1MiB", .minimum = 65536, .maximum = 8 << 20, .value = "BYTES",
	 .help = "of a request to /events; more is 413"},
	{.name = "max-batch", .type = UMP_OPTION_INTEGER, .offset = MEMBER(doors, max_batch), .fallback = "1000", .minimum = 1, .maximum = 50000, .value = "COUNT",
	 .help = "events of a batch in a request to /events; more is 400"},
	{.name = "max-senders", .type = UMP_OPTION_INTEGER, .offset = MEMBER(doors, max_senders), .fallback = "10000", .minimum = 1, .maximum = 10000000, .value = "COUNT",
	 .help = "busy addresses, and busy players, that the doors tell apart; further ones get 429 until others are quiet"},
};
/* clang-format on */

static const struct ump_option_group groups[] = {
	{"Simulator", simulation_options, COUNT(simulation_options), offsetof(struct provider_config, simulation)},
	{"Pages", page_options, COUNT(page_options), offsetof(struct provider_config, pages)},
	{"Topics", topic_options, COUNT(topic_options), offsetof(struct provider_config, topics)},
	{"Doors", door_options, COUNT(door_options), offsetof(struct provider_config, doors)},
	{"verify", verify_options, COUNT(verify_options), offsetof(struct provider_config, verify)},
	{"Process", process_options, COUNT(process_options), offsetof(struct provider_config, process)},
	{"Log", ump_log_options, UMP_LOG_OPTIONS, offsetof(struct provider_config, log)},
};

/* ---- Combinations that cannot be ---- */

static int check_simulation(const struct provider_config *config, struct ump_error *error)
{
	int64_t us;
	if (!(config->simulation.rate >= 0 && config->simulation.rate <= 10e6))
		return ump_fail(error, UMP_REJECT, "%s: expected 0 to 10000000 events per second, found %g", ump_config_place("rate"),
				config->simulation.rate);
	if (!(config->simulation.cheaters >= 0 && config->simulation.cheaters <= 1))
		return ump_fail(error, UMP_REJECT, "%s: expected a share from 0 to 1, found %g", ump_config_place("cheaters"),
				config->simulation.cheaters);
	if (config->simulation.run && run_check(config->simulation.run, error))
		return ump_error_prefix(error, "%s", ump_config_place("run"));
	if (config->simulation.epoch && !moment_read(config->simulation.epoch, &us))
		return ump_fail(error, UMP_REJECT, "%s: expected an RFC 3339 time such as 2026-01-01T00:00:00Z, found \"%s\"",
				ump_config_place("epoch"), config->simulation.epoch);
	if (config->simulation.resume && (!config->simulation.run || strcmp(config->pages.listen, "none") == 0))
		return ump_fail(error, UMP_REJECT,
				"%s: expected together with --run, whose events are looked for, and with pages, which read them",
				ump_config_place("resume"));
	if (config->simulation.rate == 0 && (config->simulation.duration_us || config->simulation.events))
		return ump_fail(error, UMP_REJECT, "%s: an end is asked for, but a rate of 0 makes no events", ump_config_place("rate"));
	return 0;
}

static int check_scenario(struct provider_config *config, struct ump_error *error)
{
	struct scenario *scenario = &config->simulation.chosen;
	const struct scenario *known = scenario_find(config->simulation.scenario);
	if (known)
		*scenario = *known;
	else if (!scenario_is_file(config->simulation.scenario))
		return scenario_unknown(config->simulation.scenario, error) || ump_error_prefix(error, "%s", ump_config_place("scenario"));
	else if (scenario_load(scenario, config->simulation.scenario, error))
		return -1; /* it has a place of its own */
	if (config->simulation.preset == PRESET_SHIPWARS && scenario->payload != SCENARIO_HITS)
		return ump_fail(error, UMP_REJECT, "%s: scenario \"%s\" has events of its own, which cannot look like those of Shipwars",
				ump_config_place("preset"), scenario->name);
	if (config->simulation.preset == PRESET_SHIPWARS)
		scenario->payload = SCENARIO_SHIPWARS;
	return 0;
}

/* How much faster than asked for its fastest phase is. */
static double highest_factor(const struct scenario *scenario)
{
	double factor = scenario->phase_count ? 0 : 1;
	for (size_t i = 0; i < scenario->phase_count; i++)
		factor = scenario->phases[i].factor > factor ? scenario->phases[i].factor : factor;
	return factor;
}

int provider_check_rate(const struct provider_config *config, const struct scenario *scenario, double rate, struct ump_error *error)
{
	double highest = rate * highest_factor(scenario);
	if (!config->topics.embedded || highest <= EMBEDDED_RATE)
		return 0;
	return ump_fail(error, UMP_REJECT, "the embedded broker takes at most %d events per second, found %g; use KAFKA=apache",
			EMBEDDED_RATE, highest);
}

static int check_embedded(const struct provider_config *config, struct ump_error *error)
{
	if (provider_check_rate(config, &config->simulation.chosen, config->simulation.rate, error))
		return ump_error_prefix(error, "%s", ump_config_place("rate"));
	return 0;
}

/* What people write must not look like what the programs say. */
static int check_events_topics(struct provider_config *config, struct ump_error *error)
{
	const char *const closed[] = {config->topics.verdict_topic, config->topics.table_topic, config->topics.dead_letter_topic,
				      config->topics.status_topic};
	struct ump_list *topics = &config->doors.events_topics;
	if (!topics->count) {
		topics->items = ump_reallocate(topics->items, 2, sizeof *topics->items);
		topics->items[0] = ump_copy_string(config->topics.topic);
		topics->items[1] = NULL;
		topics->count = 1;
	}
	for (size_t i = 0; i < topics->count; i++)
		for (size_t j = 0; j < COUNT(closed); j++)
			if (strcmp(topics->items[i], closed[j]) == 0)
				return ump_fail(error, UMP_REJECT, "%s: \"%s\" is written by the programs, and by nobody else",
						ump_config_place("events-topics"), closed[j]);
	return 0;
}

/* Shorter ones are guessed. */
static bool admin_token_is_fit(const char *path, struct ump_error *error)
{
	ump_cleanup_free char *token = NULL;
	if (ump_small_file_read(path, UMP_SMALL_VALUE, &token, error))
		return false;
	if (strlen(token) < SHORTEST_TOKEN)
		ump_fail(error, UMP_REJECT, "%s: expected %d characters or more, found %zu", path, SHORTEST_TOKEN, strlen(token));
	return strlen(token) >= SHORTEST_TOKEN;
}

static int check_doors(struct provider_config *config, struct ump_error *error)
{
	const struct {
		const char *name;
		double rate;
	} rates[] = {{"join-rate", config->doors.join_rate},
		     {"player-rate", config->doors.player_rate},
		     {"address-rate", config->doors.address_rate}};
	struct sender_network network;
	for (size_t i = 0; i < COUNT(rates); i++)
		if (!(rates[i].rate >= LOWEST_RATE))
			return ump_fail(error, UMP_REJECT, "%s: expected a number over 0, %g at least, found %g",
					ump_config_place(rates[i].name), LOWEST_RATE, rates[i].rate);
	for (size_t i = 0; i < config->doors.trusted_proxies.count; i++)
		if (sender_network_read(config->doors.trusted_proxies.items[i], &network, error))
			return ump_error_prefix(error, "%s", ump_config_place("trusted-proxy"));
	if (config->doors.admin_token_file && !admin_token_is_fit(config->doors.admin_token_file, error))
		return ump_error_prefix(error, "%s", ump_config_place("admin-token-file"));
	if (config->verify.against && (config->simulation.truth || strcmp(config->verify.against, config->topics.verdict_topic) == 0))
		return ump_fail(error, UMP_REJECT, "%s: expected another topic than --verdict-topic, and no --truth beside it",
				ump_config_place("against"));
	return check_events_topics(config, error);
}

bool provider_uses_kafka(const struct provider_config *config)
{
	return config->simulation.transport == TRANSPORT_KAFKA || strcmp(config->pages.listen, "none") != 0;
}

static int check_transport(const struct provider_config *config, struct ump_error *error)
{
	bool by_http = config->simulation.transport != TRANSPORT_KAFKA;
	if (by_http != (config->simulation.target != NULL))
		return ump_fail(error, UMP_REJECT, "%s: expected together with --transport http or bridge, and not without",
				ump_config_place("target"));
	if (by_http && ump_client_check_url(config->simulation.target, error))
		return ump_error_prefix(error, "%s", ump_config_place("target"));
	if (by_http && config->simulation.target_token_file && access(config->simulation.target_token_file, R_OK))
		return ump_fail(error, UMP_REJECT, "%s: %s: %s", ump_config_place("target-token-file"),
				config->simulation.target_token_file, strerror(errno));
	return 0;
}

static int check(void *context, struct ump_error *error)
{
	struct provider_config *config = context;
	static const char *const owned[] = {
		"bootstrap.servers",  "client.id",       "group.id", "enable.auto.commit",   "enable.auto.offset.store",
		"enable.idempotence", "isolation.level", "acks",     "enable.partition.eof", NULL};
	if (check_transport(config, error) || (provider_uses_kafka(config) && ump_kafka_check(&config->kafka, owned, error)) ||
	    check_simulation(config, error) || check_scenario(config, error) || check_embedded(config, error) || check_doors(config, error))
		return -1;
	if (config->topics.embedded && !ump_config_given("hold-back"))
		config->topics.hold_back = EMBEDDED_HOLD_BACK;
	if (!provider_uses_kafka(config))
		config->topics.hold_back = 0;
	return 0;
}

const struct ump_program *provider_program(void)
{
	static struct ump_option_group all[COUNT(groups) + 1];
	static const size_t metric_count = METRIC_COUNT;
	static const struct ump_command commands[] = {
		[PROVIDER_VERIFY] = {"verify", "compare the topics with --truth, or two topics of verdicts (--against): exit 0 equal, 1 "
					       "different, 69 no answer from Kafka"}};
	static const struct ump_program program = {
		.name = "event-provider",
		.prefix = "PROVIDER",
		.summary = "Writes game events to Kafka, from a simulator with known cheaters, and shows what becomes of them",
		.groups = all,
		.group_count = COUNT(all),
		.commands = commands,
		.command_count = COUNT(commands),
		.examples = "event-provider --bootstrap-servers localhost:9092 --rate 100 --seed 7\n"
			    "event-provider --bootstrap-servers localhost:9092 --events 10000 --truth truth.json --listen none\n"
			    "event-provider verify --bootstrap-servers localhost:9092 --truth truth.json\n"
			    "event-provider verify --bootstrap-servers localhost:9092 --verdict-topic old --against new\n",
		.metrics = provider_metrics,
		.metric_count = &metric_count,
		.check = check,
	};
	memcpy(all, groups, sizeof groups);
	all[COUNT(groups)] =
		(struct ump_option_group){"Kafka", ump_kafka_options, ump_kafka_option_count, offsetof(struct provider_config, kafka)};
	return &program;
}
