/* deploy/laptop/director.h: who starts after whom, who is started again, who ends before whom.
 *
 *	audit-fn --check-config, broker, topics, then all at once: audit-fn's socket, source-adapter, event-provider
 *
 * A run with a duration has its sets compared, beside the play, and ends with the comparison. One without ends with director_end(). */
#pragma once
#include "common/error.h"
#include "common/loop/loop.h"
#include "deploy/laptop/parts.h"
#include "deploy/laptop/screen.h"
#include "deploy/laptop/supervise.h"

struct director;

struct director_options {
	struct part_facts facts; /* what the director finds out itself (bootstrap of a broker that it starts, sink) is NULL */
	const char *logs;        /* folder */
	const char *board;       /* URL */
	const char *token;       /* of the speaker's controls */
	const char *phones;      /* URL, or NULL */
	struct screen *screen;
	struct supervisor *supervisor;
};

/* All of `options` is borrowed. */
struct director *director_new(struct ump_loop *loop, const struct director_options *options);
void director_free(struct director *director); /* after the supervisor is closed; accepts NULL */

/* Starts the first part. From then on the director stops the loop, with the status to exit with: 0; 1 when the sets differ; 69 when a
 * needed part cannot run; 78 when one refuses its configuration. */
int director_begin(struct director *director, struct ump_error *error);

/* Stops everything in order, then the loop with `status`. */
void director_end(struct director *director, int status);

/* The process of a part, to be shown. */
const struct child *director_child(const struct director *director, enum part part);
const struct part_facts *director_facts(const struct director *director);
