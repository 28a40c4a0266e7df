/* common/telemetry/log.h: one line for each thing that somebody should know.
 *
 * Text with colour where standard error is a terminal, JSON else (one object a line: time, level, program, message, then the fields).
 * Lines go to standard error with one write(2) each; a reader that does not read blocks us no longer than the kernel's buffer lasts: then
 * lines are dropped, counted, and the count is logged when writing works again. Values are escaped; a field whose value is a secret does
 * not exist: do not pass one. Any thread may log. */
#pragma once
#include "common/text.h"
#include <stdbool.h>
#include <stdint.h>

enum ump_log_level { UMP_LOG_DEBUG, UMP_LOG_INFO, UMP_LOG_WARNING, UMP_LOG_ERROR };
enum ump_log_format { UMP_LOG_AUTOMATIC, UMP_LOG_TEXT, UMP_LOG_JSON };

void ump_log_setup(const char *program, enum ump_log_level level, enum ump_log_format format);
bool ump_log_enabled(enum ump_log_level level);

struct ump_log_field {
	const char *name;
	enum { UMP_FIELD_TEXT, UMP_FIELD_INTEGER, UMP_FIELD_NUMBER, UMP_FIELD_BOOLEAN } type;
	struct ump_text text;
	int64_t integer;
	double number;
};

/* ump_log(UMP_LOG_WARNING, "partition stalled", UMP_LOG_S("topic", topic), UMP_LOG_I("offset", offset));
 * The message is a constant phrase, lower case, without values: those are fields. */
/* clang-format off */
#define ump_log(level, ...) ump_log_pick(level, __VA_ARGS__, {.name = NULL})
#define ump_log_pick(level, message, ...) ump_log_write(level, message, (const struct ump_log_field[]){__VA_ARGS__})
#define UMP_LOG_S(key, value) {.name = (key), .type = UMP_FIELD_TEXT, .text = ump_text(value)}
#define UMP_LOG_T(key, value) {.name = (key), .type = UMP_FIELD_TEXT, .text = (value)}
#define UMP_LOG_I(key, value) {.name = (key), .type = UMP_FIELD_INTEGER, .integer = (int64_t)(value)}
#define UMP_LOG_N(key, value) {.name = (key), .type = UMP_FIELD_NUMBER, .number = (value)}
#define UMP_LOG_B(key, value) {.name = (key), .type = UMP_FIELD_BOOLEAN, .integer = (value)}
/* clang-format on */

/* `fields` ends with one whose name is NULL. */
void ump_log_write(enum ump_log_level level, const char *message, const struct ump_log_field *fields);
