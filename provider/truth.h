/* provider/truth.h: the right answer of a run: what was sent, and who cheated in which events.
 *
 * As a file it is one JSON object, replaced as a whole (a reader sees the old one or the new one):
 *
 *   {"version":1, "run":"…", "source":"/umpire/provider/…", "seed":7, "epoch":"<RFC 3339>", "started":"<RFC 3339>",
 *    "preset":"steady",            the scenario, or shipwars
 *    "topics":{"hits":"game-hits","verdicts":"audit-verdicts"}, "complete":true,
 *    "events":10000,               the highest id; ids begin at 1
 *    "failed":[],                  ids that Kafka did not acknowledge, in rising order
 *    "flagged":["p-0003"],         players of the cheating events that it did acknowledge, in the order of their first
 *    "cheating":[12,57]}           ids of these events, in rising order
 *
 * It is written when the run begins ("complete":false, no events) and when the last event is acknowledged or given up. */
#pragma once
#include "common/error.h"
#include "provider/run_name.h"
#include "provider/simulator.h"
#include "provider/table.h"

struct truth_player {
	struct table_entry entry; /* its name is `id` */
	char id[];
};

struct truth {
	char run[RUN_SIZE];
	uint64_t seed;
	int64_t epoch_us;
	int64_t started_us; /* of the wall's clock */
	char preset[32];
	char *hits_topic, *verdicts_topic;
	bool complete;
	uint64_t events;
	struct id_set acknowledged; /* not in a file: those up to `events` that have not failed */
	struct id_set cheating;
	struct table flagged; /* of struct truth_player */
};

void truth_release(struct truth *truth);

/* An event is in Kafka. */
void truth_acknowledged(struct truth *truth, uint64_t sequence, bool cheating, const char *player);

int truth_save(const struct truth *truth, const char *path, struct ump_error *error);

/* Kind UMP_RETRY where there is no such file (yet), UMP_REJECT where it is none of ours. */
int truth_load(struct truth *ret_truth, const char *path, struct ump_error *error);
