#include "provider/metrics.h"

/* clang-format off */
const struct ump_metric provider_metrics[METRIC_COUNT] = {
	[METRIC_PRODUCED] = {"umpire_provider_produced_total", "Events of the simulator handed to the producer.", UMP_COUNTER, {0}, 0, 0},
	[METRIC_ACKNOWLEDGED] = {"umpire_provider_acknowledged_total", "Of these, acknowledged by Kafka.", UMP_COUNTER, {0}, 0, 0},
	[METRIC_FAILED] = {"umpire_provider_failed_total", "Of these, given up: not in Kafka as far as is known.", UMP_COUNTER, {0}, 0, 0},
	[METRIC_HELD] = {"umpire_provider_held", "1 while the simulator is held back before the broker would be full.", UMP_GAUGE, {0}, 0, 0},
	[METRIC_HELD_SECONDS] = {"umpire_provider_held_seconds_total", "Time by which the schedule was moved because it was held back.", UMP_COUNTER, {0}, 0, 0},
	[METRIC_LATE_SECONDS] = {"umpire_provider_late_seconds_total", "Time by which the schedule was moved for any reason.", UMP_COUNTER, {0}, 0, 0},
	[METRIC_LATE] = {"umpire_provider_late_total", "Events of the simulator sent more than 0.1 s after they were due.", UMP_COUNTER, {0}, 0, 0},
	[METRIC_LAG] = {"umpire_provider_group_lag_records", "Records of a partition that the watched group has not committed.", UMP_GAUGE, {"partition"}, 0, 0},
	[METRIC_PAGES] = {"umpire_provider_page_clients", "Browsers that follow the board.", UMP_GAUGE, {0}, 0, 0},
	[METRIC_PAGES_DROPPED] = {"umpire_provider_page_clients_dropped_total", "How often a slow browser was put back to snapshots.", UMP_COUNTER, {0}, 0, 0},
	[METRIC_PHONES] = {"umpire_provider_phone_clients", "Phones that follow their player's verdicts.", UMP_GAUGE, {0}, 0, 0},
	[METRIC_ROWS] = {"umpire_provider_table_rows_total", "Rows written to the table of flagged players.", UMP_COUNTER, {0}, 0, 0},
	[METRIC_PLAYERS] = {"umpire_provider_players_refused_total", "Records of players beyond --max-players: counted, not told apart.", UMP_COUNTER, {0}, 0, 0},
	[METRIC_CREDENTIALS_REFUSED] = {"umpire_provider_credentials_refused_total", "New credentials or certificates for Kafka that cannot be read or do not get in.", UMP_COUNTER, {0}, 0, 0},
	[METRIC_DOOR_REQUESTS] = {"umpire_provider_door_requests_total", "Requests to the doors (players, hits, events, simulation) by status.", UMP_COUNTER, {"door", "status"}, 0, 0},
	[METRIC_DOOR_LIMITED] = {"umpire_provider_door_limited_total", "Of these, refused with 429: too many of a player, of an address, joins of an address, or keys: more busy ones than --max-senders.", UMP_COUNTER, {"limit"}, 0, 0},
	[METRIC_READ] = {"umpire_provider_records_read_total", "Records read for the board.", UMP_COUNTER, {"topic"}, 0, 0},
};
/* clang-format on */
