/* source-adapter/commits.h: when to commit, and what.
 *
 * A commit starts when as many records are finished as may be in flight, or after an interval; one is on the way at a time; one that failed
 * is tried again, whether new records come or not. So what is finished and not committed stays bounded, and with it the duplicates that a
 * crash can cause. */
#pragma once
#include "common/loop/loop.h"
#include "source-adapter/transaction.h"

struct commits;

struct commits_options {
	struct ump_loop *loop;
	struct consumer *consumer;
	struct ump_metrics *metrics;
	size_t number; /* of finished records that start one */
	int64_t interval_us;
	struct transaction *transaction; /* offsets are committed in it; NULL: by themselves */
	bool never;                      /* nothing is committed, and nothing counts as waiting for it: a replay */
	void (*ended)(void *context);    /* a commit has ended, well or not */
	void *context;
};

struct commits *commits_new(const struct commits_options *options);
void commits_free(struct commits *commits); /* accepts NULL */

/* One more record of this partition has its final outcome. */
void commits_add(struct commits *commits, struct assigned *assigned);

/* The position may have moved without one: over a gap. */
void commits_consider(struct commits *commits, struct assigned *assigned);

/* Nothing of this partition is to be committed any more. */
void commits_forget(struct commits *commits, struct assigned *assigned);

/* Starts a commit now if there is something to commit and none is on the way. False: nothing is on the way and nothing is left. */
bool commits_flush(struct commits *commits);

/* Whether the latest commit failed. */
bool commits_failed(const struct commits *commits);

/* Records that are finished and not known to be committed; and those of them that could be: in a transaction not what is beyond a gap. */
size_t commits_open(const struct commits *commits);
size_t commits_left(const struct commits *commits);
