/* The brokers, played by the test: one topic, "hits". */
#pragma once
#include <librdkafka/rdkafka.h>
#include <stdint.h>

struct fake_partition {
	int64_t first, end;
	int64_t committed; /* -1: none */
	const char *metadata;
	int64_t at_time; /* what a time leads to; -1: none is as late */
};

struct fake_brokers {
	int partitions;
	struct fake_partition partition[4];
	const char *silent; /* the question that gets no answer: "partitions", "committed", "bounds", "time", "commit" */
	int commits;        /* how many were made, */
	int64_t offsets[4]; /* and what the latest said; -1: nothing about this partition */
	char metadata[4][64];
};

extern struct fake_brokers fake_brokers;
