#!/usr/bin/env python3
"""The pages that tests/bench/run writes: TAP."""
import pathlib
import sys
import tempfile
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import page  # noqa: E402

result = {
    "machine": {"processor": "P", "cores": 2, "load": 0.5, "system": "S", "kernel": "K", "librdkafka": "1", "libcurl": "2", "revision": "abc",
                "date": "2026-01-01"},
    "runs": 3, "events": 1000, "rows": [
        {"name": "floor-http", "what": "bare client", "median": {"events/s": 100000.0, "CPU us/event": 5.0}},
        {"name": "floor-consume", "what": "librdkafka", "median": {"events/s": 1000000.0, "CPU us/event": 0.5}},
        {"name": "instant-key", "what": "adapter", "median": {"events/s": 61234.5, "CPU us/event": 12.5, "peak RSS MiB": 40.25}},
        {"name": "floor-produce", "what": "producer alone", "median": {"events/s": 200000.0, "CPU us/event": 4.0}},
        {"name": "produce", "what": "provider", "median": {"events/s": 150000.0, "CPU us/event": 5.0, "peak RSS MiB": 90.0}},
        {"name": "latency-1000", "what": "paced", "median": {"p50 ms": 0.5, "p99 ms": 4.25}},
        {"name": "idle", "what": "nothing to do", "median": {}},
    ]}


def markdown_has_the_ratio_to_the_floor():
    text = page.table(result, markdown=True)
    assert "| adapter | 61,234 | 12.5 | 2.50 |  | 40.2 |" in text
    assert "| provider | 150,000 | 5.00 | 1.00 | 0.75 | 90.0 |" in text


def tables_leave_out_columns_and_rows_without_figures():
    text = page.table(result, markdown=True)
    assert "| paced | 0.50 | 4.25 |" in text
    assert "slowest" not in text and "nothing to do" not in text


def columns_of_the_terminal_are_aligned():
    for block in page.table(result, markdown=False).strip().split("\n\n"):
        assert len({len(line) for line in block.splitlines()[1:]}) == 1, block


def the_text_around_the_figures_stays():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "BENCHMARKS.md").write_text("# Before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n")
        page.write(result, path)
        page.write(result, path)
        text = (path / "BENCHMARKS.md").read_text()
        assert text.startswith("# Before\n") and text.endswith("<!-- end of figures -->\nafter\n")
        assert "old" not in text and text.count("bare client") == 1


def a_page_without_a_place_for_the_figures_is_an_error():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "page.md")
        path.write_text("# A page\n<!-- figures -->\n")
        try:
            page.put(path, "figures", "new")
        except AssertionError:
            assert path.read_text() == "# A page\n<!-- figures -->\n"
            return
    raise AssertionError("it was written all the same")


def the_picture_is_svg_whose_bars_stay_inside():
    picture = xml.etree.ElementTree.fromstring(page.plot(result))
    width = float(picture.get("width"))
    bars = picture.findall("{http://www.w3.org/2000/svg}rect")[1:]
    assert len(bars) == 6
    assert all(0 < float(bar.get("x")) + float(bar.get("width")) < width for bar in bars)


def times_of_the_log_are_seconds():
    assert abs(page.seconds("2026-01-01T00:00:00.250000Z") - 1767225600.25) < 1e-6


tests = [value for value in list(globals().values()) if callable(value) and getattr(value, "__module__", "") == "__main__"]
print(f"1..{len(tests)}")
failed = 0
for number, test in enumerate(tests, 1):
    name = test.__name__.replace("_", " ")
    try:
        test()
        print(f"ok {number} {name}")
    except AssertionError as error:
        failed += 1
        print(f"not ok {number} {name}\n# {error}")
sys.exit(1 if failed else 0)
