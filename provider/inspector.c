#include "provider/inspector.h"
#include "common/memory.h"
#include "provider/retrieval.h"
#include <stdlib.h>

struct inspector {
	const struct provider_config *config;
	struct feed *feed;
	struct retrieval *retrieval;
	struct look *looks;
	struct site_route routes[2];
};

/* A request that waits for Kafka. */
struct look {
	struct look *next, *previous;
	struct inspector *inspector;
	struct ump_request *request; /* NULL: its peer has gone */
};

static struct look *begin(struct inspector *inspector, struct ump_request *request)
{
	struct look *look = ump_allocate(1, sizeof *look);
	*look = (struct look){.next = inspector->looks, .inspector = inspector, .request = request};
	if (look->next)
		look->next->previous = look;
	inspector->looks = look;
	ump_request_attach(request, look);
	return look;
}

/* Its request, where that still waits for an answer. */
static struct ump_request *end(struct look *look)
{
	struct ump_request *request = look->request;
	*(look->previous ? &look->previous->next : &look->inspector->looks) = look->next;
	if (look->next)
		look->next->previous = look->previous;
	if (request)
		ump_request_attach(request, NULL);
	free(look);
	return request;
}

static void gone(struct ump_request *request, void *context)
{
	struct look *look = ump_request_attached(request);
	(void)context;
	if (look)
		look->request = NULL;
}

static void answer(struct ump_request *request, const char *json)
{
	if (json)
		site_answer_json(request, 200, ump_text(json), NULL, 0);
	else
		ump_request_problem(request, 404, "No such event", "what stands there is none of this board's events", 0);
}

static void refuse_place(struct ump_request *request)
{
	ump_request_problem(request, 404, "Not there", "no record has been written there so far", 0);
}

static void found(void *context, enum retrieval_result result, const struct archive_record *record)
{
	struct look *look = context;
	struct inspector *inspector = look->inspector;
	struct ump_request *request = end(look);
	if (!request)
		return;
	if (result == RETRIEVAL_GONE) {
		ump_request_problem(request, 410, "Gone", "Kafka no longer has a record there: its retention has removed it", 0);
	} else if (result == RETRIEVAL_AHEAD) {
		refuse_place(request);
	} else if (result == RETRIEVAL_SILENT) {
		ump_request_problem(request, 504, "No answer", "Kafka has not answered in time", 0);
	} else {
		ump_cleanup_free char *json = feed_inspect(inspector->feed, record);
		answer(request, json);
	}
}

static const char *topic_of(const struct inspector *inspector, enum archive_kind kind)
{
	return kind == ARCHIVE_HIT ? inspector->config->topics.topic : inspector->config->topics.dead_letter_topic;
}

static void inspect(struct inspector *inspector, struct ump_request *request, const struct archive_key *where)
{
	const struct archive_record *kept = feed_find(inspector->feed, where);
	if (kept) {
		ump_cleanup_free char *json = feed_inspect(inspector->feed, kept);
		answer(request, json);
		return;
	}
	if (!feed_has_partition(inspector->feed, where)) {
		refuse_place(request);
		return;
	}
	struct look *look = begin(inspector, request);
	if (!retrieval_ask(inspector->retrieval, topic_of(inspector, where->kind), where, found, look))
		ump_request_problem(end(look), 503, "Not now", "too many records are being looked for", 1);
}

/* An event, or with `of=dead-letters` a dead letter. */
static void answer_event(struct ump_request *request, void *context)
{
	struct ump_text of = ump_request_query(request, "of");
	uint64_t partition, offset;
	if (!site_is_reading(request))
		return;
	bool is_letter = ump_text_equals(of, UMP_TEXT("dead-letters"));
	if ((of.start && !is_letter) || !site_query_number(request, "partition", INT32_MAX, &partition) ||
	    !site_query_number(request, "offset", INT64_MAX, &offset))
		ump_request_problem(request, 400, "Which event?",
				    "expected the query partition=NUMBER&offset=NUMBER, and of=dead-letters for one of these", 0);
	else
		inspect(context, request,
			&(struct archive_key){is_letter ? ARCHIVE_DEAD_LETTER : ARCHIVE_HIT, (int32_t)partition, (int64_t)offset});
}

static void answer_dead_letters(struct ump_request *request, void *context)
{
	struct inspector *inspector = context;
	if (!site_is_reading(request))
		return;
	ump_cleanup_free char *json = feed_dead_letters(inspector->feed);
	site_answer_json(request, 200, ump_text(json), NULL, 0);
}

int inspector_new(struct inspector **ret_inspector, struct ump_loop *loop, const struct provider_config *config, struct feed *feed,
		  struct ump_error *error)
{
	struct inspector *inspector = ump_allocate(1, sizeof *inspector);
	inspector->config = config;
	inspector->feed = feed;
	if (retrieval_new(&inspector->retrieval, loop, &(struct retrieval_options){&config->kafka, config->topics.embedded}, error)) {
		free(inspector);
		return -1;
	}
	inspector->routes[0] = (struct site_route){.path = "/api/event", .handle = answer_event, .gone = gone, .context = inspector};
	inspector->routes[1] = (struct site_route){.path = "/api/dead-letters", .handle = answer_dead_letters, .context = inspector};
	*ret_inspector = inspector;
	return 0;
}

void inspector_free(struct inspector *inspector)
{
	if (!inspector)
		return;
	retrieval_free(inspector->retrieval);
	while (inspector->looks) {
		inspector->looks->request = NULL; /* went with the site */
		end(inspector->looks);
	}
	free(inspector);
}

const struct site_route *inspector_routes(const struct inspector *inspector, size_t *ret_count)
{
	*ret_count = sizeof inspector->routes / sizeof *inspector->routes;
	return inspector->routes;
}
