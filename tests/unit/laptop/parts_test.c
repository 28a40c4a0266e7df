#include "common/buffer.h"
#include "deploy/laptop/parts.h"
#include <criterion/criterion.h>

static const struct part_facts facts = {
	.build = "/b",
	.source = "/s",
	.run_folder = "/r",
	.bootstrap = "127.0.0.1:9092",
	.sink = "127.0.0.1:7",
	.listen = "127.0.0.1:8080",
	.group = "g",
	.idle_exit = "30s",
	.wait = "60s",
};

static void expect_arguments(enum part part, const struct part_facts *given, const char *expected)
{
	struct ump_buffer line = {0};
	char **arguments = part_arguments(part, given);
	for (char **each = arguments; *each; each++)
		ump_buffer_print(&line, "%s%s", line.size ? " " : "", *each);
	cr_assert_str_eq(line.start, expected);
	ump_buffer_release(&line);
	part_arguments_free(arguments);
}

Test(parts, the_function_answers_everything_only_where_the_sets_are_compared)
{
	struct part_facts given = facts;
	expect_arguments(PART_FUNCTION, &given, "/b/audit-fn/audit-fn --idle-exit 30s --reply always");
	given.duration = "20s";
	expect_arguments(PART_FUNCTION, &given, "/b/audit-fn/audit-fn --idle-exit 30s --reply always");
	expect_arguments(PART_CHECK, &given, "/b/audit-fn/audit-fn --idle-exit 30s --reply always --check-config");
}

Test(parts, the_adapter_runs_as_the_demo_promises)
{
	expect_arguments(
		PART_ADAPTER, &facts,
		"/b/source-adapter/source-adapter --bootstrap-servers 127.0.0.1:9092 --sink http://127.0.0.1:7/ --topics game-hits "
		"--group g --from earliest --ordering key --dead-letter-topic game-hits-dlq --reply-topic audit-verdicts "
		"--status-topic umpire-status --commit-interval 200ms --kafka-set session.timeout.ms=10000");
	struct part_facts given = facts;
	given.kafka = KAFKA_GIVEN;
	expect_arguments(
		PART_ADAPTER, &given,
		"/b/source-adapter/source-adapter --bootstrap-servers 127.0.0.1:9092 --sink http://127.0.0.1:7/ --topics game-hits "
		"--group g --from earliest --ordering key --dead-letter-topic game-hits-dlq --reply-topic audit-verdicts "
		"--status-topic umpire-status --commit-interval 200ms");
}

Test(parts, what_is_not_given_is_the_providers_own)
{
	struct part_facts given = facts;
	expect_arguments(PART_PROVIDER, &given,
			 "/b/provider/event-provider --bootstrap-servers 127.0.0.1:9092 --listen 127.0.0.1:8080 --group g "
			 "--truth /r/truth.json --embedded");
	given.duration = "20s";
	given.rate = "500";
	given.seed = "7";
	given.public_url = "http://192.0.2.1:8080";
	given.token_file = "/r/token";
	given.run = "x";
	given.epoch = "2026-01-01T00:00:00Z";
	given.resumes = true;
	expect_arguments(PART_PROVIDER, &given,
			 "/b/provider/event-provider --bootstrap-servers 127.0.0.1:9092 --listen 127.0.0.1:8080 --public-url "
			 "http://192.0.2.1:8080 --admin-token-file /r/token --group g --truth /r/truth.json --duration 20s --rate 500 --seed 7 "
			 "--run x --epoch 2026-01-01T00:00:00Z --resume --embedded --stay");
	given.kafka = KAFKA_APACHE;
	given.duration = given.rate = given.seed = given.public_url = given.token_file = given.run = given.epoch = NULL;
	given.resumes = false;
	expect_arguments(PART_PROVIDER, &given,
			 "/b/provider/event-provider --bootstrap-servers 127.0.0.1:9092 --listen 127.0.0.1:8080 --group g "
			 "--truth /r/truth.json");
}

Test(parts, the_sets_are_compared_beside_the_run)
{
	expect_arguments(PART_VERIFY, &facts,
			 "/b/provider/event-provider verify --bootstrap-servers 127.0.0.1:9092 --truth /r/truth.json --wait 60s --follow --embedded");
}

Test(parts, the_broker_writes_its_address_into_the_runs_folder)
{
	struct part_facts given = facts;
	given.kafka = KAFKA_EMBEDDED;
	expect_arguments(PART_BROKER, &given, "/b/deploy/laptop/embedded-kafka --address-file /r/broker.address");
	given.kafka = KAFKA_APACHE;
	expect_arguments(PART_BROKER, &given, "/s/deploy/laptop/apache-kafka/kafka run --data /r/kafka --address-file /r/broker.address");
}
