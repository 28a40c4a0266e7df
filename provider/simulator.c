/* provider/simulator.c: who plays, how often, and what happens.
 *
 * Players are drawn by weights that fall with their rank, as activity in real crowds does; ranks are shuffled by the seed. All arithmetic
 * that decides is on integers or single IEEE operations, so that no version of a mathematics library changes an event. Each event draws its
 * numbers from a state of its own (seed and sequence), so one event's course never shifts another's. */
#include "provider/simulator.h"
#include "common/memory.h"
#include "provider/random.h"
#include <stdio.h>
#include <stdlib.h>

#define LATER        64 /* events held back at a time */
#define LATER_MOST   32 /* events that may overtake one */
#define MATCH_US     (60 * INT64_C(1000000))
#define MATCH_SIZE   8 /* players */
#define SKEW         4 /* the most active player is this rank's share ahead of the next */
#define WEIGHT       1000000
#define CHEATER_SALT UINT64_C(0x63686561746572)

struct later {
	struct simulated_hit hit;
	uint64_t after; /* sequence that has to be out before */
};

struct simulator {
	struct scenario scenario;
	uint64_t seed;
	uint64_t events;
	int64_t end_us;
	uint64_t sequence; /* of the latest new event */
	unsigned players;
	struct simulated_player *player;
	uint32_t *ranked;  /* players by activity */
	uint64_t *weights; /* cumulated, by rank */
	double cheaters;   /* share, where the scenario does not say */
	double rate;
	int64_t since_us;  /* the present rate began here */
	uint64_t since;    /* events since then */
	int64_t next_us;   /* when the next new event happens */
	int64_t phases_us; /* phases are counted from here */
	bool stopped;
	struct later later[LATER];
	size_t later_count;
};

/* ---- Players ---- */

static void write_uuid(char *text, size_t size, uint64_t seed, uint32_t index)
{
	uint64_t high = random_mix(seed ^ random_mix(index)), low = random_mix(high);
	snprintf(text, size, "%08x-%04x-4%03x-%04x-%012llx", (uint32_t)(high >> 32), (uint32_t)(high >> 16) & 0xffff,
		 (uint32_t)high & 0xfff, (uint32_t)((low >> 48) & 0x3fff) | 0x8000, (unsigned long long)(low & 0xffffffffffff));
}

static void make_players(struct simulator *simulator)
{
	for (uint32_t i = 0; i < simulator->players; i++) {
		struct simulated_player *player = &simulator->player[i];
		name_write(player->name, simulator->seed, i);
		if (simulator->scenario.payload == SCENARIO_SHIPWARS)
			write_uuid(player->id, sizeof player->id, simulator->seed, i);
		else
			snprintf(player->id, sizeof player->id, "p-%04u", i + 1);
	}
}

static void shuffle(uint32_t *numbers, uint32_t count, uint64_t seed)
{
	struct random_state random = {seed};
	for (uint32_t i = 0; i < count; i++)
		numbers[i] = i;
	for (uint32_t i = count; i > 1; i--) {
		uint32_t other = random_below(&random, i), kept = numbers[i - 1];
		numbers[i - 1] = numbers[other];
		numbers[other] = kept;
	}
}

/* The order is the seed's, so that a larger share adds cheaters and clears nobody. */
static void choose_cheaters(struct simulator *simulator)
{
	double share = simulator->scenario.cheaters < 0 ? simulator->cheaters : simulator->scenario.cheaters;
	uint32_t *order = ump_allocate(simulator->players, sizeof *order);
	uint32_t count = (uint32_t)(share * simulator->players + 0.5);
	if (share > 0 && !count)
		count = 1;
	shuffle(order, simulator->players, simulator->seed ^ CHEATER_SALT);
	for (uint32_t i = 0; i < simulator->players; i++)
		simulator->player[order[i]].cheater = i < count;
	free(order);
}

struct simulator *simulator_new(const struct simulator_options *options)
{
	struct simulator *simulator = ump_allocate(1, sizeof *simulator);
	simulator->scenario = *options->scenario;
	simulator->seed = options->seed;
	simulator->players = options->players;
	simulator->events = options->events && options->events < SIMULATOR_EVENTS ? options->events : SIMULATOR_EVENTS;
	simulator->end_us = options->duration_us ? options->duration_us : INT64_MAX;
	simulator->rate = options->rate;
	simulator->player = ump_allocate(options->players, sizeof *simulator->player);
	simulator->ranked = ump_allocate(options->players, sizeof *simulator->ranked);
	simulator->weights = ump_allocate(options->players, sizeof *simulator->weights);
	make_players(simulator);
	shuffle(simulator->ranked, options->players, options->seed);
	uint64_t sum = 0;
	for (uint32_t rank = 0; rank < options->players; rank++)
		simulator->weights[rank] = sum += WEIGHT / (rank + SKEW);
	simulator->cheaters = options->cheaters;
	simulator_set_scenario(simulator, options->scenario);
	return simulator;
}

void simulator_free(struct simulator *simulator)
{
	if (!simulator)
		return;
	free(simulator->player);
	free(simulator->ranked);
	free(simulator->weights);
	free(simulator);
}

static uint32_t draw_player(const struct simulator *simulator, struct random_state *random)
{
	if (simulator->scenario.hot > 0 && random_unit(random) < simulator->scenario.hot)
		return simulator->ranked[0];
	uint64_t sum = simulator->weights[simulator->players - 1];
	uint64_t point = random_below(random, (uint32_t)sum);
	uint32_t low = 0, high = simulator->players - 1;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (simulator->weights[middle] > point)
			high = middle;
		else
			low = middle + 1;
	}
	return simulator->ranked[low];
}

/* ---- What happens ---- */

uint32_t simulator_threshold(enum scenario_payload payload)
{
	static const uint32_t thresholds[] = {
		[SCENARIO_HITS] = 10, [SCENARIO_SHIPWARS] = 10, [SCENARIO_WEB] = 100, [SCENARIO_METRICS] = 90, [SCENARIO_LOGS] = 20};
	return thresholds[payload];
}

static uint32_t fair_value(const struct scenario *scenario, uint32_t threshold, struct random_state *random)
{
	if (scenario->style == SCENARIO_BOUNDARY && random_below(random, 2))
		return threshold;
	return (random_below(random, threshold + 1) + random_below(random, threshold + 1) + 1) / 2;
}

static uint32_t cheating_value(const struct scenario *scenario, uint32_t threshold, struct random_state *random)
{
	switch (scenario->style) {
	case SCENARIO_BOUNDARY:
		return threshold + 1;
	case SCENARIO_SLOW:
		return threshold + 1 + random_below(random, threshold / 5 + 1);
	case SCENARIO_BLATANT:
		break;
	}
	return threshold + 1 + random_below(random, threshold * 2);
}

static uint32_t match_of(const struct simulator *simulator, uint32_t player, int64_t at_us)
{
	uint32_t tables = (simulator->players + MATCH_SIZE - 1) / MATCH_SIZE, table = player % tables;
	int64_t round = (at_us + table * (MATCH_US / tables)) / MATCH_US; /* matches begin one after the other */
	return 1 + table + tables * (uint32_t)round;
}

/* Moves `at_us` over phases in which nothing happens, and says how much faster than asked for the phase there is. */
static double phase_at(const struct simulator *simulator, int64_t *at_us)
{
	const struct scenario *scenario = &simulator->scenario;
	int64_t cycle = 0;
	for (size_t i = 0; i < scenario->phase_count; i++)
		cycle += scenario->phases[i].duration_us;
	if (!cycle)
		return 1;
	int64_t start = *at_us - (*at_us - simulator->phases_us) % cycle;
	for (;; start += cycle)
		for (size_t i = 0, n = scenario->phase_count; i < n; i++) {
			int64_t end = start;
			for (size_t j = 0; j <= i; j++)
				end += scenario->phases[j].duration_us;
			if (*at_us < end && scenario->phases[i].factor > 0)
				return scenario->phases[i].factor;
			if (*at_us < end)
				*at_us = end;
		}
}

/* Sets when the next event happens: by multiplication from where the rate began, so that nothing adds up. */
static void advance(struct simulator *simulator)
{
	double before = phase_at(simulator, &simulator->next_us);
	int64_t next = simulator->since_us + (int64_t)((double)++simulator->since * 1e6 / (simulator->rate * before));
	int64_t moved = next;
	double after = phase_at(simulator, &moved);
	if (moved != next || after < before || after > before) {
		simulator->since_us = moved;
		simulator->since = 0;
	}
	simulator->next_us = moved;
}

static struct simulated_hit make(struct simulator *simulator)
{
	uint64_t sequence = ++simulator->sequence;
	struct random_state random = {random_mix(simulator->seed) + sequence * UINT64_C(0xd1342543de82ef95)};
	struct simulated_hit hit = {.sequence = sequence, .at_us = simulator->next_us, .due_us = simulator->next_us};
	uint32_t threshold = simulator_threshold(simulator->scenario.payload);
	hit.player = draw_player(simulator, &random);
	hit.match = match_of(simulator, hit.player, hit.at_us);
	hit.cheating = simulator->player[hit.player].cheater && random_unit(&random) < simulator->scenario.cheat_rate;
	hit.value = hit.cheating ? cheating_value(&simulator->scenario, threshold, &random)
				 : fair_value(&simulator->scenario, threshold, &random);
	advance(simulator);
	return hit;
}

/* ---- What goes wrong on the way ---- */

/* Nothing new comes; what is held for later still does. */
static bool ended(const struct simulator *simulator)
{
	return simulator->stopped || simulator->sequence >= simulator->events || simulator->next_us >= simulator->end_us;
}

static bool takes_later(const struct simulator *simulator, size_t i)
{
	return ended(simulator) || simulator->later[i].after <= simulator->sequence;
}

static bool take_later(struct simulator *simulator, struct simulated_hit *ret_hit)
{
	for (size_t i = 0; i < simulator->later_count; i++)
		if (takes_later(simulator, i)) {
			*ret_hit = simulator->later[i].hit;
			if (ret_hit->due_us < simulator->next_us)
				ret_hit->due_us = simulator->next_us;
			simulator->later[i] = simulator->later[--simulator->later_count];
			return true;
		}
	return false;
}

static bool keep_later(struct simulator *simulator, const struct simulated_hit *hit, uint64_t events)
{
	if (simulator->later_count == LATER)
		return false;
	simulator->later[simulator->later_count++] = (struct later){*hit, hit->sequence + events};
	return true;
}

bool simulator_next(struct simulator *simulator, struct simulated_hit *ret_hit)
{
	for (;;) {
		if (take_later(simulator, ret_hit))
			return true;
		if (ended(simulator))
			return false;
		struct simulated_hit hit = make(simulator);
		struct random_state random = {random_mix(simulator->seed ^ hit.sequence)};
		uint32_t events = 1 + random_below(&random, LATER_MOST);
		bool late = random_unit(&random) < simulator->scenario.out_of_order;
		bool twice = random_unit(&random) < simulator->scenario.duplicates;
		*ret_hit = hit;
		hit.again = !late;
		if ((late || twice) && keep_later(simulator, &hit, events) && late)
			continue;
		return true;
	}
}

int64_t simulator_due(const struct simulator *simulator)
{
	return ended(simulator) && !simulator->later_count ? INT64_MAX : simulator->next_us;
}

void simulator_stop(struct simulator *simulator)
{
	simulator->stopped = true;
}

void simulator_set_rate(struct simulator *simulator, double rate)
{
	simulator->since_us = simulator->next_us;
	simulator->since = 0;
	simulator->rate = rate;
}

void simulator_set_scenario(struct simulator *simulator, const struct scenario *scenario)
{
	simulator->scenario = *scenario;
	choose_cheaters(simulator);
	simulator->phases_us = simulator->next_us;
	phase_at(simulator, &simulator->next_us);
	simulator_set_rate(simulator, simulator->rate);
}

const struct simulated_player *simulator_player(const struct simulator *simulator, uint32_t index)
{
	return &simulator->player[index];
}

const struct scenario *simulator_scenario(const struct simulator *simulator)
{
	return &simulator->scenario;
}
