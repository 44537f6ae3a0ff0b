"""Which options of the authors' program come near the numbers that the paper plots by width.

``main.py`` of the authors' program has an option ``max_circuits``: of the valid circuits only so many, those with the
fewest active neurons, are interpreted, and the columns that it saves are the number of circuits and interpretations per
circuit. Its ``find_mappings`` has an option ``distrib_layers``, under which the neurons of one variable may lie in
several layers. Both are tried on the networks of the study of widths, with the list of formulas of depth 2 and of
depth 3, and compared with the plotted quartiles; each choice is made without one width and judged on that one.

``python -m benchmarks.findings.plotted`` counts all of it anew, some minutes; tables only read what it stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.formula_trees import formula_tree_candidates
from analysis.alignments.iia import Behaviour, tested_pairs
from analysis.circuits.strategy import find_circuits
from analysis.interpretations.counting import count_interpretations
from analysis.interventions.interchange import run_with_swaps
from analysis.networks.circuit import EdgeLayout
from analysis.networks.mlp import activations
from analysis.networks.network import Network
from analysis.protocol import PAPER
from analysis.question import Question, ask
from analysis.studies.cells import cells_of
from analysis.studies.outcome import network_of_outcome
from analysis.tasks import named_task
from analysis.validity import decide
from benchmarks.findings.results import MORE, results_of, summary_of
from benchmarks.findings.tables import head, number, row

STUDY: Final = "paper-width"
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
    return {"grounded": grounded(ask(network, task=XOR, protocol=PAPER)), "mappings": mappings(network)}


def grounded(question: Question) -> tuple[int, list[int]]:
    """The number of valid circuits, and the interpretations of the first of them in the order of the option."""
    masks = find_circuits(question).masks
    first = sorted(masks.tolist(), key=lambda mask: rank(mask, question.layout))[:MOST_CIRCUITS]
    return len(masks), list(count_interpretations(question, np.array(first, dtype=np.uint64)).by_circuit)


def rank(mask: int, layout: EdgeLayout) -> tuple[int, list[bool], list[int]]:
    """Where a circuit stands: fewest active neurons first, then as the authors' program lists node and edge masks."""
    bits = [mask >> edge & 1 for edge in range(layout.n_edges)]
    active = [
        any(bits[layout.edge_index(layer, neuron, source)] for source in range(layout.sizes[layer - 1]))
        for layer in range(1, len(layout.sizes) - 1)
        for neuron in range(layout.sizes[layer])
    ]
    return sum(active), active, bits


def mappings(network: Network) -> dict[str, dict[str, int]]:
    """Valid and minimal placements of the two variables of the formulas of depth 2, in one layer each and anywhere."""
    n = sum(network.hidden_sizes)
    right = swapped_decisions(network)
    tested = tested_pairs(network.n_inputs, PAPER.interchange_pairs)
    sets = np.arange(1 << n)
    in_one_layer = (sets & ((1 << network.hidden_sizes[0]) - 1) == 0) | (sets >> network.hidden_sizes[0] == 0)
    found = {}
    for name, allowed in (("one layer", in_one_layer), ("any layers", np.ones(1 << n, dtype=bool))):
        valid, minimal = 0, 0
        for formula in formula_tree_candidates(XOR.pattern, 2, 2, 10)[0]:
            fits = [
                (right == Behaviour.of(response, 2).expected(2))[:, tested].all(axis=1) & allowed & (sets > 0)
                for response in formula.responses.values()
            ]
            valid += disjoint_pairs(*fits)
            minimal += disjoint_pairs(*map(without_smaller, fits))
        found[name] = {"valid": valid, "minimal": minimal}
    return found


def swapped_decisions(network: Network) -> NDArray[np.bool_]:
    """``[sets, source, base]`` decisions with each set of hidden neurons, of both layers, swapped; layer 1 lowest."""
    sizes = network.hidden_sizes
    bits = np.arange(1 << sum(sizes))[:, None] >> np.arange(sum(sizes)) & 1 == 1
    swapped = {1: bits[:, : sizes[0]], 2: bits[:, sizes[0] :]}
    clean = activations(network, ask(network, task=XOR, protocol=PAPER).data.clean_rows)
    one: NDArray[np.bool_] = decide(run_with_swaps(network, swapped, clean), PAPER.alignment_decision) == 1
    return one


def disjoint_pairs(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> int:
    """Pairs of a set of the first and one of the second without a neuron in common; ``[sets]`` each."""
    inside = subsets_in(second)
    return int(inside[::-1][first].sum())  # the complement of set S is the last but S


def without_smaller(fits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``[sets]`` those that contain no other that fits. Two places of a smallest pair are such sets, and disjoint."""
    alone: NDArray[np.bool_] = fits & (subsets_in(fits) == 1)
    return alone


def subsets_in(fits: NDArray[np.bool_]) -> NDArray[np.int64]:
    """``[sets]`` how many sets that fit lie inside each set."""
    inside = fits.astype(np.int64)
    for bit in range(len(fits).bit_length() - 1):
        halves = inside.reshape(-1, 2, 1 << bit)
        halves[:, 1] += halves[:, 0]
    return inside


@cache
def stored() -> dict[str, list[dict[str, Any]]]:
    """What was counted last, by width."""
    found: dict[str, list[dict[str, Any]]] = json.loads(FILE.read_text())
    return found


def interpretations_table() -> Iterator[str]:
    """Quartiles of the mean of the first M circuits times the number of circuits, beside the plotted ones."""
    summary = summary_of(STUDY)
    options: dict[str, Values] = {
        "every circuit interpreted": {
            group.label: group.numbers for group in summary.groups("interpretations-total", "paper", "hidden")
        }
    }
    for most in range(1, MOST_CIRCUITS + 1):
        options[f"M = {most}"] = {
            width: [_estimate(one["grounded"][0], one["grounded"][1], most) for one in found]
            for width, found in stored().items()
        }
    shown = ["every circuit interpreted", *(f"M = {most}" for most in (1, 5, 10, 15, 20, 30))]
    yield from _table("interpretations", options, WIDTHS[1:], shown)


def mappings_table() -> Iterator[str]:
    """Quartiles of the mappings under each option, of the networks that have any, beside the plotted ones."""
    options: dict[str, Values] = {
        f"{kind}, {layers}, 2 formulas": {
            width: [one["mappings"][layers][kind] for one in found] for width, found in stored().items()
        }
        for layers in ("one layer", "any layers")
        for kind in ("minimal", "valid")
    }
    summary = summary_of("paper-width-mappings")
    for kind in ("minimal", "valid"):
        groups = summary.groups(f"alignments-{kind}", "paper", "hidden")
        options[f"{kind}, one layer, 56 formulas"] = {group.label: group.numbers for group in groups}
    yield from _table("mappings", options, WIDTHS, list(options))


def _estimate(n_circuits: int, first: Sequence[int], most: int) -> float:
    """The mean of the first circuits' interpretations times the number of circuits."""
    return n_circuits * float(np.mean(first[:most])) if first else 0.0


def _table(what: str, options: Mapping[str, Values], widths: Sequence[str], shown: Sequence[str]) -> Iterator[str]:
    """Some options, then for each width the one that is nearest on all others, and how far it is off on this one."""
    plotted = PLOTTED[what]
    yield from head(("quartiles of the networks that have any", *widths, "off by a factor of, all widths"))
    yield row(("plotted by the paper [D]", *(_quartiles(plotted[width]) for width in widths), ""))
    for name in shown:
        cells = [_quartiles(quartiles_of(options[name][width])) for width in widths]
        yield row((name, *cells, _factor(error(plotted, options[name], widths))))
    for held_out in widths:
        others = [width for width in widths if width != held_out]
        nearest = min(options, key=lambda name: error(plotted, options[name], others))
        off = _factor(error(plotted, options[nearest], [held_out]))
        cells = [f"{nearest}: off by {off}" if width == held_out else "" for width in widths]
        yield row((f"nearest without {held_out}", *cells, ""))


def quartiles_of(values: Sequence[float]) -> tuple[float, ...]:
    """Quartiles of those above 0, for the plotted axis is logarithmic."""
    return tuple(np.percentile([value for value in values if value > 0], (25, 50, 75)))


def error(plotted: Mapping[str, Sequence[float]], values: Values, widths: Sequence[str]) -> float:
    """The root of the mean squared difference of the quartiles' decimal logarithms."""
    logarithms = [np.log10(quartiles_of(values[width])) - np.log10(plotted[width]) for width in widths]
    return float(np.sqrt(np.mean(np.square(logarithms))))


def _quartiles(quartiles: Sequence[float]) -> str:
    low, middle, high = map(number, quartiles)
    return f"{low} / **{middle}** / {high}"


def _factor(decades: float) -> str:
    return number(float(f"{10**decades:.3g}"))


if __name__ == "__main__":
    measure()
