/* audit-fn/config.c: see config.h. */
#include "audit-fn/config.h"
#include "audit-fn/metrics.h"
#include "common/memory.h"
#include <stddef.h>
#include <stdlib.h>

#define GROUP(heading, table)                                                                       \
	{                                                                                           \
		.title = (heading), .options = (table), .count = sizeof(table) / sizeof((table)[0]) \
	}
#define AT(member) .offset = offsetof(struct config, member)

/* clang-format off */
static const struct ump_option http_options[] = {
	{.name = "listen", .variables = "PORT", .type = UMP_OPTION_STRING, AT(listen), .fallback = "127.0.0.1:8080", .value = "ADDRESS:PORT",
	 .help = "where to take events; a port alone (as in PORT) is that port on all interfaces; without effect on a socket passed by LISTEN_FDS"},
	{.name = "max-body", .type = UMP_OPTION_SIZE, AT(max_body), .fallback = "1MiB", .minimum = 1, .maximum = INT64_C(1) << 30, .value = "SIZE",
	 .help = "largest body of a request; more is 413"},
	{.name = "max-header", .type = UMP_OPTION_SIZE, AT(max_header), .fallback = "66KiB", .minimum = 1024, .maximum = 1 << 20, .value = "SIZE",
	 .help = "largest head of a request; more is 431; the default lets every event of 64 KiB in, also one of attributes alone; 24KiB saves 1 to 2 us a request"},
	{.name = "max-batch", .type = UMP_OPTION_INTEGER, AT(max_batch), .fallback = "1000", .minimum = 1, .maximum = 100000, .value = "N",
	 .help = "most events in a batch; more is 400"},
	{.name = "max-connections", .type = UMP_OPTION_INTEGER, AT(max_connections), .fallback = "1000", .minimum = 1, .maximum = 100000, .value = "N",
	 .help = "most connections at a time; further ones wait"},
	{.name = "request-deadline", .type = UMP_OPTION_DURATION, AT(request_deadline_us), .fallback = "15s", .minimum = 1000, .maximum = INT64_C(86400000000), .value = "TIME",
	 .help = "for a whole request to arrive"},
	{.name = "header-encoding", .type = UMP_OPTION_CHOICE, AT(header_encoding), .fallback = "strict", .choices = "strict|raw",
	 .help = "percent-encoding of ce- headers as specified, or raw UTF-8 as some senders write it"},
	{.name = "drain-timeout", .type = UMP_OPTION_DURATION, AT(drain_timeout_us), .fallback = "10s", .minimum = 1000, .maximum = INT64_C(86400000000), .value = "TIME",
	 .help = "after SIGTERM, for requests under way to be answered"},
	{.name = "idle-exit", .type = UMP_OPTION_DURATION, AT(idle_exit_us), .fallback = "0s", .maximum = INT64_C(86400000000), .value = "TIME",
	 .help = "ends after this time without a request, for a launcher that starts it again; 0s: never"},
};

static const struct ump_option rule_options[] = {
	{.name = "rules", .type = UMP_OPTION_STRING, AT(rules), .value = "FILE",
	 .help = "what is forbidden (YAML); without it the presets hits and shipwars: more than 10 hits in one event"},
	{.name = "threshold", .type = UMP_OPTION_INTEGER, AT(threshold), .minimum = 0, .maximum = RULES_WHOLE_MAX, .value = "N",
	 .help = "the largest fair value, for the presets (10)"},
	{.name = "reply", .type = UMP_OPTION_CHOICE, AT(reply), .fallback = "fail", .choices = "fail|always|never",
	 .help = "answer with audit.fail, also with audit.pass, or with nothing"},
	{.name = "revision", .variables = "K_REVISION", .type = UMP_OPTION_STRING, AT(revision), .value = "NAME",
	 .help = "what verdicts name as their revision; without it the SHA-256 of the rules file"},
};

static const struct ump_option store_options[] = {
	{.name = "store", .type = UMP_OPTION_STRING, AT(store), .value = "memory|sqlite:PATH|redis://HOST:PORT",
	 .help = "where the state of rules over windows is kept; without it in SQLite: audit-fn.db in STATE_DIRECTORY, or umpire/audit-fn.db in XDG_STATE_HOME (~/.local/state)"},
	{.name = "store-prefix", .type = UMP_OPTION_STRING, AT(store_prefix), .fallback = "umpire:", .value = "TEXT",
	 .help = "of all keys in Redis or Valkey; a replay uses one of its own"},
	{.name = "store-password-file", .type = UMP_OPTION_STRING, AT(store_password_file), .value = "FILE",
	 .help = "holds the password of Redis or Valkey; read again for each connection"},
	{.name = "store-limit", .type = UMP_OPTION_SIZE, AT(store_limit), .fallback = "256MiB", .minimum = 65536, .maximum = INT64_C(1) << 40, .value = "SIZE",
	 .help = "of the store in memory and of SQLite's file; at it events are answered with 503"},
	{.name = "store-timeout", .type = UMP_OPTION_DURATION, AT(store_timeout_us), .fallback = "5s", .minimum = 1000, .maximum = INT64_C(3600000000), .value = "TIME",
	 .help = "for the store to answer; then the event is answered with 503"},
	{.name = "retention", .type = UMP_OPTION_DURATION, AT(retention_us), .fallback = "24h", .minimum = 1000000, .maximum = 366 * INT64_C(86400000000), .value = "TIME",
	 .help = "how long state is kept after it was last touched"},
	{.name = "single-writer", .type = UMP_OPTION_SWITCH, AT(single_writer),
	 .help = "there is never more than one replica: allows SQLite under Knative (K_SERVICE)"},
};

static const struct ump_option admin_options[] = {
	{.name = "admin-listen", .type = UMP_OPTION_STRING, AT(admin_listen), .value = "ADDRESS:PORT",
	 .help = "where to show /health/liveness, /health/readiness and /metrics"},
};
/* clang-format on */

static const struct ump_option_group groups[] = {
	GROUP("HTTP", http_options),
	GROUP("Rules", rule_options),
	GROUP("State", store_options),
	GROUP("Health and metrics", admin_options),
	{.title = "Log", .options = ump_log_options, .count = UMP_LOG_OPTIONS, .offset = offsetof(struct config, log)},
};

int config_rules(const struct config *config, struct rules **ret_rules, struct ump_error *error)
{
	return rules_load(ret_rules, config->rules, ump_config_given("threshold") ? config->threshold : -1, error);
}

char *config_listen(const struct config *config)
{
	bool port_alone = *config->listen && strspn(config->listen, "0123456789") == strlen(config->listen);

	return ump_format("%s%s", port_alone ? ":" : "", config->listen);
}

static int check(void *context, struct ump_error *error)
{
	const struct config *config = context;
	struct rules *rules;

	if (config->store && store_check(config->store, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("store"));
	if (config_rules(config, &rules, error) < 0)
		return -1;
	bool windowed = rules->windowed;
	rules_free(rules);
	ump_cleanup_free char *by_default = !config->store && windowed ? store_default(error) : NULL;
	const char *store = config->store ? config->store : by_default;
	if (!store && windowed)
		return ump_error_prefix(error, "--store");
	/* Knative starts and stops replicas as it likes: each would see a part of the events, and flag less than there is. */
	if (getenv("K_SERVICE") && !config->single_writer && store &&
	    (strncmp(store, "sqlite:", 7) == 0 || (windowed && strcmp(store, "memory") == 0)))
		return ump_fail(error, UMP_FATAL,
				"%s: %s is for one process, and K_SERVICE says that there may be several: expected redis://HOST:PORT, or "
				"--single-writer where there is never more than one",
				config->store ? ump_config_place("store") : "--store, by default", store);
	return 0;
}

static const size_t metric_count = METRIC_COUNT;

const struct ump_program config_program = {
	.name = "audit-fn",
	.prefix = "AUDIT",
	.summary = "Takes game events as CloudEvents over HTTP and answers with a verdict where a rule says cheating.",
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
	.check = check,
	.metrics = metrics_table,
	.metric_count = &metric_count,
	.examples = "  audit-fn --listen 127.0.0.1:8080\n"
		    "  audit-fn --rules rules.yaml --reply always --admin-listen 127.0.0.1:9090\n",
};
