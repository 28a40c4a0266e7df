#include "common/memory.h"
#include "common/text.h"
#include "tests/unit/config/sample.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

static struct sample sample;
static int command;
static char *out_text, *err_text;
static char file_name[] = "/tmp/umpire-options-XXXXXX";
static bool file_made;

/* Arguments and variables are texts with '\n' between them. */
static int load(const char *arguments, const char *environment)
{
	char *argv[32] = {(char *)"sample"}, *variables[32] = {NULL};
	int argc = 1, count = 0;
	size_t out_size, err_size;
	ump_cleanup_free char *argument_copy = ump_copy_string(arguments);
	ump_cleanup_free char *variable_copy = ump_copy_string(environment);
	char *rest;
	for (char *word = strtok_r(argument_copy, "\n", &rest); word; word = strtok_r(NULL, "\n", &rest))
		argv[argc++] = word;
	for (char *word = strtok_r(variable_copy, "\n", &rest); word; word = strtok_r(NULL, "\n", &rest))
		variables[count++] = word;
	free(out_text);
	free(err_text);
	ump_config_release(&sample_program, &sample);
	memset(&sample, 0, sizeof sample);
	FILE *out = open_memstream(&out_text, &out_size), *err = open_memstream(&err_text, &err_size);
	int status = ump_config_load(&sample_program, argc, argv, variables, &sample, &command, out, err);
	fclose(out);
	fclose(err);
	return status;
}

/* Writes the file and returns the flag that names it. */
static char *file(const char *content)
{
	if (!file_made)
		close(mkstemp(file_name));
	file_made = true;
	FILE *stream = fopen(file_name, "w");
	fputs(content, stream);
	fclose(stream);
	static char flag[64];
	snprintf(flag, sizeof flag, "--config=%s", file_name);
	return flag;
}

static void tear_down(void)
{
	ump_config_release(&sample_program, &sample);
	free(out_text);
	free(err_text);
	if (file_made)
		unlink(file_name);
}

TestSuite(options, .fini = tear_down, .timeout = 30);

#define refused(arguments, environment, status, ...)                                                             \
	do {                                                                                                     \
		cr_expect_eq(load(arguments, environment), status, "%s %s", arguments, environment);             \
		const char *parts[] = {__VA_ARGS__};                                                             \
		for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)                               \
			cr_expect(strstr(err_text, parts[part]), "\"%s\" is not in: %s", parts[part], err_text); \
		cr_expect_str_eq(out_text, "");                                                                  \
	} while (0)

Test(options, defaults_fill_every_type)
{
	cr_assert_eq(load("", ""), UMP_CONFIG_RUN, "%s", err_text);
	cr_assert_null(sample.own.sink);
	cr_assert_eq(sample.own.retry, 10);
	cr_assert_eq(sample.own.offset, -1);
	cr_assert_eq(sample.own.timeout, INT64_C(600000000));
	cr_assert_eq(sample.own.bytes, 16 << 20);
	cr_assert_float_eq(sample.own.rate, 0.1, 1e-12);
	cr_assert_eq(sample.own.order, 0);
	cr_assert_eq(sample.own.topics.count, 0);
	cr_assert_not(sample.own.once);
	cr_assert_eq(sample.log.level, UMP_LOG_INFO);
	cr_assert_eq(sample.log.format, UMP_LOG_AUTOMATIC);
	cr_assert_eq(command, -1);
	cr_assert_str_eq(ump_config_place("retry"), "default of --retry");
	cr_assert_not(ump_config_given("retry"));
	cr_assert_not(ump_config_given("sink"));
}

Test(options, flags_fill_every_type_in_both_forms)
{
	cr_assert_eq(load("--sink\nhttp://"
			  "x\n--retry=3\n--start-offset\n-2\n--timeout\n5s\n--bytes=1KiB\n--rate=2.5\n--order\nnone\n--exactly-once\n"
			  "redrive\n--log-level=debug\n--log-format\njson",
			  ""),
		     UMP_CONFIG_RUN, "%s", err_text);
	cr_assert_str_eq(sample.own.sink, "http://x");
	cr_assert_eq(sample.own.retry, 3);
	cr_assert_eq(sample.own.offset, -2);
	cr_assert_eq(sample.own.timeout, 5000000);
	cr_assert_eq(sample.own.bytes, 1024);
	cr_assert_float_eq(sample.own.rate, 2.5, 1e-12);
	cr_assert_eq(sample.own.order, 2);
	cr_assert(sample.own.once);
	cr_assert_eq(command, 0);
	cr_assert_eq(sample.log.level, UMP_LOG_DEBUG);
	cr_assert_eq(sample.log.format, UMP_LOG_JSON);
	cr_assert_str_eq(ump_config_place("sink"), "--sink");
	cr_assert(ump_config_given("sink"));
}

Test(options, the_order_of_the_sources)
{
	/* From the strongest to the weakest: each wins where all before it are not there. */
	const char *environment[] = {"SAMPLE_SINK=own\nK_SINK=first\nK_OLD_SINK=second", "K_OLD_SINK=second\nK_SINK=first",
				     "K_OLD_SINK=second", ""};
	const char *values[] = {"own", "first", "second", "file"}, *places[] = {"SAMPLE_SINK", "K_SINK", "K_OLD_SINK", NULL};
	ump_cleanup_free char *flags = ump_format("%s\n--sink=flag\n--sink=last", file("\nsink: file\n"));
	cr_assert_eq(load(flags, environment[0]), UMP_CONFIG_RUN, "%s", err_text);
	cr_assert_str_eq(sample.own.sink, "last");
	for (size_t i = 0; i < 4; i++) {
		cr_assert_eq(load(file("\nsink: file\n"), environment[i]), UMP_CONFIG_RUN, "%s", err_text);
		cr_assert_str_eq(sample.own.sink, values[i]);
		if (places[i])
			cr_assert_str_eq(ump_config_place("sink"), places[i]);
	}
	ump_cleanup_free char *place = ump_format("%s:2: sink", file_name);
	cr_assert_str_eq(ump_config_place("sink"), place);
}

Test(options, the_file_may_be_named_by_a_variable)
{
	ump_cleanup_free char *variable = ump_format("SAMPLE_CONFIG=%s", file("retry: 7\n") + strlen("--config="));
	cr_assert_eq(load("", variable), UMP_CONFIG_RUN, "%s", err_text);
	cr_assert_eq(sample.own.retry, 7);
}

Test(options, an_empty_variable_is_one_that_is_not_set)
{
	cr_assert_eq(load("", "SAMPLE_RETRY=\nK_SINK=\nK_OLD_SINK=x"), UMP_CONFIG_RUN, "%s", err_text);
	cr_assert_eq(sample.own.retry, 10);
	cr_assert_str_eq(sample.own.sink, "x");
}

static void expect_topics(const char *joined)
{
	char text[256] = "";
	for (size_t i = 0; i < sample.own.topics.count; i++)
		strcat(strcat(text, sample.own.topics.items[i]), "|");
	cr_expect_str_eq(text, joined);
}

Test(options, lists)
{
	static const struct {
		const char *arguments, *environment, *file, *expected;
	} cases[] = {
		{"--topics=a,b\n--topics\nc", "KAFKA_TOPICS=x,y", "", "a|b|c|"},
		{"", "KAFKA_TOPICS= x , y ", "", "x|y|"},
		{"", "SAMPLE_TOPICS=p\\,q,r", "", "p,q|r|"},
		{"", "", "topics: [a, 'b,c']", "a|b,c|"},
		{"", "", "topics:\n- a\n- b", "a|b|"},
		{"", "", "topics: a,b", "a|b|"},
		{"", "", "topics: {a: 1, b: x}", "a=1|b=x|"},
		{"", "", "topics: []", ""},
		{"--topics=", "KAFKA_TOPICS=x", "", ""},
		{"--topics=f", "KAFKA_TOPICS=x", "topics: [y]", "f|"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ump_cleanup_free char *arguments = ump_format("%s\n%s", file(cases[i].file), cases[i].arguments);
		cr_assert_eq(load(arguments, cases[i].environment), UMP_CONFIG_RUN, "case %zu: %s", i, err_text);
		expect_topics(cases[i].expected);
	}
	refused("--topics=a,,b", "", 64, "--topics: expected items", "a,,b");
	refused("--topics=a,", "", 64, "--topics: expected items");
}

Test(options, switches)
{
	static const struct {
		const char *arguments, *environment;
		bool on;
	} cases[] = {
		{"--exactly-once", "", true},           {"--exactly-once=true", "", true},
		{"--exactly-once=false", "", false},    {"--no-exactly-once", "SAMPLE_EXACTLY_ONCE=true", false},
		{"", "SAMPLE_EXACTLY_ONCE=1", true},    {"", "SAMPLE_EXACTLY_ONCE=Yes", true},
		{"", "SAMPLE_EXACTLY_ONCE=off", false}, {"--exactly-once\nverify", "", true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_eq(load(cases[i].arguments, cases[i].environment), UMP_CONFIG_RUN, "case %zu: %s", i, err_text);
		cr_expect_eq(sample.own.once, cases[i].on, "case %zu", i);
	}
	refused("--exactly-once=maybe", "", 64, "--exactly-once: expected true or false, found \"maybe\"");
	refused("--no-retry", "", 64, "--no-retry: unknown option");
	refused("--no-exactly-once=true", "", 64, "unknown option");
}

Test(options, a_wrong_command_line_is_64_and_says_what_and_where)
{
	refused("--sinc=x", "", 64, "sample: --sinc: unknown option; did you mean --sink?", "Try 'sample --help'");
	refused("--chek-config", "", 64, "did you mean --check-config?");
	refused("--zzzzzzzz", "", 64, "--zzzzzzzz: unknown option\n");
	refused("--sink", "", 64, "--sink: expected URL, found nothing");
	refused("--sink\n--retry=1", "", 64, "--sink: expected URL, found the option --retry=1");
	refused("--config", "", 64, "--config: expected FILE");
	refused("-x", "", 64, "-x: unknown option");
	refused("redriv", "", 64, "redriv: unknown command; did you mean redrive?");
	refused("redrive\nverify", "", 64, "verify: unknown command");
	refused("--help=pdf", "", 64, "--help: expected man or markdown, found \"pdf\"");
	refused("--retry=ten", "", 64, "--retry: expected an integer from 0 to 100, found \"ten\"");
	refused("--sink=\xFF", "", 64, "--sink: expected UTF-8 text");
}

Test(options, wrong_values_name_what_was_expected)
{
	refused("", "SAMPLE_RETRY=101", 78, "SAMPLE_RETRY: expected an integer from 0 to 100, found \"101\"");
	refused("", "SAMPLE_RETRY=-1", 78, "from 0 to 100");
	refused("", "SAMPLE_RETRY=1x", 78, "\"1x\"");
	refused("", "SAMPLE_RETRY= 1", 78, "\" 1\"");
	refused("", "SAMPLE_RETRY=99999999999999999999", 78, "from 0 to 100");
	refused("", "SAMPLE_START_OFFSET=-3", 78, "expected an integer from -2 upward, found \"-3\"");
	refused("", "SAMPLE_TIMEOUT=10", 78, "SAMPLE_TIMEOUT: expected a duration such as PT0.5S", "found \"10\"");
	refused("", "SAMPLE_TIMEOUT=2h", 78, "expected a duration from 1ms to 1h, found \"2h\"");
	refused("", "SAMPLE_BYTES=1KB", 78, "expected a size such as");
	refused("", "SAMPLE_RATE=-1", 78, "expected a number from 0 upward");
	refused("", "SAMPLE_RATE=nan", 78, "expected a number from 0 upward");
	refused("", "SAMPLE_RATE=inf", 78, "expected a number from 0 upward");
	refused("", "SAMPLE_RATE=0x10", 78, "expected a number from 0 upward");
	refused("", "SAMPLE_ORDER=keys", 78, "expected partition|key|none, found \"keys\"");
	/* Also where a stronger source would replace it. */
	refused("--retry=3", "SAMPLE_RETRY=ten", 78, "SAMPLE_RETRY");
}

Test(options, variables_of_ours_are_known_or_refused)
{
	refused("", "SAMPLE_SINC=x", 78, "SAMPLE_SINC: unknown variable; did you mean SAMPLE_SINK?");
	refused("", "SAMPLE_CONFIGS=x", 78, "did you mean SAMPLE_CONFIG?");
	refused("", "SAMPLE_=x", 78, "SAMPLE_: unknown variable");
	refused("", "SAMPLE_PORTS=1", 78, "SAMPLE_PORTS: unknown variable");
	refused("", "SAMPLE_PORT_X=1", 78, "SAMPLE_PORT_X: unknown variable");
	refused("", "SAMPLE_PORT__X=1", 78, "SAMPLE_PORT__X: unknown variable");
	refused("", "SAMPLE_PORT_80=1", 78, "SAMPLE_PORT_80: unknown variable");
	/* Of others, or made by Kubernetes for services called "sample" and "sample-metrics". */
	cr_expect_eq(load("", "KAFKA_NOBODY=1\nK_NOBODY=2\nSAMPLER=3\nPATH=x\nSAMPLE_SERVICE_HOST=10.0.0.1\nSAMPLE_SERVICE_PORT=80\n"
			      "SAMPLE_SERVICE_PORT_HTTP=80\nSAMPLE_PORT=tcp://10.0.0.1:80\nSAMPLE_PORT_80_TCP=tcp://10.0.0.1:80\n"
			      "SAMPLE_PORT_80_TCP_PROTO=tcp\nSAMPLE_PORT_80_TCP_PORT=80\nSAMPLE_PORT_80_TCP_ADDR=10.0.0.1\n"
			      "SAMPLE_METRICS_SERVICE_HOST=10.0.0.2\nSAMPLE_METRICS_PORT=tcp://x\nSAMPLE_METRICS_PORT_9090_UDP_ADDR=x"),
		     UMP_CONFIG_RUN, "%s", err_text);
}

Test(options, a_wrong_file_is_78_with_the_line_and_the_key)
{
	refused(file("retry: 3\nsinc: x\n"), "", 78, ":2: sinc: unknown key; did you mean \"sink\"?");
	refused(file("\n\nretry: ten\n"), "", 78, ":3: retry: expected an integer from 0 to 100, found \"ten\"");
	refused(file("retry: '3'\n"), "", 78, ":1: retry: expected N, found a text in quotes");
	refused(file("exactly-once: \"true\"\n"), "", 78, ":1: exactly-once: expected true|false, found a text in quotes");
	refused(file("sink:\n"), "", 78, ":1: sink: expected URL, found nothing");
	refused(file("sink: ~\n"), "", 78, ":1: sink: expected URL, found nothing");
	refused(file("sink: [a]\n"), "", 78, ":1: sink: expected one value, found a sequence");
	refused(file("sink: {a: b}\n"), "", 78, ":1: sink: expected one value, found a mapping");
	refused(file("topics:\n- a\n- [b]\n"), "", 78, ":3: expected a text");
	refused(file("- a\n"), "", 78, ":1: expected names and values");
	refused(file("text\n"), "", 78, ":1: expected names and values");
	refused(file("retry: 1\nretry: 2\n"), "", 78, ":2: retry: is there twice");
	refused("--config=/nonexistent/x.yaml", "", 78, "/nonexistent/x.yaml: cannot be opened: No such file or directory");
	refused("--config=/tmp", "", 78, "/tmp: cannot be read: Is a directory");
	cr_expect_eq(load(file(""), ""), UMP_CONFIG_RUN);
	cr_expect_eq(load(file("---\n# nothing\n"), ""), UMP_CONFIG_RUN, "%s", err_text);
	cr_expect_eq(load(file("sink: ''\nretry: 0\nexactly-once: no\n"), ""), UMP_CONFIG_RUN, "%s", err_text);
	cr_expect_str_eq(sample.own.sink, "");
}

Test(options, combinations_are_refused_by_the_program_with_the_place)
{
	refused("--exactly-once\n--retry=0", "", 78, "sample: --retry: cannot be 0 with exactly-once");
	refused("--exactly-once\n--check-config", "SAMPLE_RETRY=0", 78, "SAMPLE_RETRY: cannot be 0");
}

Test(options, a_secret_is_not_taken_from_the_command_line_nor_printed)
{
	refused("--password=hunter2", "", 64, "--password: a secret is not taken from the command line", "SAMPLE_PASSWORD");
	cr_assert_null(strstr(err_text, "hunter2"));
	refused("", "SAMPLE_PASSWORD=hunter2\xFF", 78, "SAMPLE_PASSWORD: expected");
	cr_assert_null(strstr(err_text, "hunter2"));
	cr_assert_eq(load("--print-config", "KAFKA_NET_SASL_PASSWORD=hunter2"), 0);
	cr_assert(strstr(out_text, "# password: (secret)  # KAFKA_NET_SASL_PASSWORD\n"), "%s", out_text);
	cr_assert_null(strstr(out_text, "hunter2"));
	cr_assert_eq(load("", "KAFKA_NET_SASL_PASSWORD=hunter2"), UMP_CONFIG_RUN);
	cr_assert_str_eq(sample.own.password, "hunter2");
}

Test(options, check_config_says_so_and_ends)
{
	cr_assert_eq(load("--check-config\n--retry=1", ""), 0);
	cr_assert_str_eq(out_text, "sample: the configuration is valid\n");
}

Test(options, help_and_version_win_over_what_comes_behind)
{
	cr_assert_eq(load("--help\n--sinc", "SAMPLE_NOBODY=1"), 0);
	cr_assert(strstr(out_text, "Usage: sample [OPTION]... [COMMAND]"));
	cr_assert_eq(load("-h", ""), 0);
	cr_assert_eq(load("--version\n--sinc", ""), 0);
	cr_assert_str_eq(out_text, "sample " UMPIRE_VERSION "\n");
}

Test(options, what_is_printed_gives_the_same_configuration_again)
{
	static const char *const sinks[] = {
		"http://x/?a=\"b\"#c", "tab\there", "\\", "ä€😀", "\xC2\x85\xE2\x80\xA8\xEF\xBB\xBF", "true", "~", "- a", ""};
	for (size_t i = 0; i < sizeof sinks / sizeof *sinks; i++) {
		ump_cleanup_free char *arguments = ump_format(
			"--print-config\n--sink=%s\n--topics=a\\,b,c: d,%s\n--timeout=1500ms\n--bytes=65536\n--rate=0.30000000000000004\n"
			"--order=none\n--exactly-once\n--start-offset=-2",
			sinks[i], *sinks[i] ? "é" : "x");
		cr_assert_eq(load(arguments, ""), 0, "%s", err_text);
		ump_cleanup_free char *printed = ump_copy_string(out_text);
		cr_assert(strstr(printed, "\ntimeout: 1500ms  # --timeout\n"), "%s", printed);
		cr_assert(strstr(printed, "\nbytes: 64KiB  # --bytes\n"), "%s", printed);
		cr_assert(strstr(printed, "\nretry: 10  # default\n"), "%s", printed);
		cr_assert(strstr(printed, "\n# unset:  # not given\n"), "%s", printed);
		cr_assert_eq(load(file(printed), ""), UMP_CONFIG_RUN, "%s", err_text);
		cr_assert_str_eq(sample.own.sink, sinks[i]);
		cr_assert_eq(sample.own.timeout, 1500000);
		cr_assert_eq(sample.own.bytes, 65536);
		cr_assert(!(sample.own.rate < 0.30000000000000004) && !(sample.own.rate > 0.30000000000000004));
		cr_assert_eq(sample.own.order, 2);
		cr_assert(sample.own.once);
		cr_assert_eq(sample.own.offset, -2);
		expect_topics(*sinks[i] ? "a,b|c: d|é|" : "a,b|c: d|x|");
	}
}

Test(options, a_tree_is_what_the_file_has_there_or_a_flag_on_one_line)
{
	cr_assert_eq(load(file("retry: 3\ntree:\n- a: {b: c}\n- d\n"), ""), UMP_CONFIG_RUN, "%s", err_text);
	const struct ump_yaml *tree = sample.own.tree;
	cr_assert_eq(tree->root.count, 2);
	cr_expect_str_eq(tree->root.children[0].children[0].children[0].scalar, "c");
	cr_expect_eq(tree->root.children[0].line, 3);
	cr_expect_str_eq(tree->name, file_name);
	cr_expect_str_eq(tree->root.key, "tree");

	ump_cleanup_free char *arguments = ump_format("%s\n--tree=[{\"x\": \"1\"}]", file("tree: [a, b]\n"));
	cr_assert_eq(load(arguments, "SAMPLE_TREE={y: z}"), UMP_CONFIG_RUN, "%s", err_text);
	cr_expect_str_eq(sample.own.tree->root.children[0].children[0].key, "x");
	cr_expect_eq(load("--tree=[{\"x\": \"1\"}]\n--print-config", ""), 0);
	cr_expect(strstr(out_text, "tree: [{\"x\": \"1\"}]  # --tree\n"), "%s", out_text);
}

Test(options, a_tree_that_is_no_yaml_is_refused_where_it_stands)
{
	cr_expect_eq(load("--tree=[{", ""), 64);
	cr_expect(strstr(err_text, "sample: --tree:"), "%s", err_text);
	cr_expect_eq(load("", "SAMPLE_TREE=a: [b"), 78);
	cr_expect(strstr(err_text, "sample: SAMPLE_TREE:"), "%s", err_text);
	cr_expect_eq(load(file("\ntree: *alias\n"), ""), 78);
	cr_expect(strstr(err_text, ":2: aliases are not supported"), "%s", err_text);
}

Test(options, the_default_in_a_file_is_not_given)
{
	cr_assert_eq(load(file("retry: 10\ntimeout: 600s\norder: key\n"), ""), UMP_CONFIG_RUN, "%s", err_text);
	cr_expect_not(ump_config_given("retry"));
	cr_expect_not(ump_config_given("timeout"));
	cr_expect(ump_config_given("order"));
	cr_assert_eq(load("--retry=10", ""), UMP_CONFIG_RUN, "%s", err_text);
	cr_expect(ump_config_given("retry"));
}
