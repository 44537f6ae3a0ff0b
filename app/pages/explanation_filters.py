"""What the list of all explanations may be asked: its options, and the conditions that they set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from pydantic import Field

from analysis.circuits.result import FRAGILE_MARGIN
from analysis.criteria.direction_verdicts import ASKED_OF_DIRECTIONS
from analysis.criteria.steps import CriterionStep, parse_steps
from analysis.directions.result import DirectionClass
from analysis.errors import InvalidCriterion
from analysis.explanations.registry import RECORDED
from analysis.networks.circuit import EdgeLayout
from analysis.stories.relation import RELATIONS, Relation
from app.db.reads.explanation_directions import PASSING, layer_column, map_column
from app.db.reads.explanation_shelves import ALGORITHM_KINDS, CIRCUIT_KINDS, KINDS, Kind
from app.errors import BadQuery
from app.listing.facets import columns_of, figure_conditions
from app.listing.scan import ColumnTest, Condition, at_least, at_most, column_test
from app.options import ScopeOptions
from app.pages.circuits import check_bounds, circuits_with, part_conditions
from app.pages.formulas import IRREDUNDANT_LABELS

SORTS: Final = tuple(
    dict.fromkeys(
        (
            *("kind", "edges", "neurons", "margin", "interpretations", "observed"),
            *("gates", "variables", "iia", "placements", "coverage", "accuracy"),
            *(column.name for kind in RECORDED for column in kind.columns if column.dtype in (int, float)),
        )
    )
)
if TYPE_CHECKING:
    KindName = str
    SortKey = str
else:  # the schema names them
    KindName = Literal[KINDS]
    SortKey = Literal[SORTS]
Strategy = Literal["where-then-what", "what-then-where"]
KINDS_OF: Final[Mapping[Strategy, tuple[Kind, ...]]] = {
    "where-then-what": ("circuit", "interpretation"),
    "what-then-where": ("algorithm", "alignment", "direction"),
}
DEFAULT_KINDS: Final[frozenset[Kind]] = frozenset(("circuit", "algorithm", "alignment", "direction"))
DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
MAX_CRITERIA: Final = 40
FIGURES: Final = {name: column for kind in RECORDED for name, column in columns_of(kind, f"{kind.key}.").items()}
RANGES: Final = {"edges": "edge", "neurons": "neuron"}
STORY: Final = "story"
"""Column of circuits: the relation of their story to the whole network's, a position in ``RELATIONS``."""
MAP_WORDS: Final[Mapping[DirectionClass, str]] = {
    "integer": "small integers that read it",
    "integer-any": "small integers, any",
    "orthogonal": "orthogonal",
    "oblique": "oblique",
    "learned": "learned subspaces",
}
SHARE_WORDS: Final = {"coverage": "coverage", "accuracy": "accuracy"}


class ExplanationsOptions(ScopeOptions):
    """Options of the list of all explanations."""

    kind: list[KindName] = Field(
        [],
        max_length=len(KINDS),
        description="Kinds to list; none chosen: circuits, algorithms, and alignments on neuron sets and on "
        "directions. Interpretations are listed by circuit, with their number.",
    )
    strategy: Strategy | None = Field(None, description="Only what is found by looking where first, or what first.")
    standing: Literal["valid", "failing", "any"] = Field(
        "valid",
        description="Valid: circuits that classify correctly, valid alignments, algorithms that have one; "
        "failing: the rest of what is kept; any: both.",
    )
    algorithm: str = Field("", pattern="^[0-9a-f]{16}$", description="An algorithm's id: it and its alignments.")
    irredundant: list[Literal["irredundant-gates", "irredundant-functions", "irredundant-literals"]] = Field(
        [], max_length=3, description="Classes that the algorithm must belong to."
    )
    edges_min: int | None = Field(None, ge=0, le=10_000, description="Fewest edges.")
    edges_max: int | None = Field(None, ge=0, le=10_000, description="Most edges.")
    neurons_min: int | None = Field(None, ge=0, le=10_000, description="Fewest hidden neurons used.")
    neurons_max: int | None = Field(None, ge=0, le=10_000, description="Most hidden neurons used.")
    coverage_min: float | None = Field(None, ge=0, le=1, description="Smallest coverage.")
    accuracy_min: float | None = Field(None, ge=0, le=1, description="Smallest accuracy.")
    story: list[Relation] = Field(
        [],
        max_length=len(RELATIONS),
        description="Only circuits, and interpretations of circuits, whose story has one of these relations to the "
        "whole network's.",
    )
    fragile: Literal["yes", "no"] | None = Field(None, description="Whether the margin is below 1e-6.")
    map: list[DirectionClass] = Field(
        [], max_length=5, description="Only alignments on directions that every one of these classes of maps found."
    )
    layer: list[int] = Field(
        [], max_length=8, description="Only alignments on directions with a variable on each of these layers."
    )
    joint: Literal["yes", "no"] | None = Field(
        None, description="Only alignments on directions that joint interchange confirms, or that it does not."
    )
    keep: list[str] = Field(
        [], max_length=32, description="Neurons (n2.1) and edges (A-n1.0, n1.0-n2.1, n2.0-y) that must be used."
    )
    drop: list[str] = Field([], max_length=32, description="Neurons and edges that must not be used.")
    criteria: list[str] = Field(
        [],
        max_length=MAX_CRITERIA,
        description="Criteria that must all be passed, as `key` or `key(name=value)`.",
    )
    failed: list[str] = Field(
        [], max_length=MAX_CRITERIA, description="Criteria that must all be failed, written likewise."
    )
    figure: list[str] = Field(
        [],
        max_length=32,
        description="Only explanations of one kind with such a figure, as `kind.column=value`; of several values of "
        "one column any.",
    )
    sort: SortKey = Field("neurons", description="What the list is sorted by; ties by kind, then in the kind's order.")
    order: Literal["asc", "desc"] = Field("asc", description="Direction of the order; what has no value stays last.")
    view: Literal["list", "grid"] = Field("list", description="How the HTML page shows them.")
    after: str = Field("", max_length=2000, description="Cursor: where the page before ended.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Explanations on a page.")

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that are listed."""
        kinds = frozenset(self.kind) or DEFAULT_KINDS
        return kinds if self.strategy is None else kinds & frozenset(KINDS_OF[self.strategy])


def steps_of(options: ExplanationsOptions) -> tuple[CriterionStep, ...]:
    """The criteria asked for.

    Raises:
        BadQuery: an unknown one, or a setting out of range.
    """
    return _parsed(options.criteria, "criteria")


def failed_of(options: ExplanationsOptions) -> tuple[CriterionStep, ...]:
    """The criteria that must be failed.

    Raises:
        BadQuery: an unknown one, or a setting out of range.
    """
    return _parsed(options.failed, "failed")


def _parsed(texts: Sequence[str], name: str) -> tuple[CriterionStep, ...]:
    try:
        return parse_steps(texts)
    except InvalidCriterion as error:
        raise BadQuery(error.item, error.cause, error.cure, name) from None


def conditions_of(
    options: ExplanationsOptions,
    layout: EdgeLayout,
    steps: Sequence[CriterionStep],
    algorithm_position: int | None,
) -> list[Condition]:
    """The conditions that the options set, in the order in which pages show them.

    Args:
        layout: edges of the network cut to the output.
        steps: the criteria asked for, whose columns the shelves carry by :func:`step_column`.
        algorithm_position: where the algorithm asked for stands, None if it is not stored.

    Raises:
        BadQuery: bounds that leave nothing, or a neuron or edge that the network does not have.
    """
    found: list[Condition] = []
    if options.standing != "any":
        found.append(_standing(options.standing))
    if options.algorithm:
        wanted = -1 if algorithm_position is None else algorithm_position
        test = column_test("algorithm", lambda column: column == wanted)
        found.append(
            Condition(
                "algorithm",
                f"algorithm {options.algorithm[:8]}…",
                dict.fromkeys(ALGORITHM_KINDS, test),
                {"algorithm": None},
            )
        )
    for key in options.irredundant:
        name = key.replace("-", "_")
        test = column_test(name)
        tests = dict.fromkeys(ALGORITHM_KINDS, test)
        found.append(Condition(key, IRREDUNDANT_LABELS[key], tests, _but(options, "irredundant", key), narrows=True))
    for name in RANGES:
        condition = _range(options, name)
        if condition is not None:
            found.append(condition)
    for name in SHARE_WORDS:
        least = getattr(options, f"{name}_min")
        if least is not None:
            test = at_least(name, least - 1e-12)
            found.append(Condition(name, f"{name} at least {least:g}", {"alignment": test}, {f"{name}_min": None}))
    if options.story:
        codes = [RELATIONS.index(relation) for relation in options.story]
        told = column_test(STORY, lambda column: np.isin(column, codes))
        label = f"story: {' or '.join(options.story)}"
        found.append(Condition(STORY, label, dict.fromkeys(CIRCUIT_KINDS, told), {"story": []}))
    if options.fragile:
        fragile = options.fragile == "yes"
        test = column_test(
            "margin", lambda column: (column < FRAGILE_MARGIN) if fragile else (column >= FRAGILE_MARGIN)
        )
        label = "fragile" if fragile else "not fragile"
        with_margin = (kind.key for kind in RECORDED if kind.column("margin"))
        kinds: tuple[Kind, ...] = (*CIRCUIT_KINDS, "alignment", "direction", *with_margin)
        found.append(Condition("fragile", label, dict.fromkeys(kinds, test), {"fragile": None}))
    unknown = [layer for layer in options.layer if not 1 <= layer < len(layout.sizes) - 1]
    if unknown:
        raise BadQuery(
            f"layer {unknown[0]}",
            "is no hidden layer of this network",
            f"use 1 to {len(layout.sizes) - 2}" if len(layout.sizes) > 2 else "it has none",
            "layer",
        )
    found += _of_directions(options)
    known = ", ".join(name for name, (_, column) in FIGURES.items() if column.facet)
    found += figure_conditions(options.figure, FIGURES, known)
    found += part_conditions(options, ("uses", "does not use"), lambda text, name: _using(text, layout, name))
    for step in steps:
        rest = [str(other) for other in steps if other != step]
        found.append(Condition(f"criteria {step}", f"passes {step}", _passing(step), {"criteria": rest}, narrows=True))
    failed = failed_of(options)
    for step in failed:
        rest = [str(other) for other in failed if other != step]
        test = column_test(failed_column(step))
        listed = [kind for kind in step.kinds if kind != "interpretation"]  # those have numbers only
        tests = dict.fromkeys([*listed, *step.recorded_kinds], test)
        found.append(Condition(f"failed {step}", f"fails {step}", tests, {"failed": rest}, narrows=True))
    return found


def _passing(step: CriterionStep) -> dict[Kind, ColumnTest]:
    """Who passes a criterion; an interpretation only if its circuit does too, where the criterion is about circuits."""
    test = column_test(step_column(step))
    tests: dict[Kind, ColumnTest] = dict.fromkeys([*step.kinds, *step.recorded_kinds], test)
    if step.key in ASKED_OF_DIRECTIONS:
        tests["direction"] = of_direction(step)
    if "circuit" in step.kinds:
        names = [circuit_column(step), *([step_column(step)] if "interpretation" in step.kinds else [])]
        tests["interpretation"] = (tuple(names), lambda columns: np.logical_and.reduce([columns[n] for n in names]))
    return tests


def of_direction(step: CriterionStep) -> ColumnTest:
    """Which alignments on directions are known to pass a criterion, from what is stored of them."""
    if step.key in PASSING:
        return column_test(PASSING[step.key])
    least = step.settings["least"]
    return column_test("margin", lambda column: np.isnan(column) | (column >= least))


def step_column(step: CriterionStep) -> str:
    """The column of a shelf that says which explanations pass a criterion."""
    return f"passes {step}"


def circuit_column(step: CriterionStep) -> str:
    """The column of interpretations, circuit by circuit, that says whose circuit passes a criterion."""
    return f"circuit passes {step}"


def failed_column(step: CriterionStep) -> str:
    """The column of a shelf that says which explanations fail a criterion."""
    return f"fails {step}"


def _standing(standing: str) -> Condition:
    valid = standing == "valid"
    rows = column_test("valid", lambda column: column if valid else ~column)
    tests: dict[Kind, ColumnTest] = dict.fromkeys(KINDS[len(CIRCUIT_KINDS) :], rows)
    # circuits are stored because they are valid
    always = frozenset(CIRCUIT_KINDS) if valid else frozenset()
    return Condition("standing", standing, tests, {"standing": "any"}, always=always)


def _but(options: ExplanationsOptions, name: str, value: Any) -> dict[str, Any]:
    """An option of several values without one of them."""
    return {name: [other for other in getattr(options, name) if other != value]}


def _of_directions(options: ExplanationsOptions) -> list[Condition]:
    """What is asked of alignments on directions alone."""
    found = []
    for name in dict.fromkeys(options.map):
        test = column_test(map_column(name))
        words, without = f"map: {MAP_WORDS[name]}", _but(options, "map", name)
        found.append(Condition(f"map {name}", words, {"direction": test}, without, narrows=True))
    for layer in dict.fromkeys(options.layer):
        test = column_test(layer_column(layer))
        words, without = f"a direction on layer {layer}", _but(options, "layer", layer)
        found.append(Condition(f"layer {layer}", words, {"direction": test}, without, narrows=True))
    if options.joint:
        jointly = options.joint == "yes"
        test = column_test("joint", lambda column: column if jointly else ~column)
        words = "joint" if jointly else "not known to be joint"
        found.append(Condition("joint", words, {"direction": test}, {"joint": None}))
    return found


def _range(options: ExplanationsOptions, name: str) -> Condition | None:
    least, most = getattr(options, f"{name}_min"), getattr(options, f"{name}_max")
    if least is None and most is None:
        return None
    check_bounds(options, name)
    low, high = least or 0, 10_000 if most is None else most
    words = f"{low} {name}" if low == high else f"at least {low} {name}" if most is None else f"at most {high} {name}"
    if least is not None and most is not None and low != high:
        words = f"{low} to {high} {name}"
    kinds = ("circuit", "interpretation", *(("alignment",) if name == "neurons" else ()))
    test = at_least(name, low) if most is None else at_most(name, high) if not low else _within(name, low, high)
    return Condition(name, words, dict.fromkeys(kinds, test), {f"{name}_min": None, f"{name}_max": None})


def _within(name: str, low: int, high: int) -> ColumnTest:
    return column_test(name, lambda column: (column >= low) & (column <= high))


def _using(text: str, layout: EdgeLayout, name: str) -> dict[Kind, ColumnTest]:
    """Who uses a neuron or edge, or does not, by the option's name."""
    tests = dict.fromkeys(CIRCUIT_KINDS, circuits_with(text, layout, name))
    if "-" not in text:
        layer, neuron = (int(number) for number in text.removeprefix("n").split("."))
        bit = np.uint64(1 << (sum(layout.sizes[1:layer]) + neuron))
        tests["alignment"] = column_test("used", lambda column: ((column & bit) != 0) == (name == "keep"))
    return tests
