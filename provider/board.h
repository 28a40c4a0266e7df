/* provider/board.h: what the page shows, built from nothing but the records of the topics.
 *
 * Pure: fed with records and the time, asked for JSON. The same records give the same board, in whatever order the topics are read, so a
 * restart or a second board agrees with the first. Redelivered records (same source and id) change nothing as long as they are within the
 * last 65,536 or so. Times are those of the records. */
#pragma once
#include "provider/latency.h"
#include "provider/reading.h"
#include "provider/table.h"

#define BOARD_PARTITIONS 64 /* of the events' topic, shown at most */
#define BOARD_INSTANCES  16 /* of the adapter */
#define BOARD_RECENT     64 /* events and verdicts that a new page gets */
#define BOARD_RUN_SIZE   128

struct board_options {
	const char *run;    /* only this run's events and what belongs to it (the game); NULL: all */
	size_t max_players; /* further ones are counted as "more" */
};

/* Where a record stands. */
struct board_place {
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms;
};

struct board_player {
	struct table_entry entry; /* its name is `id` */
	char name[64];            /* may be empty */
	char run[BOARD_RUN_SIZE];
	uint64_t hits, verdicts; /* records; verdicts about them */
	double best;             /* the highest value of a hit */
	uint64_t cheats;         /* distinct cheating verdicts; sticky: never falls */
	int64_t flagged_ms;      /* timestamp of the first of these; 0: not flagged */
	struct board_place last; /* of the latest of these: those up to here are counted */
	double last_value;
	char last_event[32], last_rule[48]; /* cut where longer */
	bool hidden;                        /* by the speaker */
	bool row_due;                       /* the table of flagged players does not say this yet */
	bool changed;                       /* since the last update was written */
	char id[];
};

struct board;

struct board *board_new(const struct board_options *options);
void board_free(struct board *board);

/* A hit, a verdict, a dead letter, the state of an adapter. `now_ms`: the wall's time, against records from the future. */
void board_hit(struct board *board, const struct hit_reading *hit, const struct board_place *place, int64_t now_ms);

void board_verdict(struct board *board, const struct verdict_reading *verdict, const struct board_place *place, int64_t now_ms);
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

/* By the speaker: not shown any more, on any page; shown again. False where there is no such player. */
bool board_hide(struct board *board, struct ump_text player, bool hidden);

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
};

/* All, as one JSON object; and what has changed since the last update, in the same form with fewer members. The update is the same for all
 * pages; writing it marks everything as unchanged. NULL when memory is out; free() releases them. */
char *board_state(struct board *board, const struct board_facts *facts);
char *board_update(struct board *board, const struct board_facts *facts);
bool board_changed(const struct board *board);
uint64_t board_refused(const struct board *board); /* records of players beyond max_players */
