/* source-adapter/parcel.h: a record for Kafka that is kept until it can be produced: a copy of all that it holds. */
#pragma once
#include "common/kafka/producer.h"

struct parcel {
	struct ump_record record; /* its views lead into `memory` */
	size_t bytes;             /* that it takes */
	char *memory;
	struct ump_kafka_field headers[];
};

struct parcel *parcel_new(const struct ump_record *record);
void parcel_free(struct parcel *parcel); /* accepts NULL */
