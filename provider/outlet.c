#include "provider/outlet.h"
#include "common/kafka/small_file.h"
#include "common/memory.h"
#include "provider/event_record.h"
#include <stdlib.h>

struct outlet {
	const char *topic;
	struct ump_producer *producer; /* or NULL */
	struct http_outlet *http;      /* or NULL */
	struct ump_kafka_message message;
};

static int open_http(struct outlet *outlet, struct ump_loop *loop, const struct outlet_options *options, struct ump_error *error)
{
	const struct provider_config *config = options->config;
	ump_cleanup_free char *token = NULL;
	if (config->simulation.target_token_file &&
	    ump_small_file_read(config->simulation.target_token_file, UMP_SMALL_VALUE, &token, error))
		return -1;
	return http_outlet_new(&outlet->http,
			       &(struct http_outlet_options){.loop = loop,
							     .form = config->simulation.transport == TRANSPORT_BRIDGE ? HTTP_OUTLET_BRIDGE
														      : HTTP_OUTLET_EVENTS,
							     .url = config->simulation.target,
							     .topic = config->topics.topic,
							     .token = token,
							     .most = (size_t)config->simulation.target_requests,
							     .limit_us = config->simulation.delivery_timeout_us,
							     .delivered = options->delivered,
							     .writable = options->writable,
							     .context = options->context},
			       error);
}

int outlet_new(struct outlet **ret_outlet, struct ump_loop *loop, const struct outlet_options *options, struct ump_error *error)
{
	struct outlet *outlet = ump_allocate(1, sizeof *outlet);
	outlet->topic = options->config->topics.topic;
	outlet->producer = options->producer;
	if (options->config->simulation.transport != TRANSPORT_KAFKA && open_http(outlet, loop, options, error)) {
		outlet_free(outlet);
		return -1;
	}
	*ret_outlet = outlet;
	return 0;
}

void outlet_free(struct outlet *outlet)
{
	if (!outlet)
		return;
	http_outlet_free(outlet->http);
	ump_kafka_message_release(&outlet->message);
	free(outlet);
}

int outlet_send(struct outlet *outlet, const struct ump_event *event, void *opaque, struct ump_error *error)
{
	struct ump_record record;
	if (outlet->http)
		return http_outlet_send(outlet->http, event, opaque, error);
	if (event_to_record(event, outlet->topic, &outlet->message, &record, error))
		return -1;
	return ump_producer_send(outlet->producer, &record, opaque, error);
}
