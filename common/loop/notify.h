/* common/loop/notify.h: telling whoever started us how we are, and taking over the sockets that it holds.
 *
 * Both are the protocols of systemd's sd_notify(3) and sd_listen_fds(3), spoken by many supervisors, `deploy/laptop/demo` among them. */
#pragma once

/* Sends e.g. "READY=1" or "STATUS=…" to the datagram socket in NOTIFY_SOCKET (a path, or abstract with '@'). Does nothing without one, and
 * fails silently: a supervisor that has gone is no reason to stop. */
void ump_notify(const char *state);

/* How many sockets were passed (the first is descriptor 3): LISTEN_FDS where LISTEN_PID is this process. Sets close-on-exec on them and
 * removes the variables, so that children do not take them for theirs. */
int ump_passed_sockets(void);
