"""What the list of explanations can be filtered by, with exact counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import nsmallest
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.criteria.direction_verdicts import ASKED_OF_DIRECTIONS
from analysis.criteria.registry import criterion_named
from analysis.criteria.steps import CriterionStep
from analysis.explanations.registry import BY_KEY, KIND_OF
from analysis.stories.relation import RELATIONS
from app.db.reads.algorithms import algorithm_rows
from app.db.reads.explanation_directions import layer_column, map_column
from app.db.reads.explanation_shelves import ALGORITHM_KINDS, KINDS, Kind, RowShelf, Shelf
from app.db.reads.explanation_verdicts import VerdictContents, n_in_both, passing_bits, verdict_contents
from app.db.reads.verdicts import VerdictSet
from app.db.tables import AnalysisRow
from app.listing.facets import FacetOption, FacetView, checkboxes, columns_of, figure_facets, radio
from app.listing.scan import SHARE_STEPS, SHARES, FacetCounts, Found
from app.pages.circuits import PartView, part_view
from app.pages.explanation_filters import (
    DEFAULT_KINDS,
    KINDS_OF,
    MAP_WORDS,
    RANGES,
    STORY,
    ExplanationsOptions,
    Strategy,
    of_direction,
    steps_of,
)
from app.pages.formulas import IRREDUNDANT_LABELS

MAX_BINS: Final = 10
MAX_ALGORITHMS: Final = 12
STRATEGY_WORDS: Final[Mapping[Strategy, str]] = {
    "where-then-what": "where, then what",
    "what-then-where": "what, then where",
}


class PartCount(PartView):
    """A neuron or edge, how many explanations use it, and whether the filter speaks about it."""

    used: int


def facets_of(
    session: Session,
    analysis: AnalysisRow,
    shelves: Mapping[Kind, Shelf],
    options: ExplanationsOptions,
    found: Found,
    interpretations: int,
    url: Callable[..., str],
    verdicts: Sequence[VerdictSet],
) -> list[FacetView]:
    """Every facet but the parts of the network, in the order in which pages show them.

    Args:
        shelves: those that were searched.
        found: what was found, with the counts.
        interpretations: of the circuits that pass, exactly.
        url: the list with other options.
        verdicts: all that are stored of the analysis.
    """
    counts = found.facets
    facets = [_strategies(options, counts), _kinds(options, counts, interpretations)]
    if options.kinds & set(ALGORITHM_KINDS):
        facets.append(
            radio(
                "standing",
                "Standing",
                [("valid", "valid", counts.valid), ("failing", "near misses", counts.failing)],
                options.standing,
                "any",
            )
        )
    facets += [_range(name, options, counts, url) for name in RANGES if counts.values[name]]
    if counts.values[STORY]:
        facets.append(_stories(options, counts))
    facets += [_range(name, options, counts, url) for name in SHARES if counts.values[name]]
    if counts.with_margin:
        robust = counts.with_margin - counts.fragile
        choices = [("yes", "margin below 1e-6", counts.fragile), ("no", "margin of 1e-6 or more", robust)]
        facets.append(radio("fragile", "Fragile", choices, options.fragile))
    if "direction" in options.kinds and "direction" in shelves:
        facets += _of_directions(options, counts, shelves["direction"])
    for key in BY_KEY:
        if key in options.kinds and key in shelves:
            facets += figure_facets(options.figure, columns_of(BY_KEY[key], f"{key}."), counts)
    if options.kinds & set(ALGORITHM_KINDS):
        classes = [(key, words, counts.flags[key.replace("-", "_")]) for key, words in IRREDUNDANT_LABELS.items()]
        facets.append(checkboxes("irredundant", "Redundancy class", classes, options.irredundant))
        if counts.values["algorithm"] and "algorithm" in shelves:
            facets.append(_algorithms(session, options, shelves["algorithm"], counts))
    criteria = _criteria(session, analysis, options, shelves, counts, verdicts)
    return [*facets, *([criteria] if criteria.choices else [])]


def _stories(options: ExplanationsOptions, counts: FacetCounts) -> FacetView:
    """How circuits' stories relate to the whole network's."""
    numbers = {relation: counts.values[STORY][code] for code, relation in enumerate(RELATIONS)}
    choices = [(relation, relation, n) for relation, n in numbers.items() if n or relation in options.story]
    return checkboxes("story", "Story of the circuit", choices, options.story)


def parts_of(labels: Sequence[str], options: ExplanationsOptions, used: NDArray[np.int64] | None) -> list[PartCount]:
    """Neurons or edges with how many explanations use each; none where that is not counted."""
    views = [] if used is None else zip((part_view(label, options) for label in labels), used.tolist(), strict=False)
    return [PartCount(**view.model_dump(), used=n) for view, n in views]


def _strategies(options: ExplanationsOptions, counts: FacetCounts) -> FacetView:
    chosen = frozenset(options.kind) or DEFAULT_KINDS
    choices = [
        (strategy, STRATEGY_WORDS[strategy], sum(counts.kinds[kind] for kind in kinds if kind in chosen))
        for strategy, kinds in KINDS_OF.items()
    ]
    every = sum(counts.kinds[kind] for kind in chosen)  # also of kinds that belong to neither strategy
    return radio("strategy", "Strategy", choices, options.strategy, total=every)


def _kinds(options: ExplanationsOptions, counts: FacetCounts, interpretations: int) -> FacetView:
    within = frozenset(KINDS) if options.strategy is None else frozenset(KINDS_OF[options.strategy])
    numbers: dict[Kind, int] = {kind: counts.kinds[kind] if kind in within else 0 for kind in KINDS}
    numbers["interpretation"] = interpretations if "interpretation" in within else 0
    words = {kind: KIND_OF[kind].plural for kind in KINDS} | {"interpretation": "interpretations, by circuit"}
    choices = [(kind, words[kind], numbers[kind]) for kind in KINDS]
    return checkboxes("kind", "Kind", choices, options.kind)


def _of_directions(options: ExplanationsOptions, counts: FacetCounts, shelf: Shelf) -> list[FacetView]:
    """What alignments on directions alone can be filtered by; minimality is of neuron sets, directions have none."""
    maps = [(name, words, counts.flags[map_column(name)]) for name, words in MAP_WORDS.items()]
    facets = [checkboxes("map", "Class of map that found it", maps, options.map)]
    n_layers = sum(name.startswith("layer ") for name in shelf.names)
    if n_layers > 1:
        layers = [(str(n), f"layer {n}", counts.flags[layer_column(n)]) for n in range(1, n_layers + 1)]
        facets.append(checkboxes("layer", "A direction on", layers, [str(layer) for layer in options.layer]))
    jointly, every = counts.flags["joint"], counts.kinds["direction"]
    choices = [("yes", "joint too", jointly), ("no", "not joint", every - jointly)]
    counted = [choice for choice in choices if options.joint in (None, choice[0])]  # only what was chosen is counted
    facets.append(radio("joint", "Directions under joint interchange", counted, options.joint))
    return facets


def _range(name: str, options: ExplanationsOptions, counts: FacetCounts, url: Callable[..., str]) -> FacetView:
    """Counts of single values, or of spans of some where there are many; each leads to a list of it."""
    values = sorted(counts.values[name])
    if name in SHARES:
        choices = [
            FacetOption(
                value=f"{tenth / SHARE_STEPS:g}",
                label=f"{tenth / SHARE_STEPS:g}" + ("" if tenth == SHARE_STEPS else " and more"),
                count=sum(n for value, n in counts.values[name].items() if value >= tenth),
                checked=getattr(options, f"{name}_min") == tenth / SHARE_STEPS,
                url=url(**{f"{name}_min": tenth / SHARE_STEPS}),
            )
            for tenth in values
        ]
        return FacetView(name=name, legend=name.capitalize(), shape="range", choices=choices)
    width = -(-(values[-1] - values[0] + 1) // MAX_BINS)
    least, most = getattr(options, f"{name}_min"), getattr(options, f"{name}_max")
    choices = []
    for low in range(values[0], values[-1] + 1, width):
        high = min(low + width - 1, values[-1])
        n = sum(counts.values[name][value] for value in range(low, high + 1))
        if n:
            checked = (least, most) == (low, high)
            here = url(**{f"{name}_min": None if checked else low, f"{name}_max": None if checked else high})
            label = str(low) if low == high else f"{low} to {high}"
            choices.append(FacetOption(value=str(low), label=label, count=n, checked=checked, url=here))
    legend = {"edges": "Edges", "neurons": "Hidden neurons used"}[name]
    return FacetView(name=name, legend=legend, shape="range", choices=choices)


def _algorithms(session: Session, options: ExplanationsOptions, shelf: Shelf, counts: FacetCounts) -> FacetView:
    """The algorithms with most explanations, and the one chosen."""
    numbers = cast(RowShelf, shelf).rows
    n = shelf.n
    found = {position: count for position, count in counts.values["algorithm"].items() if position < n}
    most = [position for _, position in nsmallest(MAX_ALGORITHMS, ((-count, at) for at, count in found.items()))]
    asked = cast(RowShelf, shelf).place_of(options.algorithm)
    if asked in found and asked not in most:
        most.append(asked)
    rows = algorithm_rows(session, [int(numbers[position]) for position in most])
    named = [(rows[int(numbers[position])], found[position]) for position in most]
    choices = [(row.algorithm_id, row.formula, count) for row, count in named]
    return radio("algorithm", "Algorithm", choices, options.algorithm, total=sum(found.values()))


def _criteria(
    session: Session,
    analysis: AnalysisRow,
    options: ExplanationsOptions,
    shelves: Mapping[Kind, Shelf],
    counts: FacetCounts,
    verdicts: Sequence[VerdictSet],
) -> FacetView:
    """The criteria that are computed for some kind listed, with the explanations that pass them too."""
    asked = [str(step) for step in steps_of(options)]
    numbers: dict[str, int | None] = {}
    contents = verdict_contents(session, analysis)
    left = {kind: np.concatenate(parts) for kind, parts in counts.passing.items()}
    for one in verdicts:
        if one.kind in options.kinds and one.kind in shelves:
            passing = _n_passing(session, analysis, one, shelves[one.kind], counts, left, options, contents)
            before = numbers.get(str(one.step), 0)
            numbers[str(one.step)] = None if passing is None or before is None else before + passing
    directions = shelves.get("direction") if "direction" in options.kinds else None
    if isinstance(directions, RowShelf):
        for step in {one.step for one in verdicts} | set(steps_of(options)):
            before = numbers.get(str(step), 0)
            if step.key in ASKED_OF_DIRECTIONS and before is not None:
                numbers[str(step)] = before + _n_directions(step, directions, counts)
    numbers |= {text: None for text in asked if text not in numbers}  # not computed yet, but in the form all the same
    choices = [(text, _titled(text), n) for text, n in numbers.items() if "(" not in text or text in asked]
    return checkboxes("criteria", "Passes", choices, asked)


def _titled(text: str) -> str:
    """A criterion by its title, with its settings as an address writes them."""
    key, bracket, settings = text.partition("(")
    return criterion_named(key).label + (f" ({settings}" if bracket else "")


def _n_directions(step: CriterionStep, shelf: RowShelf, counts: FacetCounts) -> int:
    """Alignments on directions that pass all filters and a criterion."""
    passes = of_direction(step)[1](shelf.columns)
    packed = counts.passing.get("direction")
    if packed is not None:
        passes = passes & np.unpackbits(np.concatenate(packed), count=shelf.n, bitorder="little").astype(bool)
    return int(np.count_nonzero(passes)) if counts.kinds["direction"] else 0


def _n_passing(
    session: Session,
    analysis: AnalysisRow,
    one: VerdictSet,
    shelf: Shelf,
    counts: FacetCounts,
    left: Mapping[Kind, NDArray[np.uint8]],
    options: ExplanationsOptions,
    contents: VerdictContents,
) -> int | None:
    """How many of those left under all conditions pass a criterion; None where it is not known."""
    if one.kind == "interpretation":  # they pass one by one, and are counted where they are asked for
        return None
    if not counts.kinds[one.kind]:
        return 0
    # verdicts on alignments are about valid ones
    all_pass = counts.kinds[one.kind] == one.n and (one.kind != "alignment" or options.standing == "valid")
    if all_pass or one.kind not in counts.passing:
        return one.tally.passed
    bits = passing_bits(session, analysis, shelf, one.step, contents=contents)
    return None if bits is None else n_in_both(left[one.kind], bits)
