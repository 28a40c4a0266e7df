#include "provider/scenario_file.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Loads `text` from a file called lunch.yaml; what an error says of the file begins with its name alone. */
static int load(const char *text, struct scenario *ret_scenario, struct ump_error *error)
{
	char folder[] = "/tmp/umpire-scenario-XXXXXX";
	cr_assert(mkdtemp(folder));
	cr_assert_eq(chdir(folder), 0);
	FILE *file = fopen("lunch.yaml", "we");
	cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
	int result = scenario_load(ret_scenario, "lunch.yaml", error);
	unlink("lunch.yaml");
	cr_assert_eq(chdir("/"), 0);
	rmdir(folder);
	return result;
}

Test(scenario, every_key_is_read)
{
	struct scenario scenario;
	struct ump_error error;
	cr_assert_eq(load("name: noon\nevents: metrics\nstyle: slow\ncheaters: 0.25\ncheat-rate: 0.5\nhot-key: 0.4\nout-of-order: 0.3\n"
			  "duplicates: 0.2\nphases:\n- {duration: 1500ms, factor: 0}\n- factor: 2.5\n  duration: PT2S\n",
			  &scenario, &error),
		     0, "%s", error.text);
	cr_expect_str_eq(scenario.name, "noon");
	cr_expect_eq((int)scenario.payload, (int)SCENARIO_METRICS);
	cr_expect_eq((int)scenario.style, (int)SCENARIO_SLOW);
	const double found[] = {scenario.cheaters,     scenario.cheat_rate, scenario.hot,
				scenario.out_of_order, scenario.duplicates, scenario.phases[1].factor};
	const double expected[] = {0.25, 0.5, 0.4, 0.3, 0.2, 2.5};
	for (size_t i = 0; i < 6; i++)
		cr_expect(found[i] == expected[i], "%zu: %g", i, found[i]);
	cr_assert_eq(scenario.phase_count, 2u);
	cr_expect_eq(scenario.phases[0].duration_us, 1500000);
	cr_expect(scenario.phases[0].factor == 0);
	cr_expect_eq(scenario.phases[1].duration_us, 2000000);
}

Test(scenario, without_a_key_it_is_the_base_and_the_name_is_the_file_s)
{
	struct scenario scenario;
	struct ump_error error;
	const struct scenario *burst = scenario_find("burst"), *steady = scenario_find("steady");
	cr_assert_eq(load("base: burst\ncheaters: 0", &scenario, &error), 0, "%s", error.text);
	cr_expect_str_eq(scenario.name, "lunch");
	cr_expect_eq(scenario.phase_count, burst->phase_count);
	cr_expect(scenario.cheaters == 0 && scenario.cheat_rate == burst->cheat_rate);
	cr_assert_eq(load("hot-key: 1", &scenario, &error), 0, "%s", error.text);
	cr_expect(scenario.cheaters == steady->cheaters && scenario.phase_count == 0);
}

Test(scenario, errors_have_file_line_and_key)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"base: bursts", "lunch.yaml:1: base: there is no scenario \"bursts\", did you mean \"burst\"?"},
		{"hot-key: 0.5\ncheters: 0.3", "lunch.yaml:2: cheters: "},
		{"\n\ncheaters: 2", "lunch.yaml:3: cheaters: expected a number from 0 to 1, found \"2\""},
		{"cheat-rate: often", "lunch.yaml:1: cheat-rate: expected a number from 0 to 1, found \"often\""},
		{"cheat-rate: nan", "lunch.yaml:1: cheat-rate: expected a number"},
		{"duplicates: [1]", "lunch.yaml:1: duplicates: expected one value"},
		{"style: boundery", "lunch.yaml:1: style: there is no \"boundery\", did you mean \"boundary\"?"},
		{"events: shots", "lunch.yaml:1: events: there is no \"shots\""},
		{"name: a b", "lunch.yaml:1: name: expected a name of 1 to 31"},
		{"phases: 3", "lunch.yaml:1: phases: expected a list of 1 to 16 phases"},
		{"phases:\n- {duration: 1s}", "lunch.yaml:2: "},
		{"phases:\n- {duration: 1s, factor: 0}", "nothing would ever happen"},
		{"phases:\n- {duration: soon, factor: 1}", "lunch.yaml:2: duration: "},
		{"phases:\n- {duration: 0s, factor: 1}", "lunch.yaml:2: duration: expected 1ms to 24h"},
		{"phases:\n- {duration: 1s, factor: 1, speed: 2}", "lunch.yaml:2: speed: "},
		{"- steady", "expected a mapping"},
		{"cheaters: 0.1\ncheaters: 0.2", "lunch.yaml:2: "},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct scenario scenario;
		struct ump_error error;
		cr_assert_eq(load(rows[i].text, &scenario, &error), -1, "%s", rows[i].text);
		cr_expect(strstr(error.text, rows[i].error), "%s: %s", rows[i].text, error.text);
		cr_expect_eq((int)error.kind, (int)UMP_REJECT);
	}
}

Test(scenario, a_file_is_told_from_a_name)
{
	cr_expect(scenario_is_file("./steady") && scenario_is_file("lunch.yaml") && scenario_is_file("x.yml") && scenario_is_file("/a/b"));
	cr_expect_not(scenario_is_file("steady") || scenario_is_file(".yaml") || scenario_is_file("web-activity"));
}
