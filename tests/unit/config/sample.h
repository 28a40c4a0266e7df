/* tests/unit/config/sample.h: a program with an option of each type. */
#pragma once
#include "common/config/log_options.h"
#include "common/config/yaml.h"

struct sample {
	struct ump_log_options log;
	struct sample_own {
		bool once;
		char *sink, *password, *unset;
		int64_t retry, offset, timeout, bytes;
		double rate;
		int order;
		struct ump_list topics;
		struct ump_yaml *tree;
	} own;
};

/* clang-format off */
#define OWN(member) .offset = offsetof(struct sample_own, member)
static const struct ump_option own_options[] = {
	{.name = "sink", .variables = "K_SINK K_OLD_SINK", .type = UMP_OPTION_STRING, OWN(sink), .value = "URL", .help = "Sends events there"},
	{.name = "retry", .type = UMP_OPTION_INTEGER, OWN(retry), .fallback = "10", .maximum = 100, .help = "Tries again so often"},
	{.name = "start-offset", .type = UMP_OPTION_INTEGER, OWN(offset), .fallback = "-1", .minimum = -2, .maximum = INT64_MAX, .help = "Starts"},
	{.name = "timeout", .type = UMP_OPTION_DURATION, OWN(timeout), .fallback = "PT10M", .minimum = 1000, .maximum = INT64_C(3600000000), .help = "Waits"},
	{.name = "bytes", .type = UMP_OPTION_SIZE, OWN(bytes), .fallback = "16MiB", .help = "Keeps"},
	{.name = "rate", .type = UMP_OPTION_NUMBER, OWN(rate), .fallback = "0.1", .help = "Goes"},
	{.name = "order", .type = UMP_OPTION_CHOICE, OWN(order), .fallback = "partition", .choices = "partition|key|none", .help = "Keeps the order by a|b"},
	{.name = "topics", .variables = "KAFKA_TOPICS", .type = UMP_OPTION_LIST, OWN(topics), .help = "Reads these …, é and 😀"},
	{.name = "exactly-once", .type = UMP_OPTION_SWITCH, OWN(once), .fallback = "false", .help = "Uses transactions"},
	{.name = "password", .variables = "KAFKA_NET_SASL_PASSWORD", .type = UMP_OPTION_STRING, OWN(password), .secret = true, .help = "Proves who we are"},
	{.name = "tree", .type = UMP_OPTION_TREE, OWN(tree), .help = "Branches"},
	{.name = "unset", .type = UMP_OPTION_STRING, OWN(unset), .help = "Is never given"},
};
/* clang-format on */

static const struct ump_option_group sample_groups[] = {
	{"Delivery", own_options, sizeof own_options / sizeof *own_options, offsetof(struct sample, own)},
	{"Log", ump_log_options, UMP_LOG_OPTIONS, offsetof(struct sample, log)},
};

static const struct ump_command sample_commands[] = {{"redrive", "Sends dead letters again"}, {"verify", "Compares"}};

static int sample_check(void *config, struct ump_error *error)
{
	const struct sample *sample = config;
	if (sample->own.once && sample->own.retry == 0)
		return ump_fail(error, UMP_REJECT, "%s: cannot be 0 with exactly-once", ump_config_place("retry"));
	return 0;
}

static const struct ump_metric sample_metrics[] = {
	{.name = "umpire_lag", .help = "records behind", .type = UMP_GAUGE, .labels = {"topic", "partition"}},
	{.name = "umpire_done_total", .help = "all that is done", .type = UMP_COUNTER},
};
static const size_t sample_metric_count = 2;

static const struct ump_program sample_program = {
	.name = "sample",
	.prefix = "SAMPLE",
	.summary = "From here to there",
	.groups = sample_groups,
	.group_count = 2,
	.commands = sample_commands,
	.command_count = 2,
	.examples = "  sample --sink=http://localhost/\n",
	.metrics = sample_metrics,
	.metric_count = &sample_metric_count,
	.check = sample_check,
};
