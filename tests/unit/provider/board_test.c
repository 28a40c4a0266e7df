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
	board_hit(board, &reading, &(struct board_place){0, offset, NOW_MS + after_ms}, NOW_MS + after_ms);
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
	board_verdict(board, &reading, &(struct board_place){2, offset, NOW_MS + after_ms}, NOW_MS + after_ms);
}

static json_t *state(struct board *board)
{
	char *text = board_state(board, &(struct board_facts){.now_ms = NOW_MS + 2000, .simulation = "off"});
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
