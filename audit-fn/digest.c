/* audit-fn/digest.c: see digest.h. */
#include "audit-fn/digest.h"
#include <stdio.h>

static void to_hex(const uint8_t *bytes, size_t count, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[2 * count] = '\0';
}

void digest_start(struct digest_state *state)
{
	sha256_init(&state->sha256);
}

void digest_add(struct digest_state *state, struct ump_text field)
{
	uint32_t size = (uint32_t)field.size;
	uint8_t prefix[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};

	sha256_update(&state->sha256, sizeof(prefix), prefix);
	if (field.size > 0)
		sha256_update(&state->sha256, field.size, (const uint8_t *)field.start);
}

void digest_add_number(struct digest_state *state, int64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%lld", (long long)number);
	digest_add(state, ump_text(digits));
}

struct digest digest_finish(struct digest_state *state)
{
	struct digest digest;

	sha256_digest(&state->sha256, DIGEST_SIZE, digest.bytes);
	return digest;
}

void digest_to_hex(const struct digest *digest, char ret_hex[static DIGEST_HEX_SIZE])
{
	to_hex(digest->bytes, DIGEST_SIZE, ret_hex);
}

void digest_of_file(struct ump_text content, char ret_hex[static DIGEST_FILE_HEX_SIZE])
{
	struct sha256_ctx context;
	uint8_t sum[SHA256_DIGEST_SIZE];

	sha256_init(&context);
	sha256_update(&context, content.size, (const uint8_t *)content.start);
	sha256_digest(&context, sizeof(sum), sum);
	to_hex(sum, sizeof(sum), ret_hex);
}
