/* deploy/laptop/demo: the launcher behind `make demo`. See director.h for what it does in which order, and --help for what it takes. */
#include "common/config/options.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "deploy/laptop/director.h"
#include "deploy/laptop/keeper.h"
#include "deploy/laptop/place.h"
#include "deploy/laptop/show.h"
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

extern char **environ;

struct config {
	char *kafka;
	int64_t port;
	int64_t lan;
	char *duration, *rate, *seed;
	char *listen, *public_address, *idle_exit, *wait;
};

#define MEMBER(name) .offset = offsetof(struct config, name)

static const struct ump_option options[] = {
	{"kafka", "KAFKA", UMP_OPTION_STRING, MEMBER(kafka), .fallback = "embedded", .value = "embedded|apache|HOST:PORT[,...]",
	 .help = "which Kafka: the embedded broker, real Apache Kafka started here, or yours"},
	{"port", "PORT", UMP_OPTION_INTEGER, MEMBER(port), .fallback = "8080", .minimum = 0, .maximum = 65535, .value = "PORT",
	 .help = "where the board listens; 0: any free port"},
	{"lan", "LAN", UMP_OPTION_INTEGER, MEMBER(lan), .fallback = "0", .minimum = 0, .maximum = 1, .value = "0|1",
	 .help = "1: the board listens on all interfaces, for phones in the same network"},
	{"duration", "DURATION", UMP_OPTION_STRING, MEMBER(duration), .value = "TIME",
	 .help = "make events this long (seconds, or with a unit), have the sets compared, and end"},
	{"rate", "RATE", UMP_OPTION_STRING, MEMBER(rate), .value = "NUMBER", .help = "hits a second"},
	{"seed", "SEED", UMP_OPTION_STRING, MEMBER(seed), .value = "NUMBER",
	 .help = "of the simulation: the same seed gives the same hits"},
	{"listen", NULL, UMP_OPTION_STRING, MEMBER(listen), .value = "ADDRESS", .help = "the board's address, where it is not 127.0.0.1"},
	{"public-address", NULL, UMP_OPTION_STRING, MEMBER(public_address), .value = "ADDRESS",
	 .help = "under which phones reach this machine, where it cannot know that itself"},
	{"idle-exit", NULL, UMP_OPTION_STRING, MEMBER(idle_exit), .fallback = "30s", .value = "TIME",
	 .help = "after which time without events audit-fn ends, until the next one"},
	{"wait", NULL, UMP_OPTION_STRING, MEMBER(wait), .fallback = "60s", .value = "TIME",
	 .help = "with a duration: for how long nothing may have come in before what is missing counts as lost"},
};

/* "20" is 20 s. */
static void give_unit(char **duration)
{
	size_t digits = *duration ? strspn(*duration, "0123456789.") : 0;
	if (digits == 0 || (*duration)[digits] != '\0')
		return;
	char *with_unit = ump_format("%ss", *duration);
	free(*duration);
	*duration = with_unit;
}

static int check(void *context, struct ump_error *error)
{
	struct config *config = context;
	int64_t duration;
	give_unit(&config->duration);
	if (config->duration && ump_parse_duration(config->duration, &duration, error) < 0)
		return ump_error_prefix(error, "%s", ump_config_place("duration"));
	if (strcmp(config->kafka, "embedded") != 0 && strcmp(config->kafka, "apache") != 0 && !strchr(config->kafka, ':'))
		return ump_fail(error, UMP_REJECT, "%s: expected embedded, apache or HOST:PORT[,...], found \"%s\"",
				ump_config_place("kafka"), config->kafka);
	return 0;
}

static const struct ump_option_group groups[] = {{"Options", options, sizeof options / sizeof *options, 0}};
static const struct ump_program program = {
	.name = "demo",
	.prefix = "DEMO",
	.summary = "Runs Kafka, audit-fn, source-adapter and event-provider on this machine until Ctrl-C",
	.groups = groups,
	.group_count = 1,
	.examples = "  demo\n  demo --duration 20 --rate 500 --seed 7 --kafka apache\n",
	.check = check,
};

/* ---- The run ---- */

struct demo {
	struct config config;
	struct place place;
	struct keeper keeper;
	struct ump_loop *loop;
	struct supervisor supervisor;
	struct screen screen;
	struct director *director;
	struct show *show;
};

static void stop_asked(void *context)
{
	struct demo *demo = context;
	screen_say(&demo->screen, "stopping ...");
	/* A run that was to be checked and was not has not succeeded. */
	director_end(demo->director, demo->config.duration ? EXIT_FAILURE : EX_OK);
}

static void stop_now(void *context)
{
	struct demo *demo = context;
	screen_say(&demo->screen, "demo: ended at once, without letting the parts finish");
	ump_loop_stop(demo->loop, EXIT_FAILURE);
}

static void hung_up(void *context, int signal_number)
{
	struct demo *demo = context;
	(void)signal_number;
	ump_loop_begin_drain(demo->loop);
}

static int on_signals(struct demo *demo, struct ump_error *error)
{
	const struct ump_drain drain = {.begin = stop_asked, .expired = stop_now, .context = demo};
	if (ump_loop_on_signal(demo->loop, SIGHUP, hung_up, demo, error) < 0)
		return -1;
	return ump_loop_drain_on_signals(demo->loop, &drain, error);
}

static struct part_facts facts(const struct demo *demo)
{
	const struct config *config = &demo->config;
	const struct place *place = &demo->place;
	enum part_kafka kafka = strcmp(config->kafka, "embedded") == 0 ? KAFKA_EMBEDDED
				: strcmp(config->kafka, "apache") == 0 ? KAFKA_APACHE
								       : KAFKA_GIVEN;
	return (struct part_facts){
		.kafka = kafka,
		.build = place->build,
		.source = DEMO_SOURCE,
		.run_folder = place->run_folder,
		.bootstrap = kafka == KAFKA_GIVEN ? config->kafka : NULL,
		.listen = place->listen,
		.public_url = place->public_url,
		.token_file = place->token_file,
		.group = kafka == KAFKA_GIVEN ? place->group : "umpire-demo",
		.idle_exit = config->idle_exit,
		.wait = config->wait,
		.duration = config->duration,
		.rate = config->rate,
		.seed = config->seed,
	};
}

static int build_and_run(struct demo *demo, struct ump_error *error)
{
	/* Before all else, since it forks. */
	if (keeper_start(&demo->keeper, demo->place.run_folder, error) < 0 || ump_loop_new(&demo->loop, error) < 0 ||
	    on_signals(demo, error) < 0 || supervisor_open(&demo->supervisor, demo->loop, &demo->keeper, error) < 0)
		return -1;
	screen_init(&demo->screen, STDOUT_FILENO);
	const struct director_options directed = {.facts = facts(demo),
						  .logs = demo->place.logs,
						  .board = demo->place.board,
						  .token = demo->place.token,
						  .screen = &demo->screen,
						  .supervisor = &demo->supervisor};
	demo->director = director_new(demo->loop, &directed);
	const struct show_options shown = {.director = demo->director,
					   .screen = &demo->screen,
					   .board = demo->place.board,
					   .phones = demo->place.phones,
					   .token = demo->place.token,
					   .logs = demo->place.logs};
	if (show_new(&demo->show, demo->loop, &shown, error) < 0 || director_begin(demo->director, error) < 0)
		return -1;
	return ump_loop_run(demo->loop);
}

static void release(struct demo *demo)
{
	struct ump_error error;
	show_free(demo->show);
	if (demo->loop)
		supervisor_close(&demo->supervisor);
	director_free(demo->director);
	ump_loop_free(demo->loop);
	if (demo->place.run_folder && keeper_remove_folder(demo->place.run_folder, &error) < 0)
		fprintf(stderr, "demo: %s\n", error.text);
	keeper_stop(&demo->keeper);
	place_release(&demo->place);
}

/* We end when our parent does (make, a shell), in order. */
static int die_with_parent(void)
{
	pid_t parent = getppid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return getppid() == parent ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct demo demo = {.place.lock = -1};
	struct ump_error error = {0};
	int command, result = -1;
	if (die_with_parent() < 0)
		return EX_UNAVAILABLE;
	int status = ump_config_load(&program, argc, argv, environ, &demo.config, &command, stdout, stderr);
	if (status == UMP_CONFIG_RUN) {
		const struct place_options wanted = {.port = demo.config.port,
						     .listen = demo.config.listen,
						     .public_address = demo.config.public_address,
						     .lan = demo.config.lan == 1};
		ump_log_setup("demo", UMP_LOG_WARNING, UMP_LOG_AUTOMATIC);
		if (place_take(&demo.place, &wanted, &error) == 0)
			result = build_and_run(&demo, &error);
		if (result < 0)
			fprintf(stderr, "demo: %s\n", error.text);
		status = result >= 0 ? result : error.kind == UMP_RETRY ? EX_UNAVAILABLE : error.kind == UMP_REJECT ? EX_CONFIG : EX_OSERR;
		release(&demo);
	}
	ump_config_release(&program, &demo.config);
	return status;
}
