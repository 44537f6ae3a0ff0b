"""Every page of a large store, and how long each takes: the first visit, and those that follow."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlencode

import anyio
from fastapi.testclient import TestClient
from starlette.types import Message

from app.db.circuit_columns import RANKED
from app.listing.page import write_cursor
from app.pages.circuits import SORTS
from benchmarks.large_addresses import Names
from benchmarks.large_made_up import CORE, SLUG
from benchmarks.large_populations import STUDY
from benchmarks.pace import fixed_work

REQUESTS: Final = 30
LOOPBACK: Final = ("127.0.0.1", 50_000)
"""Where requests come from: what only the machine itself may see is measured too."""


class _Enough(Exception):
    """The first byte has come; what follows is not waited for."""


@dataclass(frozen=True)
class Timing:
    """Server time of one list.

    Args:
        address: of the first page, its options among them.
        p50: median milliseconds, over pages from the first to the deepest.
        p95: 95th percentile of the same.
        processor: median milliseconds of the processor's time, which a busy machine does not lengthen.
        processor_p95: 95th percentile of the same.
        first: milliseconds of the very first visit, which is not among the others.
        first_processor: and of the processor's time.
        requests: of each request but the first the milliseconds of the processor's time, by the clock, and of a fixed
            piece of work before and after it (:mod:`benchmarks.pace`).
    """

    address: str
    p50: float
    p95: float
    processor: float
    processor_p95: float
    first: float
    first_processor: float
    requests: tuple[tuple[float, float, float], ...]


def names_of(client: TestClient) -> Names:
    """The identities that its addresses need."""
    network = f"/api/v1/networks/{SLUG}"
    samples = client.get(network).json()["samples"]
    circuits = client.get(f"{network}/circuits?limit=6&{urlencode([('keep', edge) for edge in CORE])}").json()["items"]
    algorithm = client.get(f"{network}/algorithms?aligned=1").json()["items"][0]
    mask = circuits[0]["mask"]
    sites = client.get(f"{network}/circuits/{mask}/interpretations").json()["sites"]
    gates = [("gate", f"{site['site']}:{gate['name']}") for site in sites[:2] for gate in site["gates"][:1]]
    jobs = client.get("/api/v1/jobs").json()["items"]
    refs = {"circuits": [item["ref"] for item in circuits[2:4]]}
    refs["alignments"] = [item["ref"] for item in samples["alignments"][:2]]
    readings = [f"i-{item['mask']}.0" for item in circuits[:2]]
    study = next((item["slug"] for item in client.get("/api/v1/studies").json()["items"] if item["slug"] == STUDY), "")
    outcomes = client.get(f"/api/v1/studies/{study}/outcomes?state=converged&limit=2").json() if study else {}
    return Names(
        network=SLUG,
        mask=mask,
        algorithm=algorithm["url"].rpartition("/")[2],
        alignment=algorithm["best_url"].rpartition("/")[2],
        gate=urlencode(gates),
        six="&".join(f"e=c-{item['mask']}" for item in circuits[:6]),
        mixed="&".join(f"e={ref}" for ref in [*refs["circuits"], *readings, *refs["alignments"]]),
        job=jobs[0]["id"] if jobs else "",
        study=study,
        pair=urlencode([("n", item["network"]) for item in outcomes.get("items", ())]),
    )


def measure(client: TestClient, address: str, requests: int = REQUESTS) -> Timing:
    """Time so many pages of a list: in turn the first, those that follow it, and those at its deep end."""
    visit = _first_byte if _is_table(address) else _visit
    first, first_busy = visit(client, address)
    visited = visited_pages(client, address)
    times, paces = [], [fixed_work()]
    for number in range(requests):
        times.append(visit(client, visited[number % len(visited)]))
        paces.append(fixed_work())
    of_clock, of_processor = sorted(wall for wall, _ in times), sorted(processor for _, processor in times)
    nearly_all = int(0.95 * len(times))
    return Timing(
        address,
        statistics.median(of_clock),
        of_clock[nearly_all],
        statistics.median(of_processor),
        of_processor[nearly_all],
        first,
        first_busy,
        tuple(
            (busy, wall, (before + after) / 2)
            for (wall, busy), (before, after) in zip(times, pairwise(paces), strict=True)
        ),
    )


def _visit(client: TestClient, address: str) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor.

    Raises:
        RuntimeError: the server did not answer with the page.
    """
    start, busy = time.perf_counter(), time.process_time()
    answer = client.get(address)
    found = 1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - busy)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return found


def _is_table(address: str) -> bool:
    """Whether it is streamed as long as there are rows: what counts is when the first of it comes."""
    return address.partition("?")[0].endswith((".csv", ".json", ".gz", "/result"))


def _first_byte(client: TestClient, address: str) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor, until the first part of an answer comes; then it is left.

    Raises:
        RuntimeError: the server refused.
    """
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1")],
        "client": LOOPBACK,
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    status: list[int] = []
    asked_whole: list[bool] = []

    async def receive() -> Message:
        if asked_whole:  # nothing more is said, and the line stays open
            await anyio.sleep_forever()
        asked_whole.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])
        elif message.get("body"):
            raise _Enough

    async def asked() -> tuple[float, float]:
        start, busy = time.perf_counter(), time.process_time()
        try:
            await client.app(scope, receive, send)
        except BaseException as stopped:  # in a group where the answer is streamed
            if not _is_enough(stopped):
                raise
        return 1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - busy)

    assert client.portal is not None, "the client is not open"
    found = client.portal.call(asked)
    if status != [200]:
        raise RuntimeError(f"{address}: {status}")
    return found


def _is_enough(error: BaseException) -> bool:
    return isinstance(error, _Enough) or any(map(_is_enough, getattr(error, "exceptions", ())))


def visited_pages(client: TestClient, address: str) -> list[str]:
    """The first page of a list, the one that follows it, and one at its deep end where it is a list of circuits."""
    visited = [address]
    if address.partition("?")[0].endswith(("/circuits", "/algorithms", "/explanations")) and address[:5] != "/api/":
        page = client.get(f"/api/v1{address}").json()
        visited += [page["next_url"]] if page["next_url"] else []
        deep = _deep_end(client, address, page) if "/circuits" in address else None
        visited += [deep] if deep else []
    return visited


def _deep_end(client: TestClient, address: str, page: dict[str, Any]) -> str | None:
    """The page of a list of circuits whose last one is nearly the list's last."""
    sort, order = page["sort"], page["order"]
    turned = address.replace("order=desc", "order=asc") if order == "desc" else address + "&order=desc"
    items = client.get(f"/api/v1{turned}").json()["items"]
    if len(items) < 2:
        return None
    value = items[-1][SORTS[sort][2]]
    cursor = write_cursor(f"circuits {sort} {order}", [int(value) if sort in RANKED else value, items[-1]["mask"]])
    return f"{address}&after={cursor}"
