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
	return board;
}

void board_free(struct board *board)
{
	if (!board)
		return;
	for (size_t i = 0; i < board->players.count; i++)
		free(board->players.entries[i]);
	table_release(&board->players);
	for (size_t i = 0; i < board->instance_count; i++)
		json_decref(board->instances[i].status);
	free(board);
}

bool board_shows(const struct board *board, struct ump_text source)
{
	return !board->run[0] || run_contains(board->run, source);
}

/* A copy that ends at a character's boundary. */
static void copy_text(char *to, size_t size, struct ump_text from)
{
	size_t length = from.size < size ? from.size : size - 1;
	while (length > 0 && length < from.size && ((unsigned char)from.start[length] & 0xc0) == 0x80)
		length--;
	if (length)
		memcpy(to, from.start, length);
	to[length] = '\0';
}

static struct board_player *player_of(struct board *board, struct ump_text id)
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

static void touch(struct board *board, struct board_player *player)
{
	board->changed = true;
	if (player)
		player->changed = true;
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

/* When the other half of this event was stored, or -1 where it has not been read. */
static int64_t meet(struct board *board, uint64_t hash, bool is_verdict, int64_t timestamp_ms)
{
	struct board_waiting *slot = &board->waiting[hash % BOARD_SLOTS];
	if (slot->hash == hash && slot->is_verdict != is_verdict) {
		slot->hash = 0;
		return slot->timestamp_ms;
	}
	*slot = (struct board_waiting){hash, timestamp_ms, is_verdict};
	return -1;
}

static struct latency_second *second_of(struct board *board, int64_t *timestamp_ms, int64_t now_ms)
{
	if (*timestamp_ms > now_ms + FUTURE_MS)
		*timestamp_ms = now_ms;
	return latency_at(&board->latency, *timestamp_ms / 1000);
}

static struct board_event *tape(struct board *board, const struct board_place *place)
{
	struct board_event *event = &board->recent[board->recent_count++ % BOARD_RECENT];
	*event = (struct board_event){.number = board->recent_count, .place = *place, .ms = -1};
	return event;
}

/* ---- Records ---- */

void board_hit(struct board *board, const struct hit_reading *hit, const struct board_place *place, int64_t now_ms)
{
	uint64_t hash = hash_event(hit->source, hit->id);
	if (!board_shows(board, hit->source) || is_again(board->seen_hits, hash))
		return;
	int64_t timestamp_ms = place->timestamp_ms;
	struct latency_second *second = second_of(board, &timestamp_ms, now_ms);
	int64_t verdict_ms = meet(board, hash, false, timestamp_ms);
	if (second)
		second->hits++;
	if (second && verdict_ms >= 0)
		latency_measured(second, verdict_ms - timestamp_ms);
	board->hits++;
	if (place->partition >= 0 && place->partition < BOARD_PARTITIONS)
		board->partition_hits[place->partition]++;

	struct board_player *player = player_of(board, hit->player);
	if (player) {
		player->hits++;
		player->best = hit->value > player->best ? hit->value : player->best;
		copy_text(player->name, sizeof player->name, hit->name);
	}
	struct board_event *event = tape(board, place);
	event->value = hit->value;
	copy_text(event->id, sizeof event->id, hit->id);
	copy_text(event->player, sizeof event->player, hit->player);
	copy_text(event->name, sizeof event->name, hit->name);
	copy_text(event->match, sizeof event->match, hit->match);
	copy_text(event->type, sizeof event->type, hit->type);
	touch(board, player);
}

/* A verdict up to the place of a row that was read is in that row's count: a player's verdicts stand in one partition, in their order. */
static bool is_counted(const struct board_player *player, const struct board_place *place)
{
	return player->cheats && player->last.partition == place->partition && place->offset <= player->last.offset;
}

static void flag(struct board *board, struct board_player *player, const struct verdict_reading *verdict, const struct board_place *place)
{
	if (is_counted(player, place))
		return;
	if (!player->cheats++) {
		board->flagged++;
		player->flagged_ms = place->timestamp_ms;
	}
	player->last = *place;
	player->last_value = verdict->value;
	copy_text(player->last_event, sizeof player->last_event, verdict->event_id);
	copy_text(player->last_rule, sizeof player->last_rule, verdict->rule);
	copy_text(player->run, sizeof player->run, run_of(verdict->event_source));
	board_row_failed(board, player);
}

void board_verdict(struct board *board, const struct verdict_reading *verdict, const struct board_place *place, int64_t now_ms)
{
	uint64_t hash = hash_event(verdict->event_source, verdict->event_id);
	if (!board_shows(board, verdict->event_source) || is_again(board->seen_verdicts, hash ^ hash_text(verdict->cheating, verdict->id)))
		return;
	int64_t timestamp_ms = place->timestamp_ms;
	struct latency_second *second = second_of(board, &timestamp_ms, now_ms);
	int64_t hit_ms = meet(board, hash, true, timestamp_ms);
	if (second) {
		second->verdicts++;
		second->cheating += verdict->cheating;
		if (hit_ms >= 0)
			latency_measured(second, timestamp_ms - hit_ms);
	}
	board->verdicts++;
	board->cheating += verdict->cheating;

	struct board_player *player = player_of(board, verdict->player);
	if (player && verdict->cheating)
		flag(board, player, verdict, place);
	if (player)
		player->verdicts++;
	struct board_event *event = tape(board, place);
	event->is_verdict = true;
	event->cheating = verdict->cheating;
	event->value = verdict->value;
	event->ms = hit_ms >= 0 ? (double)(timestamp_ms - hit_ms) : -1;
	copy_text(event->id, sizeof event->id, verdict->event_id);
	copy_text(event->player, sizeof event->player, verdict->player);
	copy_text(event->name, sizeof event->name, ump_text(player ? player->name : NULL));
	copy_text(event->rule, sizeof event->rule, verdict->rule);
	touch(board, player);
}

void board_dead_letter(struct board *board, const struct board_place *place)
{
	(void)place;
	board->dead_letters++;
	touch(board, NULL);
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
	copy_text(found->name, sizeof found->name, instance);
	found->status = status;
	found->timestamp_ms = timestamp_ms;
	touch(board, NULL);
}

bool board_hide(struct board *board, struct ump_text id, bool hidden)
{
	struct board_player *player = (struct board_player *)table_find(&board->players, id);
	if (!player)
		return false;
	player->hidden = hidden;
	touch(board, player);
	return true;
}

bool board_changed(const struct board *board)
{
	return board->changed;
}

uint64_t board_refused(const struct board *board)
{
	return board->more_players;
}

/* ---- The table of flagged players ---- */

void board_row_failed(struct board *board, struct board_player *player)
{
	board->rows_due += !player->row_due;
	player->row_due = true;
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
		return player;
	}
	return NULL;
}

char *board_row(const struct board_player *player)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:I, s:{s:s, s:s, s:f, s:i, s:I, s:I}}", "player", player->id, "name", player->name,
				"run", player->run, "since", (json_int_t)player->flagged_ms, "count", (json_int_t)player->cheats, "last",
				"event", player->last_event, "rule", player->last_rule, "hits", player->last_value, "partition",
				(int)player->last.partition, "offset", (json_int_t)player->last.offset, "timestamp",
				(json_int_t)player->last.timestamp_ms);
	char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
	json_decref(row);
	return text;
}

static void take_row(struct board *board, struct ump_text key, json_t *row)
{
	const char *name, *run, *event, *rule;
	json_int_t since, count, offset, timestamp;
	double value;
	int partition;
	if (json_unpack(row, "{s:s, s:s, s:I, s:I, s:{s:s, s:s, s:F, s:i, s:I, s:I}}", "name", &name, "run", &run, "since", &since, "count",
			&count, "last", "event", &event, "rule", &rule, "hits", &value, "partition", &partition, "offset", &offset,
			"timestamp", &timestamp) ||
	    count < 1)
		return;
	size_t length = strlen(board->run);
	if (length && (strncmp(run, board->run, length) != 0 || (run[length] && run[length] != '/')))
		return;
	struct board_player *player = player_of(board, key);
	if (!player || player->cheats > (uint64_t)count)
		return;
	if (player->row_due && player->last.partition == partition && player->last.offset <= offset) {
		player->row_due = false; /* the verdicts that were read before are in the row */
		board->rows_due--;
	}
	if (player->cheats == (uint64_t)count)
		return;
	board->flagged += !player->cheats;
	player->cheats = (uint64_t)count;
	player->flagged_ms = since;
	player->last = (struct board_place){partition, offset, timestamp};
	player->last_value = value;
	copy_text(player->name, sizeof player->name, ump_text(name));
	copy_text(player->run, sizeof player->run, ump_text(run));
	copy_text(player->last_event, sizeof player->last_event, ump_text(event));
	copy_text(player->last_rule, sizeof player->last_rule, ump_text(rule));
	touch(board, player);
}

void board_read_row(struct board *board, struct ump_text key, struct ump_text value)
{
	json_t *row = value.size ? json_loadb(value.start, value.size, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (row)
		take_row(board, key, row);
	json_decref(row);
}
