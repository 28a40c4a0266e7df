/* provider/board_private.h: the board's memory, for its parts: board.c (records in), board_table.c (rows and orders), board_json.c (pages
 * out). */
#pragma once
#include "provider/board.h"

#define BOARD_SLOTS 65536 /* of the direct-mapped memories below */

/* A hit that waits for its verdict, or the other way round: whichever is read first. */
struct board_waiting {
	uint64_t hash;
	struct board_place place;
	bool is_verdict;
};

/* One line of the page's tape. */
struct board_event {
	uint64_t number; /* from 1: rises with every event of the tape */
	unsigned round;
	bool is_verdict, cheating, hidden;
	struct board_place place, about; /* about: the hit of a verdict */
	double value;
	double ms; /* hit to verdict; -1: not known */
	char id[BOARD_EVENT_SIZE], player[64], name[64], match[24], rule[48], type[32];
};

struct board_instance {
	char name[64];
	json_t *status;
	int64_t timestamp_ms;
};

struct board_round {
	int64_t start_ms; /* 0: of the first, which has always been */
	uint64_t hits, verdicts, cheating, flagged, players, dead_letters;
};

struct board {
	char run[BOARD_RUN_SIZE]; /* empty: all */
	size_t max_players;
	struct table players; /* of struct board_player */
	uint64_t more_players;
	struct board_round rounds[BOARD_ROUNDS]; /* number n at n - 1 */
	unsigned round_count;                    /* at least 1 */
	size_t rows_due, row_cursor;             /* players whose row is due, and where to look for the next */
	uint64_t partition_hits[BOARD_PARTITIONS];
	struct latency latency;
	struct board_waiting waiting[BOARD_SLOTS];
	uint64_t seen_hits[BOARD_SLOTS], seen_verdicts[BOARD_SLOTS];
	struct board_event recent[BOARD_RECENT];
	uint64_t recent_count; /* the tape's last number */
	uint64_t sent_count;   /* of these, in updates */
	int64_t sent_second;
	unsigned sent_round;
	struct board_instance instances[BOARD_INSTANCES];
	size_t instance_count;
	bool changed;
};

/* For board_table.c. */
struct board_player *board_player_of(struct board *board, struct ump_text id); /* made where there is room; NULL: counted as one more */
struct board_score *board_score_of(struct board *board, struct board_player *player, unsigned round);
void board_touch(struct board *board, struct board_player *player); /* NULL: nobody's */
void board_copy_text(char *to, size_t size, struct ump_text from);  /* a copy that ends at a character's boundary */
