/* deploy/laptop/parts.h: what runs in a demo, and with which arguments. Pure. */
#pragma once
#include <stdbool.h>

/* PART_CHECK, PART_TOPICS and PART_VERIFY are jobs: they end by themselves. */
enum part { PART_CHECK, PART_BROKER, PART_TOPICS, PART_FUNCTION, PART_ADAPTER, PART_PROVIDER, PART_VERIFY, PART_COUNT };
enum part_kafka { KAFKA_EMBEDDED, KAFKA_APACHE, KAFKA_GIVEN };

/* As one reads it on the screen and in the name of its log. */
extern const char *const part_names[PART_COUNT];

/* What the arguments depend on; borrowed. */
struct part_facts {
	enum part_kafka kafka;
	const char *build;      /* the build folder */
	const char *source;     /* the checkout */
	const char *run_folder; /* what only this run needs */
	const char *bootstrap;  /* HOST:PORT[,…] */
	const char *sink;       /* HOST:PORT of the function */
	const char *listen;     /* HOST:PORT of the board */
	const char *public_url; /* of the board, for phones; or NULL */
	const char *token_file; /* holds the token of the speaker's controls */
	const char *group;      /* the adapter's consumer group */
	const char *idle_exit;  /* of the function */
	const char *wait;       /* how long nothing may have moved before the sets are compared as they are */
	const char *duration;   /* or NULL: until it is stopped; then only cheaters get a verdict */
	const char *rate;       /* or NULL: the provider's own, like the next */
	const char *seed;
	const char *run;   /* the provider's, and its beginning, which are the same when it is started again */
	const char *epoch; /* RFC 3339 */
	bool resumes;      /* it was started before: Kafka may have some of the run */
};

/* The program's path and its arguments, NULL at the end. part_arguments_free() releases them; it accepts NULL. */
char **part_arguments(enum part part, const struct part_facts *facts);
void part_arguments_free(char **arguments);

/* The file into which the broker writes its HOST:PORT; free() releases it. */
char *part_address_file(const struct part_facts *facts);
