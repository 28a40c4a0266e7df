/* tests/bench/http-server.c: our server, answering 204 to everything; beside bench-mhd-bare. Prints its port; ends after the seconds
 * given, with the processor time it took. */
#include "common/http/server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static unsigned long requests;

static void handle(struct ump_request *request, void *context)
{
	(void)context;
	requests++;
	ump_request_answer(request, &(struct ump_answer){.status = 204});
}

static void end(void *context)
{
	ump_loop_stop(context, 0);
}

int main(int argc, char **argv)
{
	const struct ump_server_options options = {.listen = "127.0.0.1:0",
						   .socket = -1,
						   .max_body = 1 << 20,
						   .max_connections = 1000,
						   .request_deadline_us = 15 * UMP_SECOND};
	const struct ump_server_handler handler = {.handle = handle};
	struct ump_server *server;
	struct ump_loop *loop;
	struct ump_timer timer = {0};
	struct ump_error error;
	struct rusage usage;

	if (ump_loop_new(&loop, &error) < 0 || ump_server_new(&server, loop, &options, &handler, &error) < 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	printf("%s\n", strrchr(ump_server_address(server), ':') + 1);
	fflush(stdout);
	ump_timer_set(loop, &timer, ump_loop_now(loop) + (int64_t)(1e6 * (argc > 1 ? atof(argv[1]) : 10)), end, loop);
	ump_loop_run(loop);
	getrusage(RUSAGE_SELF, &usage);
	double used =
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	printf("%lu requests, %.2f us of processor time each\n", requests, requests ? used * 1e6 / (double)requests : 0);
	ump_server_free(server);
	ump_loop_free(loop);
	return 0;
}
