"""Candidate algorithms, and their placements: on sets of neurons, and on directions of layers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.alignment import Alignment
from analysis.alignments.map_classes import DIRECTIONS, map_class
from analysis.alignments.on_directions import DirectionAlignment, parse_directions
from analysis.criteria.registry import criteria_for
from analysis.criteria.steps import CriterionStep
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.thumbs import Direction
from pluriscope.figures.svg.tiles import alignment_tiles, bits_of
from pluriscope.frames import Coded, Passing
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
from pluriscope.kinds.found import Found, big
from pluriscope.kinds.kind import ListedKind
from pluriscope.naming import ExplanationRef
from pluriscope.tables import Column

_FLAGS: Final = tuple(key.replace("-", "_") for key in IRREDUNDANT.choices)


def _share(agreed: Any, of: Any, untested: float) -> Any:
    """Agreed of all, and another number where there is nothing to agree on."""
    agreed, of = np.asarray(agreed, np.float64), np.asarray(of, np.float64)
    return np.where(of == 0, untested, np.divide(agreed, of, out=np.full(len(of), np.nan), where=of > 0))


def _interchanges(stored: Any, place: int) -> str:
    """How many interchanges a placement predicts; "" where none was run."""
    of = int(stored["of"][place])
    return f"{exact(int(stored['agreed'][place]))} of {noun(of, 'swap')}" if of else ""


def _flags(values: Any) -> Passing:
    return np.array(list(values), np.bool_)


def _floats(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, np.float64)


# --- algorithms


def _irredundant(stored: Any) -> dict[str, Passing]:
    """Which algorithms belong to which class."""
    return {flag.replace("_", "-"): np.nan_to_num(_floats(stored[flag])).astype(np.bool_) for flag in _FLAGS}


def _of_algorithms(found: Found) -> Mapping[str, Any]:
    stored = found.stored["algorithm"]
    placements, agreed, of = big(stored["n_valid"]), _floats(stored["best_agreed"]), _floats(stored["best_of"])
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
    stored=(
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
        Column("placements", "Alignments", "Valid alignments of the algorithm.", "big", largest_first=True),
        *(IIA, AGREED, OF),
        Column("tried", "Searched", "Whether its placements were searched.", "bool", shown=False),
        *(IRREDUNDANT, PASSES, FAILS),
    ),
    figures=_of_algorithms,
    ref=lambda found, place: ExplanationRef("algorithm", found.stored["algorithm"]["algorithm_id"][place]),
    more=lambda found, place: {"name": found.stored["algorithm"]["formula"][place]},
    own=("valid", True),
    says=lambda _: "Candidate formulas for the task, and how many placements on neurons confirm each.",
    aside=True,
)


# --- on sets of neurons


def _of_alignments(found: Found) -> Mapping[str, Any]:
    stored, owners = found.stored["alignment"], found.stored["algorithm"]
    owner = np.array([found.algorithm_places[row] for row in stored["algorithm_row_id"]], np.int64)
    return {
        "algorithm": Coded.of(owners["algorithm_id"]).taken(owner),
        "formula": Coded.of(owners["formula"]).taken(owner),
        "places": None,
        "neurons": stored["n_neurons"],
        "gates": np.asarray(owners["n_gates"])[owner],
        "variables": np.asarray(owners["n_variables"])[owner],
        "iia": _share(stored["agreed"], stored["of"], 1.0),  # one without variables says nothing wrong
        "iia_agreed": stored["agreed"],
        "iia_of": stored["of"],
        **found.shares(len(owner)),
        "irredundant": {name: flags[owner] for name, flags in _irredundant(owners).items()},
        "uses": _uses(stored["places"], found.question.cut.sizes),
    }


def _uses(texts: Any, sizes: tuple[int, ...]) -> dict[str, Passing]:
    """Which alignments put a variable on each hidden neuron."""
    places = Coded.of(texts)
    used = [{(layer, one) for _, layer, some in json.loads(text) for one in some} for text in places.values]
    return {
        f"n{layer}.{neuron}": _flags((layer, neuron) in one for one in used)[places.codes]
        for layer in range(1, len(sizes) - 1)
        for neuron in range(sizes[layer])
    }


def _owner(found: Found, place: int) -> Mapping[str, Any]:
    """What is stored of the algorithm of one alignment on neurons."""
    stored, at = found.stored["algorithm"], found.algorithm_places[found.stored["alignment"]["algorithm_row_id"][place]]
    return {name: stored[name][at] for name in ("algorithm_id", "text", "form", "formula")}


def _on_neurons(found: Found, place: int) -> tuple[HighLevelModel, Alignment]:
    owner, document = _owner(found, place), json.loads(found.stored["alignment"]["places"][place])
    return found.tree(owner["text"], owner["form"]), Alignment.read(owner["text"], document)


def _on_neurons_more(found: Found, place: int) -> Mapping[str, Any]:
    stored, surveyed = found.stored["alignment"], found.predicted
    tree, alignment = _on_neurons(found, place)
    predicted, right = (0, 0) if surveyed is None or place >= surveyed.shape[1] else surveyed[:, place]
    return {
        "name": _owner(found, place)["formula"],
        "places": alignment.text.replace("_", " "),
        "where": found.where(tree, ((path, site.label) for path, site in alignment.places)),
        "size": noun(int(stored["n_neurons"][place]), "neuron"),
        "tested": _interchanges(stored, place),
        "silent": "silent" if surveyed is not None and place < surveyed.shape[1] else "",
        **({"predicts": (int(right), int(predicted), found.n_interventions)} if predicted else {}),
    }


def _says_where(found: Found) -> str:
    """How many algorithms can be placed, and how many placements these have."""
    ways = [int(many) for many in found.stored["algorithm"]["n_valid"]]
    placed, listed = exact(sum(many > 0 for many in ways)), int(np.count_nonzero(found.stored["alignment"]["valid"]))
    of = f"; listed are {exact(listed)} minimal of {exact(sum(ways))}" if listed < sum(ways) else ""
    return f"An algorithm on neurons; {placed} of {noun(len(ways), 'algorithm')} can be placed{of}."


ALIGNMENTS: Final = ListedKind(
    key="alignment",
    stored=(
        *("alignment_id", "algorithm_row_id", "places", "agreed", "of", "valid", "minimal", "n_neurons", "margin"),
        "verdicts",
    ),
    columns=(
        *(VALID, ALGORITHM, FORMULA, PLACES, NEURONS, MARGIN, FRAGILE, GATES, VARIABLES, IIA, AGREED, OF),
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
        Column(
            *("minimal", "Minimal", "No valid alignment of the algorithm uses fewer neurons.", "bool"),
            facet="any",
            shown=False,
            words={"yes": "minimal", "no": "not minimal"}.__getitem__,
        ),
        *(IRREDUNDANT, PASSES, FAILS, USES),
    ),
    figures=_of_alignments,
    ref=lambda found, place: ExplanationRef(
        "alignment", _owner(found, place)["algorithm_id"], found.stored["alignment"]["alignment_id"][place]
    ),
    more=_on_neurons_more,
    drawing=lambda found, place: found.thumb(None, alignment_tiles(*_on_neurons(found, place))),
    own=("neurons", False),
    says=_says_where,
)


# --- on directions


_ASKED: Final = ("one-direction", "both-directions", "joint-interchange", "causal-order", "margin")
"""Criteria that the scores that are kept say something of."""


def _on_directions(found: Found, place: int) -> tuple[HighLevelModel, DirectionAlignment]:
    stored = found.stored["direction"]
    tree = found.tree(stored["algorithm_text"][place], stored["form"][place])
    return tree, parse_directions(tree.text, stored["text"][place])


def _of_directions(found: Found) -> Mapping[str, Any]:
    stored = found.stored["direction"]
    every = [_on_directions(found, place) for place in range(len(stored["text"]))]
    layers = [{site.layer for _, site in placed.places} for _, placed in every]
    redundancy = [irredundancy(tree) for tree, _ in every]
    return {
        "algorithm": stored["algorithm_id"],
        "gates": np.array([tree.n_gates for tree, _ in every], np.int64),
        "variables": np.array([len(tree.variables) for tree, _ in every], np.int64),
        "iia": _share(stored["agreed"], stored["of"], 1.0),
        "iia_agreed": stored["agreed"],
        "iia_of": stored["of"],
        "joint_agreed": _floats(stored["joint_agreed"]),
        "joint_of": _floats(stored["joint_of"]),
        "joint": _outcomes(found, "joint-interchange")[0],
        "classes": {name: _flags(name in one.split() for one in stored["classes"]) for name in DIRECTIONS},
        "layer": {
            str(layer): _flags(layer in some for some in layers)
            for layer in range(1, len(found.question.cut.sizes) - 1)
        },
        "irredundant": {name: _flags(one[name] for one in redundancy) for name in IRREDUNDANT.choices},
        **_judged(found),
    }


def _outcomes(found: Found, step: str) -> tuple[Passing, Passing]:
    """Which alignments are known to pass a criterion, and which to fail it, by the scores that were kept.

    Nothing is said otherwise than the criterion itself would; what the tested pairs do not tell of others is unknown.
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
    asked = own + [step for step in found.steps if step.partition("(")[0] in _ASKED]
    outcomes = {step: _outcomes(found, step) for step in dict.fromkeys(asked)}
    return {name: {step: one[n] for step, one in outcomes.items()} for n, name in enumerate(("passes", "fails"))}


def _on_directions_more(found: Found, place: int) -> Mapping[str, Any]:
    tree, placed = _on_directions(found, place)
    return {
        "name": found.stored["direction"]["formula"][place],
        "places": placed.text,
        "where": found.where(tree, ((path, f"on layer {site.layer}") for path, site in placed.places)),
        "size": noun(len(placed.places), "direction"),
        "tested": _interchanges(found.stored["direction"], place),
        "silent": "silent",
    }


def _combs(found: Found, place: int) -> Markup:
    """The network with the direction that reads each variable."""
    tree, placed = _on_directions(found, place)
    variables = {variable.path: variable for variable in tree.variables}
    rows = [
        Direction(site.layer, row, bits_of(variables[path].function, tree.n_inputs), variables[path].shown)
        for path, site in placed.places
        for row in site.reads
    ]
    return found.thumb(None, (), rows)


DIRECTION_PLACEMENTS: Final = ListedKind(
    key="direction",
    stored=(
        *("alignment_id", "algorithm_id", "form", "algorithm_text", "formula", "text", "classes", "valid", "agreed"),
        *("of", "joint_agreed", "joint_of", "causal_order", "margin"),
    ),
    columns=(
        *(VALID, ALGORITHM, FORMULA, PLACES, MARGIN, FRAGILE, GATES, VARIABLES, IIA, AGREED, OF),
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
    figures=_of_directions,
    ref=lambda found, place: ExplanationRef(
        "direction", found.stored["direction"]["algorithm_id"][place], found.stored["direction"]["alignment_id"][place]
    ),
    more=_on_directions_more,
    drawing=_combs,
    own=("margin", True),
    says=lambda _: "The same, with variables on directions of a layer instead of on neurons.",
)
