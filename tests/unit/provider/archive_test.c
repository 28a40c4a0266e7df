#include "provider/archive.h"
#include <criterion/criterion.h>
#include <stdio.h>

static const struct archive_key nowhere = {.partition = -1};

static void keep(struct archive *archive, enum archive_kind kind, int64_t offset, const char *value)
{
	const struct ump_kafka_field headers[] = {{UMP_TEXT("ce_id"), UMP_TEXT("7")}, {UMP_TEXT("none"), UMP_TEXT_NONE}};
	const struct archive_record record = {.where = {kind, 1, offset},
					      .other = nowhere,
					      .key = UMP_TEXT("p-1"),
					      .value = ump_text(value),
					      .headers = headers,
					      .header_count = 2};
	archive_keep(archive, &record);
}

static const struct archive_record *find(const struct archive *archive, enum archive_kind kind, int64_t offset)
{
	return archive_find(archive, &(struct archive_key){kind, 1, offset});
}

Test(archive, a_record_is_kept_as_it_was)
{
	struct archive *archive = archive_new(4096);
	char value[] = "four";
	keep(archive, ARCHIVE_HIT, 5, value);
	value[0] = 'x';
	const struct archive_record *found = find(archive, ARCHIVE_HIT, 5);
	cr_assert_not_null(found);
	cr_assert(ump_text_equals(found->value, UMP_TEXT("four")));
	cr_assert(ump_text_equals(found->key, UMP_TEXT("p-1")));
	cr_assert_eq(found->header_count, 2);
	cr_assert(ump_text_equals(found->headers[0].value, UMP_TEXT("7")));
	cr_assert_null(found->headers[1].value.start, "a null value stays one");
	cr_assert_null(find(archive, ARCHIVE_VERDICT, 5));
	cr_assert_null(find(archive, ARCHIVE_HIT, 6));
	archive_free(archive);
}

Test(archive, the_oldest_go_first_and_flagged_ones_stay)
{
	struct archive *archive = archive_new(4096);
	for (int64_t i = 0; i < 1000; i++) {
		keep(archive, ARCHIVE_HIT, i, "value");
		keep(archive, ARCHIVE_VERDICT, i, "value");
		archive_pair(archive, &(struct archive_key){ARCHIVE_HIT, 1, i}, &(struct archive_key){ARCHIVE_VERDICT, 1, i}, i == 3);
	}
	cr_assert_null(find(archive, ARCHIVE_HIT, 2));
	cr_assert_null(find(archive, ARCHIVE_HIT, 900));
	const struct archive_record *latest = find(archive, ARCHIVE_HIT, 999), *flagged = find(archive, ARCHIVE_HIT, 3);
	cr_assert_not_null(latest);
	cr_assert_eq(latest->other.offset, 999);
	cr_assert_not_null(flagged);
	cr_assert_eq(flagged->other.kind, ARCHIVE_VERDICT);
	cr_assert_not_null(find(archive, ARCHIVE_VERDICT, 3));
	archive_free(archive);
}

Test(archive, a_record_larger_than_the_archive_is_not_kept)
{
	struct archive *archive = archive_new(100);
	keep(archive, ARCHIVE_HIT, 1, "value");
	cr_assert_null(find(archive, ARCHIVE_HIT, 1));
	archive_pair(archive, &(struct archive_key){ARCHIVE_HIT, 1, 1}, &nowhere, true);
	archive_free(archive);
}
