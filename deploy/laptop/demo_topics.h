/* deploy/laptop/demo_topics.h: the demo's topics, as docs/INTERFACES.md has them: for the embedded broker, and for a real one. */
#pragma once

struct demo_topic {
	const char *name;
	int partitions;
	const char *settings[4]; /* of the topic: name, value, …, NULL; the embedded broker has none */
};

static const struct demo_topic demo_topics[] = {
	{"game-hits", 3, {"cleanup.policy", "delete", 0}},        /* by time, as the broker has it */
	{"audit-verdicts", 3, {"retention.ms", "604800000", 0}},  /* 7 days */
	{"flagged-players", 3, {"cleanup.policy", "compact", 0}}, /* a table */
	{"game-hits-dlq", 1, {"cleanup.policy", "delete", 0}},    /* by time */
	{"umpire-status", 1, {"retention.ms", "3600000", 0}},     /* 1 hour */
};

enum { DEMO_TOPICS = sizeof demo_topics / sizeof *demo_topics };
