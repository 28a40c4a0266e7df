/* common/error.h: an error as a value that the caller owns, so that reporting it cannot fail.
 *
 * Functions that can fail return 0, or -1 with `error` filled; they never touch their `ret_` parameters then. The kind says what the caller
 * should do, never why it happened: nobody compares texts. A text says what, where and what was expected, without a trailing full stop. */
#pragma once

enum ump_error_kind {
	UMP_RETRY,  /* may go well later: a full queue, a service that does not answer */
	UMP_REJECT, /* the input is wrong: it will be refused again */
	UMP_FATAL   /* this process cannot go on with what it was asked to do */
};

struct ump_error {
	enum ump_error_kind kind;
	char text[240]; /* always terminated; longer texts are cut at a character's boundary and end in "..." */
};

/* Fills `error`. Returns -1 always, so that a function can end in `return ump_fail(…)`. */
int ump_fail(struct ump_error *error, enum ump_error_kind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts the formatted text and ": " before what `error` says already. Returns -1 always. */
int ump_error_prefix(struct ump_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
