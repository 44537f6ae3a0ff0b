"""One alignment: an algorithm placed in a network, with the evidence for and against it, computed on each request."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Alignment
from analysis.alignments.id_search import MAX_TRIED, alignment_with_id
from analysis.alignments.iia import check_alignment, interchange_matrix, smallest_part
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.experiments import ask_network, standing_of
from analysis.explanations.alignments import predict_by_alignment
from app.addressing import Addresses
from app.db.codecs import alignment_of
from app.db.reads import algorithms as reads
from app.db.tables import AlgorithmRow, AlignmentRow
from app.errors import NotFound
from app.options import PageModel, ScopeOptions
from app.pages.algorithm import AlgorithmOptions, AlignmentItem, alignment_item
from app.pages.candidates import (
    algorithm_of,
    find_algorithm_row,
    frequent_tables,
    input_texts,
    locate_with_scope,
    verdicts_of,
)
from app.pages.formulas import (
    FractionView,
    PlacedView,
    algorithm_view,
    formula_tree,
    placed_views,
)
from app.pages.interchanges import (
    MAX_FAILING_ROWS,
    AlignedPage,
    failing_rows,
    interchange_view,
    provenance_view,
)
from app.pages.place import Place, locate_boolean
from app.pages.placements import SHAPE, placement_text, places_of, read_places
from app.pages.shared import network_view
from pluriscope.naming import ExplanationRef

MAX_SITE_FOR_MINIMALITY = 12  # neurons: 4,094 smaller sites are tried
N_SIBLINGS = 6


class AlignmentOptions(ScopeOptions):
    """Options of one alignment's page."""

    place: list[str] = Field(
        [],
        max_length=64,
        description="The placement, PATH:LAYER.NEURON+NEURON for each variable, e.g. 0:1.0+2; needed where the "
        "alignment is not stored, since its id is a hash.",
    )


class SmallerView(PageModel):
    """A valid alignment contained in this one."""

    url: str
    id: str
    places: list[PlacedView]


class SilenceView(PageModel):
    """What the alignment says about interventions on neuron sets in general (every pair source ≠ base)."""

    sets_predicted: int
    sets: int
    predicted: int = Field(description="Interventions on which it predicts.")
    right: int = Field(description="Of those, the ones that the network decides so.")
    of: int
    largest: int | None = Field(description="Most neurons in a set where not all sets are taken, else None.")


class AlignmentPage(AlignedPage):
    """One alignment with its evidence."""

    url: str = Field(description="Permalink; carries the placement where the alignment is not stored.")
    places: list[PlacedView]
    minimal: bool | None = Field(description="None: not decided here, some place being too large.")
    smaller: SmallerView | None = Field(description="A valid alignment contained in this one, if it is valid itself.")
    siblings: list[AlignmentItem] = Field(description="Kept alignments of the same algorithm, most alike first.")
    silence: SilenceView


def alignment_address(
    session: Session, addresses: Addresses, network: str, algorithm_id: str, options: AlgorithmOptions
) -> str:
    """Where the alignment with the placement in ``options.place`` lives.

    Raises:
        NotFound: no such network or algorithm.
        BadQuery: a malformed place.
        InvalidAlignment: places that do not fit the algorithm or the network.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    row = find_algorithm_row(session, addresses, place, algorithm_id)
    algorithm = algorithm_of(row, place)
    alignment = Alignment.of(algorithm.text, read_places(options.place))
    check_alignment(place.question.cut, algorithm, alignment, place.question.protocol)
    return permalink(session, addresses, place, row, alignment)


def permalink(
    session: Session, addresses: Addresses, place: Place, algorithm: AlgorithmRow, alignment: Alignment
) -> str:
    """An alignment's address: by its id alone where a row keeps it, else with its placement."""
    stored = reads.find_alignment(session, algorithm, alignment.id) is not None
    return addresses.alignment(
        place.row.slug,
        algorithm.algorithm_id,
        alignment.id,
        place.scope,
        place=[] if stored else places_of(alignment),
    )


def build_alignment(
    session: Session,
    addresses: Addresses,
    network: str,
    algorithm_id: str,
    alignment_id: str,
    options: AlignmentOptions,
) -> AlignmentPage:
    """The page of an alignment, stored or not.

    Raises:
        NotFound: no such network or algorithm; an id that no row keeps and that comes without its placement, or with
            another one.
        BadQuery: a malformed place.
        InvalidAlignment: places that do not fit the algorithm or the network.
    """
    place, scope = locate_with_scope(session, addresses, network, options)
    algorithm_row = find_algorithm_row(session, addresses, place, algorithm_id)
    algorithm = algorithm_of(algorithm_row, place)
    named = Alignment.of(algorithm.text, read_places(options.place)) if options.place else None
    row, alignment = find_placed(session, addresses, place, algorithm_row, algorithm, alignment_id, named)
    check_alignment(place.question.cut, algorithm, alignment, place.question.protocol)
    placed = placed_views(algorithm, alignment)
    sites = dict(alignment.places)
    interchanges = [
        interchange_view(
            view,
            interchange_matrix(place.question, algorithm, view.path, sites[view.path]),
            place,
        )
        for view in placed
    ]
    failing = [evidence for view in interchanges for evidence in failing_rows(view, place)]
    iia = FractionView(agreed=sum(v.score.agreed for v in interchanges), of=sum(v.score.of for v in interchanges))
    valid = iia.agreed == iia.of
    margin = min((view.margin for view in interchanges if view.margin is not None), default=None)
    smaller, decided = (
        _smaller(session, addresses, place, algorithm_row, algorithm, alignment) if valid else (None, True)
    )
    siblings = _siblings(session, algorithm_row, algorithm, alignment, place, addresses)
    slug = place.row.slug
    ref = ExplanationRef("alignment", algorithm.id, alignment.id if row else placement_text(alignment))
    return AlignmentPage(
        network=network_view(place.row, addresses),
        scope=scope,
        hue_tables=frequent_tables(session, place),
        algorithm=algorithm_view(algorithm),
        tree=formula_tree(algorithm),
        algorithm_url=addresses.algorithm(slug, algorithm.id, place.scope),
        id=alignment.id,
        ref=str(ref),
        criteria_url=addresses.verdicts(slug, [ref], place.scope),
        url=permalink(session, addresses, place, algorithm_row, alignment),
        places=placed,
        iia=iia,
        valid=valid,
        minimal=valid and smaller is None if decided else None,
        smaller=smaller,
        margin=margin,
        fragile=margin is not None and margin < FRAGILE_MARGIN,
        verdicts=verdicts_of(algorithm_row),
        interchanges=interchanges,
        inputs=input_texts(place),
        failing=failing[:MAX_FAILING_ROWS],
        n_failing=len(failing),
        siblings=siblings,
        n_siblings=max(0, algorithm_row.n_kept - (row is not None)),
        silence=_silence(place, algorithm, alignment),
        provenance=provenance_view(
            place,
            stored=row is not None,
            engine_version=None if place.analysis is None else place.analysis.engine_version,
            analysed_at=None if place.analysis is None else place.analysis.created_at,
            result_digest="" if place.analysis is None else place.analysis.result_digest,
        ),
    )


def find_placed(
    session: Session,
    addresses: Addresses,
    place: Place,
    algorithm_row: AlgorithmRow,
    algorithm: HighLevelModel,
    alignment_id: str,
    alignment: Alignment | None,
) -> tuple[AlignmentRow | None, Alignment]:
    """The placement that an address names by its id, perhaps beside the placement itself, and its row if one keeps it.

    Raises:
        NotFound: neither a row nor the first placements have that id, or the placement has another one.
    """
    row = reads.find_alignment(session, algorithm_row, alignment_id)
    parent = addresses.algorithm(place.row.slug, algorithm.id, place.scope)
    label = f"algorithm {algorithm.formula}"
    if alignment is not None:
        if alignment.id != alignment_id:
            raise NotFound(
                f"alignment {alignment_id[:40]!r}",
                f"is not the id of the placement in the address, which is {alignment.id}",
                "leave the placement out, or follow the link to its own page",
                field="alignment",
                parent=permalink(session, addresses, place, algorithm_row, alignment),
                parent_label=f"alignment {alignment.id}",
            )
        return row, alignment
    if row is None:
        found = alignment_with_id(place.question.cut, algorithm, alignment_id, place.question.protocol.alignment_sites)
        if found is not None:
            return None, found
        raise NotFound(
            f"alignment {alignment_id[:40]!r}",
            f"is not one of the {algorithm_row.n_kept:,} alignments kept for this algorithm, nor of the first "
            f"{MAX_TRIED:,} placements of its variables",
            f"choose a kept one on the algorithm's page, or name any placement there with ?place={SHAPE}, or instead "
            "of its id in a comparison: a-ALGORITHM.0:1.0+2_1:2.1",
            field="alignment",
            parent=parent,
            parent_label=label,
        )
    return row, alignment_of(row, algorithm.text).alignment


def _smaller(
    session: Session,
    addresses: Addresses,
    place: Place,
    algorithm_row: AlgorithmRow,
    algorithm: HighLevelModel,
    alignment: Alignment,
) -> tuple[SmallerView | None, bool]:
    """A minimal valid alignment contained in a valid one, if it is not minimal itself; and whether that was decided.

    Each variable is tested alone, so an alignment is valid if each of its places is; what is contained in it is minimal
    if each place is a smallest valid part of the given one.
    """
    decided = True
    places = dict(alignment.places)
    for path, site in alignment.places:
        if len(site.neurons) > MAX_SITE_FOR_MINIMALITY:
            decided = False
            continue
        places[path] = smallest_part(place.question, algorithm, path, site)
    contained = Alignment.of(algorithm.text, places)
    if contained == alignment:
        return None, decided
    url = permalink(session, addresses, place, algorithm_row, contained)
    return SmallerView(url=url, id=contained.id, places=placed_views(algorithm, contained)), True


def _siblings(
    session: Session,
    algorithm_row: AlgorithmRow,
    algorithm: HighLevelModel,
    alignment: Alignment,
    place: Place,
    addresses: Addresses,
) -> list[AlignmentItem]:
    """Kept alignments that share most places with this one, of the first hundred and of those that fail."""
    places = set(alignment.places)

    def unlike(row: AlignmentRow) -> tuple[int, bool, float, int]:
        shared = len(places & set(alignment_of(row, algorithm.text).alignment.places))
        return -shared, not row.minimal, -row.iia, row.n_neurons

    rows = [*reads.alignments_after(session, algorithm_row, limit=100)[0], *reads.near_misses(session, algorithm_row)]
    others = {row.alignment_id: row for row in rows if row.alignment_id != alignment.id}
    nearest: Sequence[AlignmentRow] = sorted(others.values(), key=unlike)[:N_SIBLINGS]
    return [alignment_item(row, algorithm, place, addresses) for row in nearest]


def _silence(place: Place, algorithm: HighLevelModel, alignment: Alignment) -> SilenceView:
    space, answers = ask_network(place.question)
    predictions = predict_by_alignment(algorithm, alignment, space)
    standing = standing_of(predictions, answers)
    return SilenceView.showing(
        standing,
        sets_predicted=int((predictions >= 0).any(axis=(1, 2)).sum()),
        sets=len(space.sets),
        largest=space.largest,
    )
