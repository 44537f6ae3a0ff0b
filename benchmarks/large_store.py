"""A store with a million explanations, made up but saved as jobs save: for measuring what needs no engine.

``python -m benchmarks.large_store [--circuits N] [--algorithms N] [--folder DIR]`` fills a new database, measures every
list at every order, filter and depth, and prints the figures with the memory that they took.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from analysis.algorithms.catalogue import candidate_algorithms
from analysis.alignments.alignment import IIA, Alignment, NeuronSet, ScoredAlignment
from analysis.circuits.circuit import EdgeLayout
from analysis.data import clean_data
from analysis.networks.files import NetworkFile
from analysis.networks.network import Network
from analysis.protocol import COMPLETE
from analysis.result import AlgorithmResult, AlgorithmSearch, CircuitSearch, InterpretationCounts, OutputAnalysis
from analysis.tasks import Task, named_task
from app.db.circuit_columns import RANKED
from app.db.engine import Store, open_store
from app.db.prepared import PreparedAnalysis, prepare_analysis
from app.db.staging import Staging
from app.db.writes import save_network
from app.main import create_app, settle
from app.pages.circuits import SORT_FIELDS
from app.pages.cursors import write_cursor
from app.settings import Settings
from benchmarks.isolated import ROOT, peak_bytes
from benchmarks.large_verdicts import save_ground, save_verdicts
from benchmarks.machine import machine, machine_text

SIZES: Final = (2, 5, 5, 1)
SLUG: Final = "large"
REQUESTS: Final = 30


@dataclass(frozen=True)
class Saving:
    """What saving took.

    Args:
        circuits: how many.
        alignments: how many.
        prepare_seconds: making it ready, in the process that computes.
        insert_seconds: all transactions together.
        longest_seconds: of one transaction: what others wait at most.
        megabytes: the database afterwards.
    """

    circuits: int
    alignments: int
    prepare_seconds: float
    insert_seconds: float
    longest_seconds: float
    megabytes: float

    @property
    def per_second(self) -> float:
        """Explanations inserted a second, indexes included."""
        return (self.circuits + self.alignments) / self.insert_seconds


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


def made_up_analysis(n_circuits: int, n_algorithms: int, *, seed: int = 0) -> tuple[NetworkFile, OutputAnalysis]:
    """An analysis of a 2-5-5-1 network with as many circuits and algorithms as wanted, none of them true.

    Args:
        n_circuits: distinct masks.
        n_algorithms: real candidates for three inputs and more, each with a few made-up alignments.
        seed: of everything drawn.
    """
    random = np.random.default_rng(seed)
    task = named_task("XOR", 2)
    shapes = list(zip(SIZES[1:], SIZES, strict=False))
    network = Network.from_arrays([random.normal(size=s) for s in shapes], [random.normal(size=s[0]) for s in shapes])
    layout = EdgeLayout(SIZES)
    masks = possible_masks(n_circuits, layout, random)
    # like real ones: products of small numbers, a few thousand distinct ones, some beyond 64 bits
    exponents = random.integers(0, 40, size=(n_circuits, 2))
    pairs, inverse = np.unique(exponents, axis=0, return_inverse=True)
    distinct = [2 ** int(a) * 3 ** int(b) for a, b in pairs]
    totals = tuple(map(distinct.__getitem__, inverse.tolist()))
    observed = tuple(random.integers(1, 5_000, size=n_circuits).tolist())
    circuits = CircuitSearch(
        layout,
        7_271_931_361,
        masks,
        random.normal(size=(n_circuits, 4)),
        np.abs(random.normal(scale=0.2, size=n_circuits)),
    )
    analysis = OutputAnalysis(
        network=network,
        output=0,
        task=task,
        protocol=COMPLETE,
        data=clean_data(2),
        circuits=circuits,
        interpretations=InterpretationCounts(totals, observed),
        algorithms=_algorithms(n_algorithms, random),
        criteria={},
        seconds={},
    )
    return NetworkFile("Large, made up", network, (task,)), analysis


def possible_masks(n: int, layout: EdgeLayout, random: np.random.Generator) -> NDArray[np.uint64]:
    """So many distinct structurally possible circuits of a network with two hidden layers, ascending."""
    n_inputs, first, second, _ = layout.sizes
    found = np.empty(0, dtype=np.uint64)
    while len(found) < n:
        into_first = random.random((200_000, first, n_inputs)) < 0.5
        into_second = random.random((200_000, second, first)) < 0.5
        active = into_first.any(axis=2)
        fits = (active == into_second.any(axis=1)).all(axis=1) & into_first.any(axis=1).all(axis=1)
        edges = np.concatenate(
            [into_first.reshape(200_000, -1), into_second.reshape(200_000, -1), into_second.any(axis=2)], axis=1
        )[fits]
        powers = np.uint64(1) << np.arange(layout.n_edges, dtype=np.uint64)
        found = np.union1d(found, (edges * powers).sum(axis=1, dtype=np.uint64))
    return np.sort(random.choice(found, size=n, replace=False))


def _algorithms(n: int, random: np.random.Generator) -> AlgorithmSearch:
    """Candidates of two-input tasks, as many as there are up to n, with made-up alignments."""
    trees = []
    for function in range(1, 15):
        task = Task(tuple((function >> row) & 1 for row in range(4)))
        trees += candidate_algorithms(task, COMPLETE, 2, max_candidates=n).algorithms
    results = []
    for tree in trees[:n]:
        scored = []
        for rank in range(int(random.integers(0, 8))):
            places = {v.path: NeuronSet(1 + rank % 2, (i % 5,)) for i, v in enumerate(tree.variables)}
            alignment = Alignment.of(tree.text, places)
            if any(alignment.id == other.alignment.id for other in scored):
                continue
            of = 12 * len(tree.variables)
            agreed = of if not scored and rank == 0 else int(random.integers(0, of + 1))
            scored.append(ScoredAlignment(alignment, IIA(agreed, of), agreed == of and not scored, 0.1))
        n_valid = sum(one.valid for one in scored)
        verdicts = dict(
            zip(
                ("irredundant-gates", "irredundant-functions", "irredundant-literals"),
                random.integers(0, 2, size=3).astype(bool).tolist(),
                strict=True,
            )
        )
        results.append(AlgorithmResult(tree, tuple(scored), n_valid, min(n_valid, 1), None, verdicts))
    return AlgorithmSearch(tuple(results), len(results))


def save(store: Store, file: NetworkFile, analysis: OutputAnalysis) -> Saving:
    """Save as a job does: prepare, stage in small transactions, publish."""
    with store.write() as session:
        save_network(session, file, slug=SLUG)
    start = time.perf_counter()
    prepared: PreparedAnalysis = prepare_analysis(analysis)
    ready = time.perf_counter()
    staging = Staging(prepared, "benchmark")
    longest = 0.0
    for step in staging.steps():
        longest = max(longest, _transaction(store, step))
    longest = max(longest, _transaction(store, staging.publish))
    done = time.perf_counter()
    size = Path(store.url.removeprefix("sqlite:///")).stat().st_size / 1e6
    alignments = sum(len(result.alignments) for result in analysis.algorithms.algorithms)
    return Saving(len(analysis.circuits.masks), alignments, ready - start, done - ready, longest, size)


def _transaction(store: Store, step: Callable[[Any], Any]) -> float:
    start = time.perf_counter()
    with store.write() as session:
        step(session)
    return time.perf_counter() - start


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


def save_alone(folder: Path, n_circuits: int, n_algorithms: int) -> dict[str, float]:
    """Fill a new database in this process, from an analysis that came through a pipe as a worker's does."""
    store = open_store(Settings(data=folder))
    store.migrate()
    file, analysis = made_up_analysis(n_circuits, n_algorithms)
    made = resident_megabytes()
    saving = save(store, file, analysis)
    saved_peak = peak_bytes() / 1e6
    judged = save_verdicts(store, analysis)
    save_ground(store, analysis)
    store.close()
    with_analysis = {"resident_with_analysis_mb": made, "peak_mb": saved_peak, "verdict_peak_mb": peak_bytes() / 1e6}
    return {**asdict(saving), **asdict(judged), "per_second": saving.per_second, **with_analysis}


def serve_alone(folder: Path, requests: int) -> dict[str, Any]:
    """Ask for every list in this process, which has done nothing else but get ready as a server does."""
    store = open_store(Settings(data=folder))
    store.migrate()  # it may be an earlier version's
    store.close()
    app = create_app(Settings(data=folder))
    settle(app)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.get("/glossary")
        before = resident_megabytes()
        found = {part: pages(client) for part, pages in PAGES.items()}
        timings = [(part, measure(client, address, requests)) for part, pages in found.items() for address in pages]
    return {
        "resident_before_mb": before,
        "peak_mb": peak_bytes() / 1e6,
        "lists": [{"part": part, **asdict(timing)} for part, timing in timings],
    }


def resident_megabytes() -> float:
    """Memory of this process now."""
    status = Path("/proc/self/status")
    if not status.exists():
        return peak_bytes() / 1e6
    line = next(text for text in status.read_text().splitlines() if text.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def main() -> int:
    """Fill and measure, each in a process of its own; print."""
    parser = argparse.ArgumentParser(prog="benchmarks.large_store", description=__doc__)
    parser.add_argument("--circuits", type=int, default=1_000_000)
    parser.add_argument("--algorithms", type=int, default=5_000)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--folder", type=Path, default=None, help="keep the database here; one that is there is used")
    parser.add_argument("--part", choices=("all", "save", "serve"), default="all", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "save":
        print(json.dumps(save_alone(options.folder, options.circuits, options.algorithms)))
        return 0
    if options.part == "serve":
        print(json.dumps(serve_alone(options.folder, options.requests)))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        print(machine_text(machine()))
        if not any(folder.glob("*.sqlite")):
            _print_saving(_in_a_process("save", folder, options))
        served = _in_a_process("serve", folder, options)
        print("server: {resident_before_mb:.0f} MB before the first list, at most {peak_mb:.0f} MB".format(**served))
        print("milliseconds by the clock, of the processor's time, and both of the very first visit")
        names = ("p50", "p95", "processor", "processor_p95", "first", "first_processor")
        print(" ".join(f"{name:>8}" for name in ("p50", "p95", "CPU p50", "CPU p95", "first", "CPU")))
        for timing in served["lists"]:
            numbers = " ".join(f"{timing[name]:8.1f}" for name in names)
            print(numbers, f" {timing['part']}: {timing['address']}")
    return 0


def _print_saving(saved: dict[str, Any]) -> None:
    """What saving took, in words."""
    print(
        "saved {circuits:,} circuits and {alignments:,} alignments: made ready in {prepare_seconds:.1f} s, "
        "inserted in {insert_seconds:.1f} s ({per_second:,.0f} a second), longest transaction "
        "{longest_seconds:.2f} s; database {megabytes:.0f} MB".format(**saved)
    )
    print(
        "memory: {resident_with_analysis_mb:.0f} MB with the analysis alone, at most {peak_mb:.0f} MB while it was "
        "made ready and saved".format(**saved)
    )
    print(
        "verdicts of {criteria} criteria: made ready in {verdict_prepare_seconds:.1f} s, inserted in "
        "{verdict_insert_seconds:.1f} s, longest transaction {verdict_longest_seconds:.2f} s; "
        "{verdict_megabytes:.1f} MB, of these {count_megabytes:.2f} MB counts of interpretations; at most "
        "{verdict_peak_mb:.0f} MB of memory".format(**saved)
    )


def _in_a_process(part: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One part in a process of its own, so that its memory is its own.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    numbers = [f"--{name}={getattr(options, name)}" for name in ("circuits", "algorithms", "requests")]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.large_store", f"--part={part}", f"--folder={folder}", *numbers],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{part} failed:\n{done.stderr.strip()}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


if __name__ == "__main__":
    sys.exit(main())
