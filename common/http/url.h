/* common/http/url.h: the parts of an http or https URL. Pure. */
#pragma once
#include "common/error.h"
#include "common/text.h"

/* Views into the URL. */
struct ump_url {
	bool tls;
	struct ump_text host;      /* without brackets */
	struct ump_text authority; /* as the Host field has it: with brackets, and with the port where one was given */
	struct ump_text target;    /* path and query; may lack the leading "/" where the path is empty */
	uint16_t port;
};

/* Absolute; no user name, no fragment, nothing that is not allowed in a URL as it is (RFC 3986): 0, or -1 with what is wrong. */
int ump_url_parse(struct ump_url *ret_url, struct ump_text text, struct ump_error *error);
