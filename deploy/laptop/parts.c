#include "deploy/laptop/parts.h"
#include "common/memory.h"
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

const char *const part_names[PART_COUNT] = {
	[PART_CHECK] = "audit-fn", /* its own look at its configuration, in its own log */
	[PART_BROKER] = "broker",          [PART_TOPICS] = "topics",           [PART_FUNCTION] = "audit-fn",
	[PART_ADAPTER] = "source-adapter", [PART_PROVIDER] = "event-provider", [PART_VERIFY] = "verify",
};

enum { MOST_ARGUMENTS = 40 };

struct list {
	char **items;
	unsigned count;
};

static void add(struct list *list, char *item)
{
	assert(list->count < MOST_ARGUMENTS);
	list->items[list->count++] = item;
}

/* Options and their values in turn; a value that is NULL takes its option along. NULL ends the list. */
static void add_options(struct list *list, ...)
{
	va_list options;
	va_start(options, list);
	for (const char *option = va_arg(options, const char *); option; option = va_arg(options, const char *)) {
		const char *value = va_arg(options, const char *);
		if (!value)
			continue;
		add(list, ump_copy_string(option));
		add(list, ump_copy_string(value));
	}
	va_end(options);
}

char *part_address_file(const struct part_facts *facts)
{
	return ump_format("%s/broker.address", facts->run_folder);
}

static void broker(struct list *list, const struct part_facts *facts)
{
	ump_cleanup_free char *address_file = part_address_file(facts);
	if (facts->kafka == KAFKA_EMBEDDED) {
		add(list, ump_format("%s/deploy/laptop/embedded-kafka", facts->build));
	} else {
		ump_cleanup_free char *data = ump_format("%s/kafka", facts->run_folder);
		add(list, ump_format("%s/deploy/laptop/apache-kafka/kafka", facts->source));
		add(list, ump_copy_string("run"));
		add_options(list, "--data", data, NULL);
	}
	add_options(list, "--address-file", address_file, NULL);
}

static void topics(struct list *list, const struct part_facts *facts)
{
	add(list, ump_format("%s/deploy/laptop/topics", facts->build));
	add_options(list, "--bootstrap-servers", facts->bootstrap, NULL);
}

static void function(struct list *list, const struct part_facts *facts)
{
	add(list, ump_format("%s/audit-fn/audit-fn", facts->build));
	/* Fair ones too: that every hit was audited can be seen, and with a duration is compared. */
	add_options(list, "--idle-exit", facts->idle_exit, "--reply", "always", NULL);
}

/* The function starts with the first event; that its rules are broken is worth knowing before. */
static void check(struct list *list, const struct part_facts *facts)
{
	function(list, facts);
	add(list, ump_copy_string("--check-config"));
}

static void adapter(struct list *list, const struct part_facts *facts)
{
	ump_cleanup_free char *sink = ump_format("http://%s/", facts->sink);
	add(list, ump_format("%s/source-adapter/source-adapter", facts->build));
	add_options(list, "--bootstrap-servers", facts->bootstrap, "--sink", sink, "--topics", "game-hits", "--group", facts->group,
		    "--from", "earliest", "--ordering", "key", "--dead-letter-topic", "game-hits-dlq", "--reply-topic", "audit-verdicts",
		    "--status-topic", "umpire-status", "--commit-interval", "200ms", NULL); /* the board's lag is by what is committed */
	/* One that was killed is missed after this, where Kafka is the demo's own: a room does not wait for the usual 45 s. */
	if (facts->kafka != KAFKA_GIVEN)
		add_options(list, "--kafka-set", "session.timeout.ms=10000", NULL);
}

static char *truth_file(const struct part_facts *facts)
{
	return ump_format("%s/truth.json", facts->run_folder);
}

static void provider(struct list *list, const struct part_facts *facts)
{
	ump_cleanup_free char *truth = truth_file(facts);
	add(list, ump_format("%s/provider/event-provider", facts->build));
	add_options(list, "--bootstrap-servers", facts->bootstrap, "--listen", facts->listen, "--public-url", facts->public_url,
		    "--admin-token-file", facts->token_file, "--group", facts->group, "--truth", truth, "--duration", facts->duration,
		    "--rate", facts->rate, "--seed", facts->seed, "--run", facts->run, "--epoch", facts->epoch, NULL);
	if (facts->resumes)
		add(list, ump_copy_string("--resume"));
	if (facts->kafka == KAFKA_EMBEDDED)
		add(list, ump_copy_string("--embedded"));
	if (facts->duration)
		add(list, ump_copy_string("--stay")); /* the board is up until the sets are compared */
}

static void verify(struct list *list, const struct part_facts *facts)
{
	ump_cleanup_free char *truth = truth_file(facts);
	add(list, ump_format("%s/provider/event-provider", facts->build));
	add(list, ump_copy_string("verify"));
	add_options(list, "--bootstrap-servers", facts->bootstrap, "--truth", truth, "--wait", facts->wait, NULL);
	add(list, ump_copy_string("--follow")); /* the embedded broker does not keep everything until the end */
	if (facts->kafka == KAFKA_EMBEDDED)
		add(list, ump_copy_string("--embedded"));
}

char **part_arguments(enum part part, const struct part_facts *facts)
{
	static void (*const makers[PART_COUNT])(struct list *, const struct part_facts *) = {
		[PART_CHECK] = check,     [PART_BROKER] = broker,     [PART_TOPICS] = topics, [PART_FUNCTION] = function,
		[PART_ADAPTER] = adapter, [PART_PROVIDER] = provider, [PART_VERIFY] = verify,
	};
	struct list list = {.items = ump_allocate(MOST_ARGUMENTS + 1, sizeof *list.items)};
	makers[part](&list, facts);
	return list.items;
}

void part_arguments_free(char **arguments)
{
	for (char **item = arguments; item && *item; item++)
		free(*item);
	free(arguments);
}
