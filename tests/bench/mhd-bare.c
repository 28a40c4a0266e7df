/* tests/bench/mhd-bare.c: libmicrohttpd alone, answering 204 to everything: what our server is measured against.
 *
 *   bench-mhd-bare SECONDS [MEMORY]
 *
 * One thread in MHD_run_wait(), epoll and TURBO, one response for all. MEMORY is what it keeps for a connection, in bytes, which bounds the
 * head of a request. Prints its port; ends after the seconds, with the processor time it took. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

static struct MHD_Response *empty;
static unsigned long requests;

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
			      const char *upload, size_t *upload_size, void **request)
{
	static int seen;

	(void)context, (void)url, (void)method, (void)version, (void)upload;
	if (!*request) {
		*request = &seen;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	requests++;
	return MHD_queue_response(connection, 204, empty);
}

int main(int argc, char **argv)
{
	const double seconds = argc > 1 ? atof(argv[1]) : 10;
	const size_t memory = argc > 2 ? strtoul(argv[2], NULL, 10) : 32768; /* MHD's own default */
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timespec begin, now;
	struct rusage usage;

	empty = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_TURBO, 0, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR,
						     &address, MHD_OPTION_CONNECTION_LIMIT, 1000U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
						     memory, MHD_OPTION_END);
	if (!empty || !daemon)
		return 1;
	printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		MHD_run_wait(daemon, 100);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9 < seconds);
	getrusage(RUSAGE_SELF, &usage);
	double used =
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	printf("%lu requests, %.2f us of processor time each\n", requests, requests ? used * 1e6 / (double)requests : 0);
	MHD_stop_daemon(daemon);
	MHD_destroy_response(empty);
	return 0;
}
