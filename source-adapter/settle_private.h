/* source-adapter/settle_private.h: what the files of settle share: settle.c (tries and replies) and giving_up.c (what no try delivers). */
#pragma once
#include "source-adapter/counts.h"
#include "source-adapter/letter.h"
#include "source-adapter/outbox.h"
#include "source-adapter/settle.h"

struct settle {
	struct settle_options options;
	struct outbox *outbox;
	struct record *orphans; /* nobody waits for them, and Kafka has not acknowledged what they became */
	uint64_t random;
	struct letter letter;
	struct ump_event reply; /* kept for its memory, as is the message */
	struct ump_kafka_message message;
};

void settle_count(struct settle *settle, enum count what, size_t number);
uint32_t settle_random(struct settle *settle);

/* The record, with the batch that it leads, has its final outcome. */
void settle_finish(struct settle *settle, struct record *leader);

/* Keeps what a failed try was answered. */
void settle_note_answer(struct record *record, const struct ump_reply *reply);

/* It comes back by `due` after the pause, with its batch. */
void settle_wait(struct settle *settle, struct record *leader, int64_t pause_us);

/* No try will deliver it: a dead letter, an end, or a stall; or smaller batches. */
void settle_give_up(struct settle *settle, struct record *leader);

/* The same of all in a batch, which failed with this answer: no smaller batch would have had another. */
void settle_give_up_batch(struct settle *settle, struct record *leader, const struct ump_reply *reply);

/* A reply or a dead letter goes into Kafka: at once, or in the transaction that has the record's offset, and until then with the record. */
int settle_give(struct settle *settle, struct record *record, const struct ump_record *given, struct ump_error *error);

/* Kafka's word, error NULL where it has it. */
void settle_letter_stored(struct settle *settle, struct record *record, const struct ump_error *error);
void settle_copy_stored(struct settle *settle, struct record *record, const struct ump_error *error);

/* A try to deliver a dead letter could not begin. */
void settle_letter_not_sent(struct settle *settle, struct record *record, const struct ump_error *error);

void settle_log_refusal(const char *what, const struct record *record, const struct ump_error *error);
