/* provider/live.h: what pages ask for that changes: the state, its stream, a phone's player, the code for phones.
 *
 * Makes a frame at most ten times a second, for all pages at once, and none while nobody looks. */
#pragma once
#include "provider/configuration.h"
#include "provider/feed.h"
#include "provider/site.h"

struct live;

struct live_options {
	const struct provider_config *config;
	struct feed *feed;
	size_t max_pages;                                           /* browsers that follow the board, and as many phones */
	void (*describe)(void *context, struct board_facts *facts); /* fills in what the simulation does */
	void *context;
};

struct live *live_new(struct ump_loop *loop, const struct live_options *options);
void live_free(struct live *live); /* after the site; accepts NULL */

/* Valid as long as it. */
const struct site_route *live_routes(const struct live *live, size_t *ret_count);

/* Where the site listens, "HOST:PORT": phones reach that, where --public-url says nothing else and it is no loopback address. */
void live_listen(struct live *live, const char *address);

/* Something that pages should see at once. */
void live_hurry(struct live *live);

/* A verdict was read: for the phones that wait for it. */
void live_verdict(struct live *live, const struct verdict_reading *verdict, double ms);

/* Browsers that follow the board, phones, and how often a slow browser was put back to snapshots: into the metrics. */
void live_measure(const struct live *live, struct ump_metrics *metrics);
