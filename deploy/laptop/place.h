/* deploy/laptop/place.h: where a demo lives: its folders, its port, its names.
 *
 *	<build>/demo/<port>/          a log for each part, kept until the next demo on this port
 *	<build>/demo/<port>/run/      what only this run needs; gone with it */
#pragma once
#include "common/error.h"
#include <stdbool.h>
#include <stdint.h>

struct place_options {
	int64_t port;               /* 0: any free one */
	const char *listen;         /* the board's address, or NULL: 127.0.0.1, on the LAN all */
	const char *public_address; /* for phones, or NULL: found out where it is needed */
	bool lan;
};

struct place {
	char *build;
	char *logs;
	char *run_folder;
	char *listen;     /* "127.0.0.1:8080" */
	char *board;      /* "http://127.0.0.1:8080/" */
	char *public_url; /* "http://192.168.1.5:8080", or NULL */
	char *phones;     /* "http://192.168.1.5:8080/play", or NULL */
	char *token;      /* the speaker's, new for each demo: it outlives a restart of the provider, and so do the players' cookies */
	char *token_file; /* where the provider reads it, in the run's folder */
	char *group;      /* of this machine and port, for a Kafka that others use as well */
	int lock;
};

/* Takes the folder and the port, which must be free: else an error of kind UMP_RETRY. The folders exist afterwards, the run's is empty and
 * there is no log. place_release() releases it, also after a failure. */
int place_take(struct place *place, const struct place_options *options, struct ump_error *error);
void place_release(struct place *place);
