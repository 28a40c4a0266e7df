/* audit-fn/config.h: the function's settings: flags, AUDIT_* variables, YAML. */
#pragma once
#include "audit-fn/audit.h"
#include "common/cloudevents/http.h"
#include "common/config/log_options.h"

struct config {
	char *listen; /* as given: PORT is a number alone */
	int64_t max_body, max_header, max_batch, max_connections, request_deadline_us, drain_timeout_us, idle_exit_us;
	int header_encoding; /* enum ump_header_encoding */

	char *rules, *revision;
	int64_t threshold; /* meaningless unless given: config_rules() knows */
	int reply;         /* enum audit_replies */

	char *store; /* NULL: store_default() where a rule has state */
	char *store_prefix, *store_password_file;
	int64_t retention_us, store_limit, store_timeout_us;
	bool single_writer;

	char *admin_listen;
	struct ump_log_options log;
};

extern const struct ump_program config_program;

/* Loads the rules that the configuration names. */
int config_rules(const struct config *config, struct rules **ret_rules, struct ump_error *error);

/* The address to listen on, as common/http/server.h wants it: a number alone is a port on all interfaces. free() releases it. */
char *config_listen(const struct config *config);
