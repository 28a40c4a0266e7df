/* provider/main.c: parse, build, run, drain. */
#include "common/telemetry/log.h"
#include "provider/provider.h"
#include "provider/verify.h"
#include "provider/verify_against.h"
#include <sysexits.h>
#include <unistd.h>

static int run(const struct provider_config *config)
{
	struct ump_loop *loop = NULL;
	struct provider *provider = NULL;
	struct ump_error error;
	int status;
	if (ump_loop_new(&loop, &error) < 0 || provider_new(&provider, loop, config, &error) < 0) {
		ump_log(UMP_LOG_ERROR, "not started", UMP_LOG_S("error", error.text));
		status = error.kind == UMP_RETRY ? EX_UNAVAILABLE : EX_CONFIG;
	} else {
		status = ump_loop_run(loop);
		ump_log(UMP_LOG_INFO, "stopped", UMP_LOG_I("status", status));
	}
	provider_free(provider);
	ump_loop_free(loop);
	return status;
}

int main(int argc, char **argv)
{
	struct provider_config config = {0};
	int command;
	int status = ump_config_load(provider_program(), argc, argv, environ, &config, &command, stdout, stderr);
	if (status != UMP_CONFIG_RUN)
		return status;
	ump_log_setup("event-provider", (enum ump_log_level)config.log.level, (enum ump_log_format)config.log.format);
	if (command == PROVIDER_VERIFY && config.verify.against)
		status = verify_against_run(&config, stdout);
	else
		status = command == PROVIDER_VERIFY ? verify_run(&config, stdout) : run(&config);
	ump_config_release(provider_program(), &config);
	return status;
}
