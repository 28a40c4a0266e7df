#include "provider/guest.h"
#include "provider/limiter.h"
#include "provider/sender.h"
#include <criterion/criterion.h>
#include <stdio.h>

/* ---- Guests ---- */

static struct guest_key key_of(const char *secret)
{
	struct guest_key key;
	guest_key_derive(&key, ump_text(secret));
	return key;
}

static struct guest example(void)
{
	struct guest guest;
	struct ump_error error;
	guest_set_number(&guest, 0xfedcba9876543210);
	cr_assert_eq(guest_set_name(&guest, ump_text(" Zoë <b> "), &error), 0, "%s", error.text);
	return guest;
}

Test(guest, a_cookie_says_who_it_is)
{
	struct guest_key key = key_of("secret");
	struct guest written = example(), read;
	char cookie[GUEST_COOKIE_SIZE];
	guest_cookie_write(&key, &written, cookie);
	cr_assert(guest_cookie_read(&key, ump_text(cookie), &read));
	cr_expect_str_eq(read.id, "g-fedcba9876543210");
	cr_expect_str_eq(read.name, "Zoë <b>");
	cr_expect_eq(read.number, written.number);
}

Test(guest, a_cookie_that_is_changed_anywhere_is_not_ours)
{
	struct guest_key key = key_of("secret"), other = key_of("another");
	struct guest written = example(), read;
	char cookie[GUEST_COOKIE_SIZE];
	guest_cookie_write(&key, &written, cookie);
	size_t size = strlen(cookie);
	cr_expect_not(guest_cookie_read(&other, ump_text(cookie), &read), "another key");
	for (size_t i = 0; i < size; i++) {
		char kept = cookie[i];
		cookie[i] = kept == '0' ? '1' : '0';
		cr_expect_not(guest_cookie_read(&key, ump_text(cookie), &read), "changed at %zu", i);
		cookie[i] = kept;
		cr_expect_not(guest_cookie_read(&key, (struct ump_text){cookie, i}, &read), "cut at %zu", i);
	}
	static const char *const foreign[] = {"", ".", "..", "g-1..", "g-fedcba9876543210", "g-fedcba9876543210.5a.00"};
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		cr_expect_not(guest_cookie_read(&key, ump_text(foreign[i]), &read), "%s", foreign[i]);
}

Test(guest, the_longest_name_fits_its_cookie)
{
	struct guest_key key = key_of("secret");
	struct guest written, read;
	struct ump_error error;
	char cookie[GUEST_COOKIE_SIZE], name[4 * GUEST_NAME_CHARACTERS + 1] = "";
	guest_set_number(&written, 1);
	for (int i = 0; i < 15; i++)
		strcat(name, "😀");
	strcat(name, "abc");
	cr_assert_eq(strlen(name), (size_t)GUEST_NAME_SIZE - 1);
	cr_assert_eq(guest_set_name(&written, ump_text(name), &error), 0, "%s", error.text);
	guest_cookie_write(&key, &written, cookie);
	cr_assert_lt(strlen(cookie), sizeof cookie);
	cr_assert(guest_cookie_read(&key, ump_text(cookie), &read));
	cr_expect_str_eq(read.name, name);
}

Test(guest, names_that_would_disturb_a_page_are_refused)
{
	static const char *const bad[] = {"",
					  "   ",
					  "a\nb",
					  "a\x1b[1m",
					  "\xff",
					  "\u200b",
					  "a\u202eb",
					  "\u2066",
					  "\ufeff",
					  "\U000e0041",
					  "abcdefghijklmnopqrstu",
					  "\u00ad",
					  "\u2028",
					  "a\u00a0b",
					  "\ue000",
					  "\ufe0f",
					  "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"};
	static const char *const good[] = {"A", "Ada", "Zoë", "<script>alert(1)", "Jürgen O'Neil", "李小龍", "abcdefghijklmnopqrst", "😀"};
	struct guest guest;
	struct ump_error error;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cr_expect_eq(guest_set_name(&guest, ump_text(bad[i]), &error), -1, "bad %zu", i);
		cr_expect_eq((int)error.kind, (int)UMP_REJECT);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		cr_expect_eq(guest_set_name(&guest, ump_text(good[i]), &error), 0, "good %zu: %s", i, error.text);
}

Test(guest, the_cookie_is_found_among_others)
{
	static const struct {
		const char *header, *found;
	} rows[] = {{"umpire_player=a.b", "a.b"},
		    {"x=1; umpire_player=a.b; y=2", "a.b"},
		    {"x=1;umpire_player=a.b", "a.b"},
		    {"umpire_player=", ""},
		    {"umpire_player=first; umpire_player=second", "first"},
		    {"not_umpire_player=1", NULL},
		    {"umpire_player2=1", NULL},
		    {"umpire_player", NULL},
		    {"; ;", NULL},
		    {"", NULL}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ump_text found = guest_cookie_find(ump_text(rows[i].header), GUEST_COOKIE);
		cr_expect_eq(found.start == NULL, rows[i].found == NULL, "%s", rows[i].header);
		cr_expect(!rows[i].found || ump_text_equals(found, ump_text(rows[i].found)), "%s", rows[i].header);
	}
	cr_expect_null(guest_cookie_find(UMP_TEXT_NONE, GUEST_COOKIE).start);
}

Test(guest, secrets_are_the_same_or_not)
{
	cr_expect(guest_same_secret(ump_text("abc"), ump_text("abc")));
	cr_expect_not(guest_same_secret(ump_text("abc"), ump_text("abd")));
	cr_expect_not(guest_same_secret(ump_text("abc"), ump_text("ab")));
	cr_expect_not(guest_same_secret(ump_text(""), ump_text("abc")));
}

/* ---- Limits ---- */

#define START INT64_C(5000000)

Test(limiter, a_burst_of_a_second_and_then_the_rate)
{
	struct limiter *limiter = limiter_new(10, 100);
	int64_t wait;
	for (int i = 0; i < 10; i++)
		cr_assert_eq((int)limiter_take(limiter, 1, START, &wait), (int)LIMITER_GOOD, "%d", i);
	cr_assert_eq((int)limiter_take(limiter, 1, START, &wait), (int)LIMITER_TOO_MANY);
	cr_expect_eq(wait, 100000);
	cr_expect_eq((int)limiter_take(limiter, 2, START, &wait), (int)LIMITER_GOOD, "another is not touched");
	cr_expect_eq((int)limiter_take(limiter, 1, START + 99999, &wait), (int)LIMITER_TOO_MANY);
	cr_expect_eq((int)limiter_take(limiter, 1, START + 100000, &wait), (int)LIMITER_GOOD);
	cr_expect_eq((int)limiter_take(limiter, 1, START + 100000, &wait), (int)LIMITER_TOO_MANY);
	limiter_free(limiter);
}

Test(limiter, over_a_long_time_it_is_the_rate)
{
	struct limiter *limiter = limiter_new(50, 100);
	int64_t wait;
	int good = 0;
	for (int64_t at = START; at < START + 60000000; at += 1000)
		good += limiter_take(limiter, 7, at, &wait) == LIMITER_GOOD;
	cr_expect(good >= 3000 && good <= 3050, "%d", good);
	limiter_free(limiter);
}

Test(limiter, less_than_one_a_second)
{
	struct limiter *limiter = limiter_new(0.5, 100);
	int64_t wait;
	cr_expect_eq((int)limiter_take(limiter, 1, START, &wait), (int)LIMITER_GOOD);
	cr_expect_eq((int)limiter_take(limiter, 1, START + 1999999, &wait), (int)LIMITER_TOO_MANY);
	cr_expect_eq((int)limiter_take(limiter, 1, START + 2000000, &wait), (int)LIMITER_GOOD);
	limiter_free(limiter);
}

Test(limiter, room_is_made_by_the_quiet_ones_only)
{
	struct limiter *limiter = limiter_new(10, 100);
	int64_t wait;
	for (uint64_t key = 0; key < 100; key++)
		cr_assert_eq((int)limiter_take(limiter, key, START, &wait), (int)LIMITER_GOOD);
	cr_assert_eq((int)limiter_take(limiter, 100, START, &wait), (int)LIMITER_FULL);
	cr_expect_gt(wait, 0);
	cr_expect_eq((int)limiter_take(limiter, 5, START, &wait), (int)LIMITER_GOOD, "who is known goes on");
	cr_expect_eq((int)limiter_take(limiter, 100, START + 100000, &wait), (int)LIMITER_GOOD, "all but one were even");
	cr_expect_eq((int)limiter_take(limiter, 5, START + 100000, &wait), (int)LIMITER_GOOD);
	int more = 0;
	for (int i = 0; i < 20; i++)
		more += limiter_take(limiter, 5, START + 100000, &wait) == LIMITER_GOOD;
	cr_expect_eq(more, 8, "what it has taken is kept over the making of room: %d", more);
	limiter_free(limiter);
}

/* ---- Senders ---- */

static uint64_t key_behind(const char *peer, const char *const *forwarded, size_t count)
{
	static const char *const trusted[] = {"127.0.0.1", "10.0.0.0/8", "2001:db8::/32"};
	struct sender_network networks[3];
	struct ump_header headers[8] = {{UMP_TEXT("Host"), UMP_TEXT("x")}};
	struct ump_error error;
	for (size_t i = 0; i < 3; i++)
		cr_assert_eq(sender_network_read(trusted[i], &networks[i], &error), 0, "%s", error.text);
	for (size_t i = 0; i < count; i++)
		headers[i + 1] = (struct ump_header){UMP_TEXT("X-Forwarded-For"), ump_text(forwarded[i])};
	return sender_key(ump_text(peer), headers, count + 1, networks, 3);
}

#define BEHIND(peer, ...) key_behind(peer, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

Test(sender, a_proxy_is_believed_only_where_it_is_trusted)
{
	uint64_t phone = key_behind("192.0.2.7", NULL, 0), other = key_behind("192.0.2.8", NULL, 0);
	cr_expect_neq(phone, other);
	cr_expect_eq(key_behind("::ffff:192.0.2.7", NULL, 0), phone);
	cr_expect_eq(BEHIND("192.0.2.8", "192.0.2.7"), other, "a stranger's word about whom it speaks for");
	cr_expect_eq(BEHIND("10.1.2.3", "192.0.2.7"), phone);
	cr_expect_eq(BEHIND("127.0.0.1", "203.0.113.9, 192.0.2.7"), phone, "what the client itself wrote is not believed");
	cr_expect_eq(BEHIND("127.0.0.1", "203.0.113.9", "192.0.2.7, 10.9.9.9"), phone, "two headers, two proxies");
	cr_expect_eq(BEHIND("127.0.0.1", "192.0.2.7:4711"), phone);
	cr_expect_eq(BEHIND("127.0.0.1", "nonsense"), key_behind("127.0.0.1", NULL, 0));
	cr_expect_eq(BEHIND("127.0.0.1", ""), key_behind("127.0.0.1", NULL, 0));
	cr_expect_eq(BEHIND("127.0.0.1", "[2a00:1::5]:99"), key_behind("2a00:1::6", NULL, 0), "the first half of IPv6 counts");
	cr_expect_neq(key_behind("2a00:1:0:1::5", NULL, 0), key_behind("2a00:1:0:2::5", NULL, 0));
	cr_expect_eq(BEHIND("2001:db8::1", "192.0.2.7"), phone);
	cr_expect_neq(BEHIND("2001:db9::1", "192.0.2.7"), phone);
}

Test(sender, networks_are_read_or_refused)
{
	static const char *const bad[] = {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::/129", "host", "10.0.0.0/8/8", "10.0.0.0/-1"};
	struct sender_network network;
	struct ump_error error;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect_eq(sender_network_read(bad[i], &network, &error), -1, "%s", bad[i]);
	cr_assert_eq(sender_network_read("192.0.2.128/25", &network, &error), 0);
	cr_expect_eq(network.bits, 121u);
}

Test(sender, whose_page_it_was)
{
	static const struct {
		const char *origin, *host, *url;
		bool ours;
	} rows[] = {{NULL, "a:8080", NULL, true},
		    {"http://a:8080", "a:8080", NULL, true},
		    {"https://A", "a", NULL, true},
		    {"http://b:8080", "a:8080", NULL, false},
		    {"http://a:8081", "a:8080", NULL, false},
		    {"http://a", "a:8080", NULL, false},
		    {"null", "a:8080", NULL, false},
		    {"", "a:8080", NULL, false},
		    {"http://", "", NULL, false},
		    {"https://game.example", "10.1.2.3:8080", "https://game.example/x", true},
		    {"https://game.example", "10.1.2.3:8080", "https://game.example", true},
		    {"https://evil.example", "10.1.2.3:8080", "https://game.example", false}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect_eq(sender_is_ours(ump_text(rows[i].origin), ump_text(rows[i].host), rows[i].url), rows[i].ours, "%zu", i);
}

Test(sender, what_can_only_be_this_machine)
{
	static const char *const here[] = {"localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:80", "[::1]"};
	static const char *const elsewhere[] = {"",       "localhost.evil.example", "127.0.0.1.evil.example:80", "0.0.0.0:80", "10.0.0.1",
						"[::]:80"};
	for (size_t i = 0; i < sizeof here / sizeof *here; i++)
		cr_expect(sender_is_loopback(ump_text(here[i])), "%s", here[i]);
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		cr_expect_not(sender_is_loopback(ump_text(elsewhere[i])), "%s", elsewhere[i]);
}
