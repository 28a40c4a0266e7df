/* audit-fn/redis_watch.c: see redis_watch.h. */
#include "audit-fn/redis_watch.h"
#include "common/telemetry/log.h"
#include <sys/epoll.h>

static void want(struct redis_watch *watch, uint32_t events)
{
	struct ump_error error;

	if (watch->watch.added && watch->watch.events != events && ump_watch_modify(watch->loop, &watch->watch, events, &error) < 0)
		ump_log(UMP_LOG_ERROR, "store not watched", UMP_LOG_S("error", error.text));
}

static void add_read(void *context)
{
	struct redis_watch *watch = context;
	want(watch, watch->watch.events | EPOLLIN);
}

static void del_read(void *context)
{
	struct redis_watch *watch = context;
	want(watch, watch->watch.events & ~(uint32_t)EPOLLIN);
}

static void add_write(void *context)
{
	struct redis_watch *watch = context;
	want(watch, watch->watch.events | EPOLLOUT);
}

static void del_write(void *context)
{
	struct redis_watch *watch = context;
	want(watch, watch->watch.events & ~(uint32_t)EPOLLOUT);
}

static void cleanup(void *context)
{
	struct redis_watch *watch = context;

	watch->connection = NULL;
	if (watch->watch.added)
		ump_watch_remove(watch->loop, &watch->watch);
}

static void ready(void *context, uint32_t events)
{
	struct redis_watch *watch = context;

	if (watch->connection && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		redisAsyncHandleRead(watch->connection);
	/* Reading may have freed it. */
	if (watch->connection && (events & EPOLLOUT))
		redisAsyncHandleWrite(watch->connection);
}

int redis_watch_attach(struct redis_watch *watch, struct ump_loop *loop, redisAsyncContext *connection, struct ump_error *error)
{
	watch->loop = loop;
	if (ump_watch_add(loop, &watch->watch, connection->c.fd, 0, ready, watch, error) < 0)
		return -1;
	watch->connection = connection;
	connection->ev.data = watch;
	connection->ev.addRead = add_read;
	connection->ev.delRead = del_read;
	connection->ev.addWrite = add_write;
	connection->ev.delWrite = del_write;
	connection->ev.cleanup = cleanup;
	return 0;
}
