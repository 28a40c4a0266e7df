/* tests/fuzz/rules.c: any bytes as a rules file. What is accepted keeps the bounds that the state relies on. */
#include "audit-fn/rules.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct rules *rules;
	struct ump_error error;

	if (rules_parse(&rules, (struct ump_text){(const char *)bytes, size}, "rules.yaml", -1, &error) < 0) {
		must(*error.text);
		return 0;
	}
	must(rules->count >= 1 && rules->count <= RULES_MAX);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];
		int64_t starts[WINDOW_OVERLAP_MAX];
		must(*rule->name && rule->type_count >= 1 && rule->player_count >= 1);
		must((rule->value != NULL) == (rule->kind != RULE_COUNT));
		if (rule->kind == RULE_VALUE)
			continue;
		must(rule->threshold <= RULES_WINDOWED_MAX);
		size_t count = window_starts(&rule->window, 1700000000000000, starts);
		must(count >= 1 && starts[0] <= 1700000000000000 && starts[0] + rule->window.size_us > 1700000000000000);
	}
	rules_free(rules);
	return 0;
}
