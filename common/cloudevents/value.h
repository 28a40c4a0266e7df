/* common/cloudevents/value.h: what a value must look like, by its type (CloudEvents 1.0, "Type System").
 *
 * Private to common/cloudevents; others use ump_attribute_check(). All are exact, look at the whole text and nothing else. Pure. */
#pragma once
#include "common/text.h"

bool ump_value_is_string(struct ump_text value);        /* UTF-8 without control characters and noncharacters; may be empty */
bool ump_value_is_boolean(struct ump_text value);       /* "true" or "false" */
bool ump_value_is_integer(struct ump_text value);       /* -2147483648 to 2147483647; no plus, no leading zeros */
bool ump_value_is_timestamp(struct ump_text value);     /* RFC 3339, section 5.6; leap seconds where one can be */
bool ump_value_is_uri(struct ump_text value);           /* RFC 3986, section 4.3: absolute, without a fragment */
bool ump_value_is_uri_reference(struct ump_text value); /* RFC 3986, section 4.1; may be empty */
bool ump_value_is_media_type(struct ump_text value);    /* RFC 2046 with parameters as in RFC 9110, section 5.6.6 */

/* What an error says was found: in quotes, cut after some forty bytes, with what cannot be printed as \xNN. */
struct ump_found {
	char text[80];
};
const char *ump_found(struct ump_found *memory, struct ump_text value);

/* The charset of a media type: true when it is one of which UTF-8 text in ASCII or UTF-8 may be said (none given, utf-8, us-ascii). */
bool ump_media_type_is_utf8(struct ump_text media_type);

/* True for text/anything. */
bool ump_media_type_is_text(struct ump_text media_type);
