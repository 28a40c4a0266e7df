#include "common/memory.h"
#include "source-adapter/partition.h"
#include <criterion/criterion.h>
#include <stdlib.h>

static struct partition *make(enum order order, uint32_t capacity, int64_t position, struct ump_text ahead)
{
	return partition_new(&(struct partition_options){order, capacity, position, ahead, .epoch = 7});
}

/* Records are their offsets here. */
static void *record_of(int64_t offset)
{
	return (void *)(intptr_t)(offset + 1);
}

static int64_t take(struct partition *partition, struct partition_ticket *ret_ticket)
{
	void *record;
	return partition_take(partition, ret_ticket, &record) ? (int64_t)(intptr_t)record - 1 : -1;
}

static void add(struct partition *partition, int64_t offset, const char *key)
{
	cr_assert(partition_has_room(partition));
	cr_assert_eq((int)partition_add(partition, offset, ump_text(key), record_of(offset)), (int)PARTITION_ADDED);
}

Test(partition, by_partition_one_goes_at_a_time)
{
	struct partition *partition = make(ORDER_PARTITION, 8, 10, UMP_TEXT_NONE);
	struct partition_ticket first, second;
	add(partition, 10, "a");
	add(partition, 11, "b");
	add(partition, 12, NULL);
	cr_expect_eq(take(partition, &first), 10);
	cr_expect_not(partition_can_take(partition));
	cr_expect(partition_finish(partition, first));
	cr_expect_eq(take(partition, &second), 11);
	cr_expect_eq(take(partition, &first), -1);
	cr_expect_eq(partition_position(partition), 11);
	partition_free(partition);
}

Test(partition, by_key_one_goes_for_each_key_and_unkeyed_ones_run_free)
{
	struct partition *partition = make(ORDER_KEY, 8, 0, UMP_TEXT_NONE);
	struct partition_ticket ticket, a;
	add(partition, 0, "a");
	add(partition, 1, "a");
	add(partition, 2, "b");
	add(partition, 3, NULL);
	add(partition, 4, NULL);
	add(partition, 5, "a");
	add(partition, 6, "");
	add(partition, 7, "");
	cr_expect_eq(take(partition, &a), 0);
	cr_expect_eq(take(partition, &ticket), 2);
	cr_expect_eq(take(partition, &ticket), 3);
	cr_expect_eq(take(partition, &ticket), 4);
	cr_expect_eq(take(partition, &ticket), 6, "an empty key is a key");
	cr_expect_eq(take(partition, &ticket), -1);
	cr_expect(partition_finish(partition, a));
	cr_expect_eq(take(partition, &a), 1);
	cr_expect(partition_finish(partition, a));
	cr_expect_eq(take(partition, &a), 5);
	partition_free(partition);
}

Test(partition, without_order_all_go)
{
	struct partition *partition = make(ORDER_NONE, 8, 0, UMP_TEXT_NONE);
	struct partition_ticket ticket;
	for (int64_t offset = 0; offset < 8; offset++)
		add(partition, offset, "a");
	cr_expect_not(partition_has_room(partition));
	for (int64_t offset = 0; offset < 8; offset++)
		cr_expect_eq(take(partition, &ticket), offset);
	partition_free(partition);
}

Test(partition, the_position_waits_for_the_first_unfinished_record)
{
	struct partition *partition = make(ORDER_NONE, 4, 100, UMP_TEXT_NONE);
	struct partition_ticket tickets[3];
	for (int i = 0; i < 3; i++) {
		add(partition, 100 + i, NULL);
		take(partition, &tickets[i]);
	}
	cr_expect(partition_finish(partition, tickets[2]));
	cr_expect(partition_finish(partition, tickets[1]));
	cr_expect_eq(partition_position(partition), 100);
	cr_expect_eq(partition_pending(partition), 1);
	cr_expect(partition_finish(partition, tickets[0]));
	cr_expect_eq(partition_position(partition), 103);
	partition_free(partition);
}

Test(partition, gaps_cost_nothing)
{
	struct partition *partition = make(ORDER_NONE, 2, 0, UMP_TEXT_NONE);
	struct partition_ticket first, second;
	add(partition, 5, NULL);
	add(partition, 1000000, NULL);
	take(partition, &first);
	take(partition, &second);
	cr_expect(partition_finish(partition, first));
	cr_expect_eq(partition_position(partition), 6);
	partition_read_up_to(partition, 1000009);
	cr_expect_eq(partition_position(partition), 6);
	cr_expect(partition_finish(partition, second));
	cr_expect_eq(partition_position(partition), 1000009, "a gap at the end is passed when all before it is finished");
	partition_read_up_to(partition, 1000020);
	cr_expect_eq(partition_position(partition), 1000020);
	partition_read_up_to(partition, 5);
	cr_expect_eq(partition_position(partition), 1000020, "it never goes back");
	partition_free(partition);
}

Test(partition, what_was_read_before_is_not_added_again)
{
	struct partition *partition = make(ORDER_NONE, 4, 10, UMP_TEXT_NONE);
	add(partition, 12, NULL);
	cr_expect_eq((int)partition_add(partition, 12, UMP_TEXT_NONE, record_of(12)), (int)PARTITION_KNOWN);
	cr_expect_eq((int)partition_add(partition, 9, UMP_TEXT_NONE, record_of(9)), (int)PARTITION_KNOWN);
	cr_expect_eq(partition_pending(partition), 1);
	partition_free(partition);
}

Test(partition, late_and_double_tickets_name_nothing)
{
	struct partition *partition = make(ORDER_NONE, 2, 0, UMP_TEXT_NONE);
	struct partition_ticket ticket, other;
	add(partition, 0, NULL);
	cr_expect_not(partition_finish(partition, (struct partition_ticket){7, 0}), "not taken yet");
	take(partition, &ticket);
	other = ticket;
	other.epoch = 6;
	cr_expect_not(partition_finish(partition, other), "another assignment");
	other = ticket;
	other.sequence += 2;
	cr_expect_not(partition_finish(partition, other), "never given");
	cr_expect(partition_finish(partition, ticket));
	cr_expect_not(partition_finish(partition, ticket), "finished already");
	add(partition, 1, NULL);
	add(partition, 2, NULL);
	take(partition, &other);
	take(partition, &other);
	cr_expect_not(partition_finish(partition, ticket), "its place belongs to another record now");
	cr_expect_eq(partition_position(partition), 1);
	partition_free(partition);
}

Test(partition, a_stalled_record_is_counted_until_it_is_finished)
{
	struct partition *partition = make(ORDER_KEY, 4, 0, UMP_TEXT_NONE);
	struct partition_ticket a, b;
	add(partition, 0, "a");
	add(partition, 1, "a");
	add(partition, 2, "b");
	take(partition, &a);
	partition_stall(partition, a);
	partition_stall(partition, a);
	cr_expect_eq(partition_stalled(partition), 1);
	cr_expect_eq(take(partition, &b), 2, "another key goes on");
	cr_expect(partition_finish(partition, b));
	cr_expect(partition_finish(partition, a));
	cr_expect_eq(partition_stalled(partition), 0);
	cr_expect_eq(take(partition, &a), 1);
	partition_stall(partition, b);
	cr_expect_eq(partition_stalled(partition), 0, "a late ticket stalls nothing");
	partition_free(partition);
}

Test(partition, a_batch_takes_what_waits_behind_and_may_give_it_back)
{
	struct partition *partition = make(ORDER_KEY, 8, 0, UMP_TEXT_NONE);
	struct partition_ticket first, second, third, none;
	void *record;
	add(partition, 0, "a");
	add(partition, 1, "b");
	add(partition, 2, "a");
	add(partition, 3, "a");
	cr_expect_eq(take(partition, &first), 0);
	cr_expect(partition_take_behind(partition, first, &second, &record));
	cr_expect_eq((int64_t)(intptr_t)record - 1, 2);
	cr_expect(partition_take_behind(partition, second, &third, &record));
	cr_expect_eq((int64_t)(intptr_t)record - 1, 3);
	cr_expect_not(partition_take_behind(partition, third, &none, &record));
	cr_expect_not(partition_take_behind(partition, first, &none, &record), "it is taken already");
	partition_give_back(partition, third);
	cr_expect_eq(take(partition, &none), 1, "what was given back waits for those before it");
	cr_expect_not(partition_can_take(partition));
	cr_expect(partition_finish(partition, first));
	cr_expect_not(partition_can_take(partition), "the second is on its way");
	cr_expect(partition_finish(partition, second));
	cr_expect_eq(take(partition, &third), 3);
	partition_free(partition);
}

Test(partition, what_could_go_in_one_batch_is_counted)
{
	struct partition *partition = make(ORDER_KEY, 16, 0, UMP_TEXT_NONE);
	struct partition_ticket first, second, third;
	void *record;
	add(partition, 0, "a");
	add(partition, 1, "b");
	add(partition, 2, "a");
	add(partition, 3, NULL);
	cr_expect_eq(partition_open(partition), 4);
	cr_expect_eq(take(partition, &first), 0);
	cr_expect_eq(partition_open(partition), 2, "what waits behind one that is on its way is not open");
	add(partition, 4, "a");
	add(partition, 5, "b");
	cr_expect_eq(partition_open(partition), 3);
	cr_expect(partition_take_behind(partition, first, &second, &record));
	cr_expect_eq(partition_open(partition), 3);
	cr_expect(partition_finish(partition, first));
	cr_expect_eq(partition_open(partition), 3, "the next of its key is on its way too");
	cr_expect(partition_finish(partition, second));
	cr_expect_eq(partition_open(partition), 4);
	for (int64_t expected[] = {1, 3, 4}, i = 0; i < 3; i++)
		cr_expect_eq(take(partition, &third), expected[i]);
	cr_expect_eq(partition_open(partition), 0);
	partition_free(partition);
}

Test(partition, what_is_given_back_goes_first_and_in_its_order)
{
	struct partition *partition = make(ORDER_KEY, 16, 0, UMP_TEXT_NONE);
	struct partition_ticket tickets[3], later;
	void *record;
	add(partition, 0, "a");
	add(partition, 1, "b");
	add(partition, 2, "a");
	add(partition, 3, "c");
	take(partition, &tickets[0]);
	cr_expect(partition_take_behind(partition, tickets[0], &tickets[1], &record));
	take(partition, &tickets[2]); /* b */
	for (int i = 2; i >= 0; i--)
		partition_give_back(partition, tickets[i]);
	cr_expect_eq(partition_open(partition), 4);
	cr_expect_eq(take(partition, &tickets[0]), 0);
	cr_expect_eq(take(partition, &later), 1);
	cr_expect_eq(take(partition, &later), 3);
	cr_expect_eq(take(partition, &later), -1, "the second of a key waits for the first");
	cr_expect(partition_finish(partition, tickets[0]));
	cr_expect_eq(take(partition, &later), 2);
	partition_free(partition);
}

/* Committed between the last record before it and the first that is known: what is known joins, and the position says so. */
Test(partition, what_was_finished_ahead_joins_the_position_that_reaches_it)
{
	struct ump_buffer text = {0};
	struct partition_ticket tickets[5];
	struct partition *partition = make(ORDER_NONE, 8, 100, UMP_TEXT_NONE);
	for (int i = 0; i < 5; i++) {
		add(partition, 100 + i, NULL);
		take(partition, &tickets[i]);
	}
	for (int i = 1; i < 4; i++)
		cr_expect(partition_finish(partition, tickets[i]));
	partition_write_ahead(partition, &text, 4000);
	partition_free(partition);

	partition = make(ORDER_NONE, 8, 100, ump_buffer_text(&text));
	ump_buffer_reset(&text);
	add(partition, 100, NULL);
	take(partition, &tickets[0]);
	cr_expect_eq(partition_position(partition), 100);
	cr_expect(partition_finish(partition, tickets[0]));
	cr_expect_eq(partition_position(partition), 104);
	partition_write_ahead(partition, &text, 4000);
	cr_expect_eq(text.size, 0);
	for (int i = 1; i < 4; i++) {
		cr_expect_eq(partition_add(partition, 100 + i, UMP_TEXT_NONE, &text), PARTITION_KNOWN);
		cr_expect_eq(partition_position(partition), 104);
	}
	ump_buffer_release(&text);
	partition_free(partition);
}

Test(partition, what_was_finished_ahead_is_honoured_in_the_next_life)
{
	struct partition *partition = make(ORDER_NONE, 16, 50, UMP_TEXT_NONE);
	struct partition_ticket tickets[10];
	for (int i = 0; i < 10; i++) {
		add(partition, 50 + 3 * i, NULL);
		take(partition, &tickets[i]);
	}
	for (int i = 1; i < 10; i += i == 3 ? 3 : 1) /* all but 0, 4 and 5 */
		cr_expect(partition_finish(partition, tickets[i]));
	ump_cleanup(ump_buffer_release) struct ump_buffer text = {0};
	partition_write_ahead(partition, &text, 4000);
	partition_free(partition);

	partition = make(ORDER_NONE, 16, 50, ump_buffer_text(&text));
	for (int i = 0; i < 5; i++) {
		bool known = partition_add(partition, 50 + 3 * i, UMP_TEXT_NONE, record_of(i)) == PARTITION_KNOWN;
		cr_expect_eq(known, i != 0 && i != 4 && i != 5, "record %d", i);
	}
	/* Half way through, what is known of the rest is written again. */
	ump_cleanup(ump_buffer_release) struct ump_buffer again = {0};
	partition_write_ahead(partition, &again, 4000);
	cr_expect_eq(ump_text_equals(ump_buffer_text(&text), ump_buffer_text(&again)), 1);
	for (int i = 5; i < 10; i++) {
		bool known = partition_add(partition, 50 + 3 * i, UMP_TEXT_NONE, record_of(i)) == PARTITION_KNOWN;
		cr_expect_eq(known, i != 5, "record %d", i);
	}
	cr_expect_eq(partition_pending(partition), 3);
	while (take(partition, tickets) >= 0)
		partition_finish(partition, tickets[0]);
	cr_expect_eq(partition_position(partition), 78);
	partition_free(partition);
}

Test(partition, unfinished_records_are_given_in_their_order)
{
	struct partition *partition = make(ORDER_NONE, 4, 0, UMP_TEXT_NONE);
	struct partition_ticket ticket;
	for (int64_t offset = 0; offset < 4; offset++)
		add(partition, offset, NULL);
	take(partition, &ticket);
	take(partition, &ticket);
	partition_finish(partition, ticket);
	uint64_t position = 0;
	cr_expect_eq(partition_unfinished(partition, &position), record_of(0));
	cr_expect_eq(partition_unfinished(partition, &position), record_of(2));
	cr_expect_eq(partition_unfinished(partition, &position), record_of(3));
	cr_expect_eq(partition_unfinished(partition, &position), NULL);
	partition_free(partition);
}

/* ---- Against a model: arrays, searched from the front ---- */

enum { KEYS = 5, OFFSETS = 400 };

struct model {
	enum order order;
	struct {
		int64_t offset;
		int key; /* -1: none */
		enum { WAITING, TAKEN, FINISHED } state;
		struct partition_ticket ticket;
	} records[OFFSETS];
	int count;
	int64_t next_offset;
};

static bool model_may_go(const struct model *model, int index)
{
	if (model->records[index].state != WAITING)
		return false;
	for (int i = 0; i < index; i++) {
		bool related = model->order == ORDER_PARTITION || (model->order == ORDER_KEY && model->records[i].key >= 0 &&
								   model->records[i].key == model->records[index].key);
		if (related && model->records[i].state != FINISHED)
			return false;
	}
	return true;
}

static int64_t model_position(const struct model *model)
{
	for (int i = 0; i < model->count; i++) {
		if (model->records[i].state != FINISHED)
			return i == 0 ? 0 : model->records[i - 1].offset + 1;
	}
	return model->next_offset;
}

static void check_against(struct model *model, struct partition *partition)
{
	bool some = false;
	size_t pending = 0;
	for (int i = 0; i < model->count; i++) {
		some = some || model_may_go(model, i);
		pending += model->records[i].state != FINISHED;
	}
	cr_assert_eq(partition_position(partition), model_position(model));
	cr_assert_eq(partition_can_take(partition), some);
	cr_assert_eq(partition_pending(partition), pending);
}

static void step(struct model *model, struct partition *partition)
{
	static const char *const keys[KEYS] = {"a", "b", "c", "d", "a longer one"};
	int choice = rand() % 4;
	if (choice <= 1 && model->count < OFFSETS && partition_has_room(partition)) {
		int64_t offset = model->next_offset + (rand() % 3 == 0 ? rand() % 50 : 0);
		int key = rand() % (KEYS + 1) - 1;
		add(partition, offset, key < 0 ? NULL : keys[key]);
		model->records[model->count].offset = offset;
		model->records[model->count++].key = key;
		model->next_offset = offset + 1;
	} else if (choice == 2) {
		struct partition_ticket ticket;
		int64_t offset = take(partition, &ticket);
		for (int i = 0; i < model->count && offset >= 0; i++) {
			if (model->records[i].offset == offset) {
				cr_assert(model_may_go(model, i));
				model->records[i].state = TAKEN;
				model->records[i].ticket = ticket;
			}
		}
	} else if (model->count > 0) {
		int i = rand() % model->count;
		bool valid = model->records[i].state == TAKEN;
		cr_assert_eq(partition_finish(partition, model->records[i].ticket), valid);
		if (valid)
			model->records[i].state = FINISHED;
	}
}

Test(partition, behaves_as_its_model)
{
	for (unsigned seed = 0; seed < 300; seed++) {
		srand(seed);
		struct model *model = ump_allocate(1, sizeof *model);
		model->order = seed % 3;
		struct partition *partition = make(model->order, 1 + (uint32_t)(rand() % 40), 0, UMP_TEXT_NONE);
		for (int i = 0; i < 800; i++) {
			step(model, partition);
			check_against(model, partition);
		}
		partition_free(partition);
		free(model);
	}
}

static int64_t take_head(struct partition *partition, struct partition_ticket *ret_ticket)
{
	void *record;
	return partition_take_head(partition, ret_ticket, &record) ? (int64_t)(intptr_t)record - 1 : -1;
}

Test(partition, the_head_goes_before_what_became_free_earlier)
{
	struct partition *partition = make(ORDER_KEY, 16, 0, UMP_TEXT_NONE);
	struct partition_ticket first, ticket;
	cr_expect_eq(take_head(partition, &ticket), -1, "there is none");
	add(partition, 0, "a");
	add(partition, 1, "a");
	cr_expect_eq(take(partition, &first), 0);
	add(partition, 2, "b");
	add(partition, 3, "c");
	cr_expect_eq(take_head(partition, &ticket), -1, "it is on its way");
	cr_expect(partition_finish(partition, first));
	cr_expect_eq(partition_open(partition), 3);
	cr_expect_eq(take_head(partition, &ticket), 1, "b and c were free before it");
	cr_expect_eq(partition_open(partition), 2);
	cr_expect(partition_finish(partition, ticket));
	cr_expect_eq(take(partition, &ticket), 2);
	cr_expect(partition_finish(partition, ticket));
	cr_expect_eq(take_head(partition, &ticket), 3, "the only one");
	add(partition, 4, "d");
	cr_expect_eq(take(partition, &ticket), 4, "the queue goes on behind it");
	partition_free(partition);
}

Test(partition, what_finished_beyond_a_gap_is_counted_until_the_gap_is_closed)
{
	struct partition *partition = make(ORDER_NONE, 16, 0, UMP_TEXT_NONE);
	struct partition_ticket tickets[3];
	for (int i = 0; i < 3; i++) {
		add(partition, i, NULL);
		cr_assert_eq(take(partition, &tickets[i]), i);
	}
	cr_expect_eq(partition_beyond(partition), 0);
	cr_expect(partition_finish(partition, tickets[2]));
	cr_expect(partition_finish(partition, tickets[1]));
	cr_expect_eq(partition_beyond(partition), 2);
	cr_expect(partition_finish(partition, tickets[0]));
	cr_expect_eq(partition_beyond(partition), 0);
	partition_free(partition);
}
