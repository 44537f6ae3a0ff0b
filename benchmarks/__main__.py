"""``python -m benchmarks``: the engine's time beside that of a plain program, all measured in this run.

Every line does the same work twice and compares the results; two routes that disagree end the run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.algorithms.candidates import candidate_algorithms
from analysis.alignments.search import search_alignments
from analysis.circuits.estimating import share_interval
from analysis.circuits.search import search_circuits
from analysis.circuits.space import Structure
from analysis.circuits.strategy import count_circuits
from analysis.data import clean_data
from analysis.interpretations.counting import count_interpretations
from analysis.networks.network import Network
from analysis.networks.training import train_networks
from analysis.networks.training_spec import TrainingSpec
from analysis.protocol import COMPLETE, PAPER
from analysis.question import ask
from analysis.tasks import named_task
from benchmarks import plain_reference as plain
from benchmarks.machine import machine, machine_text, seconds_text

GOLDEN: Final = Path(__file__).resolve().parent.parent / "tests" / "golden"
XOR: Final = named_task("XOR", 2)
AUTHORS_ORDER: Final = ((0, 0), (1, 0), (0, 1), (1, 1))


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Args:
        work: what was done, with its count.
        plain_seconds: of the plain program.
        engine_seconds: of the engine, its caches empty.
        scaled: the plain program did a part of the work, and its time is scaled.
    """

    work: str
    plain_seconds: float
    engine_seconds: float
    scaled: bool = False

    def __str__(self) -> str:
        sign = "~ " if self.scaled else ""
        ratio = self.plain_seconds / self.engine_seconds
        times = f"{sign + seconds_text(self.plain_seconds):>12}{seconds_text(self.engine_seconds):>10}"
        return f"{self.work:<76}{times}{sign + format(ratio, ',.0f'):>12}×"


def timed(work: Callable[[], Any], repetitions: int = 1) -> tuple[float, Any]:
    """Fewest seconds of some runs, the engine's caches emptied before each, and the last result."""
    seconds = []
    for _ in range(repetitions):
        empty_caches()
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def empty_caches() -> None:
    """Forget what the engine remembers from run to run."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "analysis":
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if clear is not None and not isinstance(value, type):
                    clear()


def agree(work: str, same: bool) -> None:
    """Go on where two routes found the same.

    Raises:
        RuntimeError: they did not, so their times mean nothing.
    """
    if not same:
        raise RuntimeError(f"{work}: the two routes disagree")


def golden(name: str) -> Network:
    """A golden network on the task XOR."""
    stored = json.loads((GOLDEN / f"{name}.json").read_text())["network"]
    slope = stored.get("negative_slope")
    return Network.from_arrays(
        stored["weights"], stored["biases"], activation=stored["activation"], negative_slope=slope
    )


def plainly(network: Network) -> plain.PlainNetwork:
    """The same network for the plain program."""
    layers = [(w.tolist(), b.tolist()) for w, b in zip(network.weights, network.biases, strict=True)]
    slope = 0.01 if network.negative_slope is None else network.negative_slope
    return plain.PlainNetwork(layers, network.activation, slope)


def small_lines(repetitions: int) -> list[Line]:
    """The stages of ``paper`` on the authors' pretrained network, and its whole circuit space."""
    network, data = golden("xor_pretrained"), clean_data(2)
    other, lines = plainly(network), []
    for protocol in (COMPLETE, PAPER):
        question, paper = ask(network, task=XOR, protocol=protocol, data=data), protocol is PAPER
        reference, (valid, possible) = timed(
            lambda paper=paper: plain.valid_circuits(other, XOR.truth_table, paper=paper)
        )
        seconds, found = timed(lambda question=question: search_circuits(question), repetitions)
        work = f"`{protocol.name}`: {possible:,} circuits tested, {len(valid)} valid"
        agree(work, sorted(map(plain.mask_of, valid)) == found.masks.tolist() and possible == found.possible)
        lines.append(Line(work, reference, seconds))

    reference, n = timed(lambda: sum(1 for edges in valid for _ in plain.interpretations(other, edges)))
    seconds, counts = timed(lambda: count_interpretations(ask(network, data=data), found.masks), repetitions)
    work = f"`paper`: {n:,} interpretations"
    agree(work, n == counts.total)
    lines.append(Line(work, reference, seconds))

    pairs, depth = list(itertools.combinations(AUTHORS_ORDER, 2)), PAPER.depth_for(network.n_hidden_layers)
    reference, mappings = timed(
        lambda: [plain.minimal_mappings(other, one, pairs) for one in plain.formulas(XOR.truth_table, 2, depth)]
    )
    n_mappings = sum(map(len, mappings))
    seconds, algorithms = timed(
        lambda: search_alignments(
            ask(network, protocol=PAPER, data=data), candidate_algorithms(XOR, PAPER, network.n_hidden_layers)
        ),
        repetitions,
    )
    work = f"`paper`: {len(mappings)} formulas, {n_mappings} mappings"
    agree(work, (len(mappings), n_mappings) == (algorithms.n_candidates, algorithms.n_minimal_alignments))
    return [*lines, Line(work, reference, seconds)]


def wide_line(network: Network, n_drawn: int, repetitions: int) -> Line:
    """The exact count of a space that plain Python cannot walk through: it tests circuits drawn uniformly instead.

    Raises:
        RuntimeError: the count lies outside the interval in which the drawn circuits' share lies 99,999 times of
            100,000.
    """
    seconds, counted = timed(lambda: count_circuits(ask(network, task=XOR, data=clean_data(2))), repetitions)
    shape = "-".join(map(str, network.sizes))
    work = f"{counted.possible:,} circuits of a {shape} counted: {counted.count:,} valid"
    drawn: list[plain.Edges] = []
    for batch in Structure(network.sizes, COMPLETE).samples(n_drawn, seed=0):
        layers = [kept.astype(int).tolist() for kept in batch]
        drawn += [tuple(tuple(map(tuple, matrix)) for matrix in circuit) for circuit in zip(*layers, strict=True)]
    other, rows = plainly(network), list(zip(plain.boolean_rows(2), XOR.truth_table, strict=True))
    reference, valid = timed(
        lambda: [all(round(plain.forward(other, edges, row)[-1][0]) == y for row, y in rows) for edges in drawn]
    )
    low, high = share_interval(int(np.sum(valid)), len(valid), 0.99999)
    agree(work, low <= counted.count / counted.possible <= high)
    return Line(work, reference / len(drawn) * counted.possible, seconds, scaled=True)


def trained(width: int) -> Network:
    """The first network of this width that converges on XOR."""
    outcomes = (train_networks([TrainingSpec(seed=seed, hidden=(width, width))])[0] for seed in itertools.count())
    return next(outcome.network for outcome in outcomes if outcome.converged and outcome.network is not None)


def main(arguments: list[str] | None = None) -> int:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="smaller work: some seconds, no figures to quote")
    quick = parser.parse_args(arguments).quick
    print(machine_text(machine()), flush=True)
    print(f"{'work':<76}{'plain':>12}{'engine':>10}{'ratio':>13}")
    print(*small_lines(1 if quick else 5), sep="\n", flush=True)
    n_drawn = 3_000 if quick else 20_000
    print(wide_line(golden("xor_4-4"), n_drawn, 1 if quick else 3), flush=True)
    if not quick:
        print(wide_line(trained(5), n_drawn, 2))
    print("Best of some runs after import, the engine's caches empty each time; ~: it did a part, scaled.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
