#!/usr/bin/env python3
"""Writes the files of the pages as C arrays: as they are, compressed, and with the digest that is their ETag.

usage: embed.py OUTPUT.c NAME=FILE…      NAME is the path under which a file is served.
"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}


def array(name, data):
    lines = [f"static const unsigned char {name}[] = {{"]
    for start in range(0, len(data), 24):
        lines.append("".join(f"{byte}," for byte in data[start:start + 24]))
    return "\n".join(lines + ["};", ""])


def main(output, *files):
    parts = ["/* Made by pages/embed.py. */", '#include "provider/page_table.h"', ""]
    rows = []
    for number, argument in enumerate(files):
        path, file = argument.split("=", 1)
        data = pathlib.Path(file).read_bytes()
        packed = gzip.compress(data, 9, mtime=0)
        etag = hashlib.sha256(data).hexdigest()[:20]
        parts += [array(f"plain_{number}", data), array(f"packed_{number}", packed)]
        kind = TYPES[pathlib.Path(file).suffix]
        rows.append(f'\t{{"{path}", "{kind}", "\\"{etag}\\"", "\\"{etag}-gzip\\"", {{(const char *)plain_{number}, {len(data)}}},'
                    f' {{(const char *)packed_{number}, {len(packed)}}}}},')
    parts += ["const struct page page_table[] = {", *rows, "};", f"const size_t page_count = {len(rows)};", ""]
    pathlib.Path(output).write_text("\n".join(parts))


if __name__ == "__main__":
    main(*sys.argv[1:])
