#!/usr/bin/env python3
"""Identities as docs/AUDIT.md defines them, worked out without the C code: prints the table in identities.inc."""
import hashlib
import json
import struct


def digest(*fields):
    sha256 = hashlib.sha256()
    for field in fields:
        field = str(field).encode()
        sha256.update(struct.pack(">I", len(field)) + field)
    return sha256.hexdigest()[:32]


def quoted(text):
    return json.dumps(text, ensure_ascii=True) if text.isascii() else '"' + "".join(f"\\{byte:03o}" for byte in text.encode()) + '"'


VALUE = [
    # rule, pointer, threshold, source, id
    ("hits-over-10", "/hits", 10, "/umpire/provider/r1", "1"),
    ("hits-over-10", "/hits", 10, "/umpire/provider/r1", "2"),
    ("hits-over-10", "/hits", 10, "/umpire/provider/r", "11"),
    ("hits-over-9", "/hits", 9, "/umpire/provider/r1", "1"),
    ("shots-over-10", "/shots", 10, "shipwars-game-server", "Ünï"),
    ("all", "/a~1b/0", 9007199254740991, "urn:x", "a b"),
]
WINDOW = [
    # rule, kind, pointer, threshold, size, step, lateness, player, start
    ("minute", "sum", "/hits", 100, 60000000, 60000000, 0, "p-0042", 1700000040000000),
    ("minute", "sum", "/hits", 100, 60000000, 10000000, 30000000, "p-0042", 1700000040000000),
    ("minute", "count", "", 100, 60000000, 60000000, 0, "p-0042", 1700000040000000),
    ("minute", "count", "", 100, 60000000, 60000000, 0, "p-0042", -60000000),
]

print("/* Made by identities.py, which knows nothing of the code. */")
print("/* clang-format off */")
print("static const struct value_identity value_identities[] = {")
for name, pointer, threshold, source, id_ in VALUE:
    print(f'\t{{"{name}", "{pointer}", {threshold}, "{source}", {quoted(id_)}, "{digest(name, "value", pointer, threshold, "", source, id_)}"}},')
print("};")
print("static const struct window_identity window_identities[] = {")
for name, kind, pointer, threshold, size, step, lateness, player, start in WINDOW:
    window = f"{size}/{step}/{lateness}"
    print(f'\t{{"{name}", RULE_{kind.upper()}, "{pointer}", {threshold}, {{{size}, {step}, {lateness}}}, "{player}", {start},')
    print(f'\t "{digest(name, kind, pointer, threshold, window, player, start)}",')
    print(f'\t "{digest(name, kind, pointer, threshold, window, player)}",')
    print(f'\t "{digest(name, kind, pointer, threshold, window, "/s", "1", "event")}"}},')
print("};")
print("/* clang-format on */")
