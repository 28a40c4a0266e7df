/* provider/inspector.h: what pages ask of single records: GET /api/event, GET /api/dead-letters.
 *
 * What the board keeps is answered at once; the rest is read back from Kafka, while the request waits. */
#pragma once
#include "provider/configuration.h"
#include "provider/feed.h"
#include "provider/site.h"

struct inspector;

int inspector_new(struct inspector **ret_inspector, struct ump_loop *loop, const struct provider_config *config, struct feed *feed,
		  struct ump_error *error);
void inspector_free(struct inspector *inspector); /* after the site; accepts NULL; waits for the present question to Kafka */

/* Valid as long as it. */
const struct site_route *inspector_routes(const struct inspector *inspector, size_t *ret_count);
