"""What to compare an explanation with: those closest to it and those most different, by a rule that is stated.

1. *By edges*, where it has a circuit: Jaccard's index with every stored circuit.
2. *By predictions*, where it predicts under interventions: the share of the interventions on which both predict that
   they predict alike, with the first observed classes of its own circuit and the first minimal alignments that are
   stored, one of each algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.experiments import agreement_of, intervention_space
from app.addressing import Addresses
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.neighbours import EdgeNeighbour, neighbours_by_edges
from app.errors import BadQuery, PageError
from app.naming import MOST, ExplanationRef
from app.options import PageModel
from app.pages.compare.build import find_chosen, find_place, one_of, texts_of
from app.pages.compare.options import ChosenOptions, RefText
from app.pages.explanations import Explanation, find_explanation
from app.pages.interpretation_spaces import space_of
from app.pages.place import Place
from app.pages.shared import NetworkView, ProtocolView, network_view, protocol_view

AT_EACH_END: Final = 3
MAX_CLASSES: Final = 40
MAX_ALIGNMENTS: Final = 40

Compare = Callable[[str], str]
"""From a suggested reference to the comparison with it."""


class NeighboursOptions(ChosenOptions):
    """Options of the suggestions for a comparison."""

    pin: RefText = Field("", description="The explanation that is asked about; the first if none is named.")
    swap: RefText = Field("", description="The explanation that a suggestion takes the place of, and is asked about.")


class NeighbourView(PageModel):
    """An explanation that may be compared."""

    ref: str
    url: str
    label: str
    shared: int = Field(description="Edges that both keep, or interventions on which both predict the same.")
    of: int = Field(description="Edges that one of them keeps, or interventions on which both predict.")
    compare_url: str = Field(description="The comparison with it: beside the others, or in place of one.")


class NeighbourList(PageModel):
    """Both ends of one order."""

    by: Literal["edges", "predictions"]
    rule: str = Field(description="How they were found, a whole sentence.")
    of: int = Field(description="Explanations that were looked at.")
    closest: list[NeighbourView]
    most_different: list[NeighbourView]


class NeighboursPage(PageModel):
    """What to compare an explanation with."""

    network: NetworkView
    protocol: ProtocolView
    output: int
    ref: str = Field(description="The explanation that is asked about.")
    explanation_url: str
    in_place_of: str = Field(description="The reference that a suggestion would replace, empty if it would be added.")
    lists: list[NeighbourList]
    compare_url: str = Field(description="Back to the comparison.")
    url: str


def build_neighbours(session: Session, addresses: Addresses, options: NeighboursOptions) -> NeighboursPage:
    """What is closest to an explanation of a comparison, and what is most different from it.

    Raises:
        NotFound: no such network, or a reference that names nothing.
        BadQuery: no network, no explanation, or more than can be compared.
    """
    place = find_place(session, addresses, options)
    texts = texts_of(session, addresses, options, place)
    if place is None or not texts:
        raise BadQuery("the comparison", "names no explanation", "name a network and at least one explanation", "e")
    found = find_chosen(session, addresses, place, texts)
    swap, pin = one_of(found, options.swap, "swap"), one_of(found, options.pin, "pin")
    explanations = {str(explanation.ref): explanation for explanation in found.values()}
    given = explanations[swap or pin or next(iter(explanations))]
    refs = list(explanations)
    replaced = swap or (refs[-1] if len(refs) == MOST else "")
    slug, scope = place.row.slug, place.scope

    def compare_with(ref: str) -> str:
        new = [ref if other == replaced else other for other in refs] if replaced else [*refs, ref]
        return addresses.compare(slug, new, scope, pin="" if pin == replaced else pin)

    lists = []
    if given.circuit is not None and given.place.analysis is not None:
        lists.append(_by_edges(session, addresses, given, explanations, compare_with))
    if given.interpretation is not None or given.alignment is not None:
        lists.append(_by_predictions(session, addresses, place, given, explanations, compare_with))
    return NeighboursPage(
        network=network_view(place.row, addresses),
        protocol=protocol_view(place.question.protocol),
        output=scope.output,
        ref=str(given.ref),
        explanation_url=given.url,
        in_place_of=replaced,
        lists=[found for found in lists if found.closest],
        compare_url=addresses.compare(slug, refs, scope, pin=pin, swap=swap),
        url=addresses.neighbours(slug, refs, scope, pin=pin, swap=swap),
    )


def _by_edges(
    session: Session,
    addresses: Addresses,
    given: Explanation,
    explanations: dict[str, Explanation],
    compare_with: Compare,
) -> NeighbourList:
    place, circuit, analysis = given.place, given.circuit, given.place.analysis
    if circuit is None or analysis is None:
        raise ValueError("only a circuit of a stored analysis has neighbours by edges")
    masks = {other.circuit.mask for other in explanations.values() if other.circuit is not None}
    found = neighbours_by_edges(session, analysis, place.question.layout, circuit.mask, masks, AT_EACH_END)
    interpreted = given.interpretation is not None

    def view(neighbour: EdgeNeighbour) -> NeighbourView:
        mask = neighbour.circuit.mask
        read = interpreted and neighbour.circuit.interpretations > 0
        kind, index = ("interpretation", "0") if read else ("circuit", "")
        ref = str(ExplanationRef(kind, mask, index, given.ref.protocol))
        slug, scope = place.row.slug, place.scope
        url = addresses.interpretation(slug, mask, 0, scope) if read else addresses.circuit(slug, mask, scope)
        return NeighbourView(
            ref=ref,
            url=url,
            label=("interpretation 0 of " if read else "") + f"circuit {mask}",
            shared=neighbour.shared,
            of=neighbour.either,
            compare_url=compare_with(ref),
        )

    return NeighbourList(
        by="edges",
        rule="Edges that both circuits keep over edges that one of them keeps (Jaccard’s index), with every stored "
        "circuit of this analysis; ties by mask.",
        of=found.of,
        closest=[view(neighbour) for neighbour in found.closest],
        most_different=[view(neighbour) for neighbour in found.farthest],
    )


def _by_predictions(
    session: Session,
    addresses: Addresses,
    place: Place,
    given: Explanation,
    explanations: dict[str, Explanation],
    compare_with: Compare,
) -> NeighbourList:
    space = intervention_space(place.question.cut.hidden_sizes, place.question.cut.n_inputs)
    own = given.predictions(space)
    views = []
    n_tried = 0
    for ref, label, other in _candidates(session, addresses, given):
        if ref in explanations:
            continue
        n_tried += 1
        agreement = agreement_of(own, other.predictions(space))
        if agreement.both:
            views.append(
                NeighbourView(
                    ref=ref,
                    url=other.url,
                    label=label,
                    shared=agreement.same,
                    of=agreement.both,
                    compare_url=compare_with(ref),
                )
            )
    views.sort(key=lambda view: (-view.shared / view.of, -view.of))
    closest = views[:AT_EACH_END]
    rest = sorted(views[AT_EACH_END:], key=lambda view: (view.shared / view.of, -view.of))
    return NeighbourList(
        by="predictions",
        rule="The same prediction over interventions on which both predict, with "
        + (f"the first {MAX_CLASSES} observed classes of its own circuit and " if given.interpretation else "")
        + f"minimal alignments of the first {MAX_ALIGNMENTS} algorithms that have one; ties by how often both predict.",
        of=n_tried,
        closest=closest,
        most_different=rest[:AT_EACH_END],
    )


def _candidates(session: Session, addresses: Addresses, given: Explanation) -> Iterator[tuple[str, str, Explanation]]:
    """Explanations whose predictions are looked at: reference, words, and itself."""
    place, protocol = given.place, given.ref.protocol
    slug, scope = place.row.slug, place.scope
    if given.circuit is not None and given.interpretation is not None:
        readings = space_of(place.question, given.circuit)
        for rank in range(min(readings.n_observed, MAX_CLASSES)):
            index = readings.index_of_observed(rank)
            ref = ExplanationRef("interpretation", given.circuit.hex, str(index), protocol)
            url = addresses.interpretation(slug, given.circuit.hex, index, scope)
            found = Explanation(ref, place, readings.at(index), url)
            yield str(ref), f"interpretation {index} of the same circuit", found
    if place.analysis is None:
        return
    for algorithm, alignment in algorithm_reads.minimal_alignments(session, place.analysis.id, MAX_ALIGNMENTS):
        ref = ExplanationRef("alignment", algorithm, alignment, protocol)
        try:
            found = find_explanation(session, addresses, place, ExplanationRef("alignment", algorithm, alignment), 0)
        except PageError:
            continue  # named by the list, but gone since: the next analysis replaces it
        formula = "" if found.algorithm is None else found.algorithm.formula
        yield str(ref), f"{formula}, aligned", found
