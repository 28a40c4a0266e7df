#include "source-adapter/counts.h"

/* 0.5 ms to 60 s, as ump_metric_seconds: a table that is a constant needs its own copy. */
static const double seconds[] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60};

/* clang-format off */
const struct ump_metric count_table[] = {
	[COUNT_RECEIVED] = {"umpire_records_received_total", "Records read from Kafka, not counting those known as finished", UMP_COUNTER},
	[COUNT_DELIVERIES] = {"umpire_deliveries_total", "Tries to deliver an event by the class of the answer: 1xx to 5xx, or none", UMP_COUNTER, {"class"}},
	[COUNT_DELIVERED] = {"umpire_events_delivered_total", "Events that the sink has taken, their replies stored", UMP_COUNTER},
	[COUNT_RETRIED] = {"umpire_retries_total", "Tries after the first one, probes of stalled events included", UMP_COUNTER},
	[COUNT_DEAD_LETTERED] = {"umpire_dead_letters_total", "Records stored as dead letters", UMP_COUNTER},
	[COUNT_DROPPED] = {"umpire_records_dropped_total", "Records given up for good: exhausted (--on-exhausted=drop), skipped (--skip)", UMP_COUNTER, {"reason"}},
	[COUNT_FILTERED] = {"umpire_events_filtered_total", "Events that the filters did not let pass", UMP_COUNTER},
	[COUNT_REPLIES] = {"umpire_replies_total", "Replies of the sink stored in the reply topic", UMP_COUNTER},
	[COUNT_PUT_BACK] = {"umpire_put_back_total", "Dead letters that redrive --to-topic has put back", UMP_COUNTER},
	[COUNT_STALLS] = {"umpire_stalls_total", "Records that came to stand still with neither retries nor a dead letter left", UMP_COUNTER},
	[COUNT_IN_FLIGHT] = {"umpire_in_flight", "Events on their way to the sink, or whose answer is being settled", UMP_GAUGE},
	[COUNT_WINDOW] = {"umpire_send_window", "Events that may be in flight, fewer after failures; 0 while a sink that is down is probed", UMP_GAUGE},
	[COUNT_HELD] = {"umpire_held_bytes", "Bytes of records read and not yet finished", UMP_GAUGE},
	[COUNT_LAG] = {"umpire_lag", "Records of the partition behind the committed offset, as far as the last fetch tells", UMP_GAUGE, {"topic", "partition"}},
	[COUNT_STALLED_PARTITIONS] = {"umpire_stalled_partitions", "A partition that has stalled records: 1, and which is the first of them; without labels: 0, none has", UMP_GAUGE, {"topic", "partition", "offset", "key", "status", "since"}},
	[COUNT_ASSIGNED_PARTITIONS] = {"umpire_assigned_partitions", "Partitions that this process reads", UMP_GAUGE},
	[COUNT_DELIVERY_SECONDS] = {"umpire_delivery_seconds", "Time from sending an event to its answer", UMP_HISTOGRAM, {NULL}, seconds, sizeof seconds / sizeof *seconds},
	[COUNT_REBALANCES] = {"umpire_rebalances_total", "Assignments that the group has given", UMP_COUNTER},
	[COUNT_COMMITS] = {"umpire_commits_total", "Commits that succeeded", UMP_COUNTER},
	[COUNT_COMMIT_FAILURES] = {"umpire_commit_failures_total", "Commits that failed; each is tried again", UMP_COUNTER},
	[COUNT_EXPIRED] = {"umpire_records_expired_total", "Offsets skipped because the broker had deleted them before they were read", UMP_COUNTER},
	[COUNT_CREDENTIALS_REFUSED] = {"umpire_credentials_refused_total", "New credentials for Kafka that could not be used; the old ones stay", UMP_COUNTER},
};
/* clang-format on */
const size_t count_table_size = sizeof count_table / sizeof *count_table;
