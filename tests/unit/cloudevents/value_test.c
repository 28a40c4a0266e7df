/* Values by their type: what each type accepts and what it refuses, one row for each. */
#include <criterion/criterion.h>

#include "common/cloudevents/event.h"

struct row {
	enum ump_attribute_type type;
	const char *value;
	bool valid;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ump_attribute attribute = {UMP_TEXT("ext"), ump_text(rows[i].value), rows[i].type};
		struct ump_error error;

		cr_expect(ump_attribute_check(&attribute, &error) == (rows[i].valid ? 0 : -1), "type %d: %s is %s", rows[i].type,
			  rows[i].value, rows[i].valid ? "valid" : "invalid");
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

Test(value, timestamps)
{
	static const struct row rows[] = {
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00Z", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05t17:31:00z", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00.123456789012345678Z", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00.Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00-00:00", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00+23:59", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00+24:00", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00+05:60", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00+0500", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05 17:31:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T24:00:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:60:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:61Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-13-05T17:31:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-00-05T17:31:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-00T17:31:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-31T17:31:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "18-04-05T17:31:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00Z ", false},
		{UMP_ATTRIBUTE_TIMESTAMP, " 2018-04-05T17:31:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2018-04-05T17:31:00ZZ", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "+018-04-05T17:31:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "0000-01-01T00:00:00Z", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "9999-12-31T23:59:59Z", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2000-02-29T00:00:00Z", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2024-02-29T00:00:00Z", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2023-02-29T00:00:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2100-02-29T00:00:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2024-02-30T00:00:00Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "", false},
		/* a second of 60: at 23:59 UTC on the last day of a month, whatever the offset makes of it */
		{UMP_ATTRIBUTE_TIMESTAMP, "2016-12-31T23:59:60Z", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2015-06-30T23:59:60.999Z", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2017-01-01T00:59:60+01:00", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2016-12-31T15:59:60-08:00", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2016-02-29T23:59:60Z", true},
		{UMP_ATTRIBUTE_TIMESTAMP, "2016-02-28T23:59:60Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2016-12-30T23:59:60Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2016-12-31T22:59:60Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2016-12-31T23:58:60Z", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2016-12-31T23:59:60+01:00", false},
		{UMP_ATTRIBUTE_TIMESTAMP, "2017-01-02T00:59:60+01:00", false},
	};

	CHECK(rows);
}

Test(value, uris)
{
	static const struct row rows[] = {
		{UMP_ATTRIBUTE_URI, "https://cloudevents.io", true},
		{UMP_ATTRIBUTE_URI, "https://user:pass@example.com:8080/a/b;c?d=e/f?g", true},
		{UMP_ATTRIBUTE_URI, "https://example.com/a#fragment", false},
		{UMP_ATTRIBUTE_URI, "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", true},
		{UMP_ATTRIBUTE_URI, "mailto:someone@example.com", true},
		{UMP_ATTRIBUTE_URI, "a+b-c.d9:x", true},
		{UMP_ATTRIBUTE_URI, "http:", true},
		{UMP_ATTRIBUTE_URI, "file:///etc/hosts", true},
		{UMP_ATTRIBUTE_URI, "http://[2001:db8::7]/c=GB?one", true},
		{UMP_ATTRIBUTE_URI, "http://[::ffff:192.0.2.1]:80/", true},
		{UMP_ATTRIBUTE_URI, "http://[v1.fe80::a+en1]/", true},
		{UMP_ATTRIBUTE_URI, "http://[v.x]/", false},
		{UMP_ATTRIBUTE_URI, "http://[v1.]/", false},
		{UMP_ATTRIBUTE_URI, "http://[2001:db8::7/", false},
		{UMP_ATTRIBUTE_URI, "http://[fe80::1%25eth0]/", false},
		{UMP_ATTRIBUTE_URI, "http://[::1]x/", false},
		{UMP_ATTRIBUTE_URI, "http://host:80a/", false},
		{UMP_ATTRIBUTE_URI, "http://host:/", true},
		{UMP_ATTRIBUTE_URI, "http://a@b@c/", false},
		{UMP_ATTRIBUTE_URI, "/relative", false},
		{UMP_ATTRIBUTE_URI, "relative", false},
		{UMP_ATTRIBUTE_URI, "1http://x", false},
		{UMP_ATTRIBUTE_URI, ":x", false},
		{UMP_ATTRIBUTE_URI, "", false},
		{UMP_ATTRIBUTE_URI, "http://example.com/a b", false},
		{UMP_ATTRIBUTE_URI, "http://example.com/%zz", false},
		{UMP_ATTRIBUTE_URI, "http://example.com/%4", false},
		{UMP_ATTRIBUTE_URI, "http://example.com/%41", true},
		{UMP_ATTRIBUTE_URI, "http://example.com/\xC3\xA9", false},
		{UMP_ATTRIBUTE_URI, "http://example.com/<x>", false},
		{UMP_ATTRIBUTE_URI, "http://example.com/a\\b", false},
		{UMP_ATTRIBUTE_URI, "http://example.com/a|b", false},
		{UMP_ATTRIBUTE_URI_REFERENCE, "", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "#fragment", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "#a#b", false},
		{UMP_ATTRIBUTE_URI_REFERENCE, "?query", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "//authority/path", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "/apis/v1/namespaces/ns/kafkasources/name#topic", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "1-555-123-4567", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "../a/./b", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "1:2", false},
		{UMP_ATTRIBUTE_URI_REFERENCE, "./1:2", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "a/b:c", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "?a:b", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "https://example.com/a#fragment", true},
		{UMP_ATTRIBUTE_URI_REFERENCE, "a b", false},
		{UMP_ATTRIBUTE_URI_REFERENCE, "a%", false},
		{UMP_ATTRIBUTE_URI_REFERENCE, "//a[b]/", false},
	};

	CHECK(rows);
}

Test(value, integers_booleans_and_base64)
{
	static const struct row rows[] = {
		{UMP_ATTRIBUTE_INTEGER, "0", true},
		{UMP_ATTRIBUTE_INTEGER, "-1", true},
		{UMP_ATTRIBUTE_INTEGER, "2147483647", true},
		{UMP_ATTRIBUTE_INTEGER, "2147483648", false},
		{UMP_ATTRIBUTE_INTEGER, "-2147483648", true},
		{UMP_ATTRIBUTE_INTEGER, "-2147483649", false},
		{UMP_ATTRIBUTE_INTEGER, "99999999999999999999999", false},
		{UMP_ATTRIBUTE_INTEGER, "+1", false},
		{UMP_ATTRIBUTE_INTEGER, "01", false},
		{UMP_ATTRIBUTE_INTEGER, "-", false},
		{UMP_ATTRIBUTE_INTEGER, "", false},
		{UMP_ATTRIBUTE_INTEGER, "1.0", false},
		{UMP_ATTRIBUTE_INTEGER, "1e1", false},
		{UMP_ATTRIBUTE_INTEGER, " 1", false},
		{UMP_ATTRIBUTE_INTEGER, "0x1", false},
		{UMP_ATTRIBUTE_BOOLEAN, "true", true},
		{UMP_ATTRIBUTE_BOOLEAN, "false", true},
		{UMP_ATTRIBUTE_BOOLEAN, "True", false},
		{UMP_ATTRIBUTE_BOOLEAN, "1", false},
		{UMP_ATTRIBUTE_BOOLEAN, "", false},
		{UMP_ATTRIBUTE_BINARY, "", true},
		{UMP_ATTRIBUTE_BINARY, "TWE=", true},
		{UMP_ATTRIBUTE_BINARY, "TQ==", true},
		{UMP_ATTRIBUTE_BINARY, "TWFu", true},
		{UMP_ATTRIBUTE_BINARY, "+/+/", true},
		{UMP_ATTRIBUTE_BINARY, "-_-_", false},
		{UMP_ATTRIBUTE_BINARY, "TWE", false},
		{UMP_ATTRIBUTE_BINARY, "TWF=", false},
		{UMP_ATTRIBUTE_BINARY, "TR==", false},
		{UMP_ATTRIBUTE_BINARY, "T===", false},
		{UMP_ATTRIBUTE_BINARY, "====", false},
		{UMP_ATTRIBUTE_BINARY, "TQ==TQ==", false},
		{UMP_ATTRIBUTE_BINARY, "TW Fu", false},
		{UMP_ATTRIBUTE_BINARY, "TWFu\n", false},
	};

	CHECK(rows);
}

Test(value, strings)
{
	static const struct row rows[] = {
		{UMP_ATTRIBUTE_STRING, "", true},
		{UMP_ATTRIBUTE_STRING, "plain text that is longer than eight bytes", true},
		{UMP_ATTRIBUTE_STRING, "Euro \xE2\x82\xAC \xF0\x9F\x98\x80", true},
		{UMP_ATTRIBUTE_STRING, "\x01", false},
		{UMP_ATTRIBUTE_STRING, "tab\there", false},
		{UMP_ATTRIBUTE_STRING, "line\nfeed and more bytes behind it", false},
		{UMP_ATTRIBUTE_STRING, "delete\x7F", false},
		{UMP_ATTRIBUTE_STRING, "delete\x7F in the first word", false},
		{UMP_ATTRIBUTE_STRING, "\xC2\x80", false},
		{UMP_ATTRIBUTE_STRING, "\xC2\x9F", false},
		{UMP_ATTRIBUTE_STRING, "\xC2\xA0", true},
		{UMP_ATTRIBUTE_STRING, "\xEF\xB7\x8F", true},
		{UMP_ATTRIBUTE_STRING, "\xEF\xB7\x90", false},
		{UMP_ATTRIBUTE_STRING, "\xEF\xB7\xAF", false},
		{UMP_ATTRIBUTE_STRING, "\xEF\xB7\xB0", true},
		{UMP_ATTRIBUTE_STRING, "\xEF\xBF\xBD", true},
		{UMP_ATTRIBUTE_STRING, "\xEF\xBF\xBE", false},
		{UMP_ATTRIBUTE_STRING, "\xEF\xBF\xBF", false},
		{UMP_ATTRIBUTE_STRING, "\xF0\x9F\xBF\xBE", false},
		{UMP_ATTRIBUTE_STRING, "\xF4\x8F\xBF\xBF", false},
		{UMP_ATTRIBUTE_STRING, "\xF4\x8F\xBF\xBD", true},
		{UMP_ATTRIBUTE_STRING, "\xF4\x90\x80\x80", false},
		{UMP_ATTRIBUTE_STRING, "\xED\xA0\x80", false},
		{UMP_ATTRIBUTE_STRING, "\xC0\xA0", false},
		{UMP_ATTRIBUTE_STRING, "\xE0\x80\xA0", false},
		{UMP_ATTRIBUTE_STRING, "\xE2\x82", false},
		{UMP_ATTRIBUTE_STRING, "\x80", false},
		{UMP_ATTRIBUTE_STRING, "\xFF", false},
	};

	CHECK(rows);
}

Test(value, media_types)
{
	static const struct {
		const char *value;
		bool valid;
	} rows[] = {
		{"application/json", true},
		{"TEXT/Plain; CharSet=utf-8", true},
		{"application/vnd.apache.thrift.binary", true},
		{"text/plain;charset=\"utf-8\"", true},
		{"text/plain ; a=b ; c=d", true},
		{"text/plain;\ta=b", false}, /* RFC 9110 lets a tab stand there, the type String does not */
		{"text/plain; a=\"b;\\\"c\\\\\"", true},
		{"text/plain;", true},
		{"xyz", false},
		{"", false},
		{"/json", false},
		{"text/", false},
		{"text /plain", false},
		{"text/plain charset=utf-8", false},
		{"text/plain; charset", false},
		{"text/plain; charset=", false},
		{"text/plain; =utf-8", false},
		{"text/plain; a=\"b", false},
		{"text/plain; a=\"b\"c", false},
		{"text/plain; a=b c=d", false},
		{"text/plain; a=\"\xC3\xA9\"", false},
		{"text/pl@in", false},
		{"text/plain, text/html", false},
		{"*/*", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ump_attribute attribute = {UMP_TEXT("datacontenttype"), ump_text(rows[i].value), UMP_ATTRIBUTE_STRING};
		struct ump_error error;

		cr_expect(ump_attribute_check(&attribute, &error) == (rows[i].valid ? 0 : -1), "%s is %s", rows[i].value,
			  rows[i].valid ? "valid" : "invalid");
	}
}

Test(value, types_of_json)
{
	static const char *const json[] = {"application/json", "text/json", "TEXT/JSON; charset=utf-8", "application/vnd.x+json",
					   "a/+JSON;b=c"};
	static const char *const other[] = {
		"application/xml", "application/jsonx", "application/xjson", "application/json+xml", "json", ""};

	cr_expect(ump_media_type_is_json(UMP_TEXT_NONE));
	for (size_t i = 0; i < sizeof(json) / sizeof(json[0]); i++)
		cr_expect(ump_media_type_is_json(ump_text(json[i])), "%s", json[i]);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		cr_expect(!ump_media_type_is_json(ump_text(other[i])), "%s", other[i]);
}
