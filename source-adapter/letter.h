/* source-adapter/letter.h: the headers of a dead letter: those of the record, and why and where it failed.
 *
 * Key, value and timestamp stay as they are, and so do the headers but those that an earlier failure left. What a letter's headers say can
 * be read back, so that the very record that failed can be delivered from it. Pure. */
#pragma once
#include "common/buffer.h"
#include "common/cloudevents/kafka.h"

struct letter_extension {
	char *name, *value; /* as it is called in the event */
};

struct letter_failure {
	const char *topic; /* of its origin */
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms; /* -1: none */
	const char *destination;
	int code;             /* the answer's status; 0: there was no answer, or nothing was sent */
	struct ump_text data; /* the answer's first bytes, or the reason */
	int64_t attempts;
	const char *group;
	int64_t failed_at_us;                      /* wall clock */
	const struct letter_extension *extensions; /* from the answer's kne- headers; none replaces what the record has */
	size_t extension_count;
};

struct letter {
	struct ump_kafka_field *headers; /* views of the record's headers, the failure, and `text` */
	size_t header_count;
	size_t capacity;        /* private */
	struct ump_buffer text; /* private */
};

/* Fills `letter`, whose memory is used again. */
void letter_write(struct letter *letter, const struct ump_kafka_field *headers, size_t count, const struct letter_failure *failure);
void letter_release(struct letter *letter);

/* The headers that the record had before it became a dead letter, in `letter`, whose memory is used again. */
void letter_read_headers(struct letter *letter, const struct ump_kafka_field *headers, size_t count);

/* Where a dead letter was read. */
struct letter_origin {
	char topic[256]; /* Kafka's have at most 249 characters */
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms; /* -1: none */
};

/* False, and nothing is set, where the headers are not those of a dead letter. */
bool letter_read_origin(const struct ump_kafka_field *headers, size_t count, struct letter_origin *ret_origin);
