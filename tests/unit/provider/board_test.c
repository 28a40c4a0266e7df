#include "provider/board.h"
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1700000000000)

static struct board *new_board(void)
{
	return board_new(&(struct board_options){.run = "r1", .max_players = 10});
}

static void hit(struct board *board, const char *id, const char *player, double value, int64_t offset, int64_t after_ms)
{
	const struct hit_reading reading = {.source = UMP_TEXT("/umpire/provider/r1"),
					    .id = ump_text(id),
					    .type = UMP_TEXT("game.hits"),
					    .player = ump_text(player),
					    .value = value};
	struct board_place other;
	board_hit(board, &reading, &(struct board_place){0, offset, NOW_MS + after_ms}, NOW_MS + after_ms, &other);
}

/* A cheating verdict about event `id`, at this offset of partition 2. */
static void verdict(struct board *board, const char *id, const char *player, int64_t offset, int64_t after_ms)
{
	const struct verdict_reading reading = {.id = ump_text(id),
						.event_source = UMP_TEXT("/umpire/provider/r1"),
						.event_id = ump_text(id),
						.player = ump_text(player),
						.rule = UMP_TEXT("hits-over-10"),
						.cheating = true,
						.value = 12};
	struct board_place other;
	board_verdict(board, &reading, &(struct board_place){2, offset, NOW_MS + after_ms}, NOW_MS + after_ms, &other);
}

static json_t *state(struct board *board)
{
	char *text = board_state(board, &(struct board_facts){.now_ms = NOW_MS + 2000, .simulation = "off"}, 0);
	cr_assert_not_null(text);
	json_t *root = json_loads(text, 0, NULL);
	free(text);
	return root;
}

static json_int_t total(struct board *board, const char *name)
{
	json_t *root = state(board);
	json_int_t value = json_integer_value(json_object_get(json_object_get(root, "totals"), name));
	json_decref(root);
	return value;
}

/* The row of p-1 after two verdicts, as another board wrote it. free() releases it. */
static char *row_of_two(void)
{
	struct board *board = new_board();
	verdict(board, "5", "p-1", 10, 0);
	verdict(board, "9", "p-1", 11, 100);
	struct board_player *player = board_next_row(board);
	cr_assert_str_eq(player->id, "p-1");
	cr_assert_null(board_next_row(board), "one row for both");
	char *row = board_row(player);
	board_free(board);
	return row;
}

static void expect_two_and_nothing_due(struct board *board)
{
	cr_assert_null(board_next_row(board), "the table says it already");
	json_t *root = state(board), *player = json_array_get(json_object_get(root, "players"), 0);
	cr_assert_eq(json_integer_value(json_object_get(player, "cheats")), 2);
	cr_assert_eq(json_integer_value(json_object_get(json_object_get(player, "flagged"), "since")), NOW_MS);
	json_decref(root);
	cr_assert_eq(total(board, "flagged"), 1);
}

Test(board, a_row_read_before_its_verdicts_counts_them_once)
{
	struct board *board = new_board();
	char *row = row_of_two();
	board_read_row(board, UMP_TEXT("p-1"), ump_text(row));
	verdict(board, "5", "p-1", 10, 0);
	verdict(board, "9", "p-1", 11, 100);
	expect_two_and_nothing_due(board);
	board_free(board);
	free(row);
}

Test(board, a_row_read_after_its_verdicts_is_not_written_again)
{
	char *row = row_of_two();
	for (int before = 1; before <= 2; before++) {
		struct board *board = new_board();
		verdict(board, "5", "p-1", 10, 0);
		if (before == 2)
			verdict(board, "9", "p-1", 11, 100);
		board_read_row(board, UMP_TEXT("p-1"), ump_text(row));
		if (before == 1)
			verdict(board, "9", "p-1", 11, 100);
		expect_two_and_nothing_due(board);
		board_free(board);
	}
	free(row);
}

Test(board, a_verdict_that_the_row_does_not_have_makes_a_new_one_due)
{
	struct board *board = new_board();
	char *row = row_of_two();
	board_read_row(board, UMP_TEXT("p-1"), ump_text(row));
	verdict(board, "14", "p-1", 12, 200);
	struct board_player *player = board_next_row(board);
	cr_assert_not_null(player);
	cr_assert_eq(player->cheats, 3);
	board_row_failed(board, player);
	board_read_row(board, UMP_TEXT("p-1"), ump_text(row)); /* an old one, once more */
	cr_assert_eq(board_next_row(board), player, "still due");
	board_free(board);
	free(row);
}

Test(board, records_delivered_again_change_nothing)
{
	struct board *board = new_board();
	for (int64_t time = 0; time < 3; time++) {
		hit(board, "1", "p-1", 12, 1 + time, time);
		verdict(board, "1", "p-1", 20 + time, 30 + time);
	}
	cr_assert_eq(total(board, "hits"), 1);
	cr_assert_eq(total(board, "verdicts"), 1);
	cr_assert_eq(total(board, "cheating"), 1);
	board_free(board);
}

Test(board, rows_that_are_malformed_or_of_another_run_change_nothing)
{
	struct board *board = new_board();
	char *row = row_of_two(), *run = strstr(row, "\"r1\"");
	board_read_row(board, UMP_TEXT("p-1"), UMP_TEXT("{\"count\":\"two\"}"));
	board_read_row(board, UMP_TEXT("p-1"), UMP_TEXT("["));
	board_read_row(board, UMP_TEXT("p-1"), UMP_TEXT_NONE);
	cr_assert_not_null(run);
	run[2] = '2';
	board_read_row(board, UMP_TEXT("p-1"), ump_text(row));
	cr_assert_eq(total(board, "players"), 0);
	board_free(board);
	free(row);
}

Test(board, players_beyond_the_most_are_counted_and_not_kept)
{
	struct board *board = new_board();
	char id[16], player[16];
	for (int i = 1; i <= 12; i++) {
		snprintf(id, sizeof id, "%d", i);
		snprintf(player, sizeof player, "p-%d", i);
		hit(board, id, player, 3, i, i);
	}
	cr_assert_eq(total(board, "players"), 12);
	cr_assert_eq(board_refused(board), 2);
	cr_assert_eq(total(board, "hits"), 12);
	board_free(board);
}

/* ---- Rounds, and who is hidden ---- */

/* What another board has ordered; `restarted` boards read it first. */
static void obey_round(struct board *board, int64_t start_ms)
{
	struct ump_error error;
	char *key = NULL, *order = NULL;
	cr_assert_eq(board_order_round(board, start_ms, &key, &order, &error), 0, "%s", error.text);
	board_read_row(board, ump_text(key), ump_text(order));
	free(key);
	free(order);
}

static json_t *round_state(struct board *board, unsigned round, int64_t after_ms)
{
	char *text = board_state(board, &(struct board_facts){.now_ms = NOW_MS + after_ms, .simulation = "off"}, round);
	json_t *root = text ? json_loads(text, 0, NULL) : NULL;
	free(text);
	return root;
}

static json_int_t round_total(struct board *board, unsigned round, const char *name)
{
	json_t *root = round_state(board, round, 5000);
	cr_assert_not_null(root);
	json_int_t value = json_integer_value(json_object_get(json_object_get(root, "totals"), name));
	json_decref(root);
	return value;
}

Test(board, a_new_round_begins_empty_and_the_one_before_can_be_looked_at)
{
	struct board *board = new_board();
	hit(board, "1", "p-1", 12, 1, 0);
	verdict(board, "1", "p-1", 1, 10);
	obey_round(board, NOW_MS + 1000);
	hit(board, "2", "p-2", 3, 2, 1000);
	cr_assert_eq(round_total(board, 0, "hits"), 1, "the present one");
	cr_assert_eq(round_total(board, 2, "flagged"), 0);
	cr_assert_eq(round_total(board, 2, "players"), 1);
	cr_assert_eq(round_total(board, 1, "flagged"), 1);
	cr_assert_null(round_state(board, 3, 5000), "has not been");
	json_t *before = round_state(board, 0, 999);
	cr_assert_eq(json_integer_value(json_object_get(json_object_get(before, "round"), "number")), 1, "not yet begun");
	json_decref(before);
	board_free(board);
}

Test(board, a_verdict_belongs_to_the_round_of_its_hit)
{
	struct board *board = new_board();
	obey_round(board, NOW_MS + 1000);
	hit(board, "1", "p-1", 12, 1, 990);
	verdict(board, "1", "p-1", 1, 1010);
	cr_assert_eq(round_total(board, 1, "flagged"), 1);
	cr_assert_eq(round_total(board, 2, "flagged"), 0);
	board_free(board);
}

Test(board, a_row_says_in_which_rounds_a_player_was_flagged)
{
	struct board *board = new_board(), *restarted = new_board();
	obey_round(board, NOW_MS + 1000);
	verdict(board, "1", "p-1", 1, 0);
	verdict(board, "2", "p-1", 2, 2000);
	verdict(board, "3", "p-1", 3, 2001);
	char *row = board_row(board_next_row(board));
	board_read_row(restarted, UMP_TEXT("p-1"), ump_text(row)); /* before the order: they stand in different partitions */
	obey_round(restarted, NOW_MS + 1000);
	for (unsigned round = 1; round <= 2; round++) {
		json_t *one = round_state(board, round, 5000), *other = round_state(restarted, round, 5000);
		json_t *player = json_array_get(json_object_get(one, "players"), 0),
		       *again = json_array_get(json_object_get(other, "players"), 0);
		cr_assert_eq(json_integer_value(json_object_get(player, "cheats")), round);
		cr_assert_eq(json_integer_value(json_object_get(again, "cheats")), round);
		cr_assert(json_equal(json_object_get(player, "flagged"), json_object_get(again, "flagged")));
		json_decref(one);
		json_decref(other);
	}
	free(row);
	board_free(board);
	board_free(restarted);
}

Test(board, orders_for_another_run_change_nothing_and_there_is_a_last_round)
{
	struct board *board = new_board();
	struct ump_error error;
	char *key = NULL, *order = NULL;
	board_read_row(board, UMP_TEXT("umpire/round/r2/2"), UMP_TEXT("{\"run\":\"r2\",\"round\":2,\"start\":1}"));
	board_read_row(board, UMP_TEXT("umpire/round/r1/99"), UMP_TEXT("{\"run\":\"r1\",\"round\":99,\"start\":1}"));
	board_read_row(board, UMP_TEXT("umpire/round/r1/2"), UMP_TEXT("{\"run\":\"r1\",\"round\":\"2\"}"));
	cr_assert_eq(board_round(board, INT64_MAX), 1);
	for (int i = 2; i <= BOARD_ROUNDS; i++)
		obey_round(board, NOW_MS + i);
	cr_assert_eq(board_order_round(board, NOW_MS + 100, &key, &order, &error), -1);
	cr_assert_eq(error.kind, UMP_FATAL);
	board_free(board);
}

Test(board, a_hidden_player_is_named_nowhere_until_shown_again)
{
	struct board *board = new_board();
	struct ump_error error;
	char *key = NULL, *order = NULL;
	hit(board, "1", "p-1", 12, 1, 0);
	cr_assert_eq(board_order_hide(board, "p-9", true, &key, &order, &error), -1);
	cr_assert_eq(error.kind, UMP_REJECT);
	for (int hidden = 1; hidden >= 0; hidden--) {
		cr_assert_eq(board_order_hide(board, "p-1", hidden, &key, &order, &error), 0);
		board_read_row(board, ump_text(key), ump_text(order));
		json_t *root = state(board), *player = json_array_get(json_object_get(root, "players"), 0);
		cr_assert_eq(json_object_get(player, "name") != NULL, !hidden);
		cr_assert_eq(json_array_size(json_object_get(root, "events")), !hidden);
		json_decref(root);
		free(key);
		free(order);
	}
	board_free(board);
}
