"""How the search for algorithms grows: ``python -m benchmarks.many_inputs [--inputs 2 3 4 5 6] [--json FILE]``.

For each number of inputs, task and depth a network is trained (one hidden neuron per input in each of two layers; the
first of some seeds that converges, else the last), and every candidate algorithm is decided: those that can be aligned
are counted exactly, with their alignments. Where there are few enough candidates, each is tried as well and the counts
must agree.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from analysis.algorithms.and_inverter import literal_table
from analysis.algorithms.candidates import candidate_algorithms
from analysis.algorithms.counting import count_candidates, count_irredundant
from analysis.alignments.result import AlgorithmSearch
from analysis.alignments.search import search_alignments
from analysis.limits import DEFAULT_LIMITS
from analysis.networks.network import Network
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.protocol import COMPLETE
from analysis.question import ask
from analysis.tasks import Task, named_task
from benchmarks.machine import machine, machine_text, seconds_text
from benchmarks.timing import empty_caches

SEEDS: Final = 8
TASKS: Final = ("AND", "OR", "MAJORITY", "PARITY", "random tree")
CHECKED: Final = 3_000  # candidates up to which each is tried as well


@dataclass(frozen=True)
class Row:
    """One line: what was asked, what was found, and the seconds it took.

    Args:
        task: its name; "random tree" is the function of a tree drawn at random.
        converged: whether the network computes it.
        irredundant: candidates without a redundant literal.
        checked: whether every candidate was tried as well, with the same counts.
    """

    inputs: int
    sizes: tuple[int, ...]
    task: str
    converged: bool
    depth: int
    candidates: int
    irredundant: int
    method: str
    aligned: int
    valid: int
    minimal: int
    counting_seconds: float
    search_seconds: float
    checked: bool


def task_of(name: str, n_inputs: int) -> Task:
    """A named task, or the function of an AND of two literals of depth ≤ 2 drawn at random, not constant."""
    if name != "random tree":
        return named_task(name, n_inputs)
    random = np.random.default_rng(n_inputs)
    functions = literal_table(n_inputs, 2).functions
    full = (1 << (1 << n_inputs)) - 1
    while True:
        pattern = int(functions[random.integers(len(functions))] & functions[random.integers(len(functions))])
        if 0 < pattern < full:
            return Task(tuple(pattern >> row & 1 for row in range(1 << n_inputs)), name)


def trained(task: Task) -> tuple[Network, bool]:
    """The first of some networks that learns the task, else the last one."""
    table = "".join(map(str, task.truth_table))
    hidden = (task.n_inputs, task.n_inputs)
    specs = [
        TrainingSpec(
            tasks=(table,), n_inputs=task.n_inputs, hidden=hidden, seed=seed, samples_per_input=100, patience=30
        )
        for seed in range(SEEDS)
    ]
    outcomes = train_networks(specs)
    networks = [(outcome.network, outcome.converged) for outcome in outcomes if outcome.network is not None]
    return next((pair for pair in networks if pair[1]), networks[-1])


def rows(inputs: Sequence[int]) -> Iterator[Row]:
    """Measure everything."""
    for n_inputs in inputs:
        for name in TASKS:
            task = task_of(name, n_inputs)
            network, converged = trained(task)
            for depth in (1, 2, 3):
                yield measured(network, converged, task, name, depth)


def measured(network: Network, converged: bool, task: Task, name: str, depth: int) -> Row:
    """One line.

    Raises:
        RuntimeError: trying each candidate gives other counts.
    """
    n_inputs = task.n_inputs
    protocol = COMPLETE.model_copy(update={"max_depth": depth})
    empty_caches()
    start = time.perf_counter()
    n_candidates = count_candidates(task.pattern, n_inputs, depth)
    irredundant = count_irredundant(task.pattern, n_inputs, depth).irredundant_literals
    counted = time.perf_counter()
    candidates = candidate_algorithms(
        task, protocol, network.n_hidden_layers, max_listed=DEFAULT_LIMITS.max_listed, n_first=DEFAULT_LIMITS.n_first
    )
    found = search_alignments(ask(network, protocol=protocol), candidates)
    seconds = time.perf_counter() - counted
    checked = 0 < n_candidates <= CHECKED
    if checked:
        other = 0 if found.method == "listed" else CHECKED  # each by the route that was not taken
        again = candidate_algorithms(task, protocol, network.n_hidden_layers, max_listed=other, n_first=0)
        if totals(search_alignments(ask(network, protocol=protocol), again)) != totals(found):
            raise RuntimeError(f"{name} over {n_inputs} inputs, depth {depth}: the two routes disagree")
    return Row(
        n_inputs,
        network.sizes,
        name,
        converged,
        depth,
        n_candidates,
        irredundant,
        found.method,
        *totals(found),
        counted - start,
        seconds,
        checked,
    )


def totals(found: AlgorithmSearch) -> tuple[int, int, int]:
    """Aligned algorithms, valid and minimal alignments."""
    return found.n_aligned, found.n_valid_alignments, found.n_minimal_alignments


def main() -> int:
    """Print the table as it grows."""
    parser = argparse.ArgumentParser(prog="benchmarks.many_inputs", description=__doc__)
    parser.add_argument("--inputs", type=int, nargs="+", default=[2, 3, 4, 5, 6], choices=range(1, 7), metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    options = parser.parse_args()
    here = machine()
    print(machine_text(here))
    print("depth in gates; '=': every candidate was tried as well, with the same counts\n")
    heads = (
        "network",
        "task",
        "learnt",
        "depth",
        "candidates",
        "irredundant",
        "searched",
        "aligned",
        "valid",
        "minimal",
    )
    widths = (11, 12, 7, 6, 11, 12, 13, 9, 10, 10)
    print("".join(head.ljust(width) for head, width in zip(heads, widths, strict=True)) + "counting  search")
    found = []
    for row in rows(options.inputs):
        found.append(row)
        cells = (
            "-".join(map(str, row.sizes)),
            row.task,
            "yes" if row.converged else "no",
            str(row.depth),
            f"{row.candidates:,}",
            f"{row.irredundant:,}",
            row.method + (" =" if row.checked else ""),
            f"{row.aligned:,}",
            f"{row.valid:,}",
            f"{row.minimal:,}",
        )
        text = "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print(f"{text}{seconds_text(row.counting_seconds):<10}{seconds_text(row.search_seconds)}", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": here, "rows": [asdict(row) for row in found]}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
