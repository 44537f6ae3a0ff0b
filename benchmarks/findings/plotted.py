"""Which options of the authors' program come near the numbers that the paper plots by width.

``main.py`` of the authors' program has an option ``max_circuits``: of the valid circuits only so many, those with the
fewest active neurons, are interpreted, and the columns that it saves are the number of circuits and interpretations per
circuit. Its ``find_mappings`` has an option ``distrib_layers``, under which the neurons of one variable may lie in
several layers. Both are tried on the networks of the study of widths, with the list of formulas of depth 2 and of
depth 3, and compared with the plotted quartiles; each choice is made without one width and judged on that one.

``python -m benchmarks.findings.plotted`` counts all of it anew, some minutes; the findings only read its rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from analysis.algorithms.candidates import candidate_algorithms
from analysis.algorithms.formula_trees import formula_tree_candidates
from analysis.alignments.decisions import site_decisions
from analysis.alignments.search import align_with
from analysis.circuits.strategy import find_circuits
from analysis.interpretations.counting import count_interpretations
from analysis.networks.network import Network
from analysis.protocol import PAPER
from analysis.question import Question, ask
from analysis.studies.cells import cells_of
from analysis.studies.outcome import network_of_outcome
from analysis.tasks import named_task
from benchmarks.findings.program_options import first_circuits, placements_over_layers
from benchmarks.findings.results import MORE, results_of
from benchmarks.findings.rows import write_table

KEY: Final = "plotted"
STUDY: Final = "paper-width"
CIRCUITS, FIRST = "valid circuits", "interpretations of the first circuits"
COLUMNS: Final = {
    "network": "id of the network: the first sixteen digits of the SHA-256 of its weights",
    "seed": "seed of its training",
    "hidden": "hidden layers, as the study varies it",
    "measure": f"what was counted; {FIRST}: of each of the first thirty in the order of max_circuits; the others are "
    "placements of variables, each in one layer or in any, of the 2 formulas of depth 2 or the 56 of depth 3",
    "value": "a number, or several",
    "note": "empty",
}
FILE: Final = MORE / "plotted.json"
XOR: Final = named_task("XOR", 2)
WIDTHS: Final = ("2-2", "3-3", "4-4", "5-5")
MOST_CIRCUITS: Final = 30
PLOTTED: Final[Mapping[str, Mapping[str, tuple[int, int, int]]]] = {
    "interpretations": {
        "2-2": (33, 38, 42),
        "3-3": (4_350, 6_170, 10_450),
        "4-4": (152_000, 197_000, 565_000),
        "5-5": (541_000, 916_000, 1_360_000),
    },
    "mappings": {"2-2": (3, 8, 15), "3-3": (8, 31, 88), "4-4": (52, 390, 821), "5-5": (169, 3_650, 9_160)},
}
"""Quartiles, digitised from the authors' plot (±3%)."""
Values = Mapping[str, Sequence[float]]
"""One figure of each network, by width."""


def measure(path: Path = FILE) -> None:
    """Count everything that the tables choose from, of every network of the study that converged."""
    results = results_of(STUDY)
    found: dict[str, list[dict[str, Any]]] = {width: [] for width in WIDTHS}
    for cell in cells_of(results.design):
        for outcome in results.outcomes:
            network = network_of_outcome(cell, outcome) if outcome.cell == cell.key and outcome.converged else None
            if network is not None:
                found[cell.labels["hidden"]].append({"seed": outcome.seed, **measured(network)})
    lines = (f'"{width}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for width, rows in found.items())
    path.write_text("{" + ",\n".join(lines) + "}\n")


def measured(network: Network) -> dict[str, Any]:
    """What one network has under each option."""
    question = ask(network, task=XOR, protocol=PAPER)
    return {"grounded": grounded(question), "mappings": mappings(question)}


def grounded(question: Question) -> tuple[int, list[int]]:
    """The number of valid circuits, and the interpretations of the first of them in the order of the option."""
    masks = find_circuits(question).masks
    first = first_circuits(masks.tolist(), question.layout, MOST_CIRCUITS)
    return len(masks), list(count_interpretations(question, first).by_circuit)


def mappings(question: Question) -> dict[str, dict[str, int]]:
    """Valid and minimal placements of the variables of the formulas, in one layer each and anywhere."""
    short = formula_tree_candidates(XOR.pattern, 2, 2, 10)[0]
    every = candidate_algorithms(XOR, PAPER, len(question.cut.hidden_sizes)).algorithms
    in_layers = align_with(site_decisions(question), short, question.protocol)
    counts = {
        "one layer": (sum(one.n_valid for one in in_layers), sum(one.n_minimal for one in in_layers)),
        "any layers": placements_over_layers(question, short),
        "any layers, 56": placements_over_layers(question, every),
    }
    return {name: {"valid": valid, "minimal": minimal} for name, (valid, minimal) in counts.items()}


@cache
def stored() -> dict[str, list[dict[str, Any]]]:
    """What was counted last, by width."""
    found: dict[str, list[dict[str, Any]]] = json.loads(FILE.read_text())
    return found


def written() -> dict[str, Any]:
    """Write what was counted last as rows.

    Returns:
        What describes them.
    """
    results = results_of(STUDY)
    widths = {cell.key: cell.labels["hidden"] for cell in cells_of(results.design)}
    known = {(widths[one.cell], one.seed): (one.network or "")[:16] for one in results.outcomes}
    rows = [
        (known[width, one["seed"]], one["seed"], width, name, value, "")
        for width, some in stored().items()
        for one in some
        for name, value in _counts(one)
    ]
    return write_table(KEY, "Counts under options of the authors’ program", COLUMNS, rows)


def _counts(one: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    n_circuits, first = one["grounded"]
    yield CIRCUITS, n_circuits
    yield FIRST, " ; ".join(map(str, first))
    for where, found in one["mappings"].items():
        for kind, number in found.items():
            yield f"{kind}, {where if '56' in where else f'{where}, 2'} formulas", number


def estimate(n_circuits: int, first: Sequence[int], most: int) -> float:
    """The mean of the first circuits' interpretations times the number of circuits."""
    return n_circuits * float(np.mean(first[:most])) if first else 0.0


def quartiles_of(values: Sequence[float]) -> tuple[float, ...]:
    """Quartiles of those above 0, for the plotted axis is logarithmic."""
    return tuple(np.percentile([value for value in values if value > 0], (25, 50, 75)))


def error(plotted: Mapping[str, Sequence[float]], values: Values, widths: Sequence[str]) -> float:
    """The root of the mean squared difference of the quartiles' decimal logarithms."""
    logarithms = [np.log10(quartiles_of(values[width])) - np.log10(plotted[width]) for width in widths]
    return float(np.sqrt(np.mean(np.square(logarithms))))


if __name__ == "__main__":
    measure()
