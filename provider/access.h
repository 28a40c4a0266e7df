/* provider/access.h: credentials for Kafka that change while the program runs, given to its clients. */
#pragma once
#include "common/kafka/credentials.h"
#include "common/kafka/producer.h"
#include "common/telemetry/metrics.h"
#include "provider/reader.h"

struct access;

struct access_options {
	const struct ump_kafka_settings *settings;
	struct ump_metrics *metrics;
	struct ump_producer *producer;
	struct reader *reader; /* NULL: none */
};

int access_new(struct access **ret_access, struct ump_loop *loop, const struct access_options *options, struct ump_error *error);
void access_free(struct access *access); /* before the clients; accepts NULL */
