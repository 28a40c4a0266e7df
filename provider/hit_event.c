#include "provider/hit_event.h"
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

	const struct {
		const char *name, *value;
		enum ump_attribute_type type;
	} attributes[] = {{"specversion", "1.0", UMP_ATTRIBUTE_STRING},
			  {"id", writer->id, UMP_ATTRIBUTE_STRING},
			  {"source", writer->source, UMP_ATTRIBUTE_URI_REFERENCE},
			  {"type", type_of(payload), UMP_ATTRIBUTE_STRING},
			  {"subject", player->id, UMP_ATTRIBUTE_STRING},
			  {"time", writer->time, UMP_ATTRIBUTE_TIMESTAMP},
			  {"partitionkey", player->id, UMP_ATTRIBUTE_STRING},
			  {"datacontenttype", "application/json", UMP_ATTRIBUTE_STRING}};
	ump_event_reset(ret_event);
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
		if (ump_event_set(ret_event, ump_text(attributes[i].name), ump_text(attributes[i].value), attributes[i].type, error))
			return -1;
	ret_event->data = (struct ump_text){writer->data, (size_t)size};
	ret_event->data_kind = UMP_DATA_JSON;
	return 0;
}
