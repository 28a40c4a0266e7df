/* provider/board_json.c: pages out. */
#include "provider/board_private.h"
#include <math.h>
#include <stdlib.h>

#define RATE_SECONDS   3   /* rates are means over these */
#define LATENCY_WINDOW 10  /* seconds */
#define PLAYERS_UPDATE 500 /* rows in one update; the rest goes into the next */

static json_t *number(double value)
{
	return value < 0 ? json_null() : json_real(round(value * 10) / 10);
}

static json_t *count_or_null(int64_t value)
{
	return value < 0 ? json_null() : json_integer(value);
}

/* The latest second that is over. */
static int64_t last_second(const struct board_facts *facts)
{
	return facts->now_ms / 1000 - 1;
}

static json_t *rates(const struct board *board, const struct board_facts *facts)
{
	double hits = 0, verdicts = 0, cheating = 0;
	for (int i = 0; i < RATE_SECONDS; i++) {
		const struct latency_second *second = latency_find(&board->latency, last_second(facts) - i);
		hits += second ? second->hits : 0;
		verdicts += second ? second->verdicts : 0;
		cheating += second ? second->cheating : 0;
	}
	return json_pack("{s:o, s:o, s:o}", "hits", number(hits / RATE_SECONDS), "verdicts", number(verdicts / RATE_SECONDS), "cheating",
			 number(cheating / RATE_SECONDS));
}

static json_t *percentiles(const struct board *board, const struct board_facts *facts)
{
	int64_t last = last_second(facts) + 1;
	return json_pack("{s:o, s:o}", "p50", number(latency_percentile(&board->latency, last, LATENCY_WINDOW, 0.5)), "p99",
			 number(latency_percentile(&board->latency, last, LATENCY_WINDOW, 0.99)));
}

/* [second, hits, verdicts, cheating, p50, p99] for each second from `first` on that is over. */
static json_t *series(const struct board *board, const struct board_facts *facts, int64_t first)
{
	json_t *rows = json_array();
	for (int64_t at = first; at <= last_second(facts); at++) {
		const struct latency_second *second = latency_find(&board->latency, at);
		json_array_append_new(rows, json_pack("[I, i, i, i, o, o]", (json_int_t)at, second ? (int)second->hits : 0,
						      second ? (int)second->verdicts : 0, second ? (int)second->cheating : 0,
						      number(latency_percentile(&board->latency, at, 1, 0.5)),
						      number(latency_percentile(&board->latency, at, 1, 0.99))));
	}
	return rows;
}

static json_t *player_json(const struct board_player *player)
{
	json_t *row =
		json_pack("{s:s, s:s, s:I, s:I, s:o, s:I}", "id", player->id, "name", player->name, "hits", (json_int_t)player->hits,
			  "verdicts", (json_int_t)player->verdicts, "best", number(player->best), "cheats", (json_int_t)player->cheats);
	if (player->cheats)
		json_object_set_new(row, "flagged",
				    json_pack("{s:I, s:o, s:s, s:s, s:I}", "since", (json_int_t)player->flagged_ms, "hits",
					      number(player->last_value), "rule", player->last_rule, "event", player->last_event, "last",
					      (json_int_t)player->last.timestamp_ms));
	if (player->hidden)
		json_object_set_new(row, "hidden", json_true());
	return row;
}

static json_t *event_json(const struct board_event *event)
{
	json_t *row = json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:i, s:I, s:I}", "n", (json_int_t)event->number, "kind",
				event->is_verdict ? "verdict" : "hit", "id", event->id, "player", event->player, "name", event->name,
				"hits", number(event->value), "partition", (int)event->place.partition, "offset",
				(json_int_t)event->place.offset, "at", (json_int_t)event->place.timestamp_ms);
	if (event->is_verdict) {
		json_object_set_new(row, "verdict", json_string(event->cheating ? "cheating" : "fair"));
		json_object_set_new(row, "rule", json_string(event->rule));
		json_object_set_new(row, "ms", number(event->ms));
	} else {
		json_object_set_new(row, "match", json_string(event->match));
		json_object_set_new(row, "type", json_string(event->type));
	}
	return row;
}

/* The tape's events after number `after`, as far as they are still there. */
static json_t *recent(const struct board *board, uint64_t after)
{
	json_t *rows = json_array();
	uint64_t first = board->recent_count > BOARD_RECENT ? board->recent_count - BOARD_RECENT : 0;
	for (uint64_t i = first > after ? first : after; i < board->recent_count; i++)
		json_array_append_new(rows, event_json(&board->recent[i % BOARD_RECENT]));
	return rows;
}

static json_t *partitions(const struct board *board, const struct board_facts *facts)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < facts->partitions && i < BOARD_PARTITIONS; i++) {
		int64_t end = facts->partition[i].end, committed = facts->partition[i].committed;
		json_array_append_new(rows, json_pack("{s:o, s:o, s:o, s:I}", "end", count_or_null(end), "committed",
						      count_or_null(committed), "lag",
						      count_or_null(end < 0 || committed < 0 ? -1
								    : end > committed        ? end - committed
											     : 0),
						      "hits", (json_int_t)board->partition_hits[i]));
	}
	return rows;
}

static json_t *instances(const struct board *board, const struct board_facts *facts)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < board->instance_count; i++) {
		const struct board_instance *instance = &board->instances[i];
		json_array_append_new(rows, json_pack("{s:s, s:I, s:O}", "instance", instance->name, "age",
						      (json_int_t)(facts->now_ms - instance->timestamp_ms), "status", instance->status));
	}
	return rows;
}

/* What is in every frame: small, and quicker sent than compared. */
static json_t *frame(const struct board *board, const struct board_facts *facts)
{
	json_t *held = facts->held_why ? json_string(facts->held_why) : json_null();
	return json_pack("{s:I, s:s?, s:s?, s:s?, s:b, s:I, s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:o, s:{s:s, s:s?, s:f, s:b, "
			 "s:o, s:I, s:I, s:I}, "
			 "s:i}",
			 "now", (json_int_t)facts->now_ms, "run", board->run[0] ? board->run : NULL, "broker", facts->broker, "group",
			 facts->group, "rebuilding", facts->rebuilding, "from", (json_int_t)facts->from_ms, "rate", rates(board, facts),
			 "latency", percentiles(board, facts), "totals", "hits", (json_int_t)board->hits, "verdicts",
			 (json_int_t)board->verdicts, "cheating", (json_int_t)board->cheating, "players",
			 (json_int_t)(board->players.count + board->more_players), "flagged", (json_int_t)board->flagged, "dead",
			 (json_int_t)board->dead_letters, "partitions", partitions(board, facts), "adapters", instances(board, facts),
			 "simulation", "state", facts->simulation, "scenario", facts->scenario, "rate", facts->rate, "held", facts->held,
			 "why", held, "produced", (json_int_t)facts->produced, "acknowledged", (json_int_t)facts->acknowledged, "failed",
			 (json_int_t)facts->failed, "pages", (int)facts->pages);
}

static char *dump(json_t *root)
{
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}

char *board_state(struct board *board, const struct board_facts *facts)
{
	json_t *root = frame(board, facts), *players = json_array();
	for (size_t i = 0; i < board->players.count; i++)
		json_array_append_new(players, player_json((struct board_player *)board->players.entries[i]));
	json_object_set_new(root, "players", players);
	json_object_set_new(root, "series", series(board, facts, last_second(facts) - LATENCY_SECONDS + 2));
	json_object_set_new(root, "events", recent(board, 0));
	return dump(root);
}

char *board_update(struct board *board, const struct board_facts *facts)
{
	json_t *root = frame(board, facts), *players = json_array();
	size_t rows = 0;
	board->changed = false;
	for (size_t i = 0; i < board->players.count; i++) {
		struct board_player *player = (struct board_player *)board->players.entries[i];
		if (!player->changed)
			continue;
		if (rows++ == PLAYERS_UPDATE) {
			board->changed = true;
			break;
		}
		player->changed = false;
		json_array_append_new(players, player_json(player));
	}
	json_object_set_new(root, "players", players);
	int64_t last = last_second(facts);
	if (board->sent_second < last - LATENCY_SECONDS + 2)
		board->sent_second = last - 1;
	json_object_set_new(root, "series", series(board, facts, board->sent_second + 1));
	json_object_set_new(root, "events", recent(board, board->sent_count));
	board->sent_second = last;
	board->sent_count = board->recent_count;
	return dump(root);
}
