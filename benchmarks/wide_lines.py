"""The lines about circuit spaces that plain Python cannot walk through: widths 4, 5 and 6.

The plain version tests a uniform sample instead. That gives its time (scaled), verdicts to compare with the engine's
one by one, and an interval that the engine's exact number must lie in. Drawing the sample is not in its time.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.circuits.estimating import share_interval
from analysis.circuits.layered_states import CountableSpace
from analysis.circuits.planning import plan_circuits
from analysis.circuits.result import CircuitSearch
from analysis.circuits.search import search_circuits
from analysis.circuits.space import Structure
from analysis.circuits.strategy import count_circuits
from analysis.errors import Cancelled
from analysis.limits import DEFAULT_LIMITS
from analysis.networks.network import Network
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.progress import Progress
from analysis.protocol import COMPLETE
from analysis.question import Question, ask
from analysis.tasks import named_task
from analysis.work import Work
from benchmarks import plain_reference as plain
from benchmarks.isolated import measure_alone
from benchmarks.lines import Subject, subject
from benchmarks.machine import seconds_text
from benchmarks.table import Line, same_result
from benchmarks.timing import Effort, timed, timed_cold

CONFIDENCE: Final = 0.99
N_SEEDS: Final = 8
N_PARTS: Final = 10  # of a space that are counted again one by one


@dataclass(frozen=True)
class PlainSample:
    """What the plain version said about circuits drawn uniformly from the space.

    Args:
        masks: ``[circuits]``.
        valid: ``[circuits]``.
        seconds: of testing them.
    """

    masks: NDArray[np.uint64]
    valid: NDArray[np.bool_]
    seconds: float

    def interval(self, possible: int) -> tuple[int, int]:
        """Where the number of valid circuits lies with the confidence above."""
        low, high = share_interval(int(self.valid.sum()), len(self.valid), CONFIDENCE)
        return int(low * possible), int(high * possible) + 1


def plain_sample(s: Subject, n_drawn: int, *, seed: int = 0) -> PlainSample:
    """Draw circuits and test each plainly on every row."""
    drawn: list[plain.Edges] = []
    for batch in Structure(s.network.sizes, COMPLETE).samples(n_drawn, seed=seed):
        layers = [kept.astype(int).tolist() for kept in batch]
        drawn += [tuple(tuple(map(tuple, matrix)) for matrix in circuit) for circuit in zip(*layers, strict=True)]
    rows = plain.boolean_rows(s.network.sizes[0])
    seconds, valid = timed(
        lambda: [
            all(round(plain.forward(s.plain, e, row)[-1][0]) == y for row, y in zip(rows, s.labels, strict=True))
            for e in drawn
        ]
    )
    masks = np.array([plain.mask_of(edges) for edges in drawn], dtype=np.uint64)
    return PlainSample(masks, np.array(valid), seconds)


def trained(hidden: tuple[int, ...], n_inputs: int = 2, task: str = "XOR") -> Network:
    """The first of some seeds' networks that converges.

    Raises:
        RuntimeError: none does.
    """
    for seed in range(N_SEEDS):
        spec = TrainingSpec(
            seed=seed, hidden=hidden, n_inputs=n_inputs, tasks=(task,), samples_per_input=_rows(n_inputs)
        )
        outcome = train_networks([spec])[0]
        if outcome.converged and outcome.network is not None:
            return outcome.network
    shape = "-".join(map(str, (n_inputs, *hidden, 1)))
    raise RuntimeError(f"none of {N_SEEDS} seeds of a {shape} network converged on {task}")


def _rows(n_inputs: int) -> int:
    """Training rows for each input: as many in all, whatever the number of inputs."""
    return max(50, 4_000 // (1 << n_inputs))


def listed_line(effort: Effort) -> Line:
    """Every circuit of a network of width 4, with the memory that it takes."""
    s = subject("xor_4-4" if effort.wide >= 4 else "xor_pretrained")
    seconds, circuits = timed_cold(
        lambda: search_circuits(ask(s.network, task=s.task, data=s.data)), min(3, effort.repetitions)
    )
    shape = "-".join(map(str, s.network.sizes))
    work = f"all {circuits.possible:,} circuits of a {shape}, {circuits.n_valid:,} valid"
    counted = count_circuits(ask(s.network, task=s.task, data=s.data))
    same_result(work, (counted.count, counted.possible) == (circuits.n_valid, circuits.possible))
    sample = plain_sample(s, effort.n_drawn)
    same_result(work, bool((np.isin(sample.masks, circuits.masks) == sample.valid).all()))
    alone = measure_alone(s.network, s.task, DEFAULT_LIMITS)
    digest = hashlib.sha256(circuits.masks.astype("<u8").tobytes()).hexdigest()
    same_result(work, (alone.method, alone.digest) == ("listed", digest))
    note = (
        f"plain Python tested {len(sample.masks):,} circuits drawn uniformly, scaled: same verdict on each; same "
        "number from the exact count; memory: of a process that does just this, the program itself included"
    )
    reference = sample.seconds / len(sample.masks) * circuits.possible
    return Line(work, reference, seconds, "scaled", note, 1.0, alone.peak_bytes, 2**30)


def counted_line(effort: Effort) -> Line:
    """The exact number of valid circuits of a network of width 5."""
    width = effort.wide
    s = Subject.of(trained((width, width)), named_task("XOR", 2))
    seconds, counted = timed_cold(
        lambda: count_circuits(ask(s.network, task=s.task, data=s.data)),
        min(2, effort.repetitions),
    )
    work = f"exact count of the {counted.possible:,} circuits of a 2-{width}-{width}-1: {counted.count:,} valid"
    sample = plain_sample(s, effort.n_drawn)
    reference = sample.seconds / len(sample.masks) * counted.possible
    note = compared_with_sample(s, work, counted, sample)
    alone = measure_alone(s.network, s.task, replace(DEFAULT_LIMITS, max_possible=0))
    same_result(work, (alone.method, alone.count) == ("counted", counted.count))
    return Line(work, reference, seconds, "scaled", note, 5.0, alone.peak_bytes)


def compared_with_sample(s: Subject, work: str, counted: CircuitSearch, sample: PlainSample) -> str:
    """The note of a count: its draws tested plainly, and the interval of the plain sample.

    The interval misses the truth for one sample in a hundred, so that is said, not raised.
    """
    draws = count_circuits(ask(s.network, task=s.task, data=s.data), n_draws=200).masks
    plain_masks = {int(mask) for mask in sample.masks[sample.valid]}
    outputs = [plain_outputs(s, int(mask)) for mask in draws]
    same_result(work, all(list(map(round, row)) == list(s.labels) for row in outputs))
    low, high = sample.interval(counted.possible)
    where = "inside" if low <= counted.count <= high else "OUTSIDE"
    return (
        f"plain Python tested {len(sample.masks):,} circuits drawn uniformly, scaled; {len(plain_masks):,} of them are "
        f"valid, so {low:,} to {high:,} in all with 99% confidence: the count lies {where}; {len(draws)} valid "
        "circuits drawn by the count are all valid plainly; no second route to the exact number in this run"
    )


def plain_outputs(s: Subject, mask: int) -> list[float]:
    """The plain version's output of one circuit on every row."""
    edges, place = [], 0
    for n_in, n_out in zip(s.network.sizes, s.network.sizes[1:], strict=False):
        edges.append(tuple(tuple(mask >> (place + o * n_in + i) & 1 for i in range(n_in)) for o in range(n_out)))
        place += n_in * n_out
    return [plain.forward(s.plain, tuple(edges), row)[-1][0] for row in plain.boolean_rows(s.network.sizes[0])]


def attempted_line(limit_seconds: float, width: int = 6) -> Line:
    """The exact count at width 6, stopped when time is up; the outcome is stated either way."""
    s = Subject.of(trained((width, width)), named_task("XOR", 2))
    plan = plan_circuits(ask(s.network, task=s.task, data=s.data), limits=replace(DEFAULT_LIMITS, max_possible=0))
    predicted = next(cost.seconds for cost in plan.costs if cost.method == "counted")
    last = Progress("circuits", 0, 1)
    start, busy = time.perf_counter(), time.process_time()

    def watched(progress: Progress, /) -> None:
        nonlocal last
        last = progress
        if time.perf_counter() - start > limit_seconds and progress.done < progress.total:
            raise Cancelled

    work = f"exact count of the {plan.possible:,} circuits of a 2-{width}-{width}-1"
    try:
        counted = count_circuits(ask(s.network, task=s.task, data=s.data), Work(report=watched))
    except Cancelled:
        seconds, share = time.perf_counter() - start, last.done / last.total
        busy = time.process_time() - busy
        whole = (
            f"at this rate the whole would take about {seconds_text(seconds / share)}, and "
            f"{seconds_text(busy / share)} of the processor's time, "
            if share
            else ""
        )
        note = (
            f"STOPPED after {seconds_text(seconds)} ({seconds_text(busy)} of the processor's) with {share:.2%} of the "
            f"circuits judged; {whole}"
            f"{seconds_text(predicted)} on one core by the plan; it stops between batches of states; nothing to compare"
        )
        return Line(f"{work}: stopped at {share:.2%}", None, seconds, note=note)
    seconds = time.perf_counter() - start
    sample = plain_sample(s, 20_000)
    low, high = sample.interval(counted.possible)
    where = "inside" if low <= counted.count <= high else "OUTSIDE"
    parts = parts_counted_plainly(ask(s.network, task=s.task, data=s.data), N_PARTS) if width >= 4 else []
    again = (
        f"{len(parts)} parts of the space, of 2^{4 * width} combinations each, were counted again by adding up every "
        "combination: the same numbers"
        if parts
        else "no second route to the exact number"
    )
    same_result(work, all(engine == plainly for engine, plainly in parts))
    note = (
        f"done; plain Python tested {len(sample.masks):,} circuits drawn uniformly, scaled: {low:,} to {high:,} valid "
        f"with 99% confidence, the count lies {where}; {again}"
    )
    reference = sample.seconds / len(sample.masks) * counted.possible
    return Line(f"{work}: {counted.count:,} valid", reference, seconds, "scaled", note)


def parts_counted_plainly(question: Question, n_parts: int, seed: int = 0) -> list[tuple[int, int]]:
    """Parts of a space counted by the engine, and again by adding up each of their combinations forward.

    A part is a state in which every neuron below the last hidden layer is active, with the first two neurons' sets of
    sources; it is drawn from those that hold valid circuits, for states that hold any.

    Args:
        question: of a network whose last hidden layer has at least four neurons.
        n_parts: how many.
        seed: of what is drawn.

    Returns:
        For each part the engine's number and the plain one.
    """
    space, chance = CountableSpace.of(question), np.random.default_rng(seed)
    most = question.cut.sizes[-3]
    pieces = [(piece, made) for piece, made in space.pieces() if len(piece.active) == most]
    found: list[tuple[int, int]] = []
    for number in chance.permutation(len(pieces)).tolist():
        piece, made = pieces[number]
        terms = space.terms(piece[:1])
        units = made.tally(terms, np.zeros(1, dtype=np.int64)).units[0]
        parts = units.reshape(4**most, -1).sum(axis=1)
        if len(found) == n_parts:
            break
        if parts.any():
            part = int(chance.choice(np.flatnonzero(parts)))
            found.append((int(parts[part]), _valid_in_part(space, terms[0], *divmod(part, 2**most))))
    return found


def _valid_in_part(space: CountableSpace, terms: NDArray[np.float64], first: int, second: int) -> int:
    """Valid combinations on top of one state whose first two neurons have these sets of sources, one by one.

    Args:
        terms: ``[width, 2^sources, rows]``.
    """
    n_sets, n_rows = terms.shape[1:]
    start = space.network.biases[-1][0] + terms[0, first] + terms[1, second]
    used, n_valid = np.full(1, first | second), 0
    for _ in terms[3:]:
        used = (used[:, None] | np.arange(n_sets)).ravel()
    for third in range(n_sets):
        sums = (start + terms[2, third])[None]
        for neuron in terms[3:]:
            sums = (sums[:, None] + neuron).reshape(-1, n_rows)
        fits = (used | third) == n_sets - 1
        for row, box in enumerate(space.boxes):
            fits &= (sums[:, row] >= box.low) & (sums[:, row] <= box.high)
        n_valid += int(np.count_nonzero(fits))
    return n_valid
