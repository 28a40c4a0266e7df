/* tests/vectors/vectors.h: the kinds of cases, each a function that runs one. Returns 0 where it passed, else -1 with the reason. */
#pragma once
#include <jansson.h>
#include <stdnoreturn.h>

#include "common/buffer.h"
#include "common/error.h"

/* The texts of one case. */
struct memory {
	struct ump_buffer buffers[512];
	size_t count;
};

int run_http(const json_t *test, struct memory *memory, struct ump_error *error);
int run_kafka(const json_t *test, struct memory *memory, struct ump_error *error);
int run_json(const json_t *test, struct memory *memory, struct ump_error *error);
int run_batch(const json_t *test, struct memory *memory, struct ump_error *error);
int run_header(const json_t *test, struct memory *memory, struct ump_error *error);
int run_value(const json_t *test, struct memory *memory, struct ump_error *error);
int run_pointer(const json_t *test, struct memory *memory, struct ump_error *error);
int run_number(const json_t *test, struct memory *memory, struct ump_error *error);

/* Ends the program: the file is not in the form. */
noreturn void malformed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The bytes that a text of a case stands for; null and nothing: UMP_TEXT_NONE. */
struct ump_text text_of(const json_t *json, struct memory *memory);

int expect_text(const char *what, struct ump_text found, struct ump_text expected, struct ump_error *error);

/* Compares what reading said with the case's "invalid": 0 where it was accepted as expected, 1 where it was refused as expected, -1 else.
 */
int expect_outcome(const json_t *test, int result, const struct ump_error *problem, struct ump_error *error);
