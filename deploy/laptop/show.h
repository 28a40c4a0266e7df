/* deploy/laptop/show.h: keeps the screen up to date: the parts from the director, the counts from the board's own page. */
#pragma once
#include "deploy/laptop/director.h"
#include "deploy/laptop/screen.h"

struct show;

struct show_options {
	const struct director *director;
	struct screen *screen;
	const char *board;  /* URL, with a slash at its end; its api/state is read */
	const char *phones; /* URL, or NULL */
	const char *token;  /* of the speaker's controls */
	const char *logs;   /* folder */
};

/* `options` is copied, what it points to is borrowed. */
int show_new(struct show **ret_show, struct ump_loop *loop, const struct show_options *options, struct ump_error *error);
void show_free(struct show *show); /* accepts NULL */
