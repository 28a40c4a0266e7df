#include "common/http/client.h"
#include "common/http/url.h"
#include <criterion/criterion.h>

static const struct {
	const char *text, *host, *authority, *target;
	int port;
	bool tls;
} good[] = {
	{"http://a", "a", "a", "", 80, false},
	{"https://a/", "a", "a", "/", 443, true},
	{"HTTP://A.b-c_d:8080/x/y?z=%20&q=a:b@c/d?e", "A.b-c_d", "A.b-c_d:8080", "/x/y?z=%20&q=a:b@c/d?e", 8080, false},
	{"http://127.0.0.1:1?x", "127.0.0.1", "127.0.0.1:1", "?x", 1, false},
	{"https://[::1]:65535/", "::1", "[::1]:65535", "/", 65535, true},
	{"http://[2001:db8::1]", "2001:db8::1", "[2001:db8::1]", "", 80, false},
};

Test(url, parts)
{
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct ump_url url;
		struct ump_error error;
		cr_assert_eq(ump_url_parse(&url, ump_text(good[i].text), &error), 0, "%s", error.text);
		cr_expect(ump_text_equals(url.host, ump_text(good[i].host)), "%s", good[i].text);
		cr_expect(ump_text_equals(url.authority, ump_text(good[i].authority)), "%s", good[i].text);
		cr_expect(ump_text_equals(url.target, ump_text(good[i].target)), "%s", good[i].text);
		cr_expect_eq(url.port, good[i].port, "%s", good[i].text);
		cr_expect_eq(url.tls, good[i].tls, "%s", good[i].text);
	}
}

Test(url, what_is_wrong_is_said)
{
	static const char *const bad[] = {
		"",
		"a",
		"ftp://a/",
		"file:///etc/passwd",
		"http:/a",
		"http://",
		"http:///x",
		"http://:80/",
		"http://user@a/",
		"http://user:secret@a/",
		"http://a#b",
		"http://a/b#c",
		"http://a:0/",
		"http://a:65536/",
		"http://a:/",
		"http://a:80x/",
		"http://a b/",
		"http://a/b c",
		"http://a/\r\nX: y",
		"http://a/\"",
		"http://a/\xc3\xa9",
		"http://a\\b/",
		"http://a%41/",
		"http://[::1",
		"http://[::g]/",
		"http://[::1]x/",
		"http://[1.2.3.4]/",
		"http://::1/",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct ump_error error = {0};
		cr_expect_eq(ump_client_check_url(bad[i], &error), -1, "%s", bad[i]);
		cr_expect_eq(error.kind, UMP_REJECT);
		cr_expect(error.text[0]);
		cr_expect_not(strstr(error.text, "secret"));
	}
}
