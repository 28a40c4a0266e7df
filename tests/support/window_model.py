"""What the rules of differential.py flag, worked out from the meaning of docs/AUDIT.md alone: every event of every window is at hand, and
counted once. Knows nothing of watermarks and lateness, so it is right where no event is late."""
import collections
import hashlib
import struct

# name, kind, pointer, threshold, size, step, lateness; times in microseconds
RULES = [
    ("sum-a-minute", "sum", "/hits", 60, 60_000_000, 60_000_000, 30_000_000),
    ("count-hopping", "count", "", 16, 60_000_000, 20_000_000, 30_000_000),
]


def identity(*fields):
    sha256 = hashlib.sha256()
    for field in fields:
        field = str(field).encode()
        sha256.update(struct.pack(">I", len(field)) + field)
    return sha256.hexdigest()[:32]


def verdicts(events):
    """events: (source, id, player, time, hits). The identities of all verdicts."""
    windows = collections.defaultdict(int)
    for _source, _id, player, time, hits in set(events):
        for rule in RULES:
            size, step = rule[4], rule[5]
            start = time // step * step
            while start > time - size:
                windows[rule, player, start] += hits if rule[1] == "sum" else 1
                start -= step
    found = set()
    for (rule, player, start), total in windows.items():
        name, kind, pointer, threshold, size, step, lateness = rule
        if total > threshold:
            found.add(identity(name, kind, pointer, threshold, f"{size}/{step}/{lateness}", player, start))
    return found


def rules_file():
    lines = ["rules:"]
    for name, kind, pointer, threshold, size, step, lateness in RULES:
        value = f"value: {pointer}, " if pointer else ""
        lines.append(f"  - {{name: {name}, types: game.hits, kind: {kind}, {value}player: /player, threshold: {threshold},")
        lines.append(f"     window: {{size: {size}us, step: {step}us, lateness: {lateness}us}}}}")
    return "\n".join(lines) + "\n"
