#include "provider/hit_event.h"
#include "provider/event_record.h"
#include <stdio.h>

void hit_writer_init(struct hit_writer *writer, const char *run, int64_t epoch_us)
{
	writer->epoch_us = epoch_us;
	run_source(writer->source, run);
}

static const char *type_of(enum scenario_payload payload)
{
	static const char *const types[] = {[SCENARIO_HITS] = "game.hits",
					    [SCENARIO_SHIPWARS] = "bonus",
					    [SCENARIO_WEB] = "web.activity",
					    [SCENARIO_METRICS] = "metrics.sample",
					    [SCENARIO_LOGS] = "log.summary"};
	return types[payload];
}

/* The generated names and ids need no escaping: letters, digits, spaces and hyphens. */
static int write_data(char *data, size_t size, enum scenario_payload payload, const struct simulated_player *player,
		      const struct simulated_hit *hit)
{
	static const char *const pages[] = {"/", "/search", "/basket", "/account", "/help"};
	switch (payload) {
	case SCENARIO_HITS:
		break;
	case SCENARIO_SHIPWARS:
		return snprintf(data, size,
				"{\"match\":\"m-%04u\",\"game\":\"g-%04u\",\"by\":{\"username\":\"%s\",\"uuid\":\"%s\"},\"shots\":%u,"
				"\"human\":true}",
				hit->match, hit->match, player->name, player->id, hit->value);
	case SCENARIO_WEB:
		return snprintf(data, size, "{\"session\":\"m-%04u\",\"player\":\"%s\",\"name\":\"%s\",\"page\":\"%s\",\"requests\":%u}",
				hit->match, player->id, player->name, pages[hit->sequence % 5], hit->value);
	case SCENARIO_METRICS:
		return snprintf(data, size, "{\"group\":\"m-%04u\",\"player\":\"%s\",\"name\":\"%s\",\"metric\":\"cpu\",\"percent\":%u}",
				hit->match, player->id, player->name, hit->value);
	case SCENARIO_LOGS:
		return snprintf(data, size, "{\"service\":\"m-%04u\",\"player\":\"%s\",\"name\":\"%s\",\"level\":\"error\",\"errors\":%u}",
				hit->match, player->id, player->name, hit->value);
	}
	return snprintf(data, size, "{\"match\":\"m-%04u\",\"player\":\"%s\",\"name\":\"%s\",\"hits\":%u}", hit->match, player->id,
			player->name, hit->value);
}

int hit_write(struct hit_writer *writer, const struct simulator *simulator, const struct simulated_hit *hit, struct ump_event *ret_event,
	      struct ump_error *error)
{
	enum scenario_payload payload = simulator_scenario(simulator)->payload;
	const struct simulated_player *player = simulator_player(simulator, hit->player);
	snprintf(writer->id, sizeof writer->id, "%llu", (unsigned long long)hit->sequence);
	moment_write(writer->time, writer->epoch_us + hit->at_us);
	int size = write_data(writer->data, sizeof writer->data, payload, player, hit);
	const struct event_form form = {.source = writer->source,
					.id = writer->id,
					.type = type_of(payload),
					.player = player->id,
					.time = writer->time,
					.data = {writer->data, (size_t)size}};
	return event_fill(&form, ret_event, error);
}
