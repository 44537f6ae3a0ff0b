"""Candidate algorithms, and their placements: on sets of neurons, and on directions of layers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.algorithms.redundancy import irredundancy
from pluriscope.analysis.alignments.alignment import Alignment
from pluriscope.analysis.alignments.map_classes import DIRECTIONS, map_class
from pluriscope.analysis.alignments.on_directions import parse_directions
from pluriscope.analysis.criteria.registry import criteria_for
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.combs import Direction
from pluriscope.figures.svg.tiles import alignment_tiles, bits_of
from pluriscope.figures.svg.trees import tree_thumb
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
    NEURONS,
    OF,
    PASSES,
    PLACES,
    USES,
    VALID,
    VARIABLES,
)
from pluriscope.kinds.found import Found
from pluriscope.kinds.kind import ListedKind
from pluriscope.tables.frames import Coded, Passing
from pluriscope.tables.table import Column

PLACEMENTS: Final = Column("placements", "Placements", "Valid placements of the algorithm.", "big", largest_first=True)
SEARCHED: Final = Column("tried", "Searched", "Whether its placements were searched.", "bool", shown=False)
MINIMAL: Final = Column(
    *("minimal", "Minimal", "No valid placement of the algorithm is within it.", "bool"),
    facet="any",
    shown=False,
    words={"yes": "minimal", "no": "not minimal"}.__getitem__,
)
_FLAGS: Final = tuple(key.replace("-", "_") for key in IRREDUNDANT.choices)


def _share(agreed: Any, of: Any, untested: float) -> Any:
    """Agreed of all, and another number where there is nothing to agree on."""
    agreed, of = np.asarray(agreed, np.float64), np.asarray(of, np.float64)
    return np.where(of == 0, untested, np.divide(agreed, of, out=np.full(len(of), np.nan), where=of > 0))


def _flags(values: Any) -> Passing:
    return np.array(list(values), np.bool_)


def _floats(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, np.float64)


# --- algorithms


def _irredundant(stored: Any) -> dict[str, Passing]:
    """Algorithms of each class of irredundance, by its name: ``[algorithms]`` bool."""
    return {flag.replace("_", "-"): np.nan_to_num(_floats(stored[flag])).astype(np.bool_) for flag in _FLAGS}


def _of_algorithms(found: Found) -> Mapping[str, Any]:
    stored = found.stored["algorithm"]
    placements = Coded.of(stored["n_valid"], int)
    agreed, of = _floats(stored["best_agreed"]), _floats(stored["best_of"])
    return {
        "valid": (placements.codes >= 0) & _flags(value > 0 for value in placements.values)[placements.codes],
        "algorithm": stored["algorithm_id"],
        "gates": stored["n_gates"],
        "variables": stored["n_variables"],
        "placements": placements,
        "iia": _share(agreed, of, np.nan),
        "iia_agreed": agreed,
        "iia_of": of,
        "tried": _floats(stored["truncated_at"]) != 0,
        "irredundant": _irredundant(stored),
    }


ALGORITHMS: Final = ListedKind(
    key="algorithm",
    stored=lambda _: (
        *(
            "algorithm_id",
            "id",
            "form",
            "text",
            "formula",
            "n_gates",
            "n_variables",
            "n_valid",
            "best_agreed",
            "best_of",
        ),
        *("truncated_at", *_FLAGS, "verdicts"),
    ),
    columns=(
        *(VALID, ALGORITHM, FORMULA, GATES, VARIABLES),
        *(PLACEMENTS, IIA, AGREED, OF, SEARCHED, IRREDUNDANT, PASSES, FAILS),
    ),
    figures=_of_algorithms,
    ref=lambda found, place: ExplanationRef("algorithm", found.stored["algorithm"]["algorithm_id"][place]),
    more=lambda found, place: {"name": found.stored["algorithm"]["formula"][place]},
    drawing=lambda found, place: tree_thumb(
        found.tree(found.stored["algorithm"]["text"][place], found.stored["algorithm"]["form"][place]), hues=found.hues
    ),
    own=("gates", False),
    says=lambda _: "Candidate formulas for the task, and how many placements on neurons confirm each.",
    aside=True,
)


# --- placements


_COLUMNS: Final = (VALID, ALGORITHM, FORMULA, PLACES, MARGIN, FRAGILE, GATES, VARIABLES, IIA, AGREED, OF)


def _placement(found: Found, kind: str, place: int) -> tuple[HighLevelModel, Any]:
    """An algorithm, and where its variables are."""
    stored = found.columns(kind)
    text, tree = stored["algorithm_text"][place], found.tree(stored["algorithm_text"][place], stored["form"][place])
    if kind == "alignment":
        return tree, Alignment.read(text, json.loads(stored["places"][place]))
    return tree, parse_directions(text, stored["text"][place])


def _figures(found: Found, kind: str) -> Mapping[str, Any]:
    stored = found.columns(kind)
    return {
        "algorithm": stored["algorithm_id"],
        "formula": stored["formula"],
        "places": None,
        "iia": _share(stored["agreed"], stored["of"], 1.0),  # one without variables says nothing wrong
        "iia_agreed": stored["agreed"],
        "iia_of": stored["of"],
    }


def _more(found: Found, kind: str, place: int, size: Any, words: Callable[[Any], str]) -> Mapping[str, Any]:
    stored, (tree, placed) = found.columns(kind), _placement(found, kind, place)
    of = int(stored["of"][place])
    return {
        "name": stored["formula"][place],
        "places": placed.text.replace("_", " ") if kind == "alignment" else placed.text,
        "where": found.where(tree, ((path, words(site)) for path, site in placed.places)),
        "size": noun(int(size), "neuron" if kind == "alignment" else "direction"),
        "tested": f"{exact(int(stored['agreed'][place]))} of {noun(of, 'swap')}" if of else "",
        "silent": "silent",
    }


def _ref(kind: str) -> Callable[[Found, int], ExplanationRef]:
    def ref(found: Found, place: int) -> ExplanationRef:
        stored = found.columns(kind)
        return ExplanationRef(kind, stored["algorithm_id"][place], stored["alignment_id"][place])

    return ref


# --- on sets of neurons


def _on_neurons(found: Found) -> Mapping[str, Any]:
    stored = found.columns("alignment")
    return {
        **_figures(found, "alignment"),
        "neurons": stored["n_neurons"],
        "gates": stored["n_gates"],
        "variables": stored["n_variables"],
        **found.shares(len(stored["places"])),
        "irredundant": _irredundant(stored),
        "uses": _uses(stored["places"], found.question.network.sizes),
    }


def _uses(texts: Any, sizes: tuple[int, ...]) -> dict[str, Passing]:
    """Alignments that put a variable on each hidden neuron, by its name: ``[alignments]`` bool."""
    places = Coded.of(texts)
    used = [{(layer, one) for _, layer, some in json.loads(text) for one in some} for text in places.values]
    return {
        f"n{layer}.{neuron}": _flags((layer, neuron) in one for one in used)[places.codes]
        for layer in range(1, len(sizes) - 1)
        for neuron in range(sizes[layer])
    }


def _on_neurons_more(found: Found, place: int) -> Mapping[str, Any]:
    surveyed, stored = found.predicted, found.stored["alignment"]
    more = _more(found, "alignment", place, stored["n_neurons"][place], lambda site: str(site.label))
    if surveyed is None or place >= surveyed.shape[1]:
        return {**more, "silent": ""}
    predicted, right = map(int, surveyed[:, place])
    return {**more, "predicts": (right, predicted, found.n_interventions)} if predicted else more


def _says_where(found: Found) -> str:
    """Sentence on the number of algorithms that can be placed, and of their placements."""
    ways = [int(many) for many in found.stored["algorithm"]["n_valid"]]
    placed, listed = exact(sum(many > 0 for many in ways)), int(np.count_nonzero(found.stored["alignment"]["valid"]))
    of = f"; listed are {exact(listed)} minimal of {exact(sum(ways))}" if listed < sum(ways) else ""
    return f"An algorithm on neurons; {placed} of {noun(len(ways), 'algorithm')} can be placed{of}."


ALIGNMENTS: Final = ListedKind(
    key="alignment",
    stored=lambda _: (
        *("alignment_id", "algorithm_row_id", "places", "agreed", "of", "valid", "minimal", "n_neurons", "margin"),
        "verdicts",
    ),
    columns=(
        *(*_COLUMNS[:4], NEURONS, *_COLUMNS[4:]),
        Column(
            *("coverage", "Coverage", "Share of the common ground that it predicts.", "float"),
            facet="least",
            largest_first=True,
        ),
        Column(
            *("accuracy", "Accuracy", "Share of those predictions that are right.", "float"),
            facet="least",
            largest_first=True,
        ),
        *(MINIMAL, IRREDUNDANT, PASSES, FAILS, USES),
    ),
    figures=_on_neurons,
    ref=_ref("alignment"),
    more=_on_neurons_more,
    drawing=lambda found, place: found.thumb(None, alignment_tiles(*_placement(found, "alignment", place))),
    own=("neurons", False),
    says=_says_where,
)


# --- on directions


_ASKED: Final = ("one-direction", "both-directions", "joint-interchange", "causal-order", "margin")
"""Criteria that the scores that are kept say something of."""


def _on_directions(found: Found) -> Mapping[str, Any]:
    stored = found.stored["direction"]
    every = [_placement(found, "direction", place) for place in range(len(stored["text"]))]
    layers = [{site.layer for _, site in placed.places} for _, placed in every]
    redundancy = [irredundancy(tree) for tree, _ in every]
    return {
        **_figures(found, "direction"),
        "gates": np.array([tree.n_gates for tree, _ in every], np.int64),
        "variables": np.array([len(tree.variables) for tree, _ in every], np.int64),
        "joint_agreed": _floats(stored["joint_agreed"]),
        "joint_of": _floats(stored["joint_of"]),
        "joint": _outcomes(found, "joint-interchange")[0],
        "classes": {name: _flags(name in one.split() for one in stored["classes"]) for name in DIRECTIONS},
        "layer": {
            str(layer): _flags(layer in some for some in layers)
            for layer in range(1, len(found.question.network.sizes) - 1)
        },
        "irredundant": {name: _flags(one[name] for one in redundancy) for name in IRREDUNDANT.choices},
        **_judged(found),
    }


def _outcomes(found: Found, step: str) -> tuple[Passing, Passing]:
    """Alignments known to pass a criterion, and those known to fail it, by their stored scores: two ``[alignments]``
    bool.

    The criterion itself would decide the same. Where the tested pairs leave it open, both are False.
    """
    read, stored = CriterionStep.parse(step), found.stored["direction"]
    pairs = found.question.protocol.interchange_pairs
    if read.key in ("both-directions", "one-direction"):
        right, both = np.equal(_floats(stored["agreed"]), _floats(stored["of"])), read.key == "both-directions"
        return right & (not both or pairs == "ordered"), ~right & (both or pairs == "one_direction")
    if read.key == "joint-interchange":
        agreed, of = _floats(stored["joint_agreed"]), _floats(stored["joint_of"])
        return agreed == of, ~np.isnan(agreed) & (agreed != of)
    if read.key == "causal-order":
        passed = _flags(stored["causal_order"])
    else:
        passed = ~(_floats(stored["margin"]) < read.settings["least"])
    return passed, ~passed


def _judged(found: Found) -> dict[str, dict[str, Passing]]:
    own = [str(CriterionStep.of(one)) for one in criteria_for("direction") if one.key in _ASKED]
    steps = own + [step for step in found.steps if step.partition("(")[0] in _ASKED]
    outcomes = {step: _outcomes(found, step) for step in dict.fromkeys(steps)}
    return {name: {step: one[n] for step, one in outcomes.items()} for n, name in enumerate(("passes", "fails"))}


def _on_directions_more(found: Found, place: int) -> Mapping[str, Any]:
    n_directions = len(_placement(found, "direction", place)[1].places)
    return _more(found, "direction", place, n_directions, lambda site: f"on layer {site.layer}")


def _combs(found: Found, place: int) -> Markup:
    """The network with the direction that reads each variable."""
    tree, placed = _placement(found, "direction", place)
    variables = {variable.path: variable for variable in tree.variables}
    rows = [
        Direction(site.layer, row, bits_of(variables[path].function, tree.n_inputs), variables[path].shown)
        for path, site in placed.places
        for row in site.reads
    ]
    return found.thumb(None, (), rows)


DIRECTION_PLACEMENTS: Final = ListedKind(
    key="direction",
    stored=lambda _: (
        *("alignment_id", "algorithm_id", "form", "algorithm_text", "formula", "text", "classes", "valid", "agreed"),
        *("of", "joint_agreed", "joint_of", "causal_order", "margin"),
    ),
    columns=(
        *_COLUMNS,
        Column(
            *("joint", "Joint", "Whether interchanging all its variables at once is known to confirm it.", "bool"),
            facet="any",
            shown=False,
            words={"yes": "joint", "no": "not known to be joint"}.__getitem__,
        ),
        Column("joint_agreed", "Joint interchanges predicted", "Of those run.", "int", shown=False),
        Column("joint_of", "Joint interchanges tested", "That were run.", "int", shown=False),
        Column("causal_order", "Causal order", "No variable stands behind one that reads it.", "bool", shown=False),
        Column(
            *("classes", "Map", "Classes of maps that found it.", "labels"),
            facet="all",
            shown=False,
            choices=DIRECTIONS,
            words=lambda value: map_class(value).label,
        ),
        Column(
            *("layer", "A direction on layer", "Hidden layers on which it has a direction.", "labels"),
            facet="all",
            shown=False,
        ),
        *(IRREDUNDANT, PASSES, FAILS),
    ),
    figures=_on_directions,
    ref=_ref("direction"),
    more=_on_directions_more,
    drawing=_combs,
    own=("margin", True),
    says=lambda _: "An algorithm on directions of layers instead of on neurons.",
)
