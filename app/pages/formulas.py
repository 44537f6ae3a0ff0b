"""Algorithms and placements as pages and their JSON twins show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal

from pydantic import Field

from analysis.algorithms.high_level_model import (
    Form,
    HighLevelModel,
    Node,
    authors_text,
    depth_of,
    function_of,
    readable_formula,
)
from analysis.algorithms.parsing import parse_algorithm
from analysis.alignments.alignment import IIA, Alignment
from analysis.interventions.neuron_set import NeuronSet
from analysis.tasks import INPUT_NAMES
from app.figures.svg import Hues, hues_by_frequency
from app.figures.svg.tiles import HUES
from app.options import PageModel
from app.pages.placements import site_label, write_place
from app.pages.shared import truth_rows

Verdict = Literal["passed", "failed", "undecided", "not_applicable", "not_tested"]

IRREDUNDANT_LABELS = {
    "irredundant-gates": "no redundant gate",
    "irredundant-functions": "no repeated function",
    "irredundant-literals": "no redundant literal",
}


class VerdictView(PageModel):
    """One criterion's verdict on one explanation."""

    criterion: str = Field(description="The criterion's stable key.")
    label: str
    verdict: Verdict

    @property
    def glyph(self) -> str:
        """Name of its mark in the interface."""
        return {"passed": "pass", "failed": "fail", "undecided": "untested", "not_applicable": "na"}.get(
            self.verdict, "untested"
        )


class FractionView(PageModel):
    """A score with its numerator and denominator."""

    agreed: int
    of: int


class FormulaNode(PageModel):
    """One node of a formula's tree."""

    operator: Literal["input", "not", "and", "or"]
    formula: str = Field(description="The readable formula of this sub-tree.")
    truth_table: list[int] = Field(description="Its value on every input, in binary order.")
    variable: str | None = Field(None, description="Path of the variable that sits here, None if none does.")
    children: list[FormulaNode] = Field([], description="Sub-trees in canonical order.")


SHOWN: Final = (
    "The variable as the algorithm's formula shows it: a part of that formula, in ¬( ) where the formula has the "
    "negation of what is stored. Equal to formula unless it is shown negated."
)


class VariableView(PageModel):
    """A variable that an algorithm posits."""

    path: str = Field(description="Child positions of the gates from the root, e.g. 01.")
    formula: str
    shown: str = Field(description=SHOWN)
    truth_table: list[int] = Field(description="Its value on every input, in binary order.")


class PlacedView(VariableView):
    """A variable and the neurons that carry it."""

    layer: int = Field(description="1 is the first hidden layer.")
    neurons: list[int]
    place: str = Field(description="As addresses write it: PATH:LAYER.NEURON+NEURON.")
    site: str = Field(description="As people write it: n1.0 + n1.2.")


class AlgorithmView(PageModel):
    """A candidate algorithm, apart from any network."""

    id: str
    text: str = Field(description="Identity text; the id is the first 16 hex digits of its SHA-256.")
    formula: str
    form: Form
    depth: int
    n_gates: int
    truth_table: list[int]
    variables: list[VariableView]

    @property
    def value(self) -> HighLevelModel:
        """The algorithm itself, for drawings."""
        return read_algorithm(self.text, self.form, len(self.truth_table).bit_length() - 1)

    def aligned(self, places: Sequence[PlacedView]) -> Alignment:
        """The alignment that puts its variables there, for drawings."""
        return Alignment.of(self.text, [(p.path, NeuronSet(p.layer, tuple(p.neurons))) for p in places])


@lru_cache(maxsize=1024)
def read_algorithm(text: str, form: Form, n_inputs: int) -> HighLevelModel:
    """An algorithm from its identity text; trees are immutable, so they are read once."""
    return parse_algorithm(text, form, n_inputs)


def hue_tables(tables: Iterable[Sequence[int]]) -> list[str]:
    """The truth tables that take the five hues, most frequent first; none for two inputs, whose hues are fixed."""
    listed = list(tables)
    if not listed or len(listed[0]) <= 4:
        return []
    return ["".join(map(str, bits)) for bits in hues_by_frequency(listed).assigned]


def hues_of(tables: Sequence[str]) -> Hues:
    """The inverse of :func:`hue_tables`, for drawings."""
    return Hues({tuple(int(bit) for bit in table): hue for table, hue in zip(tables, HUES, strict=False)})


def fraction(iia: IIA) -> FractionView:
    return FractionView.showing(iia)


@lru_cache(maxsize=2048)
def algorithm_view(algorithm: HighLevelModel) -> AlgorithmView:
    """What can be said of an algorithm without a network; the same for every request, so it is made once."""
    n_rows = 1 << algorithm.n_inputs
    return AlgorithmView.showing(
        algorithm,
        depth=depth_of(algorithm.root),
        truth_table=truth_rows(algorithm.function, n_rows),
        variables=[
            VariableView(path=v.path, formula=v.formula, shown=v.shown, truth_table=truth_rows(v.function, n_rows))
            for v in algorithm.variables
        ],
    )


def formula_tree(algorithm: HighLevelModel) -> FormulaNode:
    """The algorithm's tree with each variable's path at the node that carries it."""
    n_rows = 1 << algorithm.n_inputs
    carriers = algorithm.carriers
    render = authors_text if algorithm.form == "formula_trees" else readable_formula

    def view(node: Node, path: str) -> FormulaNode:
        below = [
            view(child, path if node.operator == "not" else f"{path}{position}")
            for position, child in enumerate(node.children)
        ]
        variable = algorithm.variable_at.get(path)
        return FormulaNode(
            operator=node.operator,
            formula=INPUT_NAMES[node.input] if node.operator == "input" else render(node),
            truth_table=truth_rows(function_of(node, algorithm.n_inputs), n_rows),
            variable=variable if variable is not None and node == carriers[variable] else None,
            children=below,
        )

    return view(algorithm.root, "")


def placed_views(algorithm: HighLevelModel, alignment: Alignment) -> list[PlacedView]:
    """The algorithm's variables with their places, in path order; every variable must be placed."""
    n_rows = 1 << algorithm.n_inputs
    sites = dict(alignment.places)
    return [
        PlacedView.showing(
            variable,
            truth_table=truth_rows(variable.function, n_rows),
            layer=sites[variable.path].layer,
            neurons=list(sites[variable.path].neurons),
            place=write_place(variable.path, sites[variable.path]),
            site=site_label(sites[variable.path]),
        )
        for variable in algorithm.variables
    ]
