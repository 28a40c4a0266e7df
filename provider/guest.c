#include "provider/guest.h"
#include <inttypes.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdio.h>

#define SIGNATURE_SIZE SHA256_DIGEST_SIZE

static void sign(const struct guest_key *key, struct ump_text text, uint8_t signature[SIGNATURE_SIZE])
{
	struct hmac_sha256_ctx context;
	hmac_sha256_set_key(&context, sizeof key->bytes, key->bytes);
	hmac_sha256_update(&context, text.size, (const uint8_t *)text.start);
	hmac_sha256_digest(&context, SIGNATURE_SIZE, signature);
}

void guest_key_derive(struct guest_key *ret_key, struct ump_text secret)
{
	static const char purpose[] = "umpire player cookie 1";
	struct hmac_sha256_ctx context;
	hmac_sha256_set_key(&context, secret.size, (const uint8_t *)secret.start);
	hmac_sha256_update(&context, sizeof purpose, (const uint8_t *)purpose);
	hmac_sha256_digest(&context, sizeof ret_key->bytes, ret_key->bytes);
}

void guest_set_number(struct guest *guest, uint64_t number)
{
	guest->number = number;
	snprintf(guest->id, sizeof guest->id, "g-%016" PRIx64, number);
}

/* ---- Names ---- */

static uint32_t code_point(const char *start, size_t size)
{
	static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t point = (uint8_t)start[0] & masks[size];
	for (size_t i = 1; i < size; i++)
		point = point << 6 | ((uint8_t)start[i] & 0x3f);
	return point;
}

/* Control characters; what is not seen; what turns the direction of the text around it; what belongs to nobody. */
static bool is_unfit(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {{0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},     {0x61c, 0x61c},     {0x180e, 0x180e}, {0x200b, 0x200f},
		      {0x2028, 0x202f}, {0x2060, 0x206f}, {0x3000, 0x3000}, {0xe000, 0xf8ff},   {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f},
		      {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff}};
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	return false;
}

int guest_set_name(struct guest *guest, struct ump_text name, struct ump_error *error)
{
	name = ump_text_trim(name);
	size_t characters = 0;
	for (size_t at = 0, size; at < name.size; at += size, characters++) {
		size = ump_text_character((struct ump_text){name.start + at, name.size - at});
		if (!size || is_unfit(code_point(name.start + at, size)))
			return ump_fail(error, UMP_REJECT, "name: has a character at byte %zu that no name may have here", at);
	}
	if (!characters || characters > GUEST_NAME_CHARACTERS || name.size >= sizeof guest->name)
		return ump_fail(error, UMP_REJECT, "name: expected 1 to %d characters in at most %zu bytes, found %zu in %zu",
				GUEST_NAME_CHARACTERS, sizeof guest->name - 1, characters, name.size);
	memcpy(guest->name, name.start, name.size);
	guest->name[name.size] = 0;
	return 0;
}

/* ---- Cookies ---- */

static char *write_hexadecimal(char *out, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	for (const uint8_t *byte = bytes, *end = byte + size; byte < end; byte++) {
		*out++ = digits[*byte >> 4];
		*out++ = digits[*byte & 15];
	}
	return out;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hexadecimal(struct ump_text text, uint8_t *bytes, size_t most, size_t *ret_size)
{
	if (text.size % 2 || text.size / 2 > most)
		return false;
	for (size_t i = 0; i < text.size; i += 2) {
		int high = digit_of(text.start[i]), low = digit_of(text.start[i + 1]);
		if (high < 0 || low < 0)
			return false;
		bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	*ret_size = text.size / 2;
	return true;
}

void guest_cookie_write(const struct guest_key *key, const struct guest *guest, char cookie[GUEST_COOKIE_SIZE])
{
	uint8_t signature[SIGNATURE_SIZE];
	char *end = cookie + snprintf(cookie, GUEST_COOKIE_SIZE, "%s.", guest->id);
	end = write_hexadecimal(end, guest->name, strlen(guest->name));
	sign(key, (struct ump_text){cookie, (size_t)(end - cookie)}, signature);
	*end++ = '.';
	*write_hexadecimal(end, signature, sizeof signature) = 0;
}

static struct ump_text cut_at_dot(struct ump_text *rest)
{
	const char *dot = rest->size ? memchr(rest->start, '.', rest->size) : NULL;
	struct ump_text part = {rest->start, dot ? (size_t)(dot - rest->start) : rest->size};
	*rest = dot ? (struct ump_text){dot + 1, rest->size - part.size - 1} : UMP_TEXT_NONE;
	return part;
}

/* The signature first: what is behind a good one was written by us. */
bool guest_cookie_read(const struct guest_key *key, struct ump_text cookie, struct guest *ret_guest)
{
	uint8_t expected[SIGNATURE_SIZE], found[SIGNATURE_SIZE], number[8];
	size_t size;
	struct guest guest = {0};
	struct ump_text rest = cookie, id = cut_at_dot(&rest), name = cut_at_dot(&rest);
	if (!id.start || !name.start || !read_hexadecimal(rest, found, sizeof found, &size) || size != sizeof found)
		return false;
	sign(key, (struct ump_text){cookie.start, (size_t)(name.start + name.size - cookie.start)}, expected);
	if (!memeql_sec(expected, found, sizeof expected))
		return false;
	if (id.size != GUEST_ID_SIZE - 1 || !read_hexadecimal((struct ump_text){id.start + 2, id.size - 2}, number, sizeof number, &size) ||
	    !read_hexadecimal(name, (uint8_t *)guest.name, sizeof guest.name - 1, &size))
		return false;
	uint64_t value = 0;
	for (size_t i = 0; i < sizeof number; i++)
		value = value << 8 | number[i];
	guest_set_number(&guest, value);
	*ret_guest = guest;
	return true;
}

struct ump_text guest_cookie_find(struct ump_text header, const char *name)
{
	size_t size = strlen(name);
	for (size_t at = 0; at < header.size;) {
		const char *start = header.start + at, *end = memchr(start, ';', header.size - at);
		struct ump_text pair = ump_text_trim((struct ump_text){start, end ? (size_t)(end - start) : header.size - at});
		if (pair.size > size && pair.start[size] == '=' && memcmp(pair.start, name, size) == 0)
			return (struct ump_text){pair.start + size + 1, pair.size - size - 1};
		at = end ? (size_t)(end - header.start) + 1 : header.size;
	}
	return UMP_TEXT_NONE;
}

/* Their digests are compared: equal sizes, and nothing that the other side can steer. */
bool guest_same_secret(struct ump_text left, struct ump_text right)
{
	uint8_t digests[2][SIGNATURE_SIZE];
	const struct ump_text texts[] = {left, right};
	for (size_t i = 0; i < 2; i++) {
		struct sha256_ctx context;
		sha256_init(&context);
		sha256_update(&context, texts[i].size, (const uint8_t *)texts[i].start);
		sha256_digest(&context, SIGNATURE_SIZE, digests[i]);
	}
	return memeql_sec(digests[0], digests[1], SIGNATURE_SIZE);
}
