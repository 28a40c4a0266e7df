/* provider/board.h: what the page shows, built from nothing but the records of the topics.
 *
 * Pure: fed with records and the time, asked for JSON. The same records give the same board, in whatever order the topics are read, so a
 * restart or a second board agrees with the first. Redelivered records (same source and id) change nothing as long as they are within the
 * last 65,536 or so. Times are those of the records. */
#pragma once
#include "provider/latency.h"
#include "provider/reading.h"
#include "provider/table.h"

#define BOARD_PARTITIONS 64  /* of the events' topic, shown at most */
#define BOARD_INSTANCES  16  /* of the adapter */
#define BOARD_RECENT     256 /* events and verdicts that a new page gets */
#define BOARD_ROUNDS     32  /* of a game; a speaker who wants more starts another run */
#define BOARD_RUN_SIZE   128
#define BOARD_EVENT_SIZE 64        /* of an event's id, cut where longer; a person's has 51 */
#define BOARD_RESERVED   "umpire/" /* keys of the table that are no player's begin with it */

struct board_options {
	const char *run;    /* only this run's events and what belongs to it (the game); NULL: all */
	size_t max_players; /* further ones are counted as "more" */
};

/* Where a record stands; partition -1: nowhere that is known. */
struct board_place {
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms;
};

/* What a player did in one round. */
struct board_score {
	unsigned round;
	uint64_t hits, verdicts; /* records; verdicts about them */
	double best;             /* the highest value of a hit */
	uint64_t cheats;         /* distinct cheating verdicts; never falls */
	int64_t flagged_ms;      /* timestamp of the first of these; 0: not flagged */
	int64_t last_ms;         /* and of the latest */
	double last_value;
	char last_event[BOARD_EVENT_SIZE], last_rule[48]; /* cut where longer */
	struct board_place about;                         /* the hit of the latest of these */
};

struct board_player {
	struct table_entry entry; /* its name is `id` */
	char name[64];            /* may be empty */
	char run[BOARD_RUN_SIZE];
	struct board_score *scores; /* by round, rising; the rounds in which there was something */
	size_t score_count;
	uint64_t cheats;         /* distinct cheating verdicts in all rounds; sticky: never falls */
	int64_t flagged_ms;      /* timestamp of the first of these; 0: not flagged */
	struct board_place last; /* of the latest of these: those up to here are counted */
	bool hidden;             /* by the speaker */
	bool row_due;            /* the table of flagged players does not say this yet */
	bool changed;            /* since the last update was written */
	char id[];
};

struct board;

struct board *board_new(const struct board_options *options);
void board_free(struct board *board);

/* A hit, a verdict, a dead letter, the state of an adapter. `now_ms`: the wall's time, against records from the future. True where the
 * record was taken; then `ret_other` is where its other half stands (the verdict of a hit, the hit of a verdict), as far as it was read
 * before. */
bool board_hit(struct board *board, const struct hit_reading *hit, const struct board_place *place, int64_t now_ms,
	       struct board_place *ret_other);

bool board_verdict(struct board *board, const struct verdict_reading *verdict, const struct board_place *place, int64_t now_ms,
		   struct board_place *ret_other);
void board_dead_letter(struct board *board, const struct board_place *place);
void board_status(struct board *board, struct ump_text instance, struct ump_text value, int64_t timestamp_ms);

/* The table of flagged players: who needs a new row (taken off the list by asking; NULL: nobody), rows as JSON, written and read. A row for
 * another run, or a malformed one, changes nothing. */
struct board_player *board_next_row(struct board *board);
void board_row_failed(struct board *board, struct board_player *player); /* puts it back on the list */
char *board_row(const struct board_player *player);                      /* free() releases it */
void board_read_row(struct board *board, struct ump_text key, struct ump_text value);

/* True where an event's source belongs to what this board shows. */
bool board_shows(const struct board *board, struct ump_text source);

/* ---- What the speaker orders ----
 *
 * Orders are records in the table of flagged players, under keys that no player has; board_read_row() obeys them. So a restart obeys them
 * again, and a second board as well. An order for another run changes nothing. free() releases keys and orders. */

/* A new round, from `start_ms` on: what is stored from then on belongs to it. -1 where there are as many as a board keeps, or where the
 * latest has not begun. */
int board_order_round(const struct board *board, int64_t start_ms, char **ret_key, char **ret_order, struct ump_error *error);

/* A player is shown no more, on no page; or shown again. */
int board_order_hide(const struct board *board, const char *player, bool hidden, char **ret_key, char **ret_order, struct ump_error *error);

/* The round of that time, from 1 on. */
unsigned board_round(const struct board *board, int64_t at_ms);

/* The player of that id, or NULL; and what it did in a round, or NULL. */
const struct board_player *board_player(const struct board *board, struct ump_text id);
const struct board_score *board_score(const struct board_player *player, unsigned round);

/* What the board cannot learn from these records: the rest of the page. -1 and negative: not known. */
struct board_facts {
	int64_t now_ms, from_ms; /* from_ms: the records begin here; 0: at their beginning */
	bool rebuilding;         /* the records that were there at the start are not all read */
	const char *broker;      /* "embedded", or NULL */
	const char *group;
	size_t partitions;
	struct {
		int64_t end, committed;
	} partition[BOARD_PARTITIONS];
	bool held;              /* the simulator waits for the adapter, the board or Kafka */
	const char *held_why;   /* or NULL */
	const char *simulation; /* "running", "held", "paused", "finished", "off" */
	const char *scenario;
	double rate;
	uint64_t produced, acknowledged, failed;
	size_t pages;
	const char *play; /* the game's address for phones, or NULL */
};

/* All of a round (0: the present one), as one JSON object; and what has changed in the present one since the last update, in the same form
 * with fewer members. The update is the same for all pages; writing it marks everything as unchanged. NULL when memory is out, or where
 * there is no such round; free() releases them. */
char *board_state(struct board *board, const struct board_facts *facts, unsigned round);
char *board_update(struct board *board, const struct board_facts *facts);
bool board_changed(const struct board *board);
uint64_t board_refused(const struct board *board); /* records of players beyond max_players */
