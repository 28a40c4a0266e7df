/* Filters, one row a rule: a document, and whether the event {type: game.hits, source: /umpire/provider/7, subject: p-42, ext: ""} passes.
 */
#include "source-adapter/filter.h"
#include <criterion/criterion.h>
#include <stdio.h>

static const struct {
	const char *document;
	bool passes;
} rows[] = {
	{"[{exact: {type: game.hits}}]", true},
	{"[{exact: {type: game.hit}}]", false},
	{"[{exact: {type: GAME.HITS}}]", false},
	{"[{exact: {type: game.hits, subject: p-42}}]", true},
	{"[{exact: {type: game.hits, subject: p-43}}]", false},
	{"[{exact: {missing: x}}]", false},
	{"[{exact: {ext: ''}}]", true},
	{"[{exact: {missing: ''}}]", false},
	{"[{prefix: {source: /umpire/}}]", true},
	{"[{prefix: {source: umpire}}]", false},
	{"[{suffix: {type: .hits}}]", true},
	{"[{suffix: {type: a.game.hits}}]", false},
	{"[{exact: {type: game.hits}}, {prefix: {subject: q}}]", false},
	{"{filters: [{exact: {type: game.hits}}]}", true},
	{"[{any: [{exact: {type: x}}, {suffix: {subject: '2'}}]}]", true},
	{"[{any: [{exact: {type: x}}, {exact: {type: y}}]}]", false},
	{"[{all: [{exact: {type: game.hits}}, {exact: {subject: p-42}}]}]", true},
	{"[{all: [{exact: {type: game.hits}}, {exact: {subject: p-1}}]}]", false},
	{"[{not: {exact: {type: game.hits}}}]", false},
	{"[{not: {exact: {missing: x}}}]", true},
	{"[{not: {any: [{exact: {type: x}}, {not: {prefix: {subject: p-}}}]}}]", true},
};

static void make_event(struct ump_event *event)
{
	struct ump_error error;
	ump_event_set(event, UMP_TEXT("type"), UMP_TEXT("game.hits"), UMP_ATTRIBUTE_STRING, &error);
	ump_event_set(event, UMP_TEXT("source"), UMP_TEXT("/umpire/provider/7"), UMP_ATTRIBUTE_STRING, &error);
	ump_event_set(event, UMP_TEXT("subject"), UMP_TEXT("p-42"), UMP_ATTRIBUTE_STRING, &error);
	ump_event_set(event, UMP_TEXT("ext"), UMP_TEXT(""), UMP_ATTRIBUTE_STRING, &error);
}

static int read_document(struct filter *filter, const char *text, struct ump_error *error)
{
	struct ump_yaml document;
	if (ump_yaml_parse(text, strlen(text), "f.yaml", &document, error) < 0)
		return -1;
	int result = filter_add_document(filter, &document, error);
	ump_yaml_release(&document);
	return result;
}

Test(filter, rules)
{
	struct ump_event event = {0};
	make_event(&event);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct filter *filter = filter_new();
		struct ump_error error;
		cr_expect(filter_is_empty(filter) && filter_passes(filter, &event), "nothing is asked for");
		cr_assert_eq(read_document(filter, rows[i].document, &error), 0, "%s: %s", rows[i].document, error.text);
		cr_expect_eq(filter_passes(filter, &event), rows[i].passes, "%s", rows[i].document);
		filter_free(filter);
	}
	ump_event_release(&event);
}

Test(filter, flags)
{
	static const struct {
		enum filter_kind kind;
		const char *text;
		int passes; /* -1: refused */
	} flags[] = {
		{FILTER_EXACT, "type=game.hits", 1},
		{FILTER_EXACT, "type=game", 0},
		{FILTER_PREFIX, "type=game.", 1},
		{FILTER_SUFFIX, "type=.hits", 1},
		{FILTER_EXACT, "ext=", 1},
		{FILTER_EXACT, "type", -1},
		{FILTER_EXACT, "=x", -1},
		{FILTER_EXACT, "Type=game.hits", -1},
		{FILTER_EXACT, "ce-type=x", -1},
		{FILTER_EXACT, "subject=a=b", 0},
	};
	struct ump_event event = {0};
	make_event(&event);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		struct filter *filter = filter_new();
		struct ump_error error;
		int result = filter_add(filter, flags[i].kind, flags[i].text, &error);
		cr_expect_eq(result, flags[i].passes < 0 ? -1 : 0, "%s", flags[i].text);
		if (result == 0)
			cr_expect_eq(filter_passes(filter, &event), flags[i].passes, "%s", flags[i].text);
		filter_free(filter);
	}
	ump_event_release(&event);
}

Test(filter, wrong_documents_name_line_and_key)
{
	static const struct {
		const char *document, *expected;
	} wrong[] = {
		{"{}", "f.yaml:1"},
		{"[]", "an empty one"},
		{"- exact: {type: x}\n- exakt: {type: x}\n", "f.yaml:2: exakt"},
		{"- exact: {type: x}\n  prefix: {type: x}\n", "f.yaml:1"},
		{"- exact: []\n", "f.yaml:1: exact"},
		{"- exact:\n    Type: x\n", "f.yaml:2: Type"},
		{"- exact:\n    type: [x]\n", "f.yaml:2: type"},
		{"- any: []\n", "f.yaml:1: any"},
		{"- not: [{exact: {type: x}}]\n", "f.yaml:1: not"},
		{"filter:\n- exact: {type: x}\n", ": filter: unknown key"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct filter *filter = filter_new();
		struct ump_error error = {.text = ""};
		cr_expect_eq(read_document(filter, wrong[i].document, &error), -1, "%s", wrong[i].document);
		cr_expect(strstr(error.text, wrong[i].expected), "%s: %s", wrong[i].document, error.text);
		filter_free(filter);
	}
}

Test(filter, depth_and_number_are_capped)
{
	char text[FILTER_NUMBER * 32] = "";
	struct filter *filter = filter_new();
	struct ump_error error;
	cr_expect_eq(read_document(filter, "[{not: {not: {not: {not: {not: {not: {not: {exact: {a: b}}}}}}}}}]", &error), 0);
	cr_expect_eq(read_document(filter, "[{not: {not: {not: {not: {not: {not: {not: {not: {exact: {a: b}}}}}}}}}}]", &error), -1);
	cr_expect(strstr(error.text, "inside each other"));
	filter_free(filter);

	filter = filter_new();
	strcpy(text, "[");
	for (int i = 0; i <= FILTER_NUMBER / 2; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s{exact: {a: b}}", i ? "," : "");
	strcat(text, "]");
	cr_expect_eq(read_document(filter, text, &error), -1);
	cr_expect(strstr(error.text, "at most 256"), "%s", error.text);
	filter_free(filter);
}
