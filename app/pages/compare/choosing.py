"""A comparison that is not complete yet: how to choose its explanations."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.circuits import smallest_circuits
from app.errors import BadQuery
from app.naming import ExplanationRef
from app.pages.compare.contrast import LEAST
from app.pages.compare.views import ComparePage, Suggestion
from app.pages.explanations import Explanation
from app.pages.place import Place
from app.pages.shared import NetworkView, TaskView, data_view, network_view, protocol_view


def nothing_yet(addresses: Addresses, texts: Sequence[str]) -> ComparePage:
    if texts:
        raise BadQuery(
            f"{len(texts)} explanations", "the address does not name their network", "add network=NAME to it", "network"
        )
    return _empty(addresses.compare(), None, None, [], [])


def to_choose(
    session: Session, addresses: Addresses, place: Place, chosen: Sequence[Explanation], swapping: str = ""
) -> ComparePage:
    """How to choose what is missing, or another in place of one.

    Args:
        session: open session.
        addresses: builds links.
        place: the network that is asked about.
        chosen: what is chosen already.
        swapping: reference of the one that is to be exchanged, or "".
    """
    refs = [str(explanation.ref) for explanation in chosen]
    url = addresses.compare(place.row.slug, refs, place.scope, swap=swapping)
    network = network_view(place.row, addresses, place.question.model)
    return _empty(
        url,
        place,
        network,
        refs,
        _suggestions(session, addresses, place),
        swapping,
        addresses.neighbours(place.row.slug, refs, place.scope, swap=swapping) if refs else "",
    )


def _empty(
    url: str,
    place: Place | None,
    network: NetworkView | None,
    refs: list[str],
    suggestions: list[Suggestion],
    swapping: str = "",
    neighbours_url: str = "",
) -> ComparePage:
    return ComparePage(
        network=network,
        task=None
        if place is None
        else TaskView(name=place.question.task.name, truth_table=list(place.question.task.truth_table)),
        protocol=None if place is None else protocol_view(place.question.protocol),
        data=None if place is None else data_view(place.question.data),
        output=0 if place is None else place.scope.output,
        missing=max(0, LEAST - len(refs)),
        refs=refs,
        input_names="",
        inputs=[],
        explanations=[],
        groups=[],
        counted_once=False,
        groups_url=url,
        shared=None,
        shared_edges=None,
        values=[],
        said=[],
        differing_neurons=[],
        differing_edges=[],
        completions=[],
        lines=[],
        space=None,
        pairs=[],
        n_crucial=0,
        crucial=None,
        experiment=None,
        separation=None,
        swapping=swapping,
        suggestions=suggestions,
        verdicts_url="",
        neighbours_url=neighbours_url,
        url=url,
    )


def _suggestions(session: Session, addresses: Addresses, place: Place) -> list[Suggestion]:
    """Comparisons of stored explanations that show how far they differ."""
    if place.analysis is None:
        return []
    slug, found = place.row.slug, []
    circuits = [row.mask for row in smallest_circuits(session, place.analysis, place.question.layout, 2)]
    aligned = algorithm_reads.minimal_alignments(session, place.analysis.id, 3)
    alignments = [ExplanationRef("alignment", algorithm, alignment) for algorithm, alignment in aligned]
    choices = [
        ("two of its smallest circuits", [ExplanationRef("circuit", mask) for mask in circuits]),
        (
            "two interpretations of its smallest circuit",
            [ExplanationRef("interpretation", mask, str(index)) for mask in circuits[:1] for index in (0, 1)],
        ),
        ("minimal alignments of its simplest algorithms", alignments),
        (
            "an interpretation and an aligned algorithm",
            [ExplanationRef("interpretation", mask, "0") for mask in circuits[:1]] + alignments[:1],
        ),
    ]
    for label, refs in choices:
        if len(refs) >= LEAST:
            found.append(Suggestion(label=label, url=addresses.compare(slug, refs, place.scope)))
    return found
