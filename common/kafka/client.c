/* common/kafka/client.c: a client of librdkafka from its configuration, and what its errors mean to us. */
#include "common/kafka/oauth.h"
#include "common/kafka/settings.h"

int ump_kafka_open(rd_kafka_type_t type, rd_kafka_conf_t *configuration, rd_kafka_t **ret_handle, struct ump_error *error)
{
	char text[256];
	rd_kafka_t *handle = rd_kafka_new(type, configuration, text, sizeof text);
	if (!handle) {
		rd_kafka_conf_destroy(configuration);
		return ump_fail(error, UMP_REJECT, "librdkafka: %s", text);
	}
	if (ump_oauth_start(handle, error) < 0) {
		rd_kafka_destroy(handle);
		return -1;
	}
	*ret_handle = handle;
	return 0;
}

enum ump_error_kind ump_kafka_error_kind(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
	case RD_KAFKA_RESP_ERR_INVALID_MSG:
	case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
	case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
	case RD_KAFKA_RESP_ERR__INVALID_ARG:
		return UMP_REJECT;
	case RD_KAFKA_RESP_ERR__FATAL:
	case RD_KAFKA_RESP_ERR__FENCED:
	case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
	case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
		return UMP_FATAL;
	default:
		return UMP_RETRY;
	}
}
