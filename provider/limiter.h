/* provider/limiter.h: at most so many a second for each key, with a burst of as many at once.
 *
 * The generic cell rate algorithm: of each key one time is kept, that at which it would be even. A key whose time has come says no more
 * than one that was never seen and is forgotten when room is needed. Pure: the caller passes the time. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum limiter_answer {
	LIMITER_GOOD,
	LIMITER_TOO_MANY, /* of this key */
	LIMITER_FULL      /* as many other keys are busy as there is room for */
};

struct limiter;

/* `rate`: over 0, per second. `most`: keys that are kept at a time. */
struct limiter *limiter_new(double rate, size_t most);
void limiter_free(struct limiter *limiter); /* accepts NULL */

/* One more of `key` at `now_us`, which never falls. Unless it is good, nothing is counted, and *ret_wait_us says when it may be. */
enum limiter_answer limiter_take(struct limiter *limiter, uint64_t key, int64_t now_us, int64_t *ret_wait_us);
