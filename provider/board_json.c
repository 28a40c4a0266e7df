/* provider/board_json.c: pages out. */
#include "provider/board_private.h"
#include <math.h>
#include <stdlib.h>

#define RATE_SECONDS   3   /* rates are means over these */
#define LATENCY_WINDOW 10  /* seconds */
#define PLAYERS_UPDATE 500 /* rows in one update; the rest goes into the next */
#define EVENTS_UPDATE  24  /* of the tape in one update: the latest, as nobody reads more of it in a tenth of a second */

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

/* The place of a hit, or null: what the page asks for to show it whole. */
static json_t *place_json(const struct board_place *place)
{
	return place->partition < 0 ? json_null()
				    : json_pack("{s:i, s:I}", "partition", (int)place->partition, "offset", (json_int_t)place->offset);
}

/* Of a player who is hidden, that it is. NULL for one who was not there in that round. */
static json_t *player_json(const struct board_player *player, unsigned round)
{
	const struct board_score *score = board_score(player, round);
	if (player->hidden)
		return json_pack("{s:s, s:b}", "id", player->id, "hidden", true);
	if (!score)
		return NULL;
	json_t *row = json_pack("{s:s, s:s, s:I, s:I, s:o, s:I}", "id", player->id, "name", player->name, "hits", (json_int_t)score->hits,
				"verdicts", (json_int_t)score->verdicts, "best", number(score->best), "cheats", (json_int_t)score->cheats);
	if (score->cheats)
		json_object_set_new(row, "flagged",
				    json_pack("{s:I, s:o, s:s, s:s, s:I, s:o}", "since", (json_int_t)score->flagged_ms, "hits",
					      number(score->last_value), "rule", score->last_rule, "event", score->last_event, "last",
					      (json_int_t)score->last_ms, "about", place_json(&score->about)));
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
		json_object_set_new(row, "about", place_json(&event->about));
	} else {
		json_object_set_new(row, "match", json_string(event->match));
		json_object_set_new(row, "type", json_string(event->type));
	}
	return row;
}

/* The tape's events of a round after number `after`, at most the latest so many, as far as they are still there. */
static json_t *recent(const struct board *board, unsigned round, uint64_t after, uint64_t most)
{
	json_t *rows = json_array();
	uint64_t first = board->recent_count > most ? board->recent_count - most : 0;
	for (uint64_t i = first > after ? first : after; i < board->recent_count; i++) {
		const struct board_event *event = &board->recent[i % BOARD_RECENT];
		if (event->round == round && !event->hidden)
			json_array_append_new(rows, event_json(event));
	}
	return rows;
}

static json_t *rounds(const struct board *board, unsigned present)
{
	json_t *rows = json_array();
	for (unsigned round = 1; round <= present; round++)
		json_array_append_new(rows,
				      json_pack("{s:i, s:o}", "number", (int)round, "started",
						count_or_null(board->rounds[round - 1].start_ms ? board->rounds[round - 1].start_ms : -1)));
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

static json_t *totals(const struct board_round *round, uint64_t more_players)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "hits", (json_int_t)round->hits, "verdicts", (json_int_t)round->verdicts,
			 "cheating", (json_int_t)round->cheating, "players", (json_int_t)(round->players + more_players), "flagged",
			 (json_int_t)round->flagged, "dead", (json_int_t)round->dead_letters);
}

static json_t *simulation(const struct board_facts *facts)
{
	return json_pack("{s:s, s:s?, s:f, s:b, s:s?, s:I, s:I, s:I}", "state", facts->simulation, "scenario", facts->scenario, "rate",
			 facts->rate, "held", facts->held, "why", facts->held_why, "produced", (json_int_t)facts->produced, "acknowledged",
			 (json_int_t)facts->acknowledged, "failed", (json_int_t)facts->failed);
}

/* What is in every frame: small, and quicker sent than compared. */
static json_t *frame(const struct board *board, const struct board_facts *facts, unsigned round)
{
	const struct board_round *shown = &board->rounds[round - 1];
	return json_pack("{s:I, s:s?, s:s?, s:s?, s:b, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:s?, s:{s:i, s:o}, s:o}", "now",
			 (json_int_t)facts->now_ms, "run", board->run[0] ? board->run : NULL, "broker", facts->broker, "group",
			 facts->group, "rebuilding", facts->rebuilding, "from", (json_int_t)facts->from_ms, "rate", rates(board, facts),
			 "latency", percentiles(board, facts), "totals", totals(shown, board->more_players), "partitions",
			 partitions(board, facts), "adapters", instances(board, facts), "simulation", simulation(facts), "pages",
			 (int)facts->pages, "play", facts->play, "round", "number", (int)round, "started",
			 count_or_null(shown->start_ms ? shown->start_ms : -1), "rounds", rounds(board, board_round(board, facts->now_ms)));
}

static char *dump(json_t *root)
{
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	return text;
}

/* The second in which a round began, or the first that is still remembered. */
static int64_t first_second(const struct board *board, const struct board_facts *facts, unsigned round)
{
	int64_t remembered = last_second(facts) - LATENCY_SECONDS + 2, began = board->rounds[round - 1].start_ms / 1000;
	return began > remembered ? began : remembered;
}

static void add_player(json_t *rows, const struct board_player *player, unsigned round)
{
	json_t *row = player_json(player, round);
	if (row)
		json_array_append_new(rows, row);
}

char *board_state(struct board *board, const struct board_facts *facts, unsigned round)
{
	unsigned present = board_round(board, facts->now_ms);
	if (round > present)
		return NULL;
	if (round == 0)
		round = present;
	json_t *root = frame(board, facts, round), *players = json_array();
	for (size_t i = 0; i < board->players.count; i++)
		add_player(players, (struct board_player *)board->players.entries[i], round);
	json_object_set_new(root, "players", players);
	json_object_set_new(root, "series", series(board, facts, first_second(board, facts, round)));
	json_object_set_new(root, "events", recent(board, round, 0, BOARD_RECENT));
	return dump(root);
}

/* A page that sees a new round forgets the one before: what is known of the new one already goes out again. */
static void begin_round(struct board *board, unsigned round)
{
	for (size_t i = 0; i < board->players.count; i++) {
		struct board_player *player = (struct board_player *)board->players.entries[i];
		player->changed |= player->hidden || board_score(player, round);
	}
	board->sent_round = round;
	board->sent_second = 0;
	board->sent_count = 0;
}

char *board_update(struct board *board, const struct board_facts *facts)
{
	unsigned round = board_round(board, facts->now_ms);
	if (round != board->sent_round)
		begin_round(board, round);
	json_t *root = frame(board, facts, round), *players = json_array();
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
		add_player(players, player, round);
	}
	json_object_set_new(root, "players", players);
	int64_t last = last_second(facts), first = first_second(board, facts, round);
	json_object_set_new(root, "series", series(board, facts, board->sent_second + 1 > first ? board->sent_second + 1 : first));
	json_object_set_new(root, "events", recent(board, round, board->sent_count, EVENTS_UPDATE));
	board->sent_second = last;
	board->sent_count = board->recent_count;
	return dump(root);
}
