/* provider/outlet.h: where the simulator's events go: into a topic, or over HTTP (--transport). */
#pragma once
#include "provider/configuration.h"
#include "provider/http_outlet.h"

struct outlet;

struct outlet_options {
	const struct provider_config *config;
	struct ump_producer *producer; /* for Kafka: its completions are the caller's; NULL with HTTP */
	void (*delivered)(void *context, const struct ump_delivery *delivery); /* and `writable`: of HTTP alone */
	void (*writable)(void *context);
	void *context;
};

int outlet_new(struct outlet **ret_outlet, struct ump_loop *loop, const struct outlet_options *options, struct ump_error *error);
void outlet_free(struct outlet *outlet); /* accepts NULL */

/* As ump_producer_send(). */
int outlet_send(struct outlet *outlet, const struct ump_event *event, void *opaque, struct ump_error *error);
