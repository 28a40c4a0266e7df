/* JSON in place: every step stays inside the document, and strings come out as UTF-8. */
#include "common/cloudevents/scan.h"
#include "common/memory.h"
#include "tests/fuzz/fuzz.h"

static void walk(const struct ump_json *value, struct ump_text document)
{
	ump_cleanup(ump_buffer_release) struct ump_buffer text = {0};
	struct ump_error error;
	uint64_t number;
	must(value->text.start >= document.start && value->text.start + value->text.size <= document.start + document.size);
	if (value->type == UMP_JSON_STRING && ump_json_unescape(value->text, &text, &error) == 0)
		must(ump_text_is_utf8(ump_buffer_text(&text)));
	if (value->type == UMP_JSON_NUMBER && ump_json_whole_number(value->text, &number))
		must(number <= (UINT64_C(1) << 53) - 1);
	if (value->type != UMP_JSON_ARRAY && value->type != UMP_JSON_OBJECT)
		return;
	struct ump_text name;
	struct ump_json child;
	for (size_t position = 0; ump_json_next(value, &position, &name, &child);)
		walk(&child, value->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct ump_text document = fuzz_text(bytes, size);
	struct ump_json value, found;
	struct ump_error error;
	if (ump_json_parse(document, &value, &error) == 0) {
		must(ump_text_is_utf8(document));
		walk(&value, document);
		must(ump_json_find(&value, UMP_TEXT(""), &found) && ump_text_equals(found.text, value.text));
	}
	ump_cleanup(ump_buffer_release) struct ump_buffer quoted = {0};
	ump_json_quote(&quoted, document);
	must(ump_json_parse(ump_buffer_text(&quoted), &value, &error) == 0 && value.type == UMP_JSON_STRING);
	return 0;
}
