/* provider/board_table.c: the table of flagged players: rows, and what the speaker orders.
 *
 * The table is compacted, so what is in it outlives the verdicts. A row is about a player, under the player's id; an order is about a run's
 * rounds or about who is hidden, under a key of its own. Rows and orders are read in any order: a row may name a round that is not known
 * yet. */
#include "common/memory.h"
#include "provider/board_private.h"
#include "provider/run_name.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROW_ROUNDS 8 /* of a player, the latest ones */

void board_row_failed(struct board *board, struct board_player *player)
{
	board->rows_due += !player->row_due;
	player->row_due = true;
}

static bool is_reserved(struct ump_text key)
{
	return ump_text_starts_with(key, UMP_TEXT(BOARD_RESERVED));
}

struct board_player *board_next_row(struct board *board)
{
	while (board->rows_due) {
		size_t i = board->row_cursor++ % board->players.count;
		struct board_player *player = (struct board_player *)board->players.entries[i];
		if (!player->row_due)
			continue;
		player->row_due = false;
		board->rows_due--;
		if (!is_reserved(player->entry.name))
			return player;
	}
	return NULL;
}

/* ---- Rows ---- */

static const struct board_score *latest_cheating(const struct board_player *player)
{
	const struct board_score *latest = NULL;
	for (size_t i = 0; i < player->score_count; i++)
		if (player->scores[i].cheats && (!latest || player->scores[i].last_ms >= latest->last_ms))
			latest = &player->scores[i];
	return latest;
}

static json_t *rounds_json(const struct board_player *player)
{
	json_t *rounds = json_array();
	for (size_t i = player->score_count; i > 0 && json_array_size(rounds) < ROW_ROUNDS; i--) {
		const struct board_score *score = &player->scores[i - 1];
		if (score->cheats)
			json_array_append_new(rounds, json_pack("{s:i, s:I, s:I, s:I, s:f, s:s, s:s}", "round", (int)score->round, "since",
								(json_int_t)score->flagged_ms, "count", (json_int_t)score->cheats,
								"timestamp", (json_int_t)score->last_ms, "hits", score->last_value, "event",
								score->last_event, "rule", score->last_rule));
	}
	return rounds;
}

static char *dump(json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	return text;
}

char *board_row(const struct board_player *player)
{
	const struct board_score *latest = latest_cheating(player);
	if (!latest)
		return NULL;
	return dump(json_pack("{s:s, s:s, s:s, s:I, s:I, s:{s:s, s:s, s:f, s:i, s:I, s:I}, s:o}", "player", player->id, "name",
			      player->name, "run", player->run, "since", (json_int_t)player->flagged_ms, "count",
			      (json_int_t)player->cheats, "last", "event", latest->last_event, "rule", latest->last_rule, "hits",
			      latest->last_value, "partition", (int)player->last.partition, "offset", (json_int_t)player->last.offset,
			      "timestamp", (json_int_t)player->last.timestamp_ms, "rounds", rounds_json(player)));
}

struct round_row {
	int round;
	json_int_t since, count, timestamp;
	double value;
	const char *event, *rule;
};

static void take_round_row(struct board *board, struct board_player *player, const struct round_row *row)
{
	if (row->round < 1 || row->round > BOARD_ROUNDS || row->count < 1)
		return;
	struct board_score *score = board_score_of(board, player, (unsigned)row->round);
	if (score->cheats >= (uint64_t)row->count)
		return;
	board->rounds[row->round - 1].flagged += !score->cheats;
	score->cheats = (uint64_t)row->count;
	score->flagged_ms = row->since;
	score->last_ms = row->timestamp;
	score->last_value = row->value;
	board_copy_text(score->last_event, sizeof score->last_event, ump_text(row->event));
	board_copy_text(score->last_rule, sizeof score->last_rule, ump_text(row->rule));
}

static void take_round_rows(struct board *board, struct board_player *player, const json_t *rounds)
{
	size_t i;
	json_t *each;
	json_array_foreach(rounds, i, each)
	{
		struct round_row row;
		if (json_unpack(each, "{s:i, s:I, s:I, s:I, s:F, s:s, s:s}", "round", &row.round, "since", &row.since, "count", &row.count,
				"timestamp", &row.timestamp, "hits", &row.value, "event", &row.event, "rule", &row.rule) == 0)
			take_round_row(board, player, &row);
	}
}

static bool is_of_this_run(const struct board *board, const char *run)
{
	size_t length = strlen(board->run);
	return !length || (strncmp(run, board->run, length) == 0 && (!run[length] || run[length] == '/'));
}

static void take_row(struct board *board, struct ump_text key, json_t *row)
{
	const char *name, *run;
	struct round_row last = {0};
	struct board_place place;
	json_int_t since, count, offset, timestamp;
	if (json_unpack(row, "{s:s, s:s, s:I, s:I, s:{s:s, s:s, s:F, s:i, s:I, s:I}}", "name", &name, "run", &run, "since", &since, "count",
			&count, "last", "event", &last.event, "rule", &last.rule, "hits", &last.value, "partition", &place.partition,
			"offset", &offset, "timestamp", &timestamp) ||
	    count < 1 || !is_of_this_run(board, run))
		return;
	place.offset = offset;
	place.timestamp_ms = timestamp;
	struct board_player *player = board_player_of(board, key);
	if (!player || player->cheats > (uint64_t)count)
		return;
	if (player->row_due && player->last.partition == place.partition && player->last.offset <= place.offset) {
		player->row_due = false; /* the verdicts that were read before are in the row */
		board->rows_due--;
	}
	if (player->cheats == (uint64_t)count)
		return;
	player->cheats = (uint64_t)count;
	player->flagged_ms = since;
	player->last = place;
	board_copy_text(player->name, sizeof player->name, ump_text(name));
	board_copy_text(player->run, sizeof player->run, ump_text(run));
	take_round_rows(board, player, json_object_get(row, "rounds"));
	board_touch(board, player);
}

/* ---- Orders ---- */

/* The run that an order is for: a board that shows all runs has orders of its own. */
static const char *scope_of(const struct board *board)
{
	return board->run[0] ? board->run : "*";
}

int board_order_round(const struct board *board, int64_t start_ms, char **ret_key, char **ret_order, struct ump_error *error)
{
	unsigned round = board->round_count + 1;
	if (round > BOARD_ROUNDS)
		return ump_fail(error, UMP_FATAL, "a board keeps %d rounds: start another run", BOARD_ROUNDS);
	if (board->rounds[board->round_count - 1].start_ms >= start_ms)
		return ump_fail(error, UMP_RETRY, "the latest round has not begun yet");
	*ret_key = ump_format(BOARD_RESERVED "round/%s/%u", scope_of(board), round);
	*ret_order = dump(json_pack("{s:s, s:i, s:I}", "run", scope_of(board), "round", (int)round, "start", (json_int_t)start_ms));
	return 0;
}

int board_order_hide(const struct board *board, const char *id, bool hidden, char **ret_key, char **ret_order, struct ump_error *error)
{
	const struct board_player *player = board_player(board, ump_text(id));
	if (!player)
		return ump_fail(error, UMP_REJECT, "player: there is no \"%.64s\"", id);
	*ret_key = ump_format(BOARD_RESERVED "hidden/%s/%s", scope_of(board), player->id);
	*ret_order = dump(json_pack("{s:s, s:s, s:b}", "run", scope_of(board), "player", player->id, "hidden", hidden));
	return 0;
}

static void obey_round(struct board *board, json_int_t round, json_int_t start_ms)
{
	if (round < 2 || round > BOARD_ROUNDS || start_ms < 1)
		return;
	board->rounds[round - 1].start_ms = start_ms;
	if (round > board->round_count)
		board->round_count = (unsigned)round;
	board_touch(board, NULL);
}

static void obey_hide(struct board *board, const char *id, bool hidden)
{
	struct board_player *player = board_player_of(board, ump_text(id));
	if (!player)
		return;
	player->hidden = hidden;
	for (size_t i = 0; i < BOARD_RECENT; i++)
		if (ump_text_equals(ump_text(board->recent[i].player), player->entry.name))
			board->recent[i].hidden = hidden;
	board_touch(board, player);
}

static void obey(struct board *board, json_t *order)
{
	const char *run = json_string_value(json_object_get(order, "run")), *player = json_string_value(json_object_get(order, "player"));
	json_t *round = json_object_get(order, "round");
	if (!run || strcmp(run, scope_of(board)) != 0)
		return;
	if (json_is_integer(round))
		obey_round(board, json_integer_value(round), json_integer_value(json_object_get(order, "start")));
	else if (player)
		obey_hide(board, player, json_is_true(json_object_get(order, "hidden")));
}

void board_read_row(struct board *board, struct ump_text key, struct ump_text value)
{
	json_t *row = value.size ? json_loadb(value.start, value.size, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (row && is_reserved(key))
		obey(board, row);
	else if (row)
		take_row(board, key, row);
	json_decref(row);
}
