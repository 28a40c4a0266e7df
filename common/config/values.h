/* common/config/values.h: the texts of values, read and written. Private to the configuration; the parsers for others are in options.h. */
#pragma once
#include "common/buffer.h"
#include "common/config/options.h"

/* The parsers of the types: 0, or -1 with what was expected and found. */
int ump_parse_switch(const char *text, bool *ret_value, struct ump_error *error);
int ump_parse_integer(const struct ump_option *option, const char *text, int64_t *ret_value, struct ump_error *error);
int ump_parse_number(const struct ump_option *option, const char *text, double *ret_value, struct ump_error *error);
int ump_parse_choice(const char *choices, const char *text, int *ret_index, struct ump_error *error);

/* Whether a value lies between the option's limits; `text` is what was given. */
int ump_check_limits(const struct ump_option *option, int64_t value, const char *text, struct ump_error *error);

/* In the largest unit that needs no fraction: 1500ms, 2m, 64KiB. */
void ump_print_duration(struct ump_buffer *out, int64_t value_us);
void ump_print_size(struct ump_buffer *out, int64_t bytes);
void ump_print_number(struct ump_buffer *out, double value);

/* In double quotes, as YAML reads it. */
void ump_print_quoted(struct ump_buffer *out, const char *text);

/* The name of choice `index`. */
struct ump_text ump_choice_name(const char *choices, int index);
