#include "provider/provider.h"
#include "common/http/admin.h"
#include "common/kafka/credentials.h"
#include "common/loop/notify.h"
#include "common/memory.h"
#include "common/telemetry/log.h"
#include "provider/board_control.h"
#include "provider/doors.h"
#include "provider/feed.h"
#include "provider/inspector.h"
#include "provider/live.h"
#include "provider/metrics.h"
#include "provider/open_files.h"
#include "provider/run.h"
#include "provider/site.h"
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define START_US    (30 * UMP_SECOND) /* Kafka has to answer by then */
#define DRAIN_US    (15 * UMP_SECOND)
#define TROUBLES_US (10 * UMP_SECOND) /* between two log lines about the same */

struct provider {
	const struct provider_config *config;
	struct ump_loop *loop;
	struct ump_metrics *metrics;
	struct ump_admin_pages admin_pages;
	struct ump_server *admin;
	struct ump_producer *producer; /* NULL where Kafka is not used */
	char delivery_timeout[24];     /* ms */
	const char *properties[3];     /* of the producer */
	struct ump_credentials *credentials;
	struct outlet *outlet;
	struct feed *feed;
	struct live *live;
	struct inspector *inspector;
	struct site *site;
	struct run *run;
	struct board_control board_control;
	const struct control_action *actions[3]; /* tables of them, and the end */
	struct doors *doors;
	struct ump_timer deadline;
	int64_t troubled_at;
	struct ump_error trouble;
	bool opened, draining, site_drained;
};

/* ---- The end ---- */

static size_t unacknowledged(const struct provider *provider)
{
	return provider->producer ? ump_producer_pending(provider->producer) : 0;
}

static void end_when_done(struct provider *provider)
{
	if (provider->draining && run_is_over(provider->run) && provider->site_drained && unacknowledged(provider) == 0)
		ump_loop_stop(provider->loop, EX_OK);
}

static void site_drained(void *context)
{
	struct provider *provider = context;
	provider->site_drained = true;
	end_when_done(provider);
}

static void begin_drain(void *context)
{
	struct provider *provider = context;
	provider->draining = true;
	run_stop(provider->run);
	if (provider->site)
		site_drain(provider->site, site_drained, provider);
	end_when_done(provider);
}

static void drain_expired(void *context)
{
	struct provider *provider = context;
	ump_log(UMP_LOG_ERROR, "stopping without a full drain", UMP_LOG_I("unacknowledged", unacknowledged(provider)));
	ump_loop_stop(provider->loop, EX_UNAVAILABLE);
}

/* ---- Kafka ---- */

static void run_over(void *context, const struct ump_error *error)
{
	struct provider *provider = context;
	if (error) {
		ump_log(UMP_LOG_ERROR, "truth cannot be written", UMP_LOG_S("error", error->text));
		ump_loop_stop(provider->loop, EX_CANTCREAT);
	} else if (!provider->config->simulation.stay && !provider->draining) {
		ump_loop_begin_drain(provider->loop);
	}
	end_when_done(provider);
}

static void delivered(void *context, const struct ump_delivery *delivery)
{
	struct provider *provider = context;
	if (run_delivered(provider->run, delivery)) {
		if (provider->feed && !delivery->error)
			feed_acknowledged(provider->feed, delivery->partition, delivery->offset);
	} else if (!provider->feed || !feed_delivered(provider->feed, delivery)) {
		doors_delivered(provider->doors, delivery);
	}
	end_when_done(provider);
}

static void writable(void *context)
{
	struct provider *provider = context;
	run_writable(provider->run);
}

static void producer_failed(void *context, const struct ump_error *error)
{
	struct provider *provider = context;
	ump_log(UMP_LOG_ERROR, "producer has failed", UMP_LOG_S("error", error->text));
	ump_loop_stop(provider->loop, EX_UNAVAILABLE);
}

static const char *held(void *context)
{
	struct provider *provider = context;
	return provider->feed ? feed_is_full(provider->feed, unacknowledged(provider)) : NULL;
}

static void begin_run(struct provider *provider)
{
	if (!provider->draining)
		run_begin(provider->run);
}

static void begin(struct provider *provider)
{
	provider->opened = true;
	ump_timer_cancel(provider->loop, &provider->deadline);
	ump_log(UMP_LOG_INFO, "ready", UMP_LOG_S("run", run_name(provider->run)));
	ump_notify("READY=1");
	if (!provider->config->simulation.resume)
		begin_run(provider);
}

static void feed_opened(void *context)
{
	begin(context);
}

static void feed_caught_up(void *context)
{
	struct provider *provider = context;
	ump_log(UMP_LOG_INFO, "board has caught up");
	if (provider->config->simulation.resume)
		begin_run(provider);
	if (provider->live)
		live_hurry(provider->live);
}

static void feed_hit(void *context, const struct hit_reading *hit, int64_t timestamp_ms)
{
	struct provider *provider = context;
	if (provider->config->simulation.resume)
		run_stored(provider->run, hit, timestamp_ms);
}

static void feed_trouble(void *context, const struct ump_error *error)
{
	struct provider *provider = context;
	int64_t now = ump_loop_now(provider->loop);
	if (strcmp(error->text, provider->trouble.text) != 0 || now - provider->troubled_at > TROUBLES_US) {
		ump_log(UMP_LOG_WARNING, "trouble with Kafka", UMP_LOG_S("error", error->text));
		provider->troubled_at = now;
	}
	provider->trouble = *error;
}

static void start_is_late(void *context)
{
	struct provider *provider = context;
	ump_log(UMP_LOG_ERROR, "Kafka cannot be used", UMP_LOG_S("brokers", provider->config->kafka.bootstrap_servers),
		UMP_LOG_S("error", provider->trouble.text[0] ? provider->trouble.text : "no answer"));
	ump_loop_stop(provider->loop, EX_UNAVAILABLE);
}

/* ---- Doors ---- */

static const char *refusal(void *context)
{
	struct provider *provider = context;
	if (!provider->opened)
		return "Kafka has not answered yet";
	return held(provider);
}

static void tell(void *context, struct ump_buffer *out)
{
	struct provider *provider = context;
	ump_buffer_add_character(out, '{');
	run_tell(provider->run, out);
	ump_buffer_add_string(out, "}\n");
}

static int make_doors(struct provider *provider, struct ump_error *error)
{
	provider->board_control = (struct board_control){.loop = provider->loop, .feed = &provider->feed};
	board_control_init(&provider->board_control);
	provider->actions[0] = run_actions(provider->run);
	provider->actions[1] = provider->board_control.actions;
	return doors_new(&provider->doors, provider->loop,
			 &(struct doors_options){.config = provider->config,
						 .run = run_name(provider->run),
						 .producer = provider->producer,
						 .metrics = provider->metrics,
						 .held = refusal,
						 .context = provider,
						 .controls = {provider->actions, tell, provider}},
			 error);
}

/* ---- Pages ---- */

static void describe_run(void *context, struct board_facts *facts)
{
	const struct provider *provider = context;
	run_describe(provider->run, facts);
}

static void feed_verdict(void *context, const struct verdict_reading *verdict, double ms)
{
	struct provider *provider = context;
	if (provider->live)
		live_verdict(provider->live, verdict, ms);
}

static bool is_ready(void *context, char *reason, size_t size)
{
	const struct provider *provider = context;
	if (provider->draining)
		snprintf(reason, size, "stopping");
	else if (!provider->opened)
		snprintf(reason, size, "%s", provider->trouble.text[0] ? provider->trouble.text : "waiting for Kafka");
	return provider->opened && !provider->draining;
}

static void update_metrics(void *context)
{
	struct provider *provider = context;
	run_measure(provider->run, provider->metrics);
	if (provider->feed)
		feed_measure(provider->feed);
	if (provider->live)
		live_measure(provider->live, provider->metrics);
}

/* ---- Making ---- */

static int make_producer(struct provider *provider, struct ump_error *error)
{
	snprintf(provider->delivery_timeout, sizeof provider->delivery_timeout, "%lld",
		 (long long)(provider->config->simulation.delivery_timeout_us / UMP_MILLISECOND));
	provider->properties[0] = "message.timeout.ms";
	provider->properties[1] = provider->delivery_timeout;
	return ump_producer_new(&provider->producer, provider->loop,
				&(struct ump_producer_options){.settings = &provider->config->kafka,
							       .client_id = "umpire-provider",
							       .properties = provider->properties,
							       .delivered = delivered,
							       .writable = writable,
							       .failed = producer_failed,
							       .context = provider},
				error);
}

static int make_outlet(struct provider *provider, struct ump_error *error)
{
	return outlet_new(&provider->outlet, provider->loop,
			  &(struct outlet_options){.config = provider->config,
						   .producer = provider->producer,
						   .delivered = delivered,
						   .writable = writable,
						   .context = provider},
			  error);
}

static int make_run(struct provider *provider, struct ump_error *error)
{
	return run_new(&provider->run, provider->loop,
		       &(struct run_options){
			       .config = provider->config, .outlet = provider->outlet, .held = held, .over = run_over, .context = provider},
		       error);
}

static int make_feed(struct provider *provider, struct ump_error *error)
{
	const struct provider_config *config = provider->config;
	bool one_run = config->simulation.run || config->simulation.rate > 0;
	return feed_new(&provider->feed, provider->loop,
			&(struct feed_options){.config = config,
					       .run = one_run ? run_name(provider->run) : NULL,
					       .producer = provider->producer,
					       .metrics = provider->metrics,
					       .opened = feed_opened,
					       .caught_up = feed_caught_up,
					       .trouble = feed_trouble,
					       .hit = feed_hit,
					       .verdict = feed_verdict,
					       .context = provider},
			error);
}

static int make_site(struct provider *provider, struct ump_error *error)
{
	const struct provider_config *config = provider->config;
	size_t door_count, live_count, inspector_count;
	if (inspector_new(&provider->inspector, provider->loop, config, provider->feed, error))
		return -1;
	size_t max_pages = (size_t)open_files_for_pages(config->pages.max_pages);
	provider->live = live_new(provider->loop, &(struct live_options){config, provider->feed, max_pages, describe_run, provider});
	const struct site_route *doors = doors_routes(provider->doors, &door_count), *live = live_routes(provider->live, &live_count),
				*inspector = inspector_routes(provider->inspector, &inspector_count);
	const struct site_routes routes[] = {{doors, door_count}, {live, live_count}, {inspector, inspector_count}};
	if (site_new(&provider->site, provider->loop,
		     &(struct site_options){.listen = config->pages.listen,
					    .max_clients = 2 * max_pages, /* boards, and phones */
					    .admin = &provider->admin_pages,
					    .routes = routes,
					    .routes_count = sizeof routes / sizeof *routes},
		     error))
		return -1;
	doors_listen(provider->doors, site_address(provider->site));
	live_listen(provider->live, site_address(provider->site));
	ump_log(UMP_LOG_INFO, "listening", UMP_LOG_S("for", "http"), UMP_LOG_S("address", site_address(provider->site)));
	return 0;
}

static int make_admin(struct provider *provider, struct ump_error *error)
{
	provider->admin_pages =
		(struct ump_admin_pages){.metrics = provider->metrics, .ready = is_ready, .update = update_metrics, .context = provider};
	if (!provider->config->process.admin_listen)
		return 0;
	if (ump_admin_new(&provider->admin, provider->loop, provider->config->process.admin_listen, &provider->admin_pages, error))
		return -1;
	ump_log(UMP_LOG_INFO, "listening", UMP_LOG_S("for", "admin"), UMP_LOG_S("address", ump_server_address(provider->admin)));
	return 0;
}

/* Credentials for Kafka that change while the program runs are given to its clients. */
static void sasl_changed(void *context, const char *user, const char *password)
{
	struct provider *provider = context;
	struct ump_error error;
	if (ump_kafka_set_credentials(ump_producer_handle(provider->producer), user, password, &error) < 0 ||
	    (provider->feed && reader_set_credentials(feed_reader(provider->feed), user, password, &error) < 0))
		ump_log(UMP_LOG_ERROR, "new credentials not taken", UMP_LOG_S("error", error.text));
}

/* The producer sends what it has before; the reader reads on where it was. */
static void tls_changed(void *context)
{
	struct provider *provider = context;
	struct ump_error error;
	ump_producer_renew(provider->producer);
	if (provider->feed && reader_renew(feed_reader(provider->feed), &error) < 0)
		ump_log(UMP_LOG_ERROR, "the reader keeps its old connection", UMP_LOG_S("error", error.text));
}

static void credentials_refused(void *context, const struct ump_error *error)
{
	struct provider *provider = context;
	(void)error; /* logged already */
	ump_metrics_add(provider->metrics, METRIC_CREDENTIALS_REFUSED, 1);
}

static int watch_credentials(struct provider *provider, struct ump_error *error)
{
	const struct ump_credentials_options options = {&provider->config->kafka, sasl_changed, tls_changed, credentials_refused, provider};
	return ump_credentials_new(&provider->credentials, provider->loop, &options, error);
}

static int make_all(struct provider *provider, struct ump_error *error)
{
	const struct provider_config *config = provider->config;
	const struct ump_drain drain = {begin_drain, drain_expired, provider, DRAIN_US};
	bool pages = strcmp(config->pages.listen, "none") != 0;
	provider->site_drained = !pages;
	if (ump_loop_drain_on_signals(provider->loop, &drain, error) || make_admin(provider, error) ||
	    (provider_uses_kafka(config) && make_producer(provider, error)) || make_outlet(provider, error) || make_run(provider, error) ||
	    ((pages || config->topics.hold_back) && make_feed(provider, error)) ||
	    (pages && (make_doors(provider, error) || make_site(provider, error))))
		return -1;
	if (provider->producer && watch_credentials(provider, error))
		return -1;
	ump_timer_set(provider->loop, &provider->deadline, ump_loop_now(provider->loop) + START_US, start_is_late, provider);
	if (!provider->feed)
		begin(provider);
	return 0;
}

int provider_new(struct provider **ret_provider, struct ump_loop *loop, const struct provider_config *config, struct ump_error *error)
{
	struct provider *provider = ump_allocate(1, sizeof *provider);
	provider->config = config;
	provider->loop = loop;
	provider->metrics = ump_metrics_new(provider_metrics, METRIC_COUNT);
	if (make_all(provider, error)) {
		provider_free(provider);
		return -1;
	}
	*ret_provider = provider;
	return 0;
}

void provider_free(struct provider *provider)
{
	if (!provider)
		return;
	ump_timer_cancel(provider->loop, &provider->deadline);
	site_free(provider->site);
	live_free(provider->live);
	inspector_free(provider->inspector);
	ump_server_free(provider->admin);
	ump_credentials_free(provider->credentials);
	feed_free(provider->feed);
	ump_producer_free(provider->producer);
	outlet_free(provider->outlet);
	run_free(provider->run);
	doors_free(provider->doors);
	ump_metrics_free(provider->metrics);
	free(provider);
}
