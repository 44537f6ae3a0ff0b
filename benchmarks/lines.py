"""What is measured: each line runs the same work twice, plainly and by the engine, and checks that the counts agree."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from analysis.algorithms.catalogue import candidate_algorithms
from analysis.alignments.search import search_alignments
from analysis.circuits.search import search_circuits
from analysis.data import DataRecord, clean_data
from analysis.interpretations.counting import count_interpretations
from analysis.networks.network import Network
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.pipeline import analyse_output
from analysis.populations.population import train_population
from analysis.protocol import COMPLETE, PAPER, Protocol
from analysis.result_file import output_json
from analysis.tasks import Task, named_task
from benchmarks import plain_reference as plain
from benchmarks.plain_training import train_plainly

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
REPETITIONS = 5
PLAIN_REPETITIONS = 3
PLAIN_LIMIT_SECONDS = 10.0
AUTHORS_ORDER = ((0, 0), (1, 0), (0, 1), (1, 1))


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Args:
        work: what was done, with its count.
        plain_seconds: time of the plain version.
        engine_seconds: time of the engine; of both the best of some repetitions, the engine's caches empty each time.
        lower_bound: the plain version was stopped before its end, so the ratio is at least this.
        note: how the counts were compared, or where the plain version was stopped.
    """

    work: str
    plain_seconds: float
    engine_seconds: float
    lower_bound: bool
    note: str

    @property
    def ratio(self) -> float:
        return self.plain_seconds / self.engine_seconds

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


@dataclass(frozen=True)
class Subject:
    """One network in both versions."""

    network: Network
    plain: plain.PlainNetwork
    task: Task
    data: DataRecord

    @property
    def labels(self) -> tuple[int, ...]:
        return self.task.truth_table


def subject(name: str) -> Subject:
    """A golden network on the task XOR over clean inputs."""
    stored = json.loads((GOLDEN / f"{name}.json").read_text())["network"]
    activation, slope = stored["activation"], stored.get("negative_slope")
    network = Network.from_arrays(stored["weights"], stored["biases"], activation=activation, negative_slope=slope)
    layers = list(zip(stored["weights"], stored["biases"], strict=True))
    return Subject(
        network,
        plain.PlainNetwork(layers, activation, 0.01 if slope is None else slope),
        named_task("XOR", 2),
        clean_data(2),
    )


def timed(work: Callable[[], Any], repetitions: int = 1) -> tuple[float, Any]:
    """Fewest seconds of some runs, since whatever else the machine does only adds to them, and the last result."""
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def timed_cold(work: Callable[[], Any], repetitions: int = REPETITIONS) -> tuple[float, Any]:
    """Fewest seconds and the result, with every cache of the engine emptied before each repetition."""
    seconds = []
    for _ in range(repetitions):
        empty_caches()
        elapsed, result = timed(work)
        seconds.append(elapsed)
    return min(seconds), result


def empty_caches() -> None:
    """Forget what the engine remembers from run to run."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "analysis":
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if clear is not None:
                    clear()


def until(limit_seconds: float, items: Iterator[Any]) -> tuple[int, bool]:
    """How many items came before the limit, and whether that was all of them."""
    deadline = time.perf_counter() + limit_seconds
    count = 0
    for count, _ in enumerate(items, start=1):
        if count % 1024 == 0 and time.perf_counter() > deadline:
            return count, False
    return count, True


def all_lines(tell: Callable[[str], None]) -> list[Line]:
    """Measure everything, in the order of the table."""
    lines: list[Line] = []
    for measure in (paper_lines, complete_lines, wide_line, training_lines, population_lines):
        tell(measure.__name__.replace("_", " "))
        lines += measure()
    return lines


def paper_lines() -> list[Line]:
    """The stages of protocol ``paper`` on the authors' pretrained XOR network, then all of it."""
    s = subject("xor_pretrained")
    lines: list[Line] = []

    plain_circuits, (valid, possible) = timed(
        lambda: plain.valid_circuits(s.plain, s.labels, paper=True), PLAIN_REPETITIONS
    )
    seconds, circuits = timed_cold(lambda: search_circuits(s.network, s.task, PAPER, s.data))
    same = sorted(map(plain.mask_of, valid)) == circuits.masks.tolist() and possible == circuits.possible
    lines.append(line(f"circuits: {possible:,} tested, {len(valid)} valid", plain_circuits, seconds, same))

    plain_readings, n = timed(
        lambda: sum(1 for edges in valid for _ in plain.interpretations(s.plain, edges)), PLAIN_REPETITIONS
    )
    seconds, counts = timed_cold(lambda: count_interpretations(s.network, circuits.masks, s.data))
    lines.append(line(f"interpretations: {n:,}", plain_readings, seconds, n == counts.total))

    pairs = list(itertools.combinations(AUTHORS_ORDER, 2))
    depth = PAPER.depth_for(s.network.n_hidden_layers)
    plain_formulas, mappings = timed(
        lambda: [plain.minimal_mappings(s.plain, formula, pairs) for formula in plain.formulas(s.labels, 2, depth)],
        PLAIN_REPETITIONS,
    )
    n_mappings = sum(map(len, mappings))
    seconds, algorithms = timed_cold(lambda: algorithms_of(s, PAPER))
    same = (len(mappings), n_mappings) == (algorithms.n_candidates, algorithms.n_minimal_alignments)
    work = f"algorithms and alignments: {len(mappings)} formulas, {n_mappings} mappings"
    lines.append(line(work, plain_formulas, seconds, same))

    whole = plain_circuits + plain_readings + plain_formulas
    seconds, analysis = timed_cold(lambda: analyse_output(s.network, 0, s.task, PAPER, s.data))
    same = (analysis.circuits.n_valid, analysis.interpretations.total, analysis.algorithms.n_minimal_alignments) == (
        len(valid),
        n,
        n_mappings,
    )
    lines.append(line("all of `paper`, 2-3-3-1", whole, seconds, same))
    return lines


def algorithms_of(s: Subject, protocol: Protocol) -> Any:
    candidates = candidate_algorithms(s.task, protocol, s.network.n_hidden_layers)
    return search_alignments(s.network, candidates, protocol, s.data)


def complete_lines() -> list[Line]:
    """The whole circuit space of the same network, and its interpretations, which no list can hold."""
    s = subject("xor_pretrained")
    plain_seconds, (valid, possible) = timed(
        lambda: plain.valid_circuits(s.plain, s.labels, paper=False), PLAIN_REPETITIONS
    )
    seconds, circuits = timed_cold(lambda: search_circuits(s.network, s.task, COMPLETE, s.data))
    same = sorted(map(plain.mask_of, valid)) == circuits.masks.tolist() and possible == circuits.possible
    lines = [line(f"circuits: {possible:,} tested, {len(valid)} valid (`complete`)", plain_seconds, seconds, same)]

    seconds, counts = timed_cold(lambda: count_interpretations(s.network, circuits.masks, s.data))
    listed = (reading for edges in valid for reading in plain.interpretations(s.plain, edges))
    plain_seconds, (n, ended) = timed(lambda: until(PLAIN_LIMIT_SECONDS, listed))
    work = f"interpretations: {counts.total:,} (`complete`)"
    lines.append(
        line(work, plain_seconds, seconds, n == counts.total)
        if ended
        else Line(work, plain_seconds, seconds, True, f"plain listing stopped at {n:,}")
    )
    return lines


def wide_line() -> list[Line]:
    """The whole circuit space of a network of width 4."""
    s = subject("xor_4-4")
    seconds, circuits = timed_cold(lambda: search_circuits(s.network, s.task, COMPLETE, s.data), repetitions=3)
    rows = plain.boolean_rows(2)
    tested = (
        [round(plain.forward(s.plain, edges, row)[-1][0]) for row in rows]
        for edges in plain.possible_circuits(s.plain.sizes, paper=False)
    )
    plain_seconds, (n, ended) = timed(lambda: until(PLAIN_LIMIT_SECONDS, tested))
    note = f"plain search {'tested all' if ended else 'stopped at'} {n:,}"
    work = f"circuits: {circuits.possible:,} tested, {circuits.n_valid:,} valid (2-4-4-1, `complete`)"
    return [Line(work, plain_seconds, seconds, not ended, note)]


def training_lines(n_networks: int = 100, n_singly: int = 5) -> list[Line]:
    """Training in step against one by one (per network), and against plain torch (per epoch; its seeds are others)."""
    specs = [TrainingSpec(seed=seed) for seed in range(n_networks)]
    train_networks(specs[:1])  # torch's own start-up
    batched, together = timed(lambda: train_networks(specs))
    singly, alone = timed(lambda: [train_networks([spec])[0] for spec in specs[:n_singly]])
    same = all(a.network == b.network for a, b in zip(alone, together, strict=False))
    train_plainly(0, epochs=1)
    plainly, epochs = timed(lambda: sum(train_plainly(seed) for seed in range(n_singly)))
    found = sum(outcome.converged for outcome in together)
    work = f"training {n_networks} networks in step against one by one, per network"
    in_step = f"training {n_networks} networks in step against plain torch, per epoch of one network"
    return [
        line(work, singly / n_singly, batched / n_networks, same),
        Line(
            in_step,
            plainly / epochs,
            batched / sum(outcome.epochs for outcome in together),
            False,
            f"{found} of {n_networks} converged; plain torch: {n_singly} networks, {epochs} epochs",
        ),
    ]


def population_lines(n_networks: int = 100, n_singly: int = 10) -> list[Line]:
    """Training and analysing a population together, against the same engine network by network."""
    specs = [TrainingSpec(seed=seed) for seed in range(n_networks)]
    (task,), data = specs[0].resolved_tasks(), clean_data(2)
    empty_caches()
    together, members = timed(lambda: list(train_population(specs, COMPLETE)))

    def one_by_one() -> list[Any]:
        outcomes = [train_networks([spec])[0] for spec in specs[:n_singly]]
        return [analyse_output(o.network, 0, task, COMPLETE, data) for o in outcomes if o.converged and o.network]

    empty_caches()
    alone, analyses = timed(one_by_one)
    found = [analysis for member in members[:n_singly] for analysis in member.analyses]
    same = result_of(found) == result_of(analyses)
    n_analysed = sum(member.analysed for member in members)
    work = (
        f"{n_networks} networks 2-3-3-1 trained, {n_analysed} converged and analysed (`complete`), against one by one"
    )
    measured = line(work, alone * n_networks / n_singly, together, same)
    return [replace(measured, note=f"same result; one by one: {n_singly} networks, scaled to {n_networks}")]


def result_of(analyses: list[Any]) -> list[Any]:
    """Everything that was found, without the time that it took."""
    return [output_json(analysis) for analysis in analyses]


def line(work: str, plain_seconds: float, engine_seconds: float, same: bool) -> Line:
    """A line whose two results were compared.

    Raises:
        RuntimeError: they differ, so the times mean nothing.
    """
    if not same:
        raise RuntimeError(f"{work}: the plain version and the engine disagree")
    return Line(work, plain_seconds, engine_seconds, False, "same result")
