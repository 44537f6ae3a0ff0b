"""The lines about one small network and about many: the same work done plainly and by the engine, results compared."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.search import search_alignments
from analysis.alignments.sites import neuron_sites
from analysis.circuits.search import search_circuits
from analysis.circuits.space import Structure
from analysis.data import DataRecord, clean_data
from analysis.interpretations.counting import count_interpretations
from analysis.interpretations.result import InterpretationCounts
from analysis.interventions.interchange import interchange_outputs
from analysis.networks.mlp import batch_activations
from analysis.networks.network import Network
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.pipeline import analyse_output
from analysis.protocol import PAPER, Protocol
from analysis.question import Question, ask
from analysis.result_file import output_json
from analysis.tasks import Task, named_task
from benchmarks import plain_reference as plain
from benchmarks.machine import seconds_text
from benchmarks.plain_training import train_plainly
from benchmarks.table import Line, same_result
from benchmarks.timing import Effort, empty_caches, timed, timed_cold

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
AUTHORS_ORDER = ((0, 0), (1, 0), (0, 1), (1, 1))


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

    @classmethod
    def of(cls, network: Network, task: Task) -> Subject:
        """Both versions of a network with one activation throughout, on clean inputs."""
        layers = [(w.tolist(), b.tolist()) for w, b in zip(network.weights, network.biases, strict=True)]
        slope = 0.01 if network.negative_slope is None else network.negative_slope
        return cls(network, plain.PlainNetwork(layers, network.activation, slope), task, clean_data(network.sizes[0]))


def subject(name: str) -> Subject:
    """A golden network on the task XOR over clean inputs."""
    stored = json.loads((GOLDEN / f"{name}.json").read_text())["network"]
    activation, slope = stored["activation"], stored.get("negative_slope")
    network = Network.from_arrays(stored["weights"], stored["biases"], activation=activation, negative_slope=slope)
    return Subject.of(network, named_task("XOR", 2))


def paper_lines(effort: Effort) -> list[Line]:
    """The stages of protocol ``paper`` on the authors' pretrained XOR network, then all of it."""
    s = subject("xor_pretrained")
    lines: list[Line] = []

    plain_circuits, (valid, possible) = timed(
        lambda: plain.valid_circuits(s.plain, s.labels, paper=True), effort.plain_repetitions
    )
    seconds, circuits = timed_cold(
        lambda: search_circuits(ask(s.network, task=s.task, protocol=PAPER, data=s.data)), effort.repetitions
    )
    same = sorted(map(plain.mask_of, valid)) == circuits.masks.tolist() and possible == circuits.possible
    work = f"`paper`: {possible:,} circuits tested, {len(valid)} valid"
    lines.append(Line(work, plain_circuits, seconds, note=same_result(work, same)))

    plain_readings, n = timed(
        lambda: sum(1 for edges in valid for _ in plain.interpretations(s.plain, edges)), effort.plain_repetitions
    )
    seconds, counts = timed_cold(
        lambda: count_interpretations(ask(s.network, data=s.data), circuits.masks), effort.repetitions
    )
    work = f"`paper`: {n:,} interpretations"
    lines.append(Line(work, plain_readings, seconds, note=same_result(work, n == counts.total)))

    pairs = list(itertools.combinations(AUTHORS_ORDER, 2))
    depth = PAPER.depth_for(s.network.n_hidden_layers)
    plain_formulas, mappings = timed(
        lambda: [plain.minimal_mappings(s.plain, formula, pairs) for formula in plain.formulas(s.labels, 2, depth)],
        effort.plain_repetitions,
    )
    n_mappings = sum(map(len, mappings))
    seconds, algorithms = timed_cold(lambda: algorithms_of(s, PAPER), effort.repetitions)
    same = (len(mappings), n_mappings) == (algorithms.n_candidates, algorithms.n_minimal_alignments)
    work = f"`paper`: {len(mappings)} formulas, {n_mappings} mappings"
    lines.append(Line(work, plain_formulas, seconds, note=same_result(work, same)))

    whole = plain_circuits + plain_readings + plain_formulas
    seconds, analysis = timed_cold(
        lambda: analyse_output(ask(s.network, task=s.task, protocol=PAPER, data=s.data)), effort.repetitions
    )
    same = (analysis.circuits.n_valid, analysis.interpretations.total, analysis.algorithms.n_minimal_alignments) == (
        len(valid),
        n,
        n_mappings,
    )
    work = "`paper`: all of it, 2-3-3-1"
    operations, needed = arithmetic(ask(s.network, task=s.task, protocol=PAPER, data=s.data), effort.repetitions)
    bound = f"{operations:,} multiply-adds and nothing else, in numpy: {seconds_text(needed)}, {seconds / needed:.0f}×"
    lines.append(Line(work, whole, seconds, note=f"{same_result(work, same)}; {bound}"))
    return lines


def arithmetic(question: Question, repetitions: int) -> tuple[int, float]:
    """What the search's arithmetic needs at all: to run as many circuits as are possible once on every row, and every
    interchange of one neuron once; without counting, formulas, mappings and names.

    Returns:
        Multiply-adds, and the seconds that they take in numpy.
    """
    network, rows, structure = question.cut, question.judged[0], Structure(question.cut.sizes, question.protocol)
    batches = list(structure.samples(structure.count, seed=0))  # which circuits does not matter to the time
    sites = neuron_sites(network.hidden_sizes, "single_neurons").sites

    def run() -> None:
        for keep in batches:
            batch_activations(network, keep, rows, question.absent)
        interchange_outputs(network, sites, rows)

    n_runs = structure.count * len(rows) + len(sites) * len(rows) ** 2
    return n_runs * question.layout.n_edges, timed(run, repetitions)[0]


def algorithms_of(s: Subject, protocol: Protocol) -> Any:
    candidates = candidate_algorithms(s.task, protocol, s.network.n_hidden_layers)
    return search_alignments(ask(s.network, protocol=protocol, data=s.data), candidates)


def complete_lines(effort: Effort) -> list[Line]:
    """The whole circuit space of the same network, and its interpretations, which no list can hold."""
    s = subject("xor_pretrained")
    plain_seconds, (valid, possible) = timed(
        lambda: plain.valid_circuits(s.plain, s.labels, paper=False), effort.plain_repetitions
    )
    seconds, circuits = timed_cold(
        lambda: search_circuits(ask(s.network, task=s.task, data=s.data)), effort.repetitions
    )
    same = sorted(map(plain.mask_of, valid)) == circuits.masks.tolist() and possible == circuits.possible
    work = f"all {possible:,} circuits of a 2-3-3-1, {len(valid)} valid"
    lines = [Line(work, plain_seconds, seconds, note=same_result(work, same), target_seconds=0.01)]

    seconds, counts = timed_cold(
        lambda: count_interpretations(ask(s.network, data=s.data), circuits.masks), effort.repetitions
    )
    by_mask = {plain.mask_of(edges): edges for edges in valid}
    edges_of = [by_mask[mask] for mask in circuits.masks.tolist()]
    n_compared, n_listed, plain_seconds = compare_interpretations(s, edges_of, counts, effort.plain_seconds)
    work = f"{counts.total:,} interpretations of all {len(valid)} valid circuits of a 2-3-3-1"
    ended = n_compared == len(valid)
    note = (
        "same result"
        if ended
        else (
            f"stopped at {n_listed:,} listed; same number for each of the {n_compared} circuits listed to their end, "
            f"fewest interpretations first; no second route for the other {len(valid) - n_compared} in this run"
        )
    )
    lines.append(Line(work, plain_seconds, seconds, "whole" if ended else "stopped", note, target_seconds=0.2))
    return lines


def compare_interpretations(
    s: Subject, edges_of: list[plain.Edges], counts: InterpretationCounts, limit_seconds: float
) -> tuple[int, int, float]:
    """List interpretations circuit by circuit until time is up, those with the fewest first.

    Returns:
        Circuits listed to their end, interpretations listed, and the seconds that it took.

    Raises:
        RuntimeError: a circuit listed to its end has another number than was counted.
    """
    start = time.perf_counter()
    n_compared = n_listed = 0
    for place in sorted(range(len(edges_of)), key=lambda place: counts.by_circuit[place]):
        n = 0
        for n, _ in enumerate(plain.interpretations(s.plain, edges_of[place]), start=1):
            if n % 1024 == 0 and time.perf_counter() - start > limit_seconds:
                return n_compared, n_listed + n, time.perf_counter() - start
        same_result("interpretations", n == counts.by_circuit[place])
        n_compared, n_listed = n_compared + 1, n_listed + n
    return n_compared, n_listed, time.perf_counter() - start


def population_lines(effort: Effort) -> list[Line]:
    """Training in step, and analysing: against the same engine network by network, and plain torch."""
    n_networks, n_singly = effort.n_networks, effort.n_singly
    specs = [TrainingSpec(seed=seed) for seed in range(n_networks)]
    (task,), data = specs[0].resolved_tasks(), clean_data(2)
    train_networks(specs[:1])  # torch's own start-up
    busy = [time.process_time()]
    training, together = timed(lambda: train_networks(specs))
    empty_caches()
    analysing, found = timed(
        lambda: [analyse_output(ask(o.network, task=task, data=data)) for o in together if o.converged and o.network]
    )
    busy.append(time.process_time())
    training_singly, alone = timed(lambda: [train_networks([spec])[0] for spec in specs[:n_singly]])
    empty_caches()
    analysing_singly, analyses = timed(
        lambda: [analyse_output(ask(o.network, task=task, data=data)) for o in alone if o.converged and o.network]
    )
    busy.append(time.process_time())
    train_plainly(0, epochs=1)
    plainly, epochs = timed(lambda: sum(train_plainly(seed) for seed in range(n_singly)))

    scale = n_networks / n_singly
    n_converged = sum(outcome.converged for outcome in together)
    parts = f"one by one: {n_singly} networks, scaled to {n_networks}; for these the"
    networks = [outcome.network for outcome in together[:n_singly]] == [outcome.network for outcome in alone]
    analysed_alike = result_of(found[: len(analyses)]) == result_of(analyses)
    work = f"{n_networks} networks 2-3-3-1 trained in step"
    same = f"{parts} {same_result(work, networks)}"
    whole = f"{n_networks} XOR networks 2-3-3-1 trained, {n_converged} converged and analysed (`complete`)"
    same_whole = (
        f"{parts} {same_result(whole, analysed_alike)}; of the processor's time "
        f"{seconds_text((busy[2] - busy[1]) * scale)} against {seconds_text(busy[1] - busy[0])}"
    )
    epochs_in_step = sum(outcome.epochs for outcome in together)
    return [
        Line(work, training_singly * scale, training, "scaled", same),
        Line(
            f"the same against plain torch, {epochs_in_step:,} epochs",
            plainly / epochs * epochs_in_step,
            training,
            "scaled",
            f"plain torch: {n_singly} networks, {epochs} epochs, scaled; its seeds are others, so no result is "
            f"compared; in step {n_converged} of {n_networks} converged",
        ),
        Line(
            whole,
            (training_singly + analysing_singly) * scale,
            training + analysing,
            "scaled",
            same_whole,
            target_seconds=60.0 * n_networks / 100,
        ),
    ]


def result_of(analyses: list[Any]) -> list[Any]:
    """Everything that was found, without the time that it took."""
    return [output_json(analysis) for analysis in analyses]
