/* tests/unit/http/rig.h: a server and raw clients, all driven by one loop in one thread. */
#pragma once
#include "common/buffer.h"
#include "common/http/server.h"

#define HELD 512

struct rig {
	struct ump_loop *loop;
	struct ump_server *server;
	struct ump_request *held[HELD]; /* requests to paths that begin with /later, in their order */
	size_t held_count, gone, begun, handled;
	struct ump_stream *stream;
	size_t streams_closed, streams_drained;
	size_t max_pending;
	bool drained;
};

/* Zero in an option: the rig's default (1 MiB, 1000 connections, 10 s, 10 s, 127.0.0.1:0). */
void rig_open(struct rig *rig, struct ump_server_options options);
void rig_close(struct rig *rig);

int rig_port(const struct rig *rig);
int rig_connect(const struct rig *rig);
void rig_send(int fd, const char *text);

/* Turns the loop until the condition holds; fails the test after 20 s. */
#define RIG_UNTIL(rig, condition)                                                         \
	do {                                                                              \
		int64_t rig_end = ump_loop_clock() + 20 * UMP_SECOND;                     \
		while (!(condition)) {                                                    \
			cr_assert(ump_loop_clock() < rig_end, "never true: " #condition); \
			ump_loop_once((rig)->loop, 5 * UMP_MILLISECOND);                  \
		}                                                                         \
	} while (0)
void rig_turn(struct rig *rig, int64_t duration_us);

/* Reads what has come. False when the connection has ended. */
bool rig_read(int fd, struct ump_buffer *in);

/* Turns the loop until one whole answer is there, takes it out of `in`, and returns its status; 0: the connection ended without one. `body`
 * may be NULL. `head` is the answer's header, when not NULL. */
int rig_answer(struct rig *rig, int fd, struct ump_buffer *in, struct ump_buffer *head, struct ump_buffer *body);

/* The same without a body, whatever the header says: for HEAD. */
int rig_head_answer(struct rig *rig, int fd, struct ump_buffer *in, struct ump_buffer *head);

/* Turns the loop until the peer has closed; what came goes to `in`. */
void rig_until_closed(struct rig *rig, int fd, struct ump_buffer *in);

void rig_reply(struct ump_request *request, int status, const char *body);
