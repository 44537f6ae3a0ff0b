"""Alignments on linear directions, each once, whatever classes of maps found it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.map_classes import DIRECTIONS, map_class
from analysis.alignments.on_directions import DirectionAlignment, parse_directions
from analysis.criteria.registry import criteria_for
from analysis.criteria.steps import CriterionStep
from analysis.explanations.registry import KIND_OF
from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.thumbs import Direction
from pluriscope.figures.svg.tiles import bits_of
from pluriscope.frames import Coded, Part, Passing
from pluriscope.kinds.algorithms import share, swaps
from pluriscope.kinds.columns import (
    AGREED,
    ALGORITHM,
    FAILS,
    FORMULA,
    FRAGILE,
    GATES,
    IIA,
    IRREDUNDANT,
    MARGIN,
    OF,
    PASSES,
    PLACES,
    VALID,
    VARIABLES,
    fragile,
)
from pluriscope.kinds.found import Found, Types
from pluriscope.naming import ExplanationRef
from pluriscope.tables import Column

_ASKED: Final = ("one-direction", "both-directions", "joint-interchange", "causal-order", "margin")
"""Criteria that the scores that are kept say something of."""
STORED: Final[Types] = {
    "algorithm_id": "text",
    "alignment_id": "name",
    "form": "text",
    "algorithm_text": "text",
    "formula": "text",
    "text": "text",
    "classes": "labels",
    "valid": "bool",
    "agreed": "int",
    "of": "int",
    "joint_agreed": "int",
    "joint_of": "int",
    "causal_order": "bool",
    "margin": "float",
}
MAP = Column(
    *("classes", "Map", "Classes of maps that found it.", "labels"),
    facet="all",
    shown=False,
    choices=DIRECTIONS,
    words=lambda value: map_class(value).label,
)
LAYER = Column(
    *("layer", "A direction on layer", "Hidden layers on which it has a direction.", "labels"), facet="all", shown=False
)
JOINT = Column(
    *("joint", "Joint", "Whether interchanging all its variables at once is known to confirm it.", "bool"),
    facet="any",
    shown=False,
    words={"yes": "joint", "no": "not known to be joint"}.__getitem__,
)
JOINT_AGREED = Column("joint_agreed", "Joint interchanges predicted", "Of those run.", "int", shown=False)
JOINT_OF = Column("joint_of", "Joint interchanges tested", "That were run.", "int", shown=False)
ORDERED = Column("causal_order", "Causal order", "No variable stands behind one that reads it.", "bool", shown=False)
COLUMNS: Final = (
    *(VALID, ALGORITHM, FORMULA, PLACES, MARGIN, FRAGILE, GATES, VARIABLES, IIA, AGREED, OF, JOINT, JOINT_AGREED),
    *(JOINT_OF, ORDERED, MAP, LAYER, IRREDUNDANT, PASSES, FAILS),
)


def part(found: Found, steps: tuple[str, ...]) -> Part:
    """The alignments on directions.

    Args:
        found: with what is stored of them.
        steps: criteria, with their settings, that are asked of them beside those with the usual settings.
    """
    stored, sizes = found.stored["direction"], found.question.cut.sizes
    n = len(stored["alignment_id"])
    trees = [found.tree(*pair) for pair in zip(stored["algorithm_text"], stored["form"], strict=True)]
    margins = np.asarray(stored["margin"], np.float64)
    placed = [parse_directions(tree.text, text) for tree, text in zip(trees, stored["text"], strict=True)]
    redundancy = [irredundancy(tree) for tree in trees]

    def ref(place: int) -> ExplanationRef:
        return ExplanationRef("direction", stored["algorithm_id"][place], stored["alignment_id"][place])

    def more(place: int) -> dict[str, Any]:
        of = {variable.path: variable for variable in trees[place].variables}
        sites = [(of[path], f"on layer {site.layer}") for path, site in placed[place].places]
        return {
            "name": stored["formula"][place],
            "places": stored["text"][place],
            "where": found.where(sites),
            "size": noun(len(sites), "direction"),
            "tested": swaps(stored, place),
            "silent": "silent",
        }

    return Part(
        *("direction", KIND_OF["direction"].plural, n),
        numbers={
            "valid": np.asarray(stored["valid"], np.bool_),
            "margin": margins,
            "fragile": fragile(margins),
            "gates": _whole([tree.n_gates for tree in trees]),
            "variables": _whole([len(tree.variables) for tree in trees]),
            "iia": share(stored["agreed"], stored["of"], 1.0),
            "iia_agreed": np.asarray(stored["agreed"]),
            "iia_of": np.asarray(stored["of"]),
            "joint_agreed": np.asarray(stored["joint_agreed"], np.float64),
            "joint_of": np.asarray(stored["joint_of"], np.float64),
            "joint": _outcomes(found, "joint-interchange")[0],
            "causal_order": np.asarray(stored["causal_order"], np.bool_),
        },
        coded={"algorithm": Coded.of(stored["algorithm_id"]), "formula": Coded.of(stored["formula"])},
        labels={
            **_judged(found, steps),
            "classes": {name: _flags(name in one for one in stored["classes"]) for name in DIRECTIONS},
            "layer": {
                str(layer): _flags(any(site.layer == layer for _, site in one.places) for one in placed)
                for layer in range(1, len(sizes) - 1)
            },
            "irredundant": {name: _flags(one[name] for one in redundancy) for name in IRREDUNDANT.choices},
        },
        ref=lambda place: str(ref(place)),
        url=lambda place: found.url(ref(place)),
        more=more,
        drawing=lambda place: found.thumb(None, (), _combs(trees[place], placed[place])),
        own=("margin", True),
        says="The same, with variables on directions of a layer instead of on neurons.",
    )


def _combs(tree: Any, alignment: DirectionAlignment) -> list[Direction]:
    """What a thumb draws of each variable."""
    variables = {variable.path: variable for variable in tree.variables}
    return [
        Direction(site.layer, row, bits_of(variables[path].function, tree.n_inputs), variables[path].shown)
        for path, site in alignment.places
        for row in site.reads
    ]


def _whole(values: Any) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def _flags(values: Any) -> Passing:
    return np.array(list(values), np.bool_)


def _numbers(values: Any) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _outcomes(found: Found, step: str) -> tuple[Passing, Passing]:
    """Which alignments are known to pass a criterion, and which to fail it, by the scores that were kept.

    Nothing is said otherwise than the criterion itself would; what the tested pairs do not tell of others is unknown.
    """
    read, stored, pairs = (
        CriterionStep.parse(step),
        found.stored["direction"],
        found.question.protocol.interchange_pairs,
    )
    if read.key in ("both-directions", "one-direction"):
        right, both = np.equal(_numbers(stored["agreed"]), _numbers(stored["of"])), read.key == "both-directions"
        return right & (not both or pairs == "ordered"), ~right & (both or pairs == "one_direction")
    if read.key == "joint-interchange":
        agreed, of = _numbers(stored["joint_agreed"]), _numbers(stored["joint_of"])
        return agreed == of, ~np.isnan(agreed) & (agreed != of)
    if read.key == "causal-order":
        passed = _flags(stored["causal_order"])
    else:
        passed = ~(_numbers(stored["margin"]) < read.settings["least"])
    return passed, ~passed


def _judged(found: Found, steps: tuple[str, ...]) -> dict[str, dict[str, Passing]]:
    own = [one for one in criteria_for("direction") if one.key in _ASKED]
    asked = [str(CriterionStep.of(one)) for one in own] + [step for step in steps if step.partition("(")[0] in _ASKED]
    outcomes = {step: _outcomes(found, step) for step in dict.fromkeys(asked)}
    return {name: {step: one[n] for step, one in outcomes.items()} for n, name in enumerate(("passes", "fails"))}
