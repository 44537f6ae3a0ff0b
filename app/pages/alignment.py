"""The page of one alignment, stored or not: an algorithm whose variables stand on neurons, with every interchange."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from analysis.alignments.alignment import Aligned, Alignment
from analysis.alignments.iia import interchange_matrix, smallest_part
from analysis.experiments import ask_network, standing_of
from analysis.explanations.alignments import predict_by_alignment
from app.db.reads import algorithms as reads
from app.db.tables import AlgorithmRow
from app.figures.numbers import exact, noun
from app.figures.svg.aligned import aligned_diagram
from app.pages.about_one import about, figure
from app.pages.algorithm import row_of
from app.pages.candidates import hues_at
from app.pages.interchanges import (
    EvidenceOptions,
    aligned_fields,
    aligned_head,
    evidence,
    interchange_facts,
    place_fields,
    variables_table,
)
from app.pages.page import One, page
from app.pages.placements import placement_text, site_label, write_place
from pluriscope.blocks import Action, Block, Fact, Facts, Notice, Section, Side
from pluriscope.naming import ExplanationRef
from pluriscope.records import AlignmentRecord

_MOST_NEURONS = 12  # of a place that is looked through for a smaller one: 4,094 are tried


class AlignmentOptions(EvidenceOptions):
    """Options of one alignment's page."""

    place: list[str] = Field(
        [], max_length=64, description="PATH:LAYER.NEURON+NEURON for each variable, instead of what the reference says."
    )


def alignment_record(one: One) -> AlignmentRecord:
    """An alignment as JSON, each interchange computed from the weights."""
    found: Aligned[Alignment] = one.item
    question, algorithm, alignment = one.place.question, found.algorithm, found.alignment
    sites = dict(alignment.places)
    places = [
        place_fields(
            one,
            algorithm,
            known.path,
            write_place(known.path, sites[known.path]),
            site_label(sites[known.path]),
            interchange_matrix(question, algorithm, known.path, sites[known.path]),
        )
        for known in algorithm.variables
    ]
    row = row_of(one)
    told = aligned_fields(one, places, reads.find_alignment(one.session, row, alignment.id) is not None)
    smaller, decided = _smaller(one) if told["valid"] else (alignment, True)
    space, answers = ask_network(question)
    predictions = predict_by_alignment(algorithm, alignment, space)
    standing = standing_of(predictions, answers)
    return AlignmentRecord(
        **told,
        minimal=(told["valid"] and smaller == alignment) if decided else None,
        smaller="" if smaller == alignment else _ref(one, row, smaller),
        sets_predicted=int((predictions >= 0).any(axis=(1, 2)).sum()),
        sets=len(space.sets),
        largest=space.largest,
        interventions=standing.of,
        predicted=standing.predicted,
        right=standing.right,
    )


@page(
    alignment_record,
    {
        "alignment": "/networks/xor-pretrained/explanations/a-{algorithm}.{alignment}",
        "alignment, its interchanges": "{wide_alignment}?part=interchanges",
        "alignment, not stored": "/networks/xor-pretrained/explanations/a-{algorithm}.0:1.2_1:2.0+1",
    },
    AlignmentOptions,
)
def alignment(one: One, options: AlignmentOptions) -> Iterator[Block]:
    """What stands where, whether interchanges confirm it, what fails, and the rest folded."""
    told, hues = alignment_record(one), hues_at(one.session, one.place)
    found: Aligned[Alignment] = one.item
    sites = " and ".join(here.site for here in told.places)
    where, how = f", carried by {sites}" if sites else "", "kept by the analysis" if told.stored else ""
    yield aligned_head(one, told, where, how, {"minimal": told.minimal} if told.valid else {})
    drawn = aligned_diagram(
        one.place.question.cut.weights,
        found.algorithm,
        found.alignment,
        hues=hues,
        title=f"Alignment of {told.formula}",
    )
    caption = (
        "Algorithm above, network below, both from inputs to output. Dotted leaders join a variable to the neurons "
        "that carry it. Nothing is cut; unmarked neurons are not spoken about."
    )
    sets = "hidden neurons" if told.largest is None else f"up to {noun(told.largest, 'hidden neuron')}"
    facts = [
        *interchange_facts(told),
        Fact("Sets", f"{exact(told.sets_predicted)} of {exact(told.sets)}", f"sets of {sets} that it speaks about"),
        Fact("Predicts", f"{exact(told.predicted)} of {exact(told.interventions)}", "interventions on these sets"),
        Fact("Right", f"{exact(told.right)} of {exact(told.predicted)}", "of what it predicts"),
    ]
    yield Side([figure(one, drawn, caption), Facts(facts)])
    if told.smaller:
        url = one.links.explanation(one.place.slug, told.smaller, one.place.scope)
        cause = "A valid alignment is contained in it."
        yield Notice("It is not minimal.", cause, actions=[Action("See the smaller one", url)])
    if told.places:
        yield Section("Variables", "each interchanged by itself, over pairs of a source and another base")
        yield variables_table(told, hues)
    else:
        yield Section("Nothing to place", "the algorithm has no variables, so its one alignment is empty and valid")
    yield from evidence(one, told, options)
    yield from about(one)


def _smaller(one: One) -> tuple[Alignment, bool]:
    """A minimal valid alignment within a valid one, itself if that is minimal; and whether that was decided.

    Each variable is tested alone, so an alignment is valid if each of its places is; what is contained in it is minimal
    if each place is a smallest valid part of the given one.
    """
    algorithm, alignment = one.item.algorithm, one.item.alignment
    places = dict(alignment.places)
    small = [(path, site) for path, site in alignment.places if len(site.neurons) <= _MOST_NEURONS]
    for path, site in small:
        places[path] = smallest_part(one.place.question, algorithm, path, site)
    found = Alignment.of(algorithm.text, places)
    return found, found != alignment or len(small) == len(places)


def _ref(one: One, row: AlgorithmRow, alignment: Alignment) -> str:
    stored = reads.find_alignment(one.session, row, alignment.id)
    named = placement_text(alignment.places) if stored is None else alignment.id
    return str(ExplanationRef("alignment", row.algorithm_id, named))
