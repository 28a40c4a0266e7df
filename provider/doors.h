/* provider/doors.h: the doors together: what they share, their routes, and their records' completions. */
#pragma once
#include "common/kafka/producer.h"
#include "provider/configuration.h"
#include "provider/control_door.h"
#include "provider/site.h"

struct doors;

struct doors_options {
	const struct provider_config *config;
	const char *run;
	struct ump_producer *producer;
	struct ump_metrics *metrics;
	const char *(*held)(void *context); /* why no record may be sent now, or NULL */
	void *context;
	struct control_options controls;
};

int doors_new(struct doors **ret_doors, struct ump_loop *loop, const struct doors_options *options, struct ump_error *error);
void doors_free(struct doors *doors); /* after the server and the producer; accepts NULL */

/* Valid as long as the doors. */
const struct site_route *doors_routes(const struct doors *doors, size_t *ret_count);

/* Where the server listens: borrowed. */
void doors_listen(struct doors *doors, const char *address);

/* The completion of a record that a door has sent. */
void doors_delivered(struct doors *doors, const struct ump_delivery *delivery);
