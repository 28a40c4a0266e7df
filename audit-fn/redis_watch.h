/* audit-fn/redis_watch.h: a connection of hiredis inside the loop. */
#pragma once
#include "common/loop/loop.h"
#include <hiredis/async.h>

struct redis_watch {
	struct ump_loop *loop;
	struct ump_watch watch;
	redisAsyncContext *connection; /* NULL: none */
};

/* Serves a connection that was just made, until hiredis frees it. `watch` must live as long. Call this before the connect callback is set:
 * hiredis asks then to be told when it can write. */
int redis_watch_attach(struct redis_watch *watch, struct ump_loop *loop, redisAsyncContext *connection, struct ump_error *error);
