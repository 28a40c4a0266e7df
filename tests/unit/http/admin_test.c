#include "common/http/admin.h"
#include "tests/unit/http/rig.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

static const struct ump_metric table[] = {{.name = "umpire_test_total", .help = "For this test.", .type = UMP_COUNTER}};
static bool is_ready;

static bool ready(void *context, char *reason, size_t reason_size)
{
	(void)context;
	if (!is_ready)
		snprintf(reason, reason_size, "no broker answers");
	return is_ready;
}

static void update(void *context)
{
	ump_metrics_add(context, 0, 1);
}

Test(admin, pages)
{
	struct rig rig = {0}; /* for its loop and its clients */
	struct ump_buffer in = {0}, head = {0}, body = {0};
	struct ump_metrics *metrics = ump_metrics_new(table, 1);
	const struct ump_admin_pages pages = {.metrics = metrics, .ready = ready, .update = update, .context = metrics};
	struct ump_error error;

	cr_assert_eq(ump_loop_new(&rig.loop, &error), 0);
	cr_assert_eq(ump_admin_new(&rig.server, rig.loop, "127.0.0.1:0", &pages, &error), 0, "%s", error.text);
	int fd = rig_connect(&rig);
	rig_send(fd, "GET /health/liveness HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, &body), 200);
	cr_expect_str_eq(body.start, "ok\n");
	rig_send(fd, "GET /health/readiness HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, &body), 503);
	cr_expect_str_eq(body.start, "no broker answers\n");
	is_ready = true;
	rig_send(fd, "HEAD /health/readiness HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_expect_eq(rig_head_answer(&rig, fd, &in, &head), 200);
	rig_send(fd, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, &body), 200);
	cr_expect(strstr(head.start, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	cr_expect(strstr(body.start, "\numpire_test_total 1\n"), "%s", body.start);
	rig_send(fd, "POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, &body), 405);
	cr_expect(strstr(head.start, "Allow: GET, HEAD\r\n"));
	rig_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	cr_expect_eq(rig_answer(&rig, fd, &in, &head, &body), 404);
	close(fd);
	rig_close(&rig);
	ump_metrics_free(metrics);
	ump_buffer_release(&in);
	ump_buffer_release(&head);
	ump_buffer_release(&body);
}
