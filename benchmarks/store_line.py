"""The line about lists in a large store: pages as a browser asks for them, against sorting all of it plainly."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from fastapi.testclient import TestClient

from analysis.result import OutputAnalysis
from app.db.engine import open_store
from app.main import create_app
from app.settings import Settings
from benchmarks.large_addresses import Names
from benchmarks.large_made_up import SLUG, made_up_analysis, save
from benchmarks.large_pages import visited_pages
from benchmarks.machine import seconds_text
from benchmarks.table import Line, same_result
from benchmarks.timing import Effort, timed

N_ALGORITHMS: Final = 500
COMPARED: Final = f"/networks/{SLUG}/circuits?sort=margin&order=desc"


def store_line(effort: Effort) -> Line:
    """Every list of circuits at every order and filter, from its first page to its deep end."""
    n_rows = effort.n_rows
    file, analysis = made_up_analysis(n_rows, min(N_ALGORITHMS, n_rows))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), computed_per_minute=0)  # every answer is made anew
        store = open_store(settings)
        store.migrate()
        saving = save(store, file, analysis)
        store.close()
        with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
            reference = compare_pages(client, analysis)
            names = Names(SLUG, mask="", algorithm="", alignment="", gate="", six="", mixed="", job="")
            lists = [address for address in names.addresses("list") if "/circuits" in address]
            wall, processor = [], []
            for address in lists:
                pages = visited_pages(client, address)
                timings = [page_seconds(client, pages[number % len(pages)]) for number in range(effort.n_requests)]
                wall.append(sorted(seconds for seconds, _ in timings))
                processor += [seconds for _, seconds in timings]
    every = sorted(seconds for timings in wall for seconds in timings)
    p50, p95 = statistics.median(every), every[int(0.95 * len(every))]
    slowest = max(range(len(lists)), key=lambda place: statistics.median(wall[place]))
    note = (
        f"{len(every)} pages of {len(lists)} lists: p50 {seconds_text(p50)}, p95 {seconds_text(p95)} (engine, target); "
        f"of the processor's time p50 {seconds_text(statistics.median(processor))}, p95 "
        f"{seconds_text(sorted(processor)[int(0.95 * len(processor))])}; slowest list "
        f"{lists[slowest].partition('?')[2]}: median {seconds_text(statistics.median(wall[slowest]))}; saved in "
        f"{seconds_text(saving.prepare_seconds + saving.insert_seconds)}, {saving.megabytes:.0f} MB; reference: "
        "sorting all rows in plain Python and taking a page; same circuits on the first, second and deepest page"
    )
    return Line(f"list page of {n_rows:,} stored circuits, p95", reference, p95, "whole", note, target_seconds=0.1)


def page_seconds(client: TestClient, address: str) -> tuple[float, float]:
    """Seconds of one page by the clock, and of the processor.

    Raises:
        RuntimeError: the server did not answer with the page.
    """
    start, busy = time.perf_counter(), time.process_time()
    answer = client.get(address)
    seconds, busy_seconds = time.perf_counter() - start, time.process_time() - busy
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return seconds, busy_seconds


def compare_pages(client: TestClient, analysis: OutputAnalysis) -> float:
    """Check pages against the rows sorted plainly; the seconds of that sorting.

    Raises:
        RuntimeError: a page shows other circuits.
    """
    margins, masks = analysis.circuits.margins.tolist(), analysis.circuits.masks.tolist()
    seconds, ordered = timed(lambda: sorted(zip(margins, masks, strict=True), key=lambda row: (-row[0], row[1])))
    for address in visited_pages(client, COMPARED):
        items: list[dict[str, Any]] = client.get(f"/api/v1{address}").json()["items"]
        shown = [int(item["mask"], 16) for item in items]
        margin = items[0]["margin"]
        first = next(place for place, row in enumerate(ordered) if row == (margin, shown[0]))
        same_result(address, shown == [mask for _, mask in ordered[first : first + len(shown)]])
    return float(seconds)
