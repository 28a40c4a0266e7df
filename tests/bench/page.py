"""What tests/bench/run measured, as a table, as docs/BENCHMARKS.md and as a picture."""
import datetime
import os
import pathlib
import re
import subprocess

TABLES = [
    ("Throughput and cost", ("floor", "instant", "slow", "batch", "uneven", "produce"),
     ["events/s", "CPU us/event", "x floor", "x librdkafka", "peak RSS MiB", "slowest tenth events/s"]),
    ("Time from produce to sink, and from a hit to its acknowledgement", ("latency", "room"), ["ack p50 ms", "ack p99 ms", "p50 ms", "p99 ms", "p99.9 ms", "max ms"]),
    ("Memory, starts and idling", ("memory", "start", "restart", "idle"),
     ["peak RSS MiB", "lag", "ms after start", "ms after assignment", "CPU %", "RSS MiB"]),
]


def seconds(time):
    """Of an RFC 3339 time of the log, since 1970."""
    return datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def machine(root):
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    release = pathlib.Path("/etc/os-release").read_text()
    return {"processor": cpu.group(1) if cpu else "unknown", "cores": os.cpu_count(), "load": round(os.getloadavg()[1], 1),
            "system": re.search(r'PRETTY_NAME="(.*)"', release).group(1), "kernel": os.uname().release,
            "librdkafka": output_of("pkg-config", "--modversion", "rdkafka"), "libcurl": output_of("pkg-config", "--modversion", "libcurl"),
            "revision": output_of("git", "-C", str(root), "rev-parse", "--short", "HEAD"), "date": datetime.date.today().isoformat()}


def values_of(result, row):
    values = dict(row["median"])
    floor = next((other["median"].get("CPU us/event") for other in result["rows"] if other["name"] == "floor-http"), None)
    if floor and "CPU us/event" in values:
        values["x floor"] = values["CPU us/event"] / floor
    alone = next((other["median"].get("events/s") for other in result["rows"] if other["name"] == "floor-produce"), None)
    if alone and row["name"] == "produce" and "events/s" in values:
        values["x librdkafka"] = values["events/s"] / alone
    return values


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def lines(result, rows, columns, markdown):
    used = [column for column in columns if any(column in values_of(result, row) for row in rows)]
    table = [["measurement", *used]]
    for row in rows:
        values = values_of(result, row)
        table.append([row["what"] if markdown else row["name"], *(number(values.get(column)) for column in used)])
    if markdown:
        table.insert(1, ["---", *("---:" for _ in used)])
        return ["| " + " | ".join(line) + " |" for line in table]
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    return ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths)))
            for line in table]


def table(result, markdown):
    text = []
    for title, prefixes, columns in TABLES:
        rows = [row for row in result["rows"] if row["name"].startswith(prefixes) and row["median"]]
        if rows:
            text += [f"### {title}" if markdown else title, ""] if markdown else [title]
            text += lines(result, rows, columns, markdown) + [""]
    return "\n".join(text)


def plot(result):
    """Two panels of bars: events a second, and processor time for each event."""
    rows = [row for row in result["rows"] if "CPU us/event" in row["median"] and "produce" not in row["name"]]
    panels = [("events/s", "events a second"), ("CPU us/event", "µs of processor time for each event")]
    height, top, label, width, gap = 22, 64, 190, 330, 60
    total_height = top + len(rows) * height + 40
    total_width = label + 2 * (width + gap) + 20
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{total_width}" height="{total_height}" viewBox="0 0 {total_width} {total_height}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{total_width}" height="{total_height}" fill="#ffffff"/>',
           f'<text x="16" y="24" font-size="15" font-weight="bold">The adapter beside its floors, in one run</text>']
    for index, (key, title) in enumerate(panels):
        x = label + index * (width + gap)
        # librdkafka alone is a different order of magnitude: its bar is cut, not the others made invisible.
        largest = max(row["median"][key] for row in rows if row["name"] != "floor-consume" or len(rows) == 1)
        svg.append(f'<text x="{x}" y="{top - 14}" fill="#444444">{title}</text>')
        for i, row in enumerate(rows):
            y = top + i * height
            value = row["median"][key]
            length = max(1.0, min(value / largest, 1) * (width - 70))
            fill = "#9aa5b1" if row["name"].startswith("floor") else "#1f6fb2"
            if index == 0:
                svg.append(f'<text x="{label - 10}" y="{y + 14}" text-anchor="end">{row["name"]}</text>')
            svg.append(f'<rect x="{x}" y="{y + 3}" width="{length:.1f}" height="{height - 7}" fill="{fill}"/>')
            svg.append(f'<text x="{x + length + 6:.1f}" y="{y + 15}" fill="#222222">{"→ " if value > largest else ""}{number(value)}</text>')
    about = result["machine"]
    svg.append(f'<text x="16" y="{total_height - 12}" fill="#666666" font-size="11">{about["cores"]} cores shared with Apache Kafka and the sink; '
               f'medians of {result["runs"]}; {result["events"]:,} events of 200 bytes; grey: floors</text>')
    svg.append("</svg>")
    return "\n".join(svg) + "\n"


def put(page, name, figures):
    """Replaces what stands between the page's comments `name` and `end of name`."""
    before, begin, rest = page.read_text().partition(f"<!-- {name} -->")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    assert begin and end, f"{page} has no place for {name}"
    page.write_text(f"{before}{begin}\n{figures}\n{end}{after}")


def write(result, folder):
    about = result["machine"]
    figures = (f"Measured on {about['date']} at revision {about['revision']}: {about['processor']}, {about['cores']} cores, {about['system']}, "
               f"kernel {about['kernel']}, librdkafka {about['librdkafka']}, libcurl {about['libcurl']}; load over five minutes {about['load']}; medians of {result['runs']} "
               f"run{'s' if result['runs'] != 1 else ''} with {result['events']:,} events.\n\n![bars](benchmarks.svg)\n\n" + table(result, markdown=True))
    put(folder / "BENCHMARKS.md", "figures", figures)
    (folder / "benchmarks.svg").write_text(plot(result))
