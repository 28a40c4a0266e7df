#include "common/config/pages.h"
#include "common/memory.h"
#include "tests/unit/config/sample.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static char *page;

static void write_page(void (*writer)(const struct ump_program *program, FILE *out))
{
	size_t size;
	FILE *out = open_memstream(&page, &size);
	writer(&sample_program, out);
	fclose(out);
}

static void write_help(const struct ump_program *program, FILE *out)
{
	struct sample sample = {0};
	int command;
	char *arguments[] = {(char *)"sample", (char *)"--help", NULL}, *none[] = {NULL};
	cr_assert_eq(ump_config_load(program, 2, arguments, none, &sample, &command, out, stderr), 0);
}

static void tear_down(void)
{
	free(page);
}

TestSuite(pages, .fini = tear_down, .timeout = 30);

#define has(text) cr_expect(strstr(page, text), "\"%s\" is not in\n%s", text, page)

Test(pages, sentences_begin_and_end_as_such)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer out = {0};
	static const char *const cases[][2] = {{"where to", "Where to."}, {"Where to.", "Where to."}, {"", ""}, {"éa", "éa."}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ump_buffer_reset(&out);
		ump_page_sentence(&out, cases[i][0]);
		cr_expect_str_eq(out.start, cases[i][1]);
	}
}

Test(pages, help_names_all)
{
	write_page(write_help);
	has("sample: From here to there\n");
	has("\nDelivery:\n  --sink=URL\n        Sends events there. [SAMPLE_SINK, K_SINK, K_OLD_SINK]\n");
	has("  --retry=N\n        Tries again so often. Default: 10. [SAMPLE_RETRY]\n");
	has("  --order=partition|key|none\n");
	has("  --exactly-once, --no-exactly-once\n");
	has("\n  password\n");
	has("\nLog:\n  --log-level=debug|info|warning|error\n");
	has("\n  --config=FILE\n");
	has("  redrive\n        Sends dead letters again.\n");
	has("\nExamples:\n  sample --sink=http://localhost/\n");
	for (const char *line = page; *line; line += strcspn(line, "\n") + 1)
		cr_expect_leq(strcspn(line, "\n"), 120);
}

Test(pages, man_is_roff)
{
	write_page(ump_config_write_man);
	cr_expect_eq(strncmp(page, ".TH \"sample\" 1", 14), 0);
	has(".SH NAME\nsample \\- From here to there\n");
	has(".TP\n.B \\-\\-sink=URL\nSends events there. Variables: SAMPLE_SINK, K_SINK, K_OLD_SINK.\n");
	has(".TP\n.B \\-\\-start\\-offset=N\n");
	has("Reads these \\[u2026], \\[u00E9] and \\[u1F600]. Variables: SAMPLE_TOPICS");
	has(".SH EXIT STATUS\n");
	has(".TP\n.B 78\n");
}

Test(pages, markdown_has_a_row_for_each_option)
{
	write_page(ump_config_write_markdown);
	has("| `--sink=URL` |  | `SAMPLE_SINK, K_SINK, K_OLD_SINK` | Sends events there. |\n");
	has("| `--order=partition\\|key\\|none` | `partition` | `SAMPLE_ORDER` | Keeps the order by a\\|b. |\n");
	has("| `password` |  | `SAMPLE_PASSWORD, KAFKA_NET_SASL_PASSWORD` | Proves who we are. A secret: by variable or file only. |\n");
	has("| 64 | the command line is wrong |\n");
	has("- `verify`: Compares\n");
	has("| `umpire_lag` | gauge | `topic`, `partition` | Records behind. |\n| `umpire_done_total` | counter |  | All that is done. "
	    "|\n");
}
