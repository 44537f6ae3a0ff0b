"""What to compare, chosen by pictures: a network, then a comparison to begin with, or explanations to tick."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuit_sets.rivals import RivalsReport
from analysis.errors import BeyondLimits
from analysis.explanations.lens_claims import LENS
from analysis.lenses.registry import LENSES
from analysis.networks.circuit import circuit_from_hex
from app.addressing import Addresses
from app.db.common_ground import stored_ground
from app.db.reads.circuits import smallest_circuits
from app.db.reads.finding import networks_named
from app.db.reads.networks import best_alignments
from app.db.reports import report_of, report_row
from app.figures.numbers import noun
from app.options import PageModel
from app.pages.interpretation_spaces import space_of
from app.pages.lens_views import offered
from app.pages.place import Place
from app.pages.previews import (
    MOST_COUNTED,
    AlignmentCard,
    CircuitCard,
    GateTile,
    InterpretationCard,
    alignment_card,
    circuit_card,
    first_interpretations,
    gate_tiles,
)
from app.pages.shared import NetworkView, network_view
from pluriscope.analyses.registry import RIVALS
from pluriscope.naming import ExplanationRef

NETWORKS_SHOWN: Final = 12
CIRCUITS_SHOWN: Final = 10
OTHERS_SHOWN: Final = 5


class Picture(PageModel):
    """What an explanation is drawn from."""

    label: str
    mask: str = Field(description="Of its circuit; empty for an alignment.")
    gates: list[GateTile]


class Preset(PageModel):
    """A comparison to begin with, found by what is stored."""

    label: str
    detail: str
    url: str
    pictures: list[Picture]


class LensCard(PageModel):
    """A lens that says something of single neurons or directions."""

    key: str
    label: str
    definition: str
    ref: str
    url: str


class Picker(PageModel):
    """What there is to choose from."""

    q: str = Field(description="What networks were looked for by.")
    networks: list[NetworkView] = Field(description="To choose one of; none where one is chosen.")
    more: bool = Field(description="Whether more networks match.")
    presets: list[Preset]
    circuits: list[CircuitCard] = Field(description="Fewest edges first.")
    interpretations: list[InterpretationCard] = Field(description="The first of each of some of those circuits.")
    alignments: list[AlignmentCard] = Field(description="Of the simplest algorithms.")
    lenses: list[LensCard] = Field([], description="Those that say something of single neurons or directions.")


def networks_to_choose(session: Session, addresses: Addresses, text: str) -> Picker:
    """Networks by name or digest, or the first ones; those of studies are compared from their own pages."""
    rows, more = networks_named(session, text.lower().split(), NETWORKS_SHOWN)
    return Picker(
        q=text,
        networks=[network_view(row, addresses) for row in rows],
        more=more,
        presets=[],
        circuits=[],
        interpretations=[],
        alignments=[],
    )


def explanations_to_choose(session: Session, addresses: Addresses, place: Place) -> Picker:
    """Comparisons to begin with, and some explanations of each kind; nothing where no analysis is stored."""
    if place.analysis is None:
        return Picker(q="", networks=[], more=False, presets=[], circuits=[], interpretations=[], alignments=[])
    rows = smallest_circuits(session, place.analysis, CIRCUITS_SHOWN)
    circuits = [circuit_card(row, place.row.slug, place.scope, addresses) for row in rows]
    best = best_alignments(session, place.analysis.id, OTHERS_SHOWN)
    alignments = [alignment_card(*one, place, addresses) for one in best]
    return Picker(
        q="",
        networks=[],
        more=False,
        presets=list(_presets(session, addresses, place, circuits, alignments)),
        circuits=circuits,
        interpretations=first_interpretations(place, rows[:OTHERS_SHOWN], addresses),
        alignments=alignments,
        lenses=[
            LensCard.showing(
                lens,
                ref=str(ExplanationRef(LENS.key, named[0])),
                url=named[1],
            )
            for lens in LENSES
            if (named := offered(session, place, addresses, lens)) is not None
        ],
    )


def _presets(
    session: Session,
    addresses: Addresses,
    place: Place,
    circuits: Sequence[CircuitCard],
    alignments: Sequence[AlignmentCard],
) -> Iterator[Preset]:
    row = report_row(session, place.analysis, RIVALS.key)
    report = None if row is None else report_of(row, RivalsReport)
    if report is not None and report.pair is not None:
        first, second = (int(mask, 16) for mask in report.pair.masks)
        shared, either = (first & second).bit_count(), (first | second).bit_count()
        refs = [ExplanationRef("circuit", mask) for mask in report.pair.masks]
        yield Preset(
            label="The two most different circuits",
            detail=f"{shared} of {noun(either, 'edge')} shared" + ("" if report.pair.exact else ", as far as known"),
            url=addresses.compare(place.slug, refs, place.scope),
            pictures=[_circuit(mask) for mask in report.pair.masks],
        )
    if report is not None and report.contradicting is not None:
        found = report.contradicting
        refs = [ExplanationRef("interpretation", *one) for one in zip(found.masks, found.indices, strict=True)]
        yield Preset(
            label="Two interpretations that contradict each other most",
            detail=f"different predictions on {found.differ} of {noun(found.n_interventions, 'intervention')}",
            url=addresses.compare(place.slug, refs, place.scope),
            pictures=_interpretations(place, refs),
        )
    survey = stored_ground(session, place.analysis)
    extremes = [] if survey is None else [one for one in (survey.best, survey.worst) if one is not None and one.index]
    refs = [ExplanationRef("interpretation", one.mask, one.index or "") for one in extremes]
    if survey is not None and len(set(refs)) == 2:
        yield Preset(
            label="The best interpretation and the worst",
            detail=" and ".join(f"{one.right}" for one in extremes)
            + f" of {noun(survey.n_interventions, 'intervention')} predicted correctly",
            url=addresses.compare(place.slug, refs, place.scope),
            pictures=_interpretations(place, refs),
        )
    if circuits and alignments:
        circuit, alignment = circuits[0], alignments[0]
        yield Preset(
            label="The smallest circuit and the best alignment",
            detail=f"{noun(circuit.n_edges, 'edge')}; {alignment.formula}",
            url=addresses.compare(place.row.slug, [circuit.ref, alignment.ref], place.scope),
            pictures=[_circuit(circuit.mask), Picture(label=alignment.formula, mask="", gates=alignment.tiles)],
        )


def _circuit(mask: str) -> Picture:
    return Picture(label=f"c·{mask}", mask=mask, gates=[])


def _interpretations(place: Place, refs: Sequence[ExplanationRef]) -> list[Picture]:
    """Each with its gates, computed from the weights; without where that would take long."""
    pictures = []
    for ref in refs:
        gates = list[GateTile]()
        with suppress(BeyondLimits):
            space = space_of(place.question, circuit_from_hex(ref.first, place.question.cut.sizes), MOST_COUNTED)
            gates = gate_tiles(space.at(int(ref.second)), place.question.cut.sizes)
        pictures.append(Picture(label=f"i·{ref.first}.{ref.second}", mask=ref.first, gates=gates))
    return pictures
