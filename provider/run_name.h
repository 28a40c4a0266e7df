/* provider/run_name.h: a run of the simulator, as the source of its events names it. Pure. */
#pragma once
#include "common/error.h"
#include "common/text.h"

#define RUN_SIZE        64 /* with the terminating zero: letters, digits, '.', '_' and '-' */
#define RUN_LETTERS     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
#define RUN_SOURCE      "/umpire/provider/"
#define RUN_SOURCE_SIZE (sizeof RUN_SOURCE + RUN_SIZE)

/* 0 where the name can stand in an event's source as it is. */
int run_check(const char *run, struct ump_error *error);

void run_source(char source[RUN_SOURCE_SIZE], const char *run);

/* True for events of the simulator's run: /umpire/provider/<run>. */
bool run_is_source(const char *run, struct ump_text source);

/* True as well for what belongs to the run: /umpire/provider/<run>/play. */
bool run_contains(const char *run, struct ump_text source);

/* What follows /umpire/provider/, or all of a source from elsewhere. */
struct ump_text run_of(struct ump_text source);
