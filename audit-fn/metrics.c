/* audit-fn/metrics.c: see metrics.h. */
#include "audit-fn/metrics.h"

static const double rule_bounds[] = {1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3};
static const double store_bounds[] = {1e-5, 1e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1, 5};

const struct ump_metric metrics_table[METRIC_COUNT] = {
	[METRIC_REQUESTS] = {"umpire_requests_total", "Requests on / by the status of the answer.", UMP_COUNTER, .labels = {"status"}},
	[METRIC_EVENTS] = {"umpire_events_total",
			   "Events by result: fair, cheating, late (for every rule), none (a type without a rule), rejected (a request "
			   "refused with 400, whole), "
			   "failed (the store did not take it).",
			   UMP_COUNTER, .labels = {"result"}},
	[METRIC_RULES] = {"umpire_rule_results_total", "What each rule found: fair, cheating or late.", UMP_COUNTER,
			  .labels = {"rule", "result"}},
	[METRIC_RULE_SECONDS] = {"umpire_rule_seconds", "Time to read an event's data and apply its rules.", UMP_HISTOGRAM,
				 .bounds = rule_bounds, .bound_count = sizeof(rule_bounds) / sizeof(rule_bounds[0])},
	[METRIC_STORE_SECONDS] = {"umpire_store_seconds", "Time until the store had taken a request's updates.", UMP_HISTOGRAM,
				  .bounds = store_bounds, .bound_count = sizeof(store_bounds) / sizeof(store_bounds[0])},
	[METRIC_STORE_FAILURES] = {"umpire_store_failures_total", "Requests whose updates the store did not take.", UMP_COUNTER},
	[METRIC_STORE_READY] = {"umpire_store_ready", "1 while the store takes updates, else 0.", UMP_GAUGE},
};
