/* provider/events_door.h: POST /events: CloudEvents from HTTP into Kafka.
 *
 * /events goes to the first topic of --events-topics, /events/TOPIC to that one of them. Binary, structured and batched mode; a batch is
 * accepted as a whole: 202 when all of its events are acknowledged, else an error, after which some may be there. */
#pragma once
#include "provider/door.h"

struct events_door;

struct events_door *events_door_new(struct door_shared *shared);
void events_door_free(struct events_door *door); /* accepts NULL */

/* For the route "/events" and the folder "/events/"; `context` is the door. Who may not come in is told so before the body is read. */
void events_door_begin(struct ump_request *request, void *context);
void events_door_handle(struct ump_request *request, void *context);
