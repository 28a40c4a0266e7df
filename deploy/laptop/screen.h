/* deploy/laptop/screen.h: what the launcher shows.
 *
 * On a terminal one screen, drawn again in place, with what happens scrolling by above it; elsewhere plain lines, one for each thing that
 * happens. The first line with an http://127.0.0.1: address is the board's. */
#pragma once
#include "common/buffer.h"
#include "common/error.h"
#include <stdbool.h>
#include <stdint.h>

struct screen_part {
	const char *name;
	const char *state;   /* "running", "asleep", … */
	char where[128];     /* address, or what it does there */
	unsigned interrupts; /* how often it had to be started again */
};

struct screen_counts {
	int64_t hits, verdicts, flagged; /* flagged: players */
	double rate;                     /* hits a second */
	double p50_ms, p99_ms;           /* hit to verdict; negative: none yet */
	bool held_back;                  /* the simulator waits for the others */
};

struct screen_view {
	const char *board;  /* URL; NULL: not yet */
	const char *phones; /* URL, or NULL */
	const char *token;  /* of the speaker's controls, or NULL */
	const char *logs;   /* folder */
	const struct screen_part *parts;
	size_t part_count;
	const struct screen_counts *counts; /* NULL: not yet */
};

struct screen {
	int fd;
	bool terminal;
	bool colours;
	unsigned lines; /* of the block that stands there */
};

void screen_init(struct screen *screen, int fd);

/* Something has happened: a line that stays. */
void screen_say(struct screen *screen, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Draws the block; nothing where this is no terminal. */
void screen_draw(struct screen *screen, const struct screen_view *view);

/* Leaves the block where it is: what comes next stands below. */
void screen_leave(struct screen *screen);

/* Takes the block away, for lines to come. */
void screen_clear(struct screen *screen);

/* The block as text, each line at most `columns` wide (0: any), and how many lines. Pure. */
unsigned screen_render(const struct screen_view *view, unsigned columns, bool colours, struct ump_buffer *out);

/* The counts in one line, without a newline. Pure. */
void screen_render_counts(const struct screen_counts *counts, struct ump_buffer *out);

/* Reads the board's /api/state: 0, or -1 with `error` where it is something else. Pure. */
int screen_counts_read(struct ump_text json, struct screen_counts *ret_counts, struct ump_error *error);
