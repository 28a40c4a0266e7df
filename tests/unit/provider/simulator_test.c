#include "provider/names.h"
#include "provider/simulator.h"
#include "provider/table.h"
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

#define EVENTS 20000

static struct simulator *make(const char *scenario, uint64_t seed)
{
	return simulator_new(&(struct simulator_options){
		.scenario = scenario_find(scenario), .seed = seed, .rate = 1000, .players = 40, .cheaters = 0.1, .events = EVENTS});
}

static bool same(const struct simulated_hit *left, const struct simulated_hit *right)
{
	return left->sequence == right->sequence && left->at_us == right->at_us && left->player == right->player &&
	       left->value == right->value && left->match == right->match && left->cheating == right->cheating;
}

Test(simulator, the_same_seed_gives_the_same_events)
{
	struct simulator *one = make("steady", 7), *two = make("steady", 7);
	struct simulated_hit left, right;
	while (simulator_next(one, &left)) {
		cr_assert(simulator_next(two, &right));
		cr_assert(same(&left, &right));
		cr_assert_str_eq(simulator_player(one, left.player)->name, simulator_player(two, right.player)->name);
	}
	cr_expect_not(simulator_next(two, &right));
	simulator_free(one);
	simulator_free(two);
}

Test(simulator, another_seed_gives_others)
{
	struct simulator *one = make("steady", 7), *two = make("steady", 8);
	struct simulated_hit left, right;
	unsigned equal = 0;
	while (simulator_next(one, &left) && simulator_next(two, &right))
		equal += left.player == right.player && left.value == right.value;
	cr_expect_lt(equal, EVENTS / 10);
	simulator_free(one);
	simulator_free(two);
}

/* Golden: these events are the same on every machine and in every version, or old truth files stop meaning anything. */
Test(simulator, the_first_events_of_seed_7_are_known)
{
	static const struct {
		uint32_t player, value;
		bool cheating;
	} expected[] = {{17, 5, false}, {17, 7, false}, {17, 8, false}, {38, 9, false},
			{17, 4, false}, {25, 9, false}, {18, 8, false}, {22, 5, false}};
	struct simulator *simulator = make("steady", 7);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		struct simulated_hit hit;
		cr_assert(simulator_next(simulator, &hit));
		cr_expect_eq(hit.player, expected[i].player, "event %zu: player %u", i + 1, hit.player);
		cr_expect_eq(hit.value, expected[i].value, "event %zu: value %u", i + 1, hit.value);
		cr_expect_eq(hit.cheating, expected[i].cheating, "event %zu", i + 1);
	}
	simulator_free(simulator);
}

static const char *const names[] = {"steady",       "burst",      "cheaters",     "boundary", "slow-cheaters", "hot-key",
				    "out-of-order", "duplicates", "web-activity", "metrics",  "logs"};

/* What must hold in every scenario: every sequence once (again only as `again`), due times that never fall, the known truth. */
static void check_scenario(const char *name)
{
	struct simulator *simulator = make(name, 3);
	uint32_t threshold = simulator_threshold(simulator_scenario(simulator)->payload);
	struct id_set seen = {0};
	struct simulated_hit hit;
	int64_t due = 0;
	unsigned cheating = 0, at_threshold = 0;
	while (simulator_next(simulator, &hit)) {
		cr_assert_geq(hit.due_us, due, "%s: event %llu is due before the one ahead of it", name, (unsigned long long)hit.sequence);
		cr_assert_leq(hit.at_us, hit.due_us);
		due = hit.due_us;
		cr_assert_eq(id_set_add(&seen, hit.sequence), !hit.again, "%s: event %llu", name, (unsigned long long)hit.sequence);
		cr_assert_eq(hit.cheating, hit.value > threshold, "%s: %u is called %s", name, hit.value,
			     hit.cheating ? "cheating" : "fair");
		cr_assert(!hit.cheating || simulator_player(simulator, hit.player)->cheater, "%s: a fair player cheats", name);
		cheating += hit.cheating;
		at_threshold += hit.value == threshold;
	}
	cr_expect_eq(seen.count, (size_t)EVENTS, "%s: %zu distinct events", name, seen.count);
	cr_expect(id_set_has(&seen, 1) && id_set_has(&seen, EVENTS));
	cr_expect_gt(cheating, 0u, "%s: nobody cheats", name);
	cr_expect_gt(at_threshold, 0u, "%s: nobody reaches what is just fair", name);
	cr_expect_eq(simulator_due(simulator), INT64_MAX);
	id_set_release(&seen);
	simulator_free(simulator);
}

Test(simulator, every_scenario_keeps_its_promises)
{
	cr_expect_eq(scenario_count, sizeof names / sizeof *names);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		check_scenario(names[i]);
}

Test(simulator, at_a_rate_of_three_nothing_drifts)
{
	struct simulator *simulator = simulator_new(&(struct simulator_options){
		.scenario = scenario_find("steady"), .seed = 1, .rate = 3, .players = 2, .cheaters = 0, .events = 300001});
	struct simulated_hit hit;
	while (simulator_next(simulator, &hit))
		cr_assert_leq(llabs(hit.due_us - (int64_t)((hit.sequence - 1) * 1000000 / 3)), 1);
	cr_expect_eq(hit.due_us, INT64_C(100000000000));
	simulator_free(simulator);
}

Test(simulator, the_rate_changes_from_now_on)
{
	struct simulator *simulator = make("steady", 1);
	struct simulated_hit hit;
	for (int i = 0; i < 1000; i++)
		simulator_next(simulator, &hit);
	simulator_set_rate(simulator, 10);
	simulator_next(simulator, &hit);
	cr_expect_eq(hit.due_us, 1000000);
	simulator_next(simulator, &hit);
	cr_expect_eq(hit.due_us, 1100000);
	simulator_free(simulator);
}

Test(simulator, a_burst_is_silent_first_and_twenty_times_as_fast_then)
{
	struct simulator *simulator = simulator_new(&(struct simulator_options){
		.scenario = scenario_find("burst"), .seed = 1, .rate = 10, .players = 5, .cheaters = 0.2, .events = 2000});
	struct simulated_hit hit;
	unsigned quiet = 0, burst = 0, calm = 0;
	while (simulator_next(simulator, &hit) && hit.due_us < 40000000) {
		quiet += hit.due_us < 20000000;
		burst += hit.due_us >= 20000000 && hit.due_us < 25000000;
		calm += hit.due_us >= 25000000;
	}
	cr_expect_eq(quiet, 0u);
	cr_expect(burst >= 999 && burst <= 1001, "%u in the burst", burst);
	cr_expect(calm >= 149 && calm <= 151, "%u after it", calm);
	simulator_free(simulator);
}

Test(simulator, a_hot_key_makes_half_the_traffic)
{
	struct simulator *simulator = make("hot-key", 5);
	struct simulated_hit hit;
	unsigned counts[40] = {0}, most = 0;
	while (simulator_next(simulator, &hit))
		counts[hit.player]++;
	for (int i = 0; i < 40; i++)
		most = counts[i] > most ? counts[i] : most;
	cr_expect(most > EVENTS / 2 && most < EVENTS * 6 / 10, "%u of %d", most, EVENTS);
	simulator_free(simulator);
}

Test(simulator, what_goes_wrong_does)
{
	struct simulator *late = make("out-of-order", 1), *twice = make("duplicates", 1);
	struct simulated_hit hit;
	uint64_t highest = 0;
	unsigned behind = 0, again = 0;
	while (simulator_next(late, &hit)) {
		behind += hit.sequence < highest;
		highest = hit.sequence > highest ? hit.sequence : highest;
	}
	while (simulator_next(twice, &hit))
		again += hit.again;
	cr_expect(behind > EVENTS / 10 && behind < EVENTS / 3, "%u out of order", behind);
	cr_expect(again > EVENTS / 10 && again < EVENTS / 3, "%u sent twice", again);
	simulator_free(late);
	simulator_free(twice);
}

Test(simulator, a_stop_leaves_no_gap)
{
	struct simulator *simulator = make("out-of-order", 1);
	struct id_set seen = {0};
	struct simulated_hit hit;
	uint64_t highest = 0;
	for (int i = 0; i < 1000 && simulator_next(simulator, &hit); i++)
		id_set_add(&seen, hit.sequence);
	simulator_stop(simulator);
	while (simulator_next(simulator, &hit))
		id_set_add(&seen, hit.sequence);
	for (uint64_t id = id_set_next(&seen, 0); id != UINT64_MAX; id = id_set_next(&seen, id + 1))
		highest = id;
	cr_expect_eq(seen.count, highest);
	id_set_release(&seen);
	simulator_free(simulator);
}

Test(simulator, the_share_of_cheaters_is_kept)
{
	static const struct {
		double share;
		unsigned players, expected;
	} rows[] = {{0, 40, 0}, {0.1, 40, 4}, {0.001, 40, 1}, {1, 40, 40}, {0.5, 1, 1}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct simulator *simulator = simulator_new(&(struct simulator_options){
			.scenario = scenario_find("steady"), .seed = 9, .rate = 1, .players = rows[i].players, .cheaters = rows[i].share});
		unsigned cheaters = 0;
		for (uint32_t p = 0; p < rows[i].players; p++)
			cheaters += simulator_player(simulator, p)->cheater;
		cr_expect_eq(cheaters, rows[i].expected, "share %g of %u: %u", rows[i].share, rows[i].players, cheaters);
		simulator_free(simulator);
	}
}

Test(names, the_first_4096_differ)
{
	struct {
		struct table_entry entry;
		char name[NAME_SIZE];
	} *all = calloc(4096, sizeof *all);
	struct table table = {0};
	for (uint32_t i = 0; i < 4096; i++) {
		name_write(all[i].name, 7, i);
		all[i].entry.name = ump_text(all[i].name);
		cr_assert_null(table_find(&table, all[i].entry.name), "%s twice", all[i].name);
		table_add(&table, &all[i].entry);
	}
	char next[NAME_SIZE];
	name_write(next, 7, 4096);
	cr_expect_str_eq(next + strlen(next) - 2, " 2");
	table_release(&table);
	free(all);
}
