/* tests/unit/http/client_rig.h: what the tests of the client share: a client, a server of ours, and one that answers what a test says. */
#pragma once
#include "common/http/client.h"
#include "tests/unit/http/rig.h"

extern struct rig rig; /* a server of ours, whose loop is the client's as well */
extern struct ump_client *client;
extern struct ump_error error;
extern struct ump_buffer in;
extern int listener, listener_port;

/* What came back from a call. */
struct result {
	int calls, status;
	size_t headers;
	bool truncated;
	char failure[120], body[4000], test[200];
	struct result *then; /* starts another call from inside `done` */
};

void open_all(struct ump_client_options options);
void close_all(void);
struct ump_call *call_with(struct result *result, struct ump_call_options options);
char *url_of(int port, const char *path);
struct ump_call *call(struct result *result, const char *path, const char *body);
void done(void *context, const struct ump_reply *reply);
void fake_open(void);
int fake_accept(void);
void fake_request(int fd);
struct ump_call *call_fake(struct result *result, struct ump_call_options options);
int exchange(struct result *result, struct ump_call_options options, const char *answer, bool end);
