"""Glossary: docs/glossary.md as a page, with an example drawn where one helps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from markupsafe import Markup

from pluriscope.addresses.address import Addresses, anchor_of
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.placements.placement import NeuronPlacement
from pluriscope.analysis.questions.tasks import input_table
from pluriscope.analysis.subjects.perceptron.mlp import activations
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.documents.glossary import Term, first_terms, terms
from pluriscope.figures.svg.aligned import placed_diagram
from pluriscope.figures.svg.networks import network_diagram
from pluriscope.figures.svg.number_line import Threshold, number_line
from pluriscope.figures.svg.tiles import Tile, as_bits, truth_tile
from pluriscope.figures.svg.trees import formula_tree
from pluriscope.kinds.strategies import explained
from pluriscope.page_kit.blocks import Action, Block, Columns, Figure, Head, Prose, Section

WEIGHTS: Final = (((1, 1), (1, 1), (1, -1)), ((1, -2, 0.2),))
"""An example: a neuron that is more than 0 on A ∨ B, one on A ∧ B, one that a circuit can leave out."""
BIASES: Final = ((0, -1, 0), (0,))
_KEPT: Final = (((1, 1), (1, 1), (0, 0)), ((1, 1, 0),))
_ALGORITHM: Final = "(!(!A&!B)&!(A&B))"
_PLACES: Final = (("0", 1, (0,)), ("1", 1, (1,)))


def glossary(links: Addresses) -> Iterator[Block]:
    """All terms, those that are best read first before the others."""
    first = first_terms()
    others = [one for one in terms() if one not in first]
    words = f"{len(terms())} terms, as these pages use them. The first {len(first)} say what is compared with what."
    yield Head("Glossary", words, actions=[Action("Search", links.search())])
    yield explained(links)
    yield Section("Start here", "In the order in which they are best read.", id="start")
    yield _entries(first)
    yield Section("All others", "In the order of the alphabet.", id="others")
    yield _entries(others)


def _entries(some: tuple[Term, ...] | list[Term]) -> Block:
    """Entries in two columns, the second below the first where there is room for one."""
    half = (len(some) + 1) // 2
    return Columns([[block for one in column for block in _entry(one)] for column in (some[:half], some[half:])])


def _entry(term: Term) -> Iterator[Block]:
    related = ", ".join(f"[{name}](glossary.md#{anchor_of(name)})" for name in term.see_also)
    text = f"### {term.name}\n\n{term.text}" + (f"\n\n→ {related}" if related else "")
    yield Prose(text, glossary=False, id=anchor_of(term.also[0]) if term.also else "")  # it may be a former name
    if term.name in examples():
        yield Figure(examples()[term.name], "")


@lru_cache(maxsize=1)
def examples() -> Mapping[str, Markup]:
    """Term → one and the same small network, or what is said of it."""
    network = Network.from_arrays(WEIGHTS, BIASES, activation="relu", output_activation="linear")
    values = activations(network, input_table(2))

    def tile(layer: int, neuron: int) -> Tile:
        return Tile(layer, neuron, as_bits((values[layer][:, neuron] > 0.5).astype(int).tolist()))

    either, both, task = tile(1, 0), tile(1, 1), tile(2, 0)
    algorithm = parse_algorithm(_ALGORITHM, "and_inverter", 2)
    return {
        "Network": network_diagram(WEIGHTS),
        "Task": truth_tile(task.table),
        "Circuit": network_diagram(WEIGHTS, _KEPT),
        "Interpretation": network_diagram(WEIGHTS, _KEPT, (either, both, task)),
        "Threshold": number_line(
            values[1][:, 0].tolist(), ("00", "01", "10", "11"), [Threshold(0.5, "", either.table)]
        ),
        "Gate": truth_tile(both.table),
        "Algorithm": formula_tree(algorithm),
        "Placement": placed_diagram(WEIGHTS, algorithm, NeuronPlacement.read(_ALGORITHM, _PLACES)),
    }
