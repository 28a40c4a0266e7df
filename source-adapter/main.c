/* source-adapter/main.c: parse, build, run, drain. */
#include "common/http/admin.h"
#include "common/telemetry/log.h"
#include "source-adapter/counts.h"
#include "source-adapter/worker.h"
#include <malloc.h>
#include <sysexits.h>
#include <unistd.h>

struct program {
	struct config config;
	struct ump_loop *loop;
	struct ump_metrics *metrics;
	struct worker *worker;
	struct ump_admin_pages pages;
	struct ump_server *admin;
};

/* Answers, commits and leaving the group each have their time; what takes longer than all of them is given up. */
#define LEAVE_TIMEOUT (10 * UMP_SECOND)

static int build(struct program *program, struct ump_error *error)
{
	const struct config *config = &program->config;
	if (ump_loop_new(&program->loop, error) < 0)
		return -1;
	program->metrics = ump_metrics_new(count_table, count_table_size);
	if (worker_new(&program->worker, program->loop, config, program->metrics, error) < 0)
		return -1;
	struct ump_drain drain = {worker_drain, worker_expire, program->worker, config->drain_timeout_us + LEAVE_TIMEOUT};
	if (ump_loop_drain_on_signals(program->loop, &drain, error) < 0)
		return -1;
	program->pages = (struct ump_admin_pages){
		.metrics = program->metrics,
		.ready = worker_ready,
		.update = worker_update,
		.context = program->worker,
	};
	if (!config->admin_listen)
		return 0;
	if (ump_admin_new(&program->admin, program->loop, config->admin_listen, &program->pages, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("admin-listen"));
	ump_log(UMP_LOG_INFO, "listening", UMP_LOG_S("for", "admin"), UMP_LOG_S("address", ump_server_address(program->admin)));
	return 0;
}

static void release(struct program *program)
{
	ump_server_free(program->admin);
	worker_free(program->worker);
	ump_metrics_free(program->metrics);
	ump_loop_free(program->loop);
	ump_config_release(config_program(), &program->config);
}

/* Before the first thread. Few heaps instead of one for each of librdkafka's threads, and large pieces (a fetch comes in one) go back to
 * the system when they are done, wherever they lie. */
static void save_memory(bool low)
{
	mallopt(M_ARENA_MAX, low ? 1 : 2);
	mallopt(M_MMAP_THRESHOLD, low ? 64 << 10 : 128 << 10);
}

int main(int argc, char **argv)
{
	struct program program = {0};
	struct ump_error error;
	int command;
	int status = ump_config_load(config_program(), argc, argv, environ, &program.config, &command, stdout, stderr);
	if (status != UMP_CONFIG_RUN)
		return status;
	ump_log_setup("source-adapter", (enum ump_log_level)program.config.log.level, (enum ump_log_format)program.config.log.format);
	save_memory(program.config.low_memory);
	if (build(&program, &error) < 0) {
		ump_log(UMP_LOG_ERROR, "not started", UMP_LOG_S("error", error.text));
		status = error.kind == UMP_RETRY ? EX_UNAVAILABLE : EX_CONFIG;
	} else {
		status = ump_loop_run(program.loop);
	}
	release(&program);
	return status;
}
