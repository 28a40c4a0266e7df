/* source-adapter/access.h: credentials that change, given to the clients that there are. */
#pragma once
#include "common/kafka/credentials.h"
#include "common/kafka/producer.h"
#include "common/telemetry/metrics.h"
#include "source-adapter/transaction.h"

struct access;

struct access_options {
	const struct ump_kafka_settings *settings;
	struct ump_metrics *metrics;
	struct consumer **consumer;         /* where they will be */
	struct ump_producer **producer;     /* NULL there: none */
	struct transaction **transaction;   /* NULL there: none */
	void (*tls_changed)(void *context); /* new certificates get in: replace the clients */
	void *context;
};

int access_new(struct access **ret_access, struct ump_loop *loop, const struct access_options *options, struct ump_error *error);
void access_free(struct access *access); /* before the clients; accepts NULL */
