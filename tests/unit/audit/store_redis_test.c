/* The store in Redis: the conformance of all stores on a server of Debian's, started here; and a server that is not there, or goes. */
#include "common/memory.h"
#include "tests/unit/audit/store_conformance.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
	pid_t process;
	int port;
	int opened; /* stores: each has a prefix of its own unless it is to see the last one's state */
	char folder[32];
};

static int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	close(fd);
	return ntohs(address.sin_port);
}

/* redis-server takes no port 0 for "any": one that was free a moment ago is tried, and another when somebody else was faster. */
static bool server_start(struct server *server, const char *policy)
{
	char port[8];

	server->port = server->port ? server->port : free_port();
	snprintf(port, sizeof(port), "%d", server->port);
	server->process = fork();
	if (server->process == 0) {
		int null = open("/dev/null", O_RDWR);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, STDOUT_FILENO);
		execlp("redis-server", "redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", server->folder,
		       "--appendonly", "no", "--maxmemory-policy", policy, NULL);
		_exit(127);
	}
	for (int i = 0; i < 200; i++) {
		redisContext *context = redisConnect("127.0.0.1", server->port);
		bool there = context && !context->err;
		redisFree(context);
		if (there)
			return true;
		if (waitpid(server->process, NULL, WNOHANG) != 0)
			return false;
		usleep(20000);
	}
	return false;
}

static void server_stop(struct server *server)
{
	kill(server->process, SIGKILL);
	waitpid(server->process, NULL, 0);
}

static void server_open(struct server *server)
{
	*server = (struct server){.folder = "/tmp/umpire-redis-XXXXXX"};
	cr_assert_not_null(mkdtemp(server->folder));
	if (access("/usr/bin/redis-server", X_OK) != 0)
		cr_skip_test("redis-server is not installed");
	for (int i = 0; i < 5; i++) {
		server->port = 0;
		if (server_start(server, "noeviction"))
			return;
	}
	cr_assert_fail("redis-server did not start");
}

static void server_close(struct server *server)
{
	server_stop(server);
	rmdir(server->folder);
}

static void wait_for_ready(struct ump_loop *loop, struct store *store, bool wanted)
{
	int64_t until = ump_loop_clock() + 20 * UMP_SECOND;
	char reason[160];

	while (store_ready(store, reason, sizeof(reason)) != wanted && ump_loop_clock() < until)
		ump_loop_once(loop, UMP_SECOND / 20);
	cr_assert_eq(store_ready(store, reason, sizeof(reason)), wanted);
}

static struct store *open_redis(void *context, struct ump_loop *loop, int64_t retention_us, bool fresh)
{
	struct server *server = context;
	char host[] = "127.0.0.1";
	const struct store_redis_server where = {.host = host, .port = server->port, .database = 1};
	char prefix[32];
	struct store *store;
	struct ump_error error;

	server->opened += fresh;
	snprintf(prefix, sizeof(prefix), "test%d:", server->opened);
	const struct store_settings settings = {.retention_us = retention_us, .timeout_us = 2 * UMP_SECOND, .prefix = prefix};
	cr_assert_eq(store_redis_open(&store, loop, &where, &settings, &error), 0);
	wait_for_ready(loop, store, true);
	return store;
}

#define MAKER(server_)                                                    \
	{                                                                 \
		.open = open_redis, .context = (server_), .durable = true \
	}

Test(store_redis, does_every_step)
{
	struct server server;
	const struct store_maker maker = MAKER(&server);

	server_open(&server);
	conform_in_small(&maker);
	server_close(&server);
}

Test(store_redis, answers_as_the_model_does, .timeout = 60)
{
	struct server server;
	const struct store_maker maker = MAKER(&server);

	server_open(&server);
	for (uint32_t seed = 1; seed <= 3; seed++)
		conform_to_the_model(&maker, seed, 4000);
	server_close(&server);
}

Test(store_redis, flags_the_same_in_any_order, .timeout = 60)
{
	struct server server;
	const struct store_maker maker = MAKER(&server);

	server_open(&server);
	for (uint32_t seed = 1; seed <= 5; seed++)
		conform_in_any_order(&maker, seed);
	server_close(&server);
}

Test(store_redis, forgets_after_the_retention)
{
	struct server server;
	const struct store_maker maker = MAKER(&server);

	server_open(&server);
	conform_in_forgetting(&maker);
	server_close(&server);
}

Test(store_redis, is_there_after_a_restart_of_ours)
{
	struct server server;
	const struct store_maker maker = MAKER(&server);

	server_open(&server);
	conform_in_durability(&maker);
	server_close(&server);
}

struct outcome {
	bool done, taken;
	char text[240];
};

static void note(void *context, const struct ump_error *error)
{
	struct outcome *outcome = context;

	cr_assert_not(outcome->done, "called twice");
	outcome->done = true;
	outcome->taken = !error;
	snprintf(outcome->text, sizeof(outcome->text), "%s", error ? error->text : "");
}

static struct outcome apply_one(struct ump_loop *loop, struct store *store)
{
	struct outcome outcome = {0};
	struct store_update one = {.threshold = 10, .worth = 1, .closes_us = 100};
	int64_t until = ump_loop_clock() + 20 * UMP_SECOND;

	store_apply(store, &one, 1, note, &outcome);
	while (!outcome.done && ump_loop_clock() < until)
		ump_loop_once(loop, UMP_SECOND / 10);
	cr_assert(outcome.done);
	return outcome;
}

static struct ump_loop *new_loop(void)
{
	struct ump_loop *loop;
	struct ump_error error;

	cr_assert_eq(ump_loop_new(&loop, &error), 0);
	return loop;
}

Test(store_redis, fails_while_the_server_is_away_and_goes_on_when_it_is_back, .timeout = 60)
{
	struct server server;
	struct ump_loop *loop = new_loop();

	server_open(&server);
	struct store *store = open_redis(&server, loop, 3600 * UMP_SECOND, true);
	cr_assert(apply_one(loop, store).taken);
	server_stop(&server);
	struct outcome outcome = apply_one(loop, store);
	cr_assert_not(outcome.taken);
	wait_for_ready(loop, store, false);
	outcome = apply_one(loop, store);
	cr_assert_not(outcome.taken);
	cr_assert(outcome.text[0]);
	cr_assert(server_start(&server, "noeviction"));
	wait_for_ready(loop, store, true);
	cr_assert(apply_one(loop, store).taken);
	store_close(store);
	server_close(&server);
	ump_loop_free(loop);
}

Test(store_redis, a_server_that_hangs_is_an_error_after_the_timeout, .timeout = 60)
{
	struct server server;
	struct ump_loop *loop = new_loop();

	server_open(&server);
	struct store *store = open_redis(&server, loop, 3600 * UMP_SECOND, true);
	kill(server.process, SIGSTOP);
	struct outcome outcome = apply_one(loop, store);
	cr_assert_not(outcome.taken);
	cr_assert(strstr(outcome.text, "did not answer within 2000 ms"), "%s", outcome.text);
	wait_for_ready(loop, store, false);
	kill(server.process, SIGCONT);
	wait_for_ready(loop, store, true);
	cr_assert(apply_one(loop, store).taken);
	store_close(store);
	server_close(&server);
	ump_loop_free(loop);
}

static void command(const struct server *server, const char *text)
{
	redisContext *context = redisConnect("127.0.0.1", server->port);
	redisReply *reply = redisCommand(context, text);

	cr_assert(reply && reply->type != REDIS_REPLY_ERROR, "%s: %s", text, reply ? reply->str : "");
	freeReplyObject(reply);
	redisFree(context);
}

static void wait_for_reason(struct ump_loop *loop, struct store *store, const char *part)
{
	int64_t until = ump_loop_clock() + 20 * UMP_SECOND;
	char reason[160] = "";

	while (!strstr(reason, part) && ump_loop_clock() < until) {
		ump_loop_once(loop, UMP_SECOND / 20);
		store_ready(store, reason, sizeof(reason));
	}
	cr_assert(strstr(reason, part), "%s", reason);
}

Test(store_redis, a_full_server_and_a_lost_script_are_survived, .timeout = 60)
{
	struct server server;
	struct ump_loop *loop = new_loop();

	server_open(&server);
	struct store *store = open_redis(&server, loop, 3600 * UMP_SECOND, true);
	command(&server, "CONFIG SET maxmemory 1");
	struct outcome outcome = apply_one(loop, store);
	cr_assert_not(outcome.taken);
	cr_assert(strstr(outcome.text, "OOM"), "%s", outcome.text);
	wait_for_ready(loop, store, false);
	command(&server, "CONFIG SET maxmemory 0");
	wait_for_ready(loop, store, true);
	command(&server, "SCRIPT FLUSH");
	cr_assert(strstr(apply_one(loop, store).text, "NOSCRIPT"));
	wait_for_ready(loop, store, true);
	cr_assert(apply_one(loop, store).taken);
	store_close(store);
	server_close(&server);
	ump_loop_free(loop);
}

Test(store_redis, a_server_that_becomes_a_replica_is_left_until_it_is_none, .timeout = 60)
{
	struct server server;
	struct ump_loop *loop = new_loop();

	server_open(&server);
	struct store *store = open_redis(&server, loop, 3600 * UMP_SECOND, true);
	command(&server, "REPLICAOF 127.0.0.1 1");
	wait_for_reason(loop, store, "READONLY");
	cr_assert_not(apply_one(loop, store).taken);
	command(&server, "REPLICAOF NO ONE");
	wait_for_ready(loop, store, true);
	cr_assert(apply_one(loop, store).taken);
	store_close(store);
	server_close(&server);
	ump_loop_free(loop);
}

static void write_password(const char *path, const char *password)
{
	FILE *file = fopen(path, "w");

	fprintf(file, "%s\n", password);
	cr_assert_eq(fclose(file), 0);
}

Test(store_redis, a_password_comes_from_a_file_and_a_wrong_one_is_tried_again, .timeout = 60)
{
	struct server server;
	struct ump_loop *loop = new_loop();
	char host[] = "127.0.0.1";
	char path[64];
	struct store *store;
	struct ump_error error;

	server_open(&server);
	command(&server, "CONFIG SET requirepass open-sesame");
	snprintf(path, sizeof(path), "%s/password", server.folder);
	const struct store_redis_server where = {.host = host, .port = server.port};
	const struct store_settings settings = {
		.retention_us = UMP_SECOND, .timeout_us = UMP_SECOND, .prefix = "x:", .password_file = path};
	cr_assert_eq(store_redis_open(&store, loop, &where, &settings, &error), 0);
	wait_for_reason(loop, store, "cannot be read");
	write_password(path, "wrong");
	wait_for_reason(loop, store, "WRONGPASS");
	cr_assert_not(apply_one(loop, store).taken);
	write_password(path, "open-sesame");
	wait_for_ready(loop, store, true);
	cr_assert(apply_one(loop, store).taken);
	store_close(store);
	unlink(path);
	server_close(&server);
	ump_loop_free(loop);
}

Test(store_redis, a_server_that_never_was_is_waited_for)
{
	struct ump_loop *loop = new_loop();
	char host[] = "127.0.0.1";
	const struct store_redis_server where = {.host = host, .port = free_port()};
	const struct store_settings settings = {.retention_us = UMP_SECOND, .timeout_us = UMP_SECOND, .prefix = "x:"};
	struct store *store;
	struct ump_error error;

	cr_assert_eq(store_redis_open(&store, loop, &where, &settings, &error), 0);
	cr_assert_not(apply_one(loop, store).taken);
	for (int i = 0; i < 20; i++)
		ump_loop_once(loop, 20 * UMP_MILLISECOND);
	struct outcome outcome = apply_one(loop, store);
	cr_assert(strstr(outcome.text, "refused"), "%s", outcome.text);
	store_close(store);
	ump_loop_free(loop);
}
