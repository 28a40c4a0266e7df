/* provider/timing.h: how fast a run was, exactly: its events a second, and the time from each hit to its verdict.
 *
 * From the timestamps of the records, in milliseconds, whatever the order they come in. Of a repeated event, and of a repeated verdict, the
 * first counts. Eight bytes for each event. Pure. */
#pragma once
#include "common/buffer.h"
#include "provider/id_set.h"

struct timing; /* of one run */

struct timing *timing_new(void);
void timing_free(struct timing *timing); /* accepts NULL */

/* `id` below ID_SET_MAXIMUM; others are left out. */
void timing_event(struct timing *timing, uint64_t id, int64_t timestamp_ms);
void timing_verdict(struct timing *timing, uint64_t id, int64_t timestamp_ms);

/* Appends one line: "  1000 events in 19.98 s: 50.1 events/s; hit to verdict: p50 3 ms, p99 21 ms, max 44 ms". Percentiles by nearest rank.
 * What is missing is left out of the line. */
void timing_report(const struct timing *timing, struct ump_buffer *out);
