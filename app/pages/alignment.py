"""The page of one alignment, stored or not: an algorithm whose variables stand on neurons, with every interchange."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from analysis.alignments.alignment import Aligned, Alignment
from analysis.alignments.iia import interchange_matrix, smallest_part
from app.db.reads import algorithms as reads
from app.pages.about_one import about, figure
from app.pages.algorithm import row_of
from app.pages.candidates import hues_of
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
from app.pages.placements import site_label, write_place
from pluriscope.blocks import Block, Facts, Section, Side
from pluriscope.figures.svg.aligned import aligned_diagram
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
    told = aligned_fields(one, places, reads.find_alignment(one.session, row_of(one), alignment.id) is not None)
    return AlignmentRecord(**told, minimal=told["valid"] and _is_minimal(one))


@page(alignment_record, AlignmentOptions)
def alignment(one: One, options: AlignmentOptions) -> Iterator[Block]:
    """What stands where, whether interchanges confirm it, what fails, and the rest folded."""
    told, hues = alignment_record(one), hues_of(one.item.algorithm)
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
    yield Side([figure(one, drawn, caption), Facts(interchange_facts(told))])
    if told.places:
        yield Section("Variables", "each interchanged by itself, over pairs of a source and another base")
        yield variables_table(told, hues)
    else:
        yield Section("Nothing to place", "the algorithm has no variables, so its one alignment is empty and valid")
    yield from evidence(one, told, options)
    yield from about(one)


def _is_minimal(one: One) -> bool | None:
    """Whether nothing smaller within a valid alignment is valid; None where a place is too large to be looked through.

    Each variable is tested alone, so that is so if each place is its own smallest part.
    """
    algorithm, places = one.item.algorithm, one.item.alignment.places
    small = [(path, site) for path, site in places if len(site.neurons) <= _MOST_NEURONS]
    if any(smallest_part(one.place.question, algorithm, path, site) != site for path, site in small):
        return False
    return True if len(small) == len(places) else None
