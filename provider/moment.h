/* provider/moment.h: points in time as text, RFC 3339. Pure. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define MOMENT_SIZE 40

/* "2026-11-23T03:16:16.123456Z" from microseconds since 1970 UTC. */
void moment_write(char text[MOMENT_SIZE], int64_t us);

/* Any RFC 3339 time, with an offset or Z, to the microsecond (further digits are cut); false when it is none. Years 1970 to 9999. */
bool moment_read(const char *text, int64_t *ret_us);
