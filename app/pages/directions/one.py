"""One alignment on directions, stored or not: computed anew on each request, from the text that names it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.circuits.result import FRAGILE_MARGIN
from analysis.directions.alignment import DirectionAlignment, parse_directions
from analysis.directions.findings import family_of, split_of
from analysis.directions.oblique import WORST_FIRST
from analysis.directions.scoring import ScoredDirections, check_directions, direction_matrix, score_directions
from analysis.directions.table import DirectionTable
from analysis.protocol import Protocol
from app.addressing import Addresses
from app.db.direction_codecs import direction_alignment_of
from app.db.direction_tables import DirectionAlignmentRow
from app.db.reads import directions as reads
from app.figures.numbers import exact, noun
from app.pages.candidates import (
    algorithm_of,
    find_algorithm_row,
    frequent_tables,
    input_text,
    input_texts,
    locate_with_scope,
    verdicts_of,
)
from app.pages.directions.explaining import Stored, find_direction
from app.pages.directions.places import (
    direction_item,
    direction_ref,
    direction_url,
    family_view,
    place_views,
    reading_view,
    rowspace_view,
)
from app.pages.directions.views import (
    CLASS_LABELS,
    DirectionItem,
    DirectionOptions,
    DirectionPage,
    DirectionPlaceView,
    DirectionsOfOptions,
    FamilyView,
    FoundInView,
    JointCaseView,
    Passing,
    ReadingView,
    RowspaceView,
)
from app.pages.formulas import AlgorithmView, FractionView, algorithm_view, formula_tree
from app.pages.interchanges import MAX_FAILING_ROWS, failing_rows, interchange_view, provenance_view
from app.pages.place import Place
from app.pages.shared import network_view

MAX_PAGE_RUNS: Final = 1 << 18  # joint interchanges that a page makes
MAX_PAGE_PROGRAMMES: Final = 100  # linear programmes for one family
N_SIBLINGS: Final = 6
MAX_REF: Final = 2_000  # characters of a reference in an address


def direction_address(
    session: Session, addresses: Addresses, network: str, algorithm_id: str, options: DirectionsOfOptions
) -> str:
    """Where the alignment of the text in ``options.at`` lives; without a text, all directions of the algorithm.

    Raises:
        NotFound: no such network or algorithm.
        InvalidAlignment: a text that no alignment has, or places that do not fit the algorithm or the network.
    """
    place, _ = locate_with_scope(session, addresses, network, options)
    row = find_algorithm_row(session, addresses, place, algorithm_id)
    if not options.at:
        return addresses.directions(place.row.slug, place.scope, algorithm=row.algorithm_id)
    algorithm = algorithm_of(row, place)
    alignment = parse_directions(algorithm.text, options.at)
    check_directions(place.question.cut, algorithm, alignment)
    return direction_url(addresses, place, algorithm.id, alignment)


def build_direction(
    session: Session,
    addresses: Addresses,
    network: str,
    algorithm_id: str,
    alignment_id: str,
    options: DirectionOptions,
) -> DirectionPage:
    """The page of an alignment on directions, stored or not.

    Raises:
        NotFound: no such network or algorithm; an id that no row keeps and that comes without its text, or with
            another one.
        InvalidAlignment: a text that no alignment has, or places that do not fit the algorithm or the network.
    """
    place, scope = locate_with_scope(session, addresses, network, options)
    algorithm_row = find_algorithm_row(session, addresses, place, algorithm_id)
    algorithm = algorithm_of(algorithm_row, place)
    stored, alignment = find_direction(session, addresses, place, algorithm, alignment_id, options.at)
    scored = score_directions(place.question, algorithm, alignment, max_runs=MAX_PAGE_RUNS)
    table = DirectionTable(place.question, max_programmes=MAX_PAGE_PROGRAMMES)
    placed = place_views(algorithm, alignment, table.clean, place)
    interchanges = [
        interchange_view(view, direction_matrix(place.question, algorithm, view.path, linear), place)
        for view, (_, linear) in zip(placed, alignment.places, strict=True)
    ]
    failing = [evidence for view in interchanges for evidence in failing_rows(view, place)]
    families = _families(table, algorithm, alignment, stored)
    family_dimension, family_answer = _together(families)
    rowspace = [rowspace_view(split_of(table, algorithm, path, linear)) for path, linear in alignment.places]
    readings = [
        None if read is None else reading_view(read, view.rows[0].projections, view.truth_table)
        for read, view in zip(scored.read_outs, placed, strict=True)
    ]
    joint, joint_margin = _joint(scored, stored)
    margin = scored.margin if np.isfinite(scored.margin) else None
    slug = place.row.slug
    ref = str(direction_ref(algorithm.id, alignment, stored=bool(stored)))
    siblings, n_siblings = _siblings(session, addresses, place, algorithm, alignment, table.clean)
    return DirectionPage(
        network=network_view(place.row, addresses),
        scope=scope,
        hue_tables=frequent_tables(session, place),
        algorithm=algorithm_view(algorithm),
        tree=formula_tree(algorithm),
        algorithm_url=addresses.algorithm(slug, algorithm.id, place.scope),
        directions_url=addresses.directions(slug, place.scope, algorithm=algorithm.id),
        id=alignment.id,
        ref=ref,
        criteria_url=addresses.verdicts(slug, [ref], place.scope) if len(ref) <= MAX_REF else "",
        url=direction_url(addresses, place, algorithm.id, alignment),
        text=alignment.text,
        places=placed,
        readings=readings,
        iia=FractionView(agreed=scored.iia.agreed, of=scored.iia.of),
        valid=scored.valid,
        joint=joint,
        joint_valid=None if joint is None else joint.agreed == joint.of,
        joint_margin=joint_margin,
        joint_wrong=_joint_wrong(scored, place),
        causal_order=scored.causal_order,
        margin=margin,
        fragile=margin is not None and margin < FRAGILE_MARGIN,
        families=families,
        family_dimension=family_dimension,
        family_answer=family_answer,
        rowspace=rowspace,
        description=described(
            algorithm_view(algorithm), placed, readings, families, rowspace, scored, joint, place.question.protocol
        ),
        verdicts=verdicts_of(algorithm_row),
        interchanges=interchanges,
        inputs=input_texts(place),
        failing=failing[:MAX_FAILING_ROWS],
        n_failing=len(failing),
        found_in=[
            FoundInView(
                key=search.direction_class,
                label=CLASS_LABELS[search.direction_class],  # type: ignore[index]
                url=addresses.directions(
                    slug, place.scope, **{"class": search.direction_class, "algorithm": algorithm.id}
                ),
            )
            for _, search in stored
        ],
        siblings=siblings,
        n_siblings=n_siblings,
        provenance=provenance_view(
            place,
            stored=bool(stored),
            engine_version=stored[0][1].engine_version if stored else None,
            analysed_at=stored[0][1].created_at if stored else None,
            result_digest=stored[0][1].content if stored else "",
        ),
    )


def _families(
    table: DirectionTable, algorithm: HighLevelModel, alignment: DirectionAlignment, stored: Stored
) -> list[FamilyView | None]:
    """What is known of each place's oblique swaps: as stored, else within a page's budget."""
    kept = next((row.swaps for row, _ in stored if row.swaps and all(one is not None for one in row.swaps)), None)
    if kept is not None:
        return [FamilyView(dimension=dimension, answer=answer, method=method) for dimension, answer, method in kept]
    return [family_view(family_of(table, algorithm, path, linear)) for path, linear in alignment.places]


def _together(families: Sequence[FamilyView | None]) -> tuple[int | None, Passing | None]:
    known = [family for family in families if family is not None]
    if not known or len(known) < len(families):
        return None, None
    return sum(one.dimension for one in known), min((one.answer for one in known), key=WORST_FIRST.index)


def _joint(scored: ScoredDirections, stored: Stored) -> tuple[FractionView | None, float | None]:
    """The joint score: run for the page, or as a search has stored it where there are too many runs."""
    if scored.joint is not None:
        margin = scored.joint.margin
        told = FractionView(agreed=scored.joint.agreed, of=scored.joint.of)
        return told, float(margin) if np.isfinite(margin) else None
    for row, _ in stored:
        if row.joint_agreed is not None and row.joint_of is not None:
            return FractionView(agreed=row.joint_agreed, of=row.joint_of), None
    return None, None


def _joint_wrong(scored: ScoredDirections, place: Place) -> JointCaseView | None:
    case = None if scored.joint is None else scored.joint.first_wrong
    if case is None:
        return None
    n_inputs = place.question.model.n_inputs
    return JointCaseView(
        sources=[input_text(source, n_inputs) for source in case.sources],
        base=input_text(case.base, n_inputs),
        expected=case.expected,
        output=case.output,
    )


def _siblings(
    session: Session,
    addresses: Addresses,
    place: Place,
    algorithm: HighLevelModel,
    alignment: DirectionAlignment,
    clean: Sequence[NDArray[np.float64]],
) -> tuple[list[DirectionItem], int]:
    """Other kept alignments of the algorithm on directions, valid ones first; one found in two classes once."""
    if place.analysis is None:
        return [], 0
    by_class = reads.classes_of_algorithm(session, place.analysis.id, algorithm.id)
    kept = reads.alignments_of_directions(session, list(by_class.values()), per_algorithm=50)
    others: dict[str, DirectionAlignmentRow] = {}
    for rows in kept.values():
        for row in rows:
            if row.alignment_id != alignment.id:
                others.setdefault(row.alignment_id, row)
    layers = [linear.layer for _, linear in alignment.places]

    def unlike(row: DirectionAlignmentRow) -> tuple[bool, bool, int, int]:
        other = direction_alignment_of(row, algorithm.text)
        elsewhere = [linear.layer for _, linear in other.places] != layers
        return not row.valid, elsewhere, row.n_weights, row.position

    nearest = sorted(others.values(), key=unlike)[:N_SIBLINGS]
    return [direction_item(row, algorithm, clean, place, addresses) for row in nearest], len(others)


# --- one alignment on directions in sentences, for those who read rather than look


_SHARES = {
    "all": "every one of them passes",
    "some": "some of them pass and some do not",
    "none": "none of them passes",
    "undecided": "how many pass was not decided",
}


def described(
    algorithm: AlgorithmView,
    places: Sequence[DirectionPlaceView],
    readings: Sequence[ReadingView | None],
    families: Sequence[FamilyView | None],
    rowspace: Sequence[RowspaceView | None],
    scored: ScoredDirections,
    joint: FractionView | None,
    protocol: Protocol,
) -> list[str]:
    """The explanation in sentences: what it claims, how each variable is read, what tests say of it."""
    if not places:
        return [f"The network computes {algorithm.formula}, which has no variables to place."]
    carried = "; ".join(f"{one.shown} on {one.site}" for one in places)
    sentences = [f"The network computes {algorithm.formula}: {carried}."]
    for one, reading in zip(places, readings, strict=True):
        if reading is None:
            sentences.append(f"{one.shown} is carried by {one.site}; no single direction reads it.")
        elif reading.gain == 0:
            sentences.append(f"{one.shown} is not read off its direction at all: it takes the same values for 0 and 1.")
        else:
            sentences.append(
                f"{one.shown} is read off its direction to within {reading.residual:.2g}"
                + ("." if reading.separated else ", so no cut at one half tells 0 from 1.")
            )
    both = protocol.interchange_pairs == "ordered"
    sentences.append(
        f"Interchanged one at a time, {exact(scored.iia.agreed)} of {exact(scored.iia.of)} interventions end as it "
        f"says, {'both ways of each pair of inputs' if both else 'one way of each pair of inputs'}."
    )
    if joint is None:
        sentences.append("Joint interchange was not run: there are too many combinations of sources.")
    else:
        sentences.append(
            f"With every variable from a source of its own at once, {exact(joint.agreed)} of "
            f"{noun(joint.of, 'intervention')} end as it says."
        )
    sentences.append(
        "Each variable lies in an earlier layer than those computed from it."
        if scored.causal_order
        else "Some variable does not lie in an earlier layer than one computed from it, so the order is not causal."
    )
    for one, family in zip(places, families, strict=True):
        if family is not None:
            sentences.append(
                f"Of the swaps of {one.shown} along any d with w·d = 1, a family of "
                f"{noun(family.dimension, 'dimension')}, {_SHARES[family.answer]}."
            )
    for one, split in zip(places, rowspace, strict=True):
        if split is not None and split.illusory:
            sentences.append(
                f"{one.shown} fails with only the part of its direction that the next layer reads "
                f"({exact(split.seen.agreed)} of {exact(split.seen.of)}): the swap needs what that layer does not see."
            )
    return sentences
