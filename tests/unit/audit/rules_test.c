/* The rules file: what it gives, and what is said of a wrong one. */
#include "audit-fn/rules.h"
#include <criterion/criterion.h>

static struct rules *parse(const char *text, int64_t threshold)
{
	struct rules *rules = NULL;
	struct ump_error error;

	cr_assert_eq(rules_parse(&rules, ump_text(text), "rules.yaml", threshold, &error), 0, "%s", error.text);
	return rules;
}

Test(rules, the_presets_are_hits_and_shipwars_over_10)
{
	struct rules *rules;
	struct ump_error error;

	cr_assert_eq(rules_load(&rules, NULL, -1, &error), 0);
	cr_assert_eq(rules->count, 2);
	cr_assert_str_eq(rules->list[0].name, "hits-over-10");
	cr_assert_str_eq(rules->list[0].value, "/hits");
	cr_assert_eq(rules->list[0].threshold, 10);
	cr_assert(rule_applies(&rules->list[0], UMP_TEXT("game.hits")));
	cr_assert_not(rule_applies(&rules->list[0], UMP_TEXT("game.hit")));
	cr_assert_str_eq(rules->list[1].name, "shots-over-10");
	cr_assert_str_eq(rules->list[1].players[0], "/by/uuid");
	cr_assert(rule_applies(&rules->list[1], UMP_TEXT("bonus")));
	cr_assert_not(rules->windowed);
	rules_free(rules);
}

Test(rules, a_threshold_from_outside_replaces_that_of_presets_only)
{
	struct rules *rules = parse("rules:\n"
				    "  - preset: hits\n"
				    "    threshold: 12\n"
				    "  - name: mine\n"
				    "    types: [a, b]\n"
				    "    value: /x\n"
				    "    player: subject\n"
				    "    threshold: 3\n",
				    5);

	cr_assert_eq(rules->list[0].threshold, 5);
	cr_assert_str_eq(rules->list[0].name, "hits-over-5");
	cr_assert_eq(rules->list[1].threshold, 3);
	cr_assert_eq(rules->list[1].type_count, 2);
	rules_free(rules);
}

Test(rules, windows_are_tumbling_unless_a_step_is_given)
{
	struct rules *rules =
		parse("rules:\n"
		      "  - {name: a, types: t, kind: sum, value: /x, player: [/p, subject], threshold: 100, window: {size: 1m}}\n"
		      "  - {name: b, types: t, kind: count, player: /p, threshold: 1000,\n"
		      "     window: {size: PT1M, step: 10s, lateness: 500ms}}\n",
		      -1);

	cr_assert(rules->windowed);
	cr_assert_eq(rules->list[0].kind, RULE_SUM);
	cr_assert_eq(rules->list[0].window.size_us, 60000000);
	cr_assert_eq(rules->list[0].window.step_us, 60000000);
	cr_assert_eq(rules->list[0].window.lateness_us, 0);
	cr_assert_eq(rules->list[0].player_count, 2);
	cr_assert_eq(rules->list[1].kind, RULE_COUNT);
	cr_assert_null(rules->list[1].value);
	cr_assert_eq(rules->list[1].window.step_us, 10000000);
	cr_assert_eq(rules->list[1].window.lateness_us, 500000);
	rules_free(rules);
}

Test(rules, the_revision_is_the_sum_of_the_file)
{
	struct rules *rules = parse("rules:\n  - preset: hits\n", -1);

	/* printf 'rules:\n  - preset: hits\n' | sha256sum */
	cr_assert_str_eq(rules->revision, "04550a6169ab01ddbe22076cf9b87ade8347983319d45780ac63e168642916b8");
	rules_free(rules);
}

#define RULE(lines) "rules:\n  - name: r\n    types: t\n    value: /v\n    player: /p\n    threshold: 1\n" lines

Test(rules, a_wrong_file_is_refused_with_line_and_key)
{
	static const struct {
		const char *file, *error;
	} cases[] = {
		{"", "rules.yaml:"},
		{"- a\n", "rules.yaml:1: expected \"rules:\""},
		{"rule: [hits]\n", "rules.yaml:1: rule: "},
		{"rules:\n", "rules.yaml:1: rules: expected a list of 1 to 64 rules"},
		{"rules: []\n", "rules.yaml:1: rules: expected a list of 1 to 64 rules"},
		{"rules:\n  - hits\n", "rules.yaml:2: expected a rule"},
		{"rules:\n  - preset: chess\n", "rules.yaml:2: preset: expected hits or shipwars, found \"chess\""},
		{"rules:\n  - preset: hits\n  - preset: hits\n", "rules.yaml:3: there is a rule named \"hits-over-10\" already"},
		{"rules:\n  - preset: hits\n    value: /x\n", "rules.yaml:3: value: "},
		{"rules:\n  - preset: hits\n    threshold: ten\n",
		 "rules.yaml:3: threshold: expected an integer from 0 to 9007199254740991, found \"ten\""},
		{"rules:\n  - preset: hits\n    threshold: 9007199254740992\n", "found \"9007199254740992\""},
		{"rules:\n  - preset: hits\n    threshold: -1\n", "found \"-1\""},
		{"rules:\n  - preset: hits\n    threshold: \"10\"\n", "expected an integer"},
		{"rules:\n  - preset: hits\n    treshold: 10\n", "treshold"},
		{"rules:\n  - types: t\n", "rules.yaml:2: name is missing"},
		{"rules:\n  - name: a b\n", "rules.yaml:2: name: expected 1 to 64 letters"},
		{"rules:\n  - name: a\n", "types is missing"},
		{"rules:\n  - name: a\n    types: []\n", "rules.yaml:3: types: expected an event type, or a list of 1 to 32"},
		{"rules:\n  - name: a\n    types: t\n", "value is missing"},
		{"rules:\n  - name: a\n    types: t\n    value: hits\n",
		 "rules.yaml:4: value: expected a JSON pointer such as /hits, found \"hits\""},
		{"rules:\n  - name: a\n    types: t\n    value: /a~2\n", "rules.yaml:4: value: expected a JSON pointer"},
		{"rules:\n  - name: a\n    types: t\n    value: /v\n", "player is missing"},
		{"rules:\n  - name: a\n    types: t\n    value: /v\n    player: Subject\n",
		 "rules.yaml:5: player: expected a JSON pointer"},
		{"rules:\n  - name: a\n    types: t\n    value: /v\n    player: /p\n", "threshold is missing"},
		{RULE("    kind: mean\n"), "rules.yaml:7: kind: expected value, sum or count, found \"mean\""},
		{RULE("    kind: sum\n"), "window is missing"},
		{RULE("    kind: count\n    window: {size: 1m}\n"), "rules.yaml:4: value: a rule of kind count has none"},
		{RULE("    window: {size: 1m}\n"), "rules.yaml:7: window: a rule of kind value has none"},
		{RULE("    kind: sum\n    window: 1m\n"), "rules.yaml:8: window: expected size"},
		{RULE("    kind: sum\n    window: {step: 1m}\n"), "size is missing"},
		{RULE("    kind: sum\n    window: {size: soon}\n"), "rules.yaml:8: size: "},
		{RULE("    kind: sum\n    window: {size: 0s}\n"), "rules.yaml:8: size: expected a duration from 1ms to 366d, found \"0s\""},
		{RULE("    kind: sum\n    window: {size: 1m, step: 2m}\n"), "rules.yaml:8: step: expected no more than the size"},
		{RULE("    kind: sum\n    window: {size: 1h, step: 1s}\n"), "rules.yaml:8: step: expected at least a 100th of the size"},
		{RULE("    kind: sum\n    window: {size: 1m, late: 1s}\n"), "rules.yaml:8: late"},
		{"rules:\n  - {name: r, types: t, kind: count, player: /p, threshold: 1001, window: {size: 1m}}\n",
		 "rules.yaml:2: threshold: expected an integer from 0 to 1000, found \"1001\""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rules *rules = NULL;
		struct ump_error error = {0};
		cr_assert_eq(rules_parse(&rules, ump_text(cases[i].file), "rules.yaml", -1, &error), -1, "accepted: %s", cases[i].file);
		cr_assert_null(rules);
		cr_assert(strstr(error.text, cases[i].error), "case %zu: expected \"%s\", got \"%s\"", i, cases[i].error, error.text);
	}
}

Test(rules, a_threshold_without_a_preset_is_refused)
{
	struct rules *rules = NULL;
	struct ump_error error;

	cr_assert_eq(rules_parse(&rules, ump_text(RULE("")), "rules.yaml", 5, &error), -1);
	cr_assert(strstr(error.text, "rules.yaml has no preset"), "%s", error.text);
}

Test(rules, a_missing_file_is_named)
{
	struct rules *rules = NULL;
	struct ump_error error;

	cr_assert_eq(rules_load(&rules, "/nowhere/rules.yaml", -1, &error), -1);
	cr_assert(strstr(error.text, "/nowhere/rules.yaml: No such file"), "%s", error.text);
}
