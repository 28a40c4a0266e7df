#include "common/kafka/oauth.h"
#include "common/memory.h"

#include <criterion/criterion.h>
#include <string.h>

Test(oauth, reads_the_token_and_its_lifetime)
{
	static const char body[] = "{\"access_token\":\"a.b.c\",\"token_type\":\"Bearer\",\"expires_in\":3599}";
	ump_cleanup_free char *token = NULL;
	int64_t lifetime;
	struct ump_error error;
	cr_assert_eq(ump_oauth_parse(body, strlen(body), &token, &lifetime, &error), 0, "%s", error.text);
	cr_expect_str_eq(token, "a.b.c");
	cr_expect_eq(lifetime, 3599);
}

Test(oauth, what_is_no_answer_is_an_error_without_the_token)
{
	static const char *const rows[][2] = {
		{"", "JSON"},
		{"<html>", "JSON"},
		{"[]", "access_token"},
		{"{\"error\":\"invalid_client\"}", "access_token"},
		{"{\"access_token\":\"\",\"expires_in\":5}", "access_token"},
		{"{\"access_token\":\"s3cret\"}", "expires_in"},
		{"{\"access_token\":\"s3cret\",\"expires_in\":\"5\"}", "expires_in"},
		{"{\"access_token\":\"s3cret\",\"expires_in\":0}", "expires_in"},
		{"{\"access_token\":\"s3cret\",\"expires_in\":1e99}", "expires_in"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *token = NULL;
		int64_t lifetime;
		struct ump_error error;
		cr_assert_eq(ump_oauth_parse(rows[i][0], strlen(rows[i][0]), &token, &lifetime, &error), -1, "row %zu", i);
		cr_expect(strstr(error.text, rows[i][1]), "row %zu: %s", i, error.text);
		cr_expect_null(strstr(error.text, "s3cret"), "row %zu: %s", i, error.text);
		cr_expect_null(token);
	}
}
