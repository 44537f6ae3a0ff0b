"""Alignments: algorithms placed on sets of neurons."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from analysis.alignments.alignment import Alignment
from analysis.interventions.neuron_set import NeuronSet
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.tiles import alignment_tiles
from pluriscope.frames import Coded, Part, Passing
from pluriscope.kinds.algorithms import irredundant, share, swaps
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
    fragile,
)
from pluriscope.kinds.found import Found, Types, taken
from pluriscope.naming import ExplanationRef
from pluriscope.tables import Column

STORED: Final[Types] = {
    "algorithm_row_id": "int",
    "alignment_id": "name",
    "places": "text",
    "agreed": "int",
    "of": "int",
    "valid": "bool",
    "minimal": "bool",
    "n_neurons": "int",
    "margin": "float",
}
MINIMAL = Column(
    *("minimal", "Minimal", "No valid alignment of the algorithm uses fewer neurons.", "bool"),
    facet="any",
    shown=False,
    words={"yes": "minimal", "no": "not minimal"}.__getitem__,
)
COVERAGE = Column(
    *("coverage", "Coverage", "Share of the common ground that it predicts.", "float"),
    facet="least",
    largest_first=True,
)
ACCURACY = Column(
    *("accuracy", "Accuracy", "Share of those predictions that are right.", "float"), facet="least", largest_first=True
)
COLUMNS: Final = (
    *(VALID, ALGORITHM, FORMULA, PLACES, NEURONS, MARGIN, FRAGILE, GATES, VARIABLES, IIA, AGREED, OF),
    *(COVERAGE, ACCURACY, MINIMAL, IRREDUNDANT, PASSES, FAILS, USES),
)


def part(found: Found, algorithms: Part) -> Part:
    """The alignments, with what their algorithms say."""
    stored, owners = found.stored["alignment"], found.stored["algorithm"]
    place_of = {row: place for place, row in enumerate(owners["id"])}
    owner = np.array([place_of[row] for row in stored["algorithm_row_id"]], np.int64)
    ids, margins = stored["alignment_id"], np.asarray(stored["margin"], np.float64)

    n_surveyed = 0 if found.predicted is None else found.predicted.shape[1]

    def ref(place: int) -> ExplanationRef:
        return ExplanationRef("alignment", owners["algorithm_id"][owner[place]], ids[place])

    def aligned(place: int) -> tuple[Any, Alignment]:
        text = owners["text"][owner[place]]
        places = [(path, NeuronSet(layer, tuple(some))) for path, layer, some in json.loads(stored["places"][place])]
        return found.tree(text, owners["form"][owner[place]]), Alignment(text, tuple(places))

    def more(place: int) -> dict[str, str]:
        tree, alignment = aligned(place)
        of = {variable.path: variable for variable in tree.variables}
        sites = ((path, " + ".join(f"n{at.layer}.{one}" for one in at.neurons)) for path, at in alignment.places)
        predicted, right = (0, 0) if found.predicted is None or place >= n_surveyed else found.predicted[:, place]
        return {
            "name": owners["formula"][owner[place]],
            "places": " ".join(f"{path}:{at.layer}.{'+'.join(map(str, at.neurons))}" for path, at in alignment.places),
            "where": found.where((of[path], site) for path, site in sites),
            "size": noun(int(stored["n_neurons"][place]), "neuron"),
            "tested": swaps(stored, place),
            "silent": "silent" if place < n_surveyed else "",
            **({"predicts": (int(right), int(predicted), found.n_interventions)} if predicted else {}),
        }

    def drawing(place: int) -> Markup:
        return found.thumb(None, alignment_tiles(*aligned(place)))

    return Part(
        *("alignment", "alignments", len(ids)),
        numbers={
            "valid": np.asarray(stored["valid"], np.bool_),
            "minimal": np.asarray(stored["minimal"], np.bool_),
            "neurons": np.asarray(stored["n_neurons"]),
            "margin": margins,
            "fragile": fragile(margins),
            "iia": share(stored["agreed"], stored["of"], 1.0),  # one without variables says nothing wrong
            "iia_agreed": np.asarray(stored["agreed"]),
            "iia_of": np.asarray(stored["of"]),
            **{name: algorithms.numbers[name][owner] for name in ("gates", "variables")},
            **found.shares(len(ids)),
        },
        coded=taken({name: algorithms.coded[name] for name in ("algorithm", "formula")}, owner),
        labels={
            **found.judged("alignment"),
            "irredundant": {name: one[owner] for name, one in irredundant(owners).items()},
            "uses": _uses(stored["places"], found.question.cut.sizes),
        },
        ref=lambda place: str(ref(place)),
        url=lambda place: found.url(ref(place)),
        more=more,
        drawing=drawing,
        own=("neurons", False),
        says=_says(owners, int(np.count_nonzero(stored["valid"]))),
    )


def _says(candidates: Any, listed: int) -> str:
    """How many algorithms can be placed, and how many placements these have."""
    ways = [int(many) for many in candidates["n_valid"]]
    placed = exact(sum(many > 0 for many in ways))
    of = f"; listed are {exact(listed)} minimal of {exact(sum(ways))}" if listed < sum(ways) else ""
    return f"An algorithm on neurons; {placed} of {noun(len(ways), 'algorithm')} can be placed{of}."


def _uses(texts: Any, sizes: tuple[int, ...]) -> dict[str, Passing]:
    """Which alignments put a variable on each hidden neuron."""
    places = Coded.of(texts)
    used = [{(layer, one) for _, layer, some in json.loads(text) for one in some} for text in places.values]
    return {
        f"n{layer}.{neuron}": np.array([(layer, neuron) in one for one in used], np.bool_)[places.codes]
        for layer in range(1, len(sizes) - 1)
        for neuron in range(sizes[layer])
    }
