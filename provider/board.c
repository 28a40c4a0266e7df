/* provider/board.c: records in.
 *
 * What must be remembered for each event (was it seen, when was its other half) lives in direct-mapped memories of a fixed size: a newer
 * event takes the place of an older one. Losing a place loses one latency sample, or counts one redelivered record; it never grows. What is
 * remembered for each player is exact, and bounded by max_players. */
#include "common/memory.h"
#include "provider/board_private.h"
#include "provider/random.h"
#include "provider/run_name.h"
#include <stdio.h>
#include <stdlib.h>

#define FUTURE_MS 5000 /* clocks differ by no more; what claims to be later is taken as now */
#define ID_MOST   128  /* bytes of a player's id */

struct board *board_new(const struct board_options *options)
{
	struct board *board = ump_allocate(1, sizeof *board);
	if (options->run)
		snprintf(board->run, sizeof board->run, "%s", options->run);
	board->max_players = options->max_players;
	board->round_count = 1;
	return board;
}

void board_free(struct board *board)
{
	if (!board)
		return;
	for (size_t i = 0; i < board->players.count; i++) {
		free(((struct board_player *)board->players.entries[i])->scores);
		free(board->players.entries[i]);
	}
	table_release(&board->players);
	for (size_t i = 0; i < board->instance_count; i++)
		json_decref(board->instances[i].status);
	free(board);
}

bool board_shows(const struct board *board, struct ump_text source)
{
	return !board->run[0] || run_contains(board->run, source);
}

void board_copy_text(char *to, size_t size, struct ump_text from)
{
	size_t length = from.size < size ? from.size : size - 1;
	while (length > 0 && length < from.size && ((unsigned char)from.start[length] & 0xc0) == 0x80)
		length--;
	if (length)
		memcpy(to, from.start, length);
	to[length] = '\0';
}

struct board_player *board_player_of(struct board *board, struct ump_text id)
{
	struct board_player *player = (struct board_player *)table_find(&board->players, id);
	if (player)
		return player;
	if (!id.size || id.size > ID_MOST || board->players.count >= board->max_players) {
		board->more_players++;
		return NULL;
	}
	player = ump_allocate(1, sizeof *player + id.size + 1);
	memcpy(player->id, id.start, id.size);
	player->entry.name = (struct ump_text){player->id, id.size};
	player->last.offset = -1;
	table_add(&board->players, &player->entry);
	return player;
}

void board_touch(struct board *board, struct board_player *player)
{
	board->changed = true;
	if (player)
		player->changed = true;
}

/* ---- Rounds ---- */

unsigned board_round(const struct board *board, int64_t at_ms)
{
	unsigned round = board->round_count;
	while (round > 1 && board->rounds[round - 1].start_ms > at_ms)
		round--;
	return round;
}

const struct board_player *board_player(const struct board *board, struct ump_text id)
{
	return (const struct board_player *)table_find(&board->players, id);
}

const struct board_score *board_score(const struct board_player *player, unsigned round)
{
	for (size_t i = player->score_count; i > 0; i--)
		if (player->scores[i - 1].round == round)
			return &player->scores[i - 1];
	return NULL;
}

struct board_score *board_score_of(struct board *board, struct board_player *player, unsigned round)
{
	struct board_score *found = (struct board_score *)board_score(player, round);
	if (found)
		return found;
	size_t at = player->score_count++;
	player->scores = ump_reallocate(player->scores, player->score_count, sizeof *player->scores);
	for (; at > 0 && player->scores[at - 1].round > round; at--)
		player->scores[at] = player->scores[at - 1];
	player->scores[at] = (struct board_score){.round = round, .about = {.partition = -1}};
	board->rounds[round - 1].players++;
	return &player->scores[at];
}

/* ---- What is known of an event ---- */

static uint64_t hash_text(uint64_t hash, struct ump_text text)
{
	for (size_t i = 0; i < text.size; i++)
		hash = (hash ^ (unsigned char)text.start[i]) * UINT64_C(0x100000001b3);
	return random_mix(hash + text.size);
}

static uint64_t hash_event(struct ump_text source, struct ump_text id)
{
	uint64_t hash = hash_text(hash_text(UINT64_C(0xcbf29ce484222325), source), id);
	return hash ? hash : 1;
}

static bool is_again(uint64_t *seen, uint64_t hash)
{
	uint64_t *slot = &seen[hash % BOARD_SLOTS];
	bool again = *slot == hash;
	*slot = hash;
	return again;
}

/* Where the other half of this event stands; false where it has not been read. */
static bool meet(struct board *board, uint64_t hash, bool is_verdict, const struct board_place *place, struct board_place *ret_other)
{
	struct board_waiting *slot = &board->waiting[hash % BOARD_SLOTS];
	bool met = slot->hash == hash && slot->is_verdict != is_verdict;
	*ret_other = met ? slot->place : (struct board_place){.partition = -1};
	*slot = met ? (struct board_waiting){0} : (struct board_waiting){hash, *place, is_verdict};
	return met;
}

static struct board_place believable(const struct board_place *place, int64_t now_ms)
{
	struct board_place believed = *place;
	if (believed.timestamp_ms > now_ms + FUTURE_MS)
		believed.timestamp_ms = now_ms;
	return believed;
}

static struct board_event *tape(struct board *board, const struct board_place *place, unsigned round, const struct board_player *player)
{
	struct board_event *event = &board->recent[board->recent_count++ % BOARD_RECENT];
	*event = (struct board_event){.number = board->recent_count,
				      .round = round,
				      .hidden = player && player->hidden,
				      .place = *place,
				      .about = {.partition = -1},
				      .ms = -1};
	return event;
}

/* ---- Records ---- */

bool board_hit(struct board *board, const struct hit_reading *hit, const struct board_place *place, int64_t now_ms,
	       struct board_place *ret_other)
{
	uint64_t hash = hash_event(hit->source, hit->id);
	if (!board_shows(board, hit->source) || is_again(board->seen_hits, hash))
		return false;
	const struct board_place at = believable(place, now_ms);
	struct latency_second *second = latency_at(&board->latency, at.timestamp_ms / 1000);
	bool has_verdict = meet(board, hash, false, &at, ret_other);
	unsigned round = board_round(board, at.timestamp_ms);
	if (second)
		second->hits++;
	if (second && has_verdict)
		latency_measured(second, ret_other->timestamp_ms - at.timestamp_ms);
	board->rounds[round - 1].hits++;
	if (at.partition >= 0 && at.partition < BOARD_PARTITIONS)
		board->partition_hits[at.partition]++;

	struct board_player *player = board_player_of(board, hit->player);
	if (player) {
		struct board_score *score = board_score_of(board, player, round);
		score->hits++;
		score->best = hit->value > score->best ? hit->value : score->best;
		board_copy_text(player->name, sizeof player->name, hit->name);
	}
	struct board_event *event = tape(board, place, round, player);
	event->value = hit->value;
	board_copy_text(event->id, sizeof event->id, hit->id);
	board_copy_text(event->player, sizeof event->player, hit->player);
	board_copy_text(event->name, sizeof event->name, hit->name);
	board_copy_text(event->match, sizeof event->match, hit->match);
	board_copy_text(event->type, sizeof event->type, hit->type);
	board_touch(board, player);
	return true;
}

/* A verdict up to the place of a row that was read is in that row's count: a player's verdicts stand in one partition, in their order. */
static bool is_counted(const struct board_player *player, const struct board_place *place)
{
	return player->cheats && player->last.partition == place->partition && place->offset <= player->last.offset;
}

static void flag(struct board *board, struct board_player *player, struct board_score *score, const struct verdict_reading *verdict,
		 const struct board_place *place, const struct board_place *about)
{
	if (is_counted(player, place)) {
		if (ump_text_equals(verdict->event_id, ump_text(score->last_event)))
			score->about = *about; /* what the row does not say */
		return;
	}
	if (!player->cheats++)
		player->flagged_ms = place->timestamp_ms;
	if (!score->cheats++) {
		board->rounds[score->round - 1].flagged++;
		score->flagged_ms = place->timestamp_ms;
	}
	player->last = *place;
	score->last_ms = place->timestamp_ms;
	score->last_value = verdict->value;
	score->about = *about;
	board_copy_text(score->last_event, sizeof score->last_event, verdict->event_id);
	board_copy_text(score->last_rule, sizeof score->last_rule, verdict->rule);
	board_copy_text(player->run, sizeof player->run, run_of(verdict->event_source));
	board_row_failed(board, player);
}

/* A verdict belongs to the round of its hit; where that was not read, to that in which it was stored. */
bool board_verdict(struct board *board, const struct verdict_reading *verdict, const struct board_place *place, int64_t now_ms,
		   struct board_place *ret_other)
{
	uint64_t hash = hash_event(verdict->event_source, verdict->event_id);
	if (!board_shows(board, verdict->event_source) || is_again(board->seen_verdicts, hash ^ hash_text(verdict->cheating, verdict->id)))
		return false;
	const struct board_place at = believable(place, now_ms);
	struct latency_second *second = latency_at(&board->latency, at.timestamp_ms / 1000);
	bool has_hit = meet(board, hash, true, &at, ret_other);
	int64_t ms = at.timestamp_ms - ret_other->timestamp_ms;
	unsigned round = board_round(board, has_hit ? ret_other->timestamp_ms : at.timestamp_ms);
	if (second) {
		second->verdicts++;
		second->cheating += verdict->cheating;
		if (has_hit)
			latency_measured(second, ms);
	}
	board->rounds[round - 1].verdicts++;
	board->rounds[round - 1].cheating += verdict->cheating;

	struct board_player *player = board_player_of(board, verdict->player);
	struct board_score *score = player ? board_score_of(board, player, round) : NULL;
	if (score && verdict->cheating)
		flag(board, player, score, verdict, place, ret_other);
	if (score)
		score->verdicts++;
	struct board_event *event = tape(board, place, round, player);
	event->is_verdict = true;
	event->cheating = verdict->cheating;
	event->value = verdict->value;
	event->about = *ret_other;
	event->ms = has_hit ? (double)ms : -1;
	board_copy_text(event->id, sizeof event->id, verdict->event_id);
	board_copy_text(event->player, sizeof event->player, verdict->player);
	board_copy_text(event->name, sizeof event->name, ump_text(player ? player->name : NULL));
	board_copy_text(event->rule, sizeof event->rule, verdict->rule);
	board_touch(board, player);
	return true;
}

void board_dead_letter(struct board *board, const struct board_place *place)
{
	board->rounds[board_round(board, place->timestamp_ms) - 1].dead_letters++;
	board_touch(board, NULL);
}

void board_status(struct board *board, struct ump_text instance, struct ump_text value, int64_t timestamp_ms)
{
	json_t *status = value.size <= 8192 ? json_loadb(value.start ? value.start : "", value.size, 0, NULL) : NULL;
	if (!json_is_object(status)) {
		json_decref(status);
		return;
	}
	struct board_instance *found = NULL;
	for (size_t i = 0; i < board->instance_count && !found; i++)
		if (ump_text_equals(ump_text(board->instances[i].name), instance))
			found = &board->instances[i];
	if (!found && board->instance_count < BOARD_INSTANCES)
		found = &board->instances[board->instance_count++];
	for (size_t i = 0; !found && i < board->instance_count; i++) /* all taken: the one that has been silent for longest goes */
		if (i == 0 || board->instances[i].timestamp_ms < found->timestamp_ms)
			found = &board->instances[i];
	json_decref(found->status);
	board_copy_text(found->name, sizeof found->name, instance);
	found->status = status;
	found->timestamp_ms = timestamp_ms;
	board_touch(board, NULL);
}

bool board_changed(const struct board *board)
{
	return board->changed;
}

uint64_t board_refused(const struct board *board)
{
	return board->more_players;
}
