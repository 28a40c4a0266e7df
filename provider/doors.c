#include "provider/doors.h"
#include "common/kafka/small_file.h"
#include "common/memory.h"
#include "provider/door.h"
#include "provider/events_door.h"
#include "provider/play_door.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define TOKEN_BYTES 16

struct doors {
	struct door_shared shared;
	struct play_door *play;
	struct events_door *events;
	struct control_door *controls;
	struct site_route routes[5];
};

/* Without a file one is made, and said once on standard output: logs are kept, and read by others. */
static int find_token(char **ret_token, const char *path, struct ump_error *error)
{
	uint8_t bytes[TOKEN_BYTES];
	char text[2 * TOKEN_BYTES + 1];
	if (path)
		return ump_small_file_read(path, UMP_SMALL_VALUE, ret_token, error);
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return ump_fail(error, UMP_FATAL, "no random numbers for the admin token");
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	printf("admin token: %s\n", text);
	fflush(stdout);
	*ret_token = ump_copy_string(text);
	return 0;
}

static int read_networks(struct door_shared *shared, struct ump_error *error)
{
	const struct ump_list *list = &shared->config->doors.trusted_proxies;
	shared->trusted = ump_allocate(list->count + 1, sizeof *shared->trusted);
	for (; shared->trusted_count < list->count; shared->trusted_count++)
		if (sender_network_read(list->items[shared->trusted_count], &shared->trusted[shared->trusted_count], error))
			return -1;
	return 0;
}

static void gone(struct ump_request *request, void *context)
{
	(void)context;
	receipt_gone(request);
}

static void open_doors(struct doors *doors, const struct doors_options *options)
{
	const size_t max_events = (size_t)options->config->doors.max_body;
	doors->play = play_door_new(&doors->shared, options->run);
	doors->events = events_door_new(&doors->shared);
	doors->controls = control_door_new(&doors->shared, &options->controls);
	doors->routes[0] = (struct site_route){"/api/players", PLAY_MAX_BODY, NULL, play_door_join, NULL, doors->play};
	doors->routes[1] = (struct site_route){"/api/hits", PLAY_MAX_BODY, NULL, play_door_hit, gone, doors->play};
	doors->routes[2] = (struct site_route){"/events", max_events, events_door_begin, events_door_handle, gone, doors->events};
	doors->routes[3] = (struct site_route){"/events/", max_events, events_door_begin, events_door_handle, gone, doors->events};
	doors->routes[4] =
		(struct site_route){"/api/simulation", CONTROL_MAX_BODY, NULL, control_door_handle, control_door_gone, doors->controls};
}

int doors_new(struct doors **ret_doors, struct ump_loop *loop, const struct doors_options *options, struct ump_error *error)
{
	const struct provider_config *config = options->config;
	struct doors *doors = ump_allocate(1, sizeof *doors);
	doors->shared = (struct door_shared){.loop = loop, .config = config, .metrics = options->metrics};
	if (find_token(&doors->shared.token, config->doors.admin_token_file, error) || read_networks(&doors->shared, error)) {
		doors_free(doors);
		return -1;
	}
	doors->shared.addresses = limiter_new(config->doors.address_rate, (size_t)config->doors.max_senders);
	doors->shared.receipts = receipts_new(&(struct receipts_options){.loop = loop,
									 .producer = options->producer,
									 .timeout_us = config->doors.ack_timeout_us,
									 .held = options->held,
									 .context = options->context});
	open_doors(doors, options);
	*ret_doors = doors;
	return 0;
}

void doors_free(struct doors *doors)
{
	if (!doors)
		return;
	play_door_free(doors->play);
	events_door_free(doors->events);
	control_door_free(doors->controls);
	receipts_free(doors->shared.receipts);
	limiter_free(doors->shared.addresses);
	free(doors->shared.trusted);
	free(doors->shared.token);
	free(doors);
}

const struct site_route *doors_routes(const struct doors *doors, size_t *ret_count)
{
	*ret_count = sizeof doors->routes / sizeof *doors->routes;
	return doors->routes;
}

void doors_listen(struct doors *doors, const char *address)
{
	doors->shared.listening = address;
}

void doors_delivered(struct doors *doors, const struct ump_delivery *delivery)
{
	receipts_delivered(doors->shared.receipts, delivery);
}
