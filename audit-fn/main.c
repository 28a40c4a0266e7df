/* audit-fn/main.c: parse, build, run, drain. */
#include "audit-fn/config.h"
#include "audit-fn/metrics.h"
#include "audit-fn/service.h"
#include "common/loop/notify.h"
#include "common/memory.h"
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

struct program {
	struct config config;
	struct ump_loop *loop;
	struct rules *rules;
	struct store *store;
	struct ump_metrics *metrics;
	struct audit *audit;
	struct service *service;
};

static void begin_drain(void *context)
{
	struct program *program = context;

	ump_log(UMP_LOG_INFO, "draining", UMP_LOG_I("requests", service_active(program->service)));
	service_drain(program->service);
}

static void drain_expired(void *context)
{
	struct program *program = context;

	ump_log(UMP_LOG_ERROR, "gave up draining", UMP_LOG_I("requests", service_active(program->service)));
	ump_loop_stop(program->loop, EX_UNAVAILABLE);
}

/* Rules over windows have state; where nobody says where, it is kept all the same. */
static int open_store(struct program *program, struct ump_error *error)
{
	const struct config *config = &program->config;
	const struct store_settings settings = {config->retention_us, config->store_limit, config->store_timeout_us, config->store_prefix,
						config->store_password_file};
	ump_cleanup_free char *by_default = config->store ? NULL : store_default(error);

	if (config->store)
		return store_open(&program->store, program->loop, config->store, &settings, error);
	if (!by_default || store_make_folder(by_default, error) < 0)
		return -1;
	ump_log(UMP_LOG_INFO, "state is kept", UMP_LOG_S("store", by_default));
	return store_open(&program->store, program->loop, by_default, &settings, error);
}

static int build(struct program *program, struct ump_error *error)
{
	const struct config *config = &program->config;
	const struct ump_drain drain = {begin_drain, drain_expired, program, config->drain_timeout_us};

	if (config_rules(config, &program->rules, error) < 0 || ump_loop_new(&program->loop, error) < 0 ||
	    ump_loop_drain_on_signals(program->loop, &drain, error) < 0)
		return -1;
	if (program->rules->windowed && open_store(program, error) < 0)
		return -1;
	program->metrics = ump_metrics_new(metrics_table, METRIC_COUNT);
	program->audit = audit_new(&(struct audit_settings){
		.rules = program->rules,
		.replies = (enum audit_replies)config->reply,
		.revision = config->revision && *config->revision ? config->revision : program->rules->revision,
		.store = program->store,
		.metrics = program->metrics,
	});
	return service_new(&program->service, program->loop,
			   &(struct service_settings){config, program->audit, program->store, program->metrics}, error);
}

/* What is under way after a drain that was given up still belongs to the store: then the end of the process is the release. */
static void release(struct program *program)
{
	if (program->service && service_active(program->service) > 0)
		return;
	service_free(program->service);
	audit_free(program->audit);
	store_close(program->store);
	ump_metrics_free(program->metrics);
	ump_loop_free(program->loop);
	rules_free(program->rules);
	ump_config_release(&config_program, &program->config);
}

int main(int argc, char **argv)
{
	struct program program = {0};
	struct ump_error error;
	int command;
	int status = ump_config_load(&config_program, argc, argv, environ, &program.config, &command, stdout, stderr);

	if (status != UMP_CONFIG_RUN)
		return status;
	ump_log_setup("audit-fn", (enum ump_log_level)program.config.log.level, (enum ump_log_format)program.config.log.format);
	if (build(&program, &error) < 0) {
		ump_log(UMP_LOG_ERROR, "not started", UMP_LOG_S("error", error.text));
		status = error.kind == UMP_RETRY ? EX_UNAVAILABLE : EX_CONFIG;
	} else {
		ump_log(UMP_LOG_INFO, "ready", UMP_LOG_I("rules", program.rules->count));
		ump_notify("READY=1");
		status = ump_loop_run(program.loop);
		ump_log(UMP_LOG_INFO, "stopped", UMP_LOG_I("status", status));
	}
	release(&program);
	return status;
}
