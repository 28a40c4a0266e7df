#include "source-adapter/outcome.h"
#include <criterion/criterion.h>

#define SECOND INT64_C(1000000)

/* Knative's table, row by row, and the edges of each range. */
static const struct {
	int status;
	enum outcome_kind kind;
	bool may_reply;
} statuses[] = {
	{0, OUTCOME_RETRY, false},       {100, OUTCOME_FAILED, false},    {199, OUTCOME_FAILED, false},   {200, OUTCOME_DELIVERED, true},
	{201, OUTCOME_DELIVERED, true},  {202, OUTCOME_DELIVERED, false}, {203, OUTCOME_DELIVERED, true}, {204, OUTCOME_DELIVERED, false},
	{205, OUTCOME_DELIVERED, false}, {299, OUTCOME_DELIVERED, true},  {300, OUTCOME_FAILED, false},   {301, OUTCOME_FAILED, false},
	{302, OUTCOME_FAILED, false},    {307, OUTCOME_FAILED, false},    {308, OUTCOME_FAILED, false},   {400, OUTCOME_FAILED, false},
	{401, OUTCOME_FAILED, false},    {403, OUTCOME_FAILED, false},    {404, OUTCOME_RETRY, false},    {405, OUTCOME_FAILED, false},
	{408, OUTCOME_RETRY, false},     {409, OUTCOME_RETRY, false},     {410, OUTCOME_FAILED, false},   {413, OUTCOME_FAILED, false},
	{415, OUTCOME_FAILED, false},    {422, OUTCOME_FAILED, false},    {429, OUTCOME_RETRY, false},    {499, OUTCOME_FAILED, false},
	{500, OUTCOME_RETRY, false},     {501, OUTCOME_RETRY, false},     {503, OUTCOME_RETRY, false},    {599, OUTCOME_RETRY, false},
};

Test(outcome, statuses_follow_the_table)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		cr_expect_eq((int)outcome_of_status(statuses[i].status), (int)statuses[i].kind, "status %d", statuses[i].status);
		cr_expect_eq(outcome_may_reply(statuses[i].status), statuses[i].may_reply, "status %d", statuses[i].status);
		bool of_one = statuses[i].status == 400 || statuses[i].status == 413 || statuses[i].status == 415 || statuses[i].status == 422;
		cr_expect_eq(outcome_may_be_of_one(statuses[i].status), of_one, "status %d", statuses[i].status);
	}
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
#define NOVEMBER_6 INT64_C(784111777)

static const struct {
	const char *field;
	int64_t wall, expected; /* seconds; expected -1: no pause */
} fields[] = {
	{"0", 0, 0},
	{"120", 0, 120},
	{" 7\t", 0, 7},
	{"99999999999999999999", 0, 365 * 86400},
	{"Sun, 06 Nov 1994 08:49:37 GMT", NOVEMBER_6 - 30, 30},
	{"Sunday, 06-Nov-94 08:49:37 GMT", NOVEMBER_6 - 30, 30},
	{"Sun Nov  6 08:49:37 1994", NOVEMBER_6 - 30, 30},
	{"Sun, 06 Nov 1994 08:49:37 GMT", NOVEMBER_6 + 30, 0},
	{"Fri, 31 Dec 9999 23:59:59 GMT", 0, 365 * 86400},
	{"", 0, -1},
	{"-1", 0, -1},
	{"+1", 0, -1},
	{"1.5", 0, -1},
	{"2 s", 0, -1},
	{"soon", 0, -1},
	{"Sun, 06 Nov 1994 08:49:37 CET", 0, -1},
	{"Sun, 06 Nov 1994 08:49:37 GMT+1", 0, -1},
	{"Sun, 06 Nov 1994 08:49:37", 0, -1},
	{"Sun, 06 Nox 1994 08:49:37 GMT", 0, -1},
	{"Sun, 32 Nov 1994 08:49:37 GMT", 0, -1},
	{"Sun, 06 Nov 1994 24:49:37 GMT", 0, -1},
	{"Sun, 06 Nov 1994 08:-1:37 GMT", 0, -1},
	{"Sunday, 06-Nov-94 08:49:37 GMT and then a text that is longer than any date can be", 0, -1},
};

Test(outcome, retry_after_is_read_as_seconds_or_as_a_date)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		int64_t pause = outcome_retry_after(ump_text(fields[i].field), fields[i].wall * SECOND);
		int64_t expected = fields[i].expected < 0 ? -1 : fields[i].expected * SECOND;
		cr_expect_eq(pause, expected, "Retry-After: %s", fields[i].field);
	}
	cr_expect_eq(outcome_retry_after(UMP_TEXT_NONE, 0), -1);
}

Test(outcome, retry_after_counts_for_429_and_503_alone)
{
	for (int status = 0; status < 600; status++)
		cr_expect_eq(outcome_heeds_retry_after(status), status == 429 || status == 503, "status %d", status);
}
