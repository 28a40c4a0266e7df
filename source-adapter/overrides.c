#include "source-adapter/overrides.h"
#include "common/cloudevents/scan.h"
#include "common/memory.h"
#include <stdlib.h>

static bool is_core(struct ump_text name)
{
	static const char *const core[] = {"id",   "source",          "specversion", "type", "subject",
					   "time", "datacontenttype", "dataschema",  "data"};
	for (size_t i = 0; i < sizeof core / sizeof *core; i++) {
		if (ump_text_equals(name, ump_text(core[i])))
			return true;
	}
	return false;
}

static int check_name(struct ump_text name, struct ump_error *error)
{
	bool good = name.size > 0;
	for (size_t i = 0; i < name.size; i++)
		good = good && ((name.start[i] >= 'a' && name.start[i] <= 'z') || (name.start[i] >= '0' && name.start[i] <= '9'));
	if (!good)
		return ump_fail(error, UMP_REJECT, "extensions: found the name \"%.*s\", expected lower-case letters and digits",
				UMP_TEXT_ARGUMENTS(name));
	if (is_core(name))
		return ump_fail(error, UMP_REJECT, "extensions: \"%.*s\" is no extension", UMP_TEXT_ARGUMENTS(name));
	return 0;
}

static int read_one(struct ump_text name, const struct ump_json *value, struct mapping_override *ret_override, struct ump_error *error)
{
	if (check_name(name, error) < 0)
		return -1;
	if (value->type != UMP_JSON_STRING)
		return ump_fail(error, UMP_REJECT, "extensions: %.*s: expected a string, found %.*s", UMP_TEXT_ARGUMENTS(name),
				UMP_TEXT_ARGUMENTS(value->text));
	ump_cleanup(ump_buffer_release) struct ump_buffer text = {0};
	if (ump_json_unescape(value->text, &text, error) < 0)
		return -1;
	struct ump_attribute attribute = {name, {text.start ? text.start : "", text.size}, UMP_ATTRIBUTE_STRING};
	if (ump_attribute_check(&attribute, error) < 0)
		return ump_error_prefix(error, "extensions");
	ret_override->name = (struct ump_text){ump_copy_bytes(name.start, name.size), name.size};
	ret_override->value = (struct ump_text){ump_copy_bytes(attribute.value.start, attribute.value.size), attribute.value.size};
	return 0;
}

int overrides_read(const char *json, struct mapping_override **ret_overrides, size_t *ret_count, struct ump_error *error)
{
	struct ump_json document, extensions, value;
	struct mapping_override *overrides = NULL;
	struct ump_text name;
	size_t count = 0, position = 0;
	if (!json || !*json)
		goto done;
	if (ump_json_parse(ump_text(json), &document, error) < 0)
		return -1;
	if (document.type != UMP_JSON_OBJECT)
		return ump_fail(error, UMP_REJECT, "expected {\"extensions\":{\"name\":\"value\"}}, found %.*s",
				UMP_TEXT_ARGUMENTS(document.text));
	if (!ump_json_find(&document, UMP_TEXT("/extensions"), &extensions) || extensions.type == UMP_JSON_NULL)
		goto done;
	if (extensions.type != UMP_JSON_OBJECT)
		return ump_fail(error, UMP_REJECT, "extensions: expected an object, found %.*s", UMP_TEXT_ARGUMENTS(extensions.text));
	while (ump_json_next(&extensions, &position, &name, &value)) {
		if (count == MAPPING_OVERRIDES) {
			overrides_free(overrides, count);
			return ump_fail(error, UMP_REJECT, "extensions: found more than %d, expected fewer", MAPPING_OVERRIDES);
		}
		overrides = ump_reallocate(overrides, count + 1, sizeof *overrides);
		if (read_one(name, &value, &overrides[count], error) < 0) {
			overrides_free(overrides, count);
			return -1;
		}
		count++;
	}
done:
	*ret_overrides = overrides;
	*ret_count = count;
	return 0;
}

void overrides_free(struct mapping_override *overrides, size_t count)
{
	for (size_t i = 0; overrides && i < count; i++) {
		free((char *)overrides[i].name.start);
		free((char *)overrides[i].value.start);
	}
	free(overrides);
}
