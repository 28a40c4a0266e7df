/* provider/page_table.h: the pages' files, which are part of the program (made by pages/embed.py at build time). */
#pragma once
#include "common/text.h"

struct page {
	const char *path; /* "/board.js" */
	const char *type;
	const char *etag, *packed_etag; /* with their quotes */
	struct ump_text plain, packed;  /* packed: gzip */
};

extern const struct page page_table[];
extern const size_t page_count;

/* The page of that path, or NULL. */
const struct page *page_find(struct ump_text path);
