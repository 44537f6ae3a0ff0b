"""Placements as addresses name them: by the id of a stored one, or by what they are.

An id is a hash, so it leads back to its placement only where a row holds both, or where few placements are to be tried.
The reference of a placement that no row holds therefore carries its text: ``a-ALGORITHM.0:1.0+2_1:2.1``, the neurons
of each variable; ``d-ALGORITHM.0:1=1,0,-1;1:1=0,1,-1``, the weights of its directions. A form sends the same behind the
address of an algorithm, ``?place=0:1.0+2&place=1:2.1`` or ``?at=0@1=1,0,-1;1@1=0,1,-1``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic import Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.explanations.explanation import Claim
from pluriscope.analysis.interventions.interchange import Site
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.interventions.subspace import Subspace
from pluriscope.analysis.placements.directions import DirectionPlacement, parse_directions
from pluriscope.analysis.placements.iia import check_placement
from pluriscope.analysis.placements.neuron_sets import MAX_TRIED, placement_with_id
from pluriscope.analysis.placements.placement import NeuronPlacement, Placement
from pluriscope.app.db import directions
from pluriscope.app.db.codecs import placement_of
from pluriscope.app.db.reads import algorithms
from pluriscope.app.db.tables import AlgorithmRow, AlignmentRow, DirectionRow
from pluriscope.app.errors import BadQuery, NotFound
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.place import Place
from pluriscope.figures.svg.combs import linear_words, site_words

SHAPE: Final = "PATH:LAYER.NEURON+NEURON, for instance 0:1.0+2"
_PLACE: Final = re.compile(r"([01]{1,8}):([0-9]{1,3})\.([0-9]{1,3}(?:[+ ,][0-9]{1,3})*)")
_NAMED: Final = re.compile(r"\s*[A-Za-z_]\w*\s*:\s*[a-z]")
_BETWEEN: Final = "_"


class PlacedOptions(ScopeOptions):
    """Options that say where the variables of an algorithm stand."""

    place: list[str] = Field(
        [],
        max_length=64,
        description="PATH:LAYER.NEURON+NEURON for each variable, once each or joined by _; of networks that no "
        "formulas are read of VARIABLE:SITE+SITE, joined by ;. Leads to that placement, stored or not.",
    )
    at: str = Field(
        "",
        max_length=5_000,
        description="PATH@LAYER=w1,w2,… for each variable joined by ;, with /d1,d2,… where the swap is oblique: leads "
        "to that placement on directions, stored or not.",
    )

    def meant(self, ref: ExplanationRef, *, on_sites: bool = False) -> ExplanationRef:
        """The placement, beside an algorithm.

        Args:
            on_sites: whether places are sites, as they are of named variables.

        Raises:
            BadQuery: a malformed place.
        """
        if self.place and (on_sites or any(_NAMED.match(text) for text in self.place)):
            return ExplanationRef("alignment", ref.first, ";".join(self.place).replace("/", "!"))
        if self.place:
            pieces = [piece for text in self.place for piece in text.split(_BETWEEN)]
            return ExplanationRef("alignment", ref.first, NeuronPlacement.of("", read_places(pieces)).text)
        return ExplanationRef("direction", ref.first, _written(self.at)) if self.at else ref


def _written(text: str) -> str:
    """A text of a placement as references have it: without the signs that end a reference or a segment of a path."""
    return text.replace("@", ":").replace("/", "~")


def placement_ref(algorithm_id: str, alignment: Placement[Any], *, stored: bool) -> ExplanationRef:
    """Reference of a placement in addresses: by id where a row keeps it, else by its text."""
    second = alignment.id if stored or not alignment.text else _written(alignment.text)
    return ExplanationRef("alignment" if isinstance(alignment, NeuronPlacement) else "direction", algorithm_id, second)


def read_places(texts: Sequence[str], *, field: str = "place") -> list[tuple[str, NeuronSet]]:
    """Read neurons of variables back; they may be separated by ``+``, a space (a bare ``+`` in a query) or a comma.

    Raises:
        BadQuery: a place is malformed, names a neuron twice, or a variable is placed twice.
    """
    places: dict[str, NeuronSet] = {}
    for text in texts:
        match = _PLACE.fullmatch(text.strip())
        if match is None:
            raise BadQuery(f"place {text[:60]!r}", f"does not have the shape {SHAPE}", "write it so", field)
        path, layer = match[1], int(match[2])
        neurons = [int(n) for n in re.split(r"[+ ,]", match[3])]
        if len(set(neurons)) < len(neurons):
            raise BadQuery(f"place {text[:60]!r}", "names a neuron twice", "name each neuron once", field)
        if path in places:
            raise BadQuery(f"place {text[:60]!r}", f"is a second place for variable {path}", "give it one place", field)
        places[path] = NeuronSet(layer, tuple(sorted(neurons)))
    return sorted(places.items())


def find_placement(
    session: Session, links: Addresses, place: Place, row: AlgorithmRow, algorithm: HighLevelModel, ref: ExplanationRef
) -> tuple[AlignmentRow | DirectionRow | None, Placement[Any]]:
    """The placement that a reference names by id or text, and the row that keeps it, None if none does.

    Args:
        place: what it is a placement with.
        row: of the algorithm.
        algorithm: the one that is placed.
        ref: of a placement or a direction.

    Raises:
        NotFound: no row keeps that id, and of neurons the first placements do not have it.
        BadQuery: malformed neurons.
        InvalidPlacement: a text that no placement has, or places that do not fit the algorithm or the network.
    """
    stored: AlignmentRow | DirectionRow | None
    found: Placement[Any] | None
    if ref.kind == "alignment":
        stored, found = _on_neurons(session, place, row, algorithm, ref.second)
        cause = (
            f"is not one of the {row.n_kept:,} placements kept for this algorithm, nor of the first {MAX_TRIED:,} "
            "placements of its variables"
        )
        cure = (
            f"choose a kept one on the algorithm's page, or name any placement there with ?place={SHAPE}, or instead "
            "of its id: a-ALGORITHM.0:1.0+2_1:2.1"
        )
    else:
        stored, found = _on_directions(session, place, algorithm, ref.second)
        cause = "is not one of the placements on directions kept for this algorithm"
        cure = (
            "choose a kept one, or say what it is, PATH@LAYER=w1,w2,… for each variable joined by ;, with ?at= behind "
            "the algorithm's address, or instead of its id: d-ALGORITHM.0:1=1,0,-1;1:1=0,1,-1"
        )
    if found is None:
        url = links.algorithm(place.slug, algorithm.id, place.scope)
        item, label = f"placement {ref.second[:40]!r}", f"algorithm {algorithm.formula}"
        raise NotFound(item, cause, cure, "alignment", url, label)
    if stored is None:
        check_placement(place.question.network, algorithm, found, place.question.protocol)
    return stored, found


def _on_neurons(
    session: Session, place: Place, row: AlgorithmRow, algorithm: HighLevelModel, named: str
) -> tuple[AlignmentRow | None, NeuronPlacement | None]:
    if ":" in named:
        alignment = NeuronPlacement.of(algorithm.text, read_places(named.split(_BETWEEN), field="e"))
        return algorithms.find_neuron_placement(session, row, alignment.id), alignment
    stored = algorithms.find_neuron_placement(session, row, named)
    if stored is not None:
        return stored, placement_of(stored, algorithm.text).alignment
    return None, placement_with_id(place.question.network, algorithm, named, place.question.protocol.alignment_sites)


def _on_directions(
    session: Session, place: Place, algorithm: HighLevelModel, named: str
) -> tuple[DirectionRow | None, DirectionPlacement | None]:
    if "=" in named:
        alignment = parse_directions(algorithm.text, named.replace(":", "@").replace("~", "/"))
        named = alignment.id
    else:
        alignment = None
        text = directions.direction_text(session, algorithm.id, named)  # of now, or of an earlier search
        nowhere = parse_directions(algorithm.text, "")  # of an algorithm without variables
        if text:
            alignment = parse_directions(algorithm.text, text)
        elif not algorithm.responses and nowhere.id == named:
            alignment = nowhere
    if place.analysis is None:
        return None, alignment
    stored = directions.find_direction_row(session, place.analysis.id, algorithm.id, named)
    return stored, alignment if stored is None else directions.placement_of(stored)


def site_label(site: Site, sizes: Sequence[int]) -> str:
    """A site for people: ``n1.0 + n1.2``, ``layer 1 along n1.0 − n1.2``."""
    return site_words(site, sizes) if isinstance(site, Subspace) else site.label


def site_of(claim: Claim, sizes: Sequence[int]) -> str:
    """Site of a claim, for people: neurons, or directions of a layer; "" for a function without a site."""
    if claim.neurons:
        return neurons_label((claim.layer, neuron) for neuron in claim.neurons)
    return ", ".join(linear_words(claim.layer, weights, sizes) for weights in claim.directions)


def neurons_label(sites: Iterable[tuple[int, int]]) -> str:
    """Write neurons, perhaps of several layers, for people: ``n1.0 + n2.1``."""
    return " + ".join(f"n{layer}.{neuron}" for layer, neuron in sites)
