"""Every page of a large store, and how long each takes: the first visit, and those that follow."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from fastapi.testclient import TestClient

from app.db.circuit_columns import RANKED
from app.pages.circuits import SORT_FIELDS
from app.pages.cursors import write_cursor
from benchmarks.large_made_up import SLUG

REQUESTS: Final = 30


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
    """

    address: str
    p50: float
    p95: float
    processor: float
    processor_p95: float
    first: float
    first_processor: float


def addresses() -> Iterator[str]:
    """Every list at every order and filter, alone and together."""
    circuits = f"/networks/{SLUG}/circuits"
    for sort in ("mask", "edges", "neurons", "margin", "interpretations", "observed"):
        for order in ("asc", "desc"):
            yield f"{circuits}?sort={sort}&order={order}"
    for query in (
        "edges_min=20",
        "edges_max=18",
        "neurons_min=9",
        "neurons_max=8",
        "margin_min=0.4",
        "keep=n2.1",
        "keep=A-n1.0",
        "drop=n1.0-n2.1",
        "keep=n1.0&keep=n2.3&drop=A-n1.0&drop=B-n1.3",
        "edges_min=15&edges_max=20&margin_min=0.1&keep=n2.1&sort=margin&order=desc",
        "edges_max=10&neurons_max=7&drop=n1.0-n2.0&drop=n1.0-n2.1&sort=observed",
        "edges_max=3",
        "view=grid",
        *(f"limit=200&sort={sort}&order=desc" for sort in ("mask", "edges", "neurons", "margin", "interpretations")),
    ):
        yield f"{circuits}?{query}"
    algorithms = f"/networks/{SLUG}/algorithms"
    for sort in ("order", "valid", "minimal", "iia", "gates", "variables", "depth"):
        yield f"{algorithms}?sort={sort}"
    for query in (
        "aligned=1",
        "minimal=1&irredundant=irredundant-gates",
        "variables=3&irredundant=irredundant-literals&sort=iia",
        "q=A%26B&sort=gates",
    ):
        yield f"{algorithms}?{query}"
    explanations = f"/networks/{SLUG}/explanations"
    for sort in ("kind", "edges", "neurons", "margin", "interpretations", "iia"):
        for order in ("asc", "desc"):
            yield f"{explanations}?sort={sort}&order={order}"
    for query in (
        "kind=circuit",
        "kind=interpretation",
        "kind=algorithm&kind=alignment",
        "edges_max=18",
        "neurons_min=8&edges_min=15&keep=n2.1",
        "keep=n1.0&keep=n2.3&drop=A-n1.0&drop=B-n1.3&sort=margin&order=desc",
        "fragile=yes",
        "standing=valid&strategy=where-then-what",
        "edges_max=3",
        "view=grid",
        "limit=200&sort=interpretations&order=desc",
    ):
        yield f"{explanations}?{query}"
    yield "/"
    yield f"/networks/{SLUG}"


def single_pages(client: TestClient) -> list[str]:
    """Every page of a network that is no list, and the sums above lists, with verdicts."""
    network = f"/networks/{SLUG}"
    samples = client.get(f"/api/v1{network}").json()["samples"]
    circuits = client.get(f"/api/v1{network}/circuits?limit=10").json()["items"]
    algorithm = client.get(f"/api/v1{network}/algorithms?aligned=1").json()["items"][0]
    six = "&".join(f"e=c-{item['mask']}" for item in circuits[:6])
    mixed = "&".join(f"e={item['ref']}" for kind in samples.values() for item in kind[:2] if "ref" in item)
    return [
        network,
        f"{network}/funnel",
        f"{network}/funnel?criteria=mean-ablation&criteria=minimal-local&criteria=interchange",
        f"{network}/common-ground",
        f"{network}/common-ground?kind=interpretation&accuracy_min=0.5",
        f"{network}/explanations?criteria=mean-ablation",
        f"{network}/explanations?criteria=mean-ablation&criteria=necessity&sort=margin&order=desc",
        f"{network}/explanations?kind=alignment&criteria=above-random",
        circuits[0]["url"],
        algorithm["url"],
        algorithm["best_url"],
        f"/compare?network={SLUG}&{six}",
        f"/compare?network={SLUG}&{mixed}",
        f"/compare/neighbours?network={SLUG}&{six}",
        f"{network}/verdicts?{six}",
    ]


PAGES: Final[dict[str, Callable[[TestClient], Iterable[str]]]] = {
    "page": single_pages,
    "list": lambda _: addresses(),
}
"""What is measured: pages first, so that their first visit is the first one."""


def measure(client: TestClient, address: str, requests: int = REQUESTS) -> Timing:
    """Time so many pages of a list: in turn the first, those that follow it, and those at its deep end."""
    first, first_busy = _visit(client, address)
    visited = visited_pages(client, address)
    times = [_visit(client, visited[number % len(visited)]) for number in range(requests)]
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


def visited_pages(client: TestClient, address: str) -> list[str]:
    """The first page of a list, the one that follows it, and one at its deep end where it is a list of circuits."""
    visited = [address]
    if address.partition("?")[0].endswith(("/circuits", "/algorithms", "/explanations")):
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
    value = items[-1][SORT_FIELDS[sort]]
    cursor = write_cursor(f"circuits {sort} {order}", [int(value) if sort in RANKED else value, items[-1]["mask"]])
    return f"{address}&after={cursor}"
