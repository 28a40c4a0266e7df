#include "source-adapter/options.h"
#include "common/http/client.h"
#include "common/memory.h"
#include "source-adapter/counts.h"
#include "source-adapter/delivery.h"
#include "source-adapter/filter.h"
#include "source-adapter/logging.h"
#include "source-adapter/overrides.h"
#include "source-adapter/positions.h"
#include "source-adapter/skip.h"
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define AT(member) offsetof(struct config, member)

/* clang-format off */
static const struct ump_option source_options[] = {
	{.name = "topics", .variables = "KAFKA_TOPICS", .type = UMP_OPTION_LIST, .offset = AT(topics), .value = "TOPIC,…",
	 .help = "topics to read, by their literal names"},
	{.name = "group", .variables = "KAFKA_CONSUMER_GROUP", .type = UMP_OPTION_STRING, .offset = AT(group), .value = "GROUP",
	 .help = "consumer group, which holds the position"},
	{.name = "group-instance-id", .type = UMP_OPTION_STRING, .offset = AT(group_instance_id), .value = "NAME",
	 .help = "makes this process a static member of the group: after a restart it has its partitions at once. The same after a restart and no other process's, as in a StatefulSet; never in a Deployment"},
	{.name = "from", .variables = "KAFKA_INITIAL_OFFSET", .type = UMP_OPTION_STRING, .offset = AT(from), .fallback = "latest", .value = "earliest|latest|TIME",
	 .help = "where a group begins that has no position yet; TIME is RFC 3339. Of a replay: earliest, TIME or TOPIC:PARTITION:OFFSET,…"},
	{.name = "replay", .type = UMP_OPTION_SWITCH, .offset = AT(replay), .fallback = "false",
	 .help = "sends again what is between --from (earliest) and --until, and ends; joins no group and commits nothing"},
	{.name = "until", .type = UMP_OPTION_STRING, .offset = AT(until), .fallback = "end", .value = "end|TIME",
	 .help = "where a replay ends: at what was the end when it began, or before the first record of TIME"},
	{.name = "commit", .type = UMP_OPTION_SWITCH, .offset = AT(commit), .fallback = "false",
	 .help = "with --replay: moves the group, which must have no members, to what has been sent"},
	{.name = "to-topic", .type = UMP_OPTION_STRING, .offset = AT(to_topic), .value = "TOPIC",
	 .help = "of redrive: where records are put back instead of being sent; every group that reads this topic sees them"},
	{.name = "rate", .type = UMP_OPTION_INTEGER, .offset = AT(rate), .fallback = "0", .maximum = 1000000, .value = "EVENTS",
	 .help = "most events sent a second, those tried again included; 0 sends as fast as they are taken"},
};

static const struct ump_option sink_options[] = {
	{.name = "sink", .variables = "K_SINK", .type = UMP_OPTION_STRING, .offset = AT(sink), .value = "URL",
	 .help = "where events are POSTed, http or https"},
	{.name = "sink-ca-certs", .variables = "K_CA_CERTS", .type = UMP_OPTION_STRING, .offset = AT(sink_ca_certificates), .value = "PEM",
	 .help = "certificates trusted for the sink beside the system's, as PEM text"},
	{.name = "audience", .variables = "K_AUDIENCE", .type = UMP_OPTION_STRING, .offset = AT(audience), .value = "NAME",
	 .help = "whom the sink's bearer token is for, where Knative tells it: --token-file is sent to the sink, and must be there"},
	{.name = "token-file", .type = UMP_OPTION_STRING, .offset = AT(token_file), .fallback = "/oidc/token", .value = "FILE",
	 .help = "that token, read again when it changes; sent also where only the file is given, or the default one is there, as a SinkBinding mounts it"},
	{.name = "timeout", .type = UMP_OPTION_DURATION, .offset = AT(timeout_us), .fallback = "600s", .minimum = 1000, .maximum = INT64_C(86400000000), .value = "TIME",
	 .help = "limit of one try to deliver an event"},
	{.name = "sink-timeout", .variables = "K_SINK_TIMEOUT", .type = UMP_OPTION_INTEGER, .offset = AT(sink_timeout_s), .fallback = "-1", .minimum = -1, .maximum = 86400, .value = "SECONDS",
	 .help = "the same in whole seconds, as Knative gives it; -1 for none; --timeout wins"},
	{.name = "header-encoding", .type = UMP_OPTION_CHOICE, .offset = AT(header_encoding), .fallback = "strict", .choices = "strict|raw",
	 .help = "attributes in HTTP headers: percent-encoded as CloudEvents specifies, or as they are"},
	{.name = "content-mode", .type = UMP_OPTION_CHOICE, .offset = AT(content), .fallback = "binary", .choices = "binary|structured|batch",
	 .help = "an event as headers and body, as one JSON object, or many of them in one request, for sinks that take batches"},
	{.name = "batch-max-events", .type = UMP_OPTION_INTEGER, .offset = AT(batch_max_events), .fallback = "100", .minimum = 1, .maximum = 10000, .value = "EVENTS",
	 .help = "events of a batch, at most; never more than --max-in-flight"},
	{.name = "batch-max-bytes", .type = UMP_OPTION_SIZE, .offset = AT(batch_max_bytes), .fallback = "256KiB", .minimum = 1024, .maximum = INT64_C(1) << 28, .value = "SIZE",
	 .help = "bytes of a batch, at most; a larger event goes alone"},
	{.name = "batch-linger", .type = UMP_OPTION_DURATION, .offset = AT(batch_linger_us), .fallback = "5ms", .maximum = INT64_C(60000000), .value = "TIME",
	 .help = "how long the first event of a batch waits for others"},
};

static const struct ump_option event_options[] = {
	{.name = "key-type", .variables = "KEY_TYPE", .type = UMP_OPTION_CHOICE, .offset = AT(key_type), .fallback = "string", .choices = "string|int|float|byte-array",
	 .help = "what a record's key holds, for records that are no CloudEvents"},
	{.name = "namespace", .variables = "NAMESPACE", .type = UMP_OPTION_STRING, .offset = AT(namespace_name), .fallback = "default", .value = "NAME",
	 .help = "namespace in the source attribute of events made of ordinary records, and in Kn-Namespace"},
	{.name = "name", .variables = "NAME", .type = UMP_OPTION_STRING, .offset = AT(name), .fallback = "source-adapter", .value = "NAME",
	 .help = "name of this source in the same attribute"},
	{.name = "ce-overrides", .variables = "K_CE_OVERRIDES", .type = UMP_OPTION_STRING, .offset = AT(overrides), .value = "JSON",
	 .help = "extensions set on every event: {\"extensions\":{\"name\":\"value\"}}"},
	{.name = "filter", .type = UMP_OPTION_LIST, .offset = AT(filters), .value = "ATTRIBUTE=VALUE",
	 .help = "only events whose attribute is this are delivered; others are passed over; all filters must match"},
	{.name = "filter-prefix", .type = UMP_OPTION_LIST, .offset = AT(prefix_filters), .value = "ATTRIBUTE=START",
	 .help = "only events whose attribute begins so"},
	{.name = "filter-suffix", .type = UMP_OPTION_LIST, .offset = AT(suffix_filters), .value = "ATTRIBUTE=END",
	 .help = "only events whose attribute ends so"},
	{.name = "filters", .type = UMP_OPTION_TREE, .offset = AT(filter_tree), .value = "YAML",
	 .help = "filters as Knative's Triggers have them: a list of exact, prefix, suffix, all, any, not; as a flag or variable in YAML on one line, or JSON"},
	{.name = "filter-file", .type = UMP_OPTION_STRING, .offset = AT(filter_file), .value = "FILE",
	 .help = "a file with such filters"},
};

static const struct ump_option flow_options[] = {
	{.name = "ordering", .type = UMP_OPTION_CHOICE, .offset = AT(order), .fallback = "partition", .choices = "partition|key|none",
	 .help = "what goes in order: all of a partition, all of a key, or nothing"},
	{.name = "max-in-flight", .type = UMP_OPTION_INTEGER, .offset = AT(max_in_flight), .fallback = "256", .minimum = 1, .maximum = 65536, .value = "EVENTS",
	 .help = "events on their way to the sink at once"},
	{.name = "max-in-flight-bytes", .type = UMP_OPTION_SIZE, .offset = AT(max_in_flight_bytes), .fallback = "16MiB", .minimum = 65536, .maximum = INT64_C(1) << 40, .value = "SIZE",
	 .help = "bytes of records read from Kafka and not yet finished"},
	{.name = "low-memory", .type = UMP_OPTION_SWITCH, .offset = AT(low_memory), .fallback = "false",
	 .help = "fetches less ahead: 40 MiB resident at most, instead of 80, while a backlog is read"},
	{.name = "commit-interval", .type = UMP_OPTION_DURATION, .offset = AT(commit_interval_us), .fallback = "1s", .minimum = 1000, .maximum = INT64_C(3600000000), .value = "TIME",
	 .help = "longest time from a finished record to its commit"},
	{.name = "drain-timeout", .type = UMP_OPTION_DURATION, .offset = AT(drain_timeout_us), .fallback = "10s", .minimum = 1000, .maximum = INT64_C(240000000), .value = "TIME",
	 .help = "how long answers are waited for when partitions are revoked or the adapter stops; below max.poll.interval.ms"},
};

static const struct ump_option failure_options[] = {
	{.name = "retry", .type = UMP_OPTION_INTEGER, .offset = AT(retries), .fallback = "10", .maximum = 1000000, .value = "TIMES",
	 .help = "tries after the first one"},
	{.name = "backoff-policy", .type = UMP_OPTION_CHOICE, .offset = AT(backoff_policy), .fallback = "exponential", .choices = "linear|exponential",
	 .help = "how the pause grows: delay times n, or delay times 2^n, with full jitter"},
	{.name = "backoff-delay", .type = UMP_OPTION_DURATION, .offset = AT(backoff_delay_us), .fallback = "PT0.3S", .maximum = INT64_C(86400000000), .value = "TIME",
	 .help = "the delay that it grows from"},
	{.name = "backoff-max", .type = UMP_OPTION_DURATION, .offset = AT(backoff_max_us), .fallback = "60s", .maximum = INT64_C(86400000000), .value = "TIME",
	 .help = "longest pause between two tries"},
	{.name = "retry-after-max", .type = UMP_OPTION_DURATION, .offset = AT(retry_after_max_us), .fallback = "60s", .maximum = INT64_C(86400000000), .value = "TIME",
	 .help = "longest pause that a sink may ask for with Retry-After; 0 ignores it"},
	{.name = "dead-letter-topic", .type = UMP_OPTION_STRING, .offset = AT(dead_letter_topic), .value = "TOPIC",
	 .help = "where records go that could not be delivered; without one they stall their partition or key"},
	{.name = "stall-probe", .type = UMP_OPTION_DURATION, .offset = AT(stall_probe_us), .fallback = "30s", .minimum = 1000, .maximum = INT64_C(86400000000), .value = "TIME",
	 .help = "how often a stalled record is tried again"},
	{.name = "dead-letter-sink", .type = UMP_OPTION_STRING, .offset = AT(dead_letter_sink), .value = "URL",
	 .help = "where they are POSTed instead, as events with the reason in extensions"},
	{.name = "on-exhausted", .type = UMP_OPTION_CHOICE, .offset = AT(on_exhausted), .fallback = "stall", .choices = "stall|drop",
	 .help = "what becomes of a record that can be neither delivered nor a dead letter: it stalls, or it is lost"},
	{.name = "skip", .type = UMP_OPTION_LIST, .offset = AT(skips), .value = "TOPIC:PARTITION:OFFSET",
	 .help = "a record to pass over, which ends its stall; may be given again"},
	{.name = "reply-topic", .type = UMP_OPTION_STRING, .offset = AT(reply_topic), .value = "TOPIC",
	 .help = "where the sink's replies go; without one they are ignored"},
	{.name = "reply-max", .type = UMP_OPTION_SIZE, .offset = AT(reply_max), .fallback = "1MiB", .minimum = 1, .maximum = INT64_C(1) << 28, .value = "SIZE",
	 .help = "largest reply"},
	{.name = "exactly-once", .type = UMP_OPTION_SWITCH, .offset = AT(exactly_once), .fallback = "false",
	 .help = "replies, dead letters and offsets in one transaction, so that readers of committed records see each record's verdict once"},
	{.name = "transactional-id", .type = UMP_OPTION_STRING, .offset = AT(transactional_id), .value = "NAME",
	 .help = "of --exactly-once: this process's name in Kafka's transactions, the same after a restart and no other process's; GROUP-INSTANCE without it"},
};

static const struct ump_option operation_options[] = {
	{.name = "admin-listen", .type = UMP_OPTION_STRING, .offset = AT(admin_listen), .value = "ADDR:PORT",
	 .help = "address of health pages and metrics; none without it"},
	{.name = "start-timeout", .type = UMP_OPTION_DURATION, .offset = AT(start_timeout_us), .fallback = "60s", .maximum = INT64_C(86400000000), .value = "TIME",
	 .help = "how long Kafka, or a topic that is not there yet, is waited for at start"},
	{.name = "status-topic", .type = UMP_OPTION_STRING, .offset = AT(status_topic), .value = "TOPIC",
	 .help = "where the adapter tells how it is, once a second"},
	{.name = "instance", .variables = "HOSTNAME", .type = UMP_OPTION_STRING, .offset = AT(instance), .value = "NAME",
	 .help = "name of this process in the status and in Kafka's client.id"},
	{.name = "logging-config", .variables = "K_LOGGING_CONFIG", .type = UMP_OPTION_STRING, .offset = AT(logging), .value = "JSON",
	 .help = "Knative's configuration of logs, of which the level is taken; --log-level wins"},
};
/* clang-format on */

/* ---- Combinations that cannot be ---- */

static int need(const char *value, const char *option, struct ump_error *error)
{
	if (value && *value)
		return 0;
	return ump_fail(error, UMP_REJECT, "%s: expected a value, found none", ump_config_place(option));
}

static int not_a_source(const struct config *config, const char *topic, const char *option, struct ump_error *error)
{
	for (size_t i = 0; topic && i < config->topics.count; i++) {
		if (strcmp(topic, config->topics.items[i]) == 0)
			return ump_fail(error, UMP_REJECT, "%s: %s is among the topics that are read: records would go round for ever",
					ump_config_place(option), topic);
	}
	return 0;
}

static int check_overrides(const struct config *config, struct ump_error *error)
{
	struct mapping_override *overrides;
	size_t count;
	if (overrides_read(config->overrides, &overrides, &count, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("ce-overrides"));
	overrides_free(overrides, count);
	return 0;
}

static int add_flags(struct filter *filter, enum filter_kind kind, const struct ump_list *flags, const char *option,
		     struct ump_error *error)
{
	for (size_t i = 0; i < flags->count; i++) {
		if (filter_add(filter, kind, flags->items[i], error) < 0)
			return ump_error_prefix(error, "%s", ump_config_place(option));
	}
	return 0;
}

static int add_file(struct filter *filter, const char *path, struct ump_error *error)
{
	ump_cleanup(ump_yaml_release) struct ump_yaml document = {0};
	if (ump_yaml_load(path, &document, error) < 0 || filter_add_document(filter, &document, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("filter-file"));
	return 0;
}

int config_filter(const struct config *config, struct filter **ret_filter, struct ump_error *error)
{
	struct filter *filter = filter_new();
	if (add_flags(filter, FILTER_EXACT, &config->filters, "filter", error) < 0 ||
	    add_flags(filter, FILTER_PREFIX, &config->prefix_filters, "filter-prefix", error) < 0 ||
	    add_flags(filter, FILTER_SUFFIX, &config->suffix_filters, "filter-suffix", error) < 0 ||
	    (config->filter_tree && filter_add_document(filter, config->filter_tree, error) < 0) || /* it knows its place */
	    (config->filter_file && add_file(filter, config->filter_file, error) < 0)) {
		filter_free(filter);
		return -1;
	}
	*ret_filter = filter;
	return 0;
}

int config_skips(const struct config *config, struct skip_list **ret_list, struct ump_error *error)
{
	if (skip_list_read(&config->skips, &config->topics, ret_list, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("skip"));
	return 0;
}

static int check_filter_and_skips(const struct config *config, struct ump_error *error)
{
	struct filter *filter;
	struct skip_list *skips;
	if (config_filter(config, &filter, error) < 0)
		return -1;
	filter_free(filter);
	if (config_skips(config, &skips, error) < 0)
		return -1;
	skip_list_free(skips);
	return 0;
}

static int check_dead_letter_sink(const struct config *config, struct ump_error *error)
{
	if (!config->dead_letter_sink)
		return 0;
	if (config->dead_letter_topic)
		return ump_fail(error, UMP_REJECT, "%s: there is a --dead-letter-topic already: a dead letter has one place",
				ump_config_place("dead-letter-sink"));
	if (ump_client_check_url(config->dead_letter_sink, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("dead-letter-sink"));
	return 0;
}

/* What would be ignored silently. */
static int check_batches(const struct config *config, struct ump_error *error)
{
	static const char *const of_batches[] = {"batch-max-events", "batch-max-bytes", "batch-linger"};
	for (size_t i = 0; i < sizeof of_batches / sizeof *of_batches && config->content != CONTENT_BATCH; i++) {
		if (ump_config_given(of_batches[i]))
			return ump_fail(error, UMP_REJECT, "%s: expected --content-mode=batch with it", ump_config_place(of_batches[i]));
	}
	return 0;
}

static int check_sink(const struct config *config, struct ump_error *error)
{
	if (config->to_topic)
		return 0;
	if (need(config->sink, "sink", error) < 0)
		return -1;
	if (ump_client_check_url(config->sink, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("sink"));
	if (config->sink_timeout_s == 0)
		return ump_fail(error, UMP_REJECT, "%s: expected seconds from 1 on, or -1 for none, found 0",
				ump_config_place("sink-timeout"));
	return 0;
}

/* What the adapter decides itself, because its promises rest on it. */
static const char *const owned_properties[] = {
	"auto.offset.reset",
	"client.id",
	"enable.auto.commit",
	"enable.auto.offset.store",
	"enable.idempotence",
	"enable.partition.eof",
	"group.id",
	"group.instance.id",
	"partition.assignment.strategy",
	"transactional.id",
	NULL,
};

/* Who drains for longer than that is no member of the group any more, and commits nothing. */
static int check_drain(const struct config *config, struct ump_error *error)
{
	static const char name[] = "max.poll.interval.ms=";
	for (size_t i = 0; i < config->kafka.set.count; i++) {
		const char *property = config->kafka.set.items[i];
		if (strncmp(property, name, sizeof name - 1) == 0 && config->drain_timeout_us >= atoll(property + sizeof name - 1) * 1000)
			return ump_fail(error, UMP_REJECT, "%s: expected less than max.poll.interval.ms, which --kafka-set has as %s",
					ump_config_place("drain-timeout"), property + sizeof name - 1);
	}
	return 0;
}

static char *host_name(void)
{
	char name[HOST_NAME_MAX + 1];
	return ump_copy_string(gethostname(name, sizeof name) == 0 ? name : "source-adapter");
}

static int only_in_a_replay(const char *option, struct ump_error *error)
{
	if (!ump_config_given(option))
		return 0;
	return ump_fail(error, UMP_REJECT, "%s: means something with --replay only", ump_config_place(option));
}

int config_replay_bounds(const struct config *config, struct replay_bounds *ret_bounds, struct ump_error *error)
{
	struct replay_bounds bounds = {0};
	const char *from = ump_config_given("from") ? config->from : "earliest";
	if (replay_parse_until(config->until, &bounds, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("until"));
	if (config->redrive)
		bounds.from = REPLAY_COMMITTED;
	else if (replay_parse_from(from, &config->topics, &bounds, error) < 0) {
		replay_bounds_release(&bounds);
		return ump_error_prefix(error, "%s", ump_config_place("from"));
	}
	*ret_bounds = bounds;
	return 0;
}

static int check_replay(struct config *config, struct ump_error *error)
{
	struct replay_bounds bounds;
	if (!config->group && !config->commit)
		config->group = ump_copy_string("source-adapter-replay"); /* librdkafka wants one; none is joined */
	if (config_replay_bounds(config, &bounds, error) < 0)
		return -1;
	replay_bounds_release(&bounds);
	return 0;
}

static bool given_as_flag(const char *option)
{
	return ump_config_given(option) && strncmp(ump_config_place(option), "--", 2) == 0;
}

/* The group is one of its own, also where the environment is that of the adapter whose dead letters these are. */
static int check_redrive(struct config *config, struct ump_error *error)
{
	if (given_as_flag("from"))
		return ump_fail(error, UMP_REJECT, "%s: a redrive goes on where its group is", ump_config_place("from"));
	config->redrive = config->replay = config->commit = true;
	if (!given_as_flag("group")) {
		char *base = config->group;
		config->group = ump_format("%s-redrive", base ? base : config->topics.items[0]);
		free(base);
	}
	return check_replay(config, error);
}

/* What is read, and from where. */
static int check_source(struct config *config, struct ump_error *error)
{
	struct position_policy policy;
	if (ump_config_command()) /* the only one */
		return check_redrive(config, error);
	if (config->to_topic)
		return ump_fail(error, UMP_REJECT, "%s: means something to the command redrive only", ump_config_place("to-topic"));
	if (config->replay)
		return check_replay(config, error);
	if (only_in_a_replay("until", error) < 0 || only_in_a_replay("commit", error) < 0)
		return -1;
	if (position_policy_parse(config->from, &policy, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("from"));
	return 0;
}

/* Whether a pod of this name gets it again after a restart, as a StatefulSet's does: name-0. Outside of Kubernetes hosts keep their names.
 */
static bool is_stable(const char *instance)
{
	const char *hyphen = strrchr(instance, '-');
	return !getenv("KUBERNETES_SERVICE_HOST") || (hyphen && hyphen[1] && hyphen[1 + strspn(hyphen + 1, "0123456789")] == '\0');
}

static int check_exactly_once(struct config *config, struct ump_error *error)
{
	if (!config->exactly_once && config->transactional_id)
		return ump_fail(error, UMP_REJECT, "%s: means something with --exactly-once only", ump_config_place("transactional-id"));
	if (!config->exactly_once)
		return 0;
	if (config->replay)
		return ump_fail(error, UMP_REJECT, "%s: not for a replay or redrive: each of them gives its verdicts again",
				ump_config_place("exactly-once"));
	if (config->dead_letter_sink || config->on_exhausted == EXHAUSTED_DROPS)
		return ump_fail(error, UMP_REJECT, "%s: not with %s, which no transaction holds", ump_config_place("exactly-once"),
				config->dead_letter_sink ? "--dead-letter-sink" : "--on-exhausted=drop");
	if (config->content == CONTENT_BATCH)
		return ump_fail(error, UMP_REJECT,
				"%s: not with --content-mode=batch: a reply to a batch does not say which record gave it",
				ump_config_place("exactly-once"));
	if (config->transactional_id)
		return 0;
	if (!given_as_flag("instance") && !is_stable(config->instance))
		return ump_fail(
			error, UMP_REJECT,
			"--transactional-id: expected a name that this process has again after a restart, found none, and \"%s\" is a "
			"name that a pod has once",
			config->instance);
	config->transactional_id = ump_format("%s-%s", config->group, config->instance);
	return 0;
}

static int check(void *settings, struct ump_error *error)
{
	struct config *config = settings;
	if (config->topics.count == 0)
		return ump_fail(error, UMP_REJECT, "%s: expected at least one topic", ump_config_place("topics"));
	if (check_source(config, error) < 0 || need(config->group, "group", error) < 0 || check_sink(config, error) < 0 ||
	    check_batches(config, error) < 0 || check_dead_letter_sink(config, error) < 0 || check_filter_and_skips(config, error) < 0 ||
	    check_overrides(config, error) < 0)
		return -1;
	/* What fails in a redrive may go where it came from: a redrive has an end. */
	if ((!config->redrive && not_a_source(config, config->dead_letter_topic, "dead-letter-topic", error) < 0) ||
	    not_a_source(config, config->to_topic, "to-topic", error) < 0 ||
	    not_a_source(config, config->reply_topic, "reply-topic", error) < 0 ||
	    not_a_source(config, config->status_topic, "status-topic", error) < 0)
		return -1;
	if (!config->instance)
		config->instance = host_name();
	config->has_token = config->audience || ump_config_given("token-file") || access(config->token_file, R_OK) == 0;
	enum ump_log_level level;
	if (!ump_config_given("log-level") && logging_level(config->logging, &level))
		config->log.level = (int)level;
	if (!ump_config_given("timeout") && config->sink_timeout_s > 0)
		config->timeout_us = config->sink_timeout_s * 1000000;
	if (check_exactly_once(config, error) < 0 || check_drain(config, error) < 0)
		return -1;
	return ump_kafka_check(&config->kafka, owned_properties, error);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct ump_option_group groups[] = {
	{"What is read", source_options, COUNT(source_options), 0},
	{"Where it goes", sink_options, COUNT(sink_options), 0},
	{"How records become events", event_options, COUNT(event_options), 0},
	{"Order and bounds", flow_options, COUNT(flow_options), 0},
	{"Failures and replies", failure_options, COUNT(failure_options), 0},
	{"Operation", operation_options, COUNT(operation_options), 0},
	{"Log", ump_log_options, UMP_LOG_OPTIONS, AT(log)},
};

const struct ump_program *config_program(void)
{
	static struct ump_option_group all[COUNT(groups) + 1];
	static const struct ump_command commands[] = {
		{"redrive", "delivers the dead letters of --topics as the events that failed, in a group of its own, and ends"}};
	static const struct ump_program program = {
		.name = "source-adapter",
		.prefix = "ADAPTER",
		.summary = "Reads Kafka topics and POSTs each record to a sink as a CloudEvent, in order, losing none",
		.groups = all,
		.group_count = COUNT(all),
		.examples =
			"  source-adapter --bootstrap-servers localhost:9092 --topics orders --group orders --sink http://localhost:8080\n"
			"  source-adapter --topics orders --group audit --from earliest --ordering key --dead-letter-topic orders-dlq \\\n"
			"      --reply-topic verdicts --sink http://audit-fn --admin-listen 127.0.0.1:9090\n"
			"  source-adapter redrive --topics orders-dlq --sink http://audit-fn\n",
		.commands = commands,
		.command_count = COUNT(commands),
		.metrics = count_table,
		.metric_count = &count_table_size,
		.check = check,
	};
	memcpy(all, groups, sizeof groups);
	all[COUNT(groups)] = (struct ump_option_group){"Kafka", ump_kafka_options, ump_kafka_option_count, AT(kafka)};
	return &program;
}
