"""One algorithm with its kept alignments, and why an alignment fails."""

from __future__ import annotations

from functools import partial
from typing import Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.alignments.alignment import Alignment
from analysis.alignments.iia import interchange_matrix
from analysis.tasks import INPUT_NAMES
from app.addressing import Addresses
from app.db.codecs import alignment_of
from app.db.reads import algorithms as reads
from app.db.tables import AlgorithmRow, AlignmentRow
from app.errors import NotFound
from app.listing.page import Paged, paged
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.candidates import (
    HuedPage,
    algorithm_of,
    find_algorithm_row,
    frequent_tables,
    input_text,
    input_texts,
    locate_with_scope,
    verdicts_of,
)
from app.pages.directions.summary import ClassCount, class_counts_of
from app.pages.formulas import (
    SHOWN,
    AlgorithmView,
    FormulaNode,
    FractionView,
    PlacedView,
    VerdictView,
    algorithm_view,
    formula_tree,
    placed_views,
)
from app.pages.place import Place
from app.pages.shared import network_view
from pluriscope.naming import ExplanationRef


class AlgorithmOptions(ScopeOptions):
    """Options of one algorithm's page."""

    place: list[str] = Field(
        [],
        max_length=64,
        description="A placement of every variable, PATH:LAYER.NEURON+NEURON each, e.g. 0:1.0+2: leads to that "
        "alignment, stored or not. One option for each variable.",
    )
    minimal: bool = Field(False, description="Only minimal alignments.")
    after: str = Field("", max_length=16, description="Cursor: id of the last alignment of the page before.")
    limit: int = Field(50, ge=1, le=500, description="Alignments on a page.")


class MissView(PageModel):
    """One variable of a failing alignment that does not keep to its interchange interventions."""

    path: str
    formula: str
    shown: str = Field(description=SHOWN)
    site: str
    score: FractionView
    source: str = Field(description="Source input of the first failing pair.")
    base: str = Field(description="Base input of the first failing pair.")
    expected: int = Field(description="What the algorithm says there.")
    output: float = Field(description="What the network puts out there.")


class AlignmentItem(PageModel):
    """One kept alignment of an algorithm."""

    id: str
    url: str
    ref: str
    places: list[PlacedView]
    iia: FractionView
    valid: bool
    minimal: bool
    n_neurons: int
    margin: float | None = Field(
        description="Smallest distance of a tested output from the edge; None: nothing tested."
    )
    misses: list[MissView] = Field(description="Why it fails, by variable; empty if it is valid.")


class AlgorithmPage(Paged, HuedPage):
    """One candidate algorithm of one analysis and its kept alignments."""

    algorithm: AlgorithmView
    tree: FormulaNode
    ref: str
    criteria_url: str = Field(description="Every criterion's verdict on it.")
    standing_url: str = Field(description="Where it stands on the common ground.")
    position: int = Field(description="Its place in the protocol's order, from 0.")
    of_algorithms: int
    verdicts: list[VerdictView]
    input_names: str = Field(description="The inputs' letters, in the order of their bits.")
    inputs: list[str] = Field(description="Every input as its bits, in binary order: the rows of all truth tables.")
    n_valid: BigInt
    n_minimal: BigInt
    n_kept: int
    truncated_at: int | None
    directions: list[ClassCount] = Field(description="What was found on linear directions, by class searched.")
    directions_url: str = Field(description="Its alignments on linear directions.")
    items: list[AlignmentItem]
    minimal_only: bool
    every_url: str = Field(description="The page with all kept alignments.")
    minimal_url: str = Field(description="The page with minimal alignments only.")
    emptiness: Literal["", "none_exist", "truncated", "filtered_out"]
    after: str


def build_algorithm(
    session: Session, addresses: Addresses, network: str, algorithm_id: str, options: AlgorithmOptions
) -> AlgorithmPage:
    """The page of an algorithm of a stored analysis.

    Raises:
        NotFound: the analysis has no such algorithm, or the cursor names none of its alignments.
    """
    place, scope = locate_with_scope(session, addresses, network, options)
    row = find_algorithm_row(session, addresses, place, algorithm_id)
    algorithm = algorithm_of(row, place)
    slug = place.row.slug
    after = None
    if options.after:
        after = reads.find_alignment(session, row, options.after)
        if after is None:
            raise NotFound(
                f"after {options.after!r}",
                "is no kept alignment of this algorithm",
                "start from the first page",
                field="after",
                parent=addresses.algorithm(slug, row.algorithm_id, place.scope),
                parent_label=f"algorithm {row.algorithm_id}",
            )
    rows, more = reads.alignments_after(session, row, after=after, limit=options.limit, minimal_only=options.minimal)
    url = partial(addresses.algorithm, slug, row.algorithm_id, place.scope)
    following = rows[-1].alignment_id if more else None
    return AlgorithmPage.showing(
        row,
        network=network_view(place.row, addresses),
        scope=scope,
        hue_tables=frequent_tables(session, place),
        algorithm=algorithm_view(algorithm),
        tree=formula_tree(algorithm),
        ref=str(ExplanationRef("algorithm", row.algorithm_id)),
        criteria_url=addresses.verdicts(slug, [ExplanationRef("algorithm", row.algorithm_id)], place.scope),
        standing_url=addresses.standing(slug, ExplanationRef("algorithm", row.algorithm_id), place.scope),
        of_algorithms=0 if place.analysis is None else reads.n_algorithms(session, place.analysis),
        verdicts=verdicts_of(row),
        input_names=INPUT_NAMES[: place.question.model.n_inputs],
        inputs=input_texts(place),
        every_url=url(),
        minimal_url=url(minimal=1),
        directions=class_counts_of(session, addresses, place, row.algorithm_id),
        directions_url=addresses.directions(slug, place.scope, algorithm=row.algorithm_id),
        items=[alignment_item(alignment, algorithm, place, addresses) for alignment in rows],
        minimal_only=options.minimal,
        emptiness="" if rows else _kept_emptiness(row),
        after=options.after,
        **paged(options, url, following),
    )


def alignment_item(row: AlignmentRow, algorithm: HighLevelModel, place: Place, addresses: Addresses) -> AlignmentItem:
    """A kept alignment as lists show it; the reasons of a failing one are computed on the spot."""
    alignment = alignment_of(row, algorithm.text).alignment
    placed = placed_views(algorithm, alignment)
    return AlignmentItem.showing(
        row,
        id=row.alignment_id,
        url=addresses.alignment(place.row.slug, algorithm.id, row.alignment_id, place.scope),
        ref=str(ExplanationRef("alignment", algorithm.id, row.alignment_id)),
        places=placed,
        iia=row,
        misses=[] if row.valid else misses_of(algorithm, alignment, placed, place),
    )


def misses_of(
    algorithm: HighLevelModel, alignment: Alignment, placed: list[PlacedView], place: Place
) -> list[MissView]:
    """Which variables of an alignment fail, with the first pair on which each does."""
    misses = []
    for view, (path, site) in zip(placed, sorted(alignment.places, key=lambda p: (len(p[0]), p[0])), strict=True):
        matrix = interchange_matrix(place.question, algorithm, path, site)
        failing = (matrix.tested & ~matrix.agreed).nonzero()
        if not len(failing[0]):
            continue
        source, base = int(failing[0][0]), int(failing[1][0])
        tested = int(matrix.tested.sum())
        misses.append(
            MissView.showing(
                view,
                path=path,
                score=FractionView(agreed=tested - len(failing[0]), of=tested),
                source=input_text(source, place.question.model.n_inputs),
                base=input_text(base, place.question.model.n_inputs),
                expected=int(matrix.expected[source, base]),
                output=float(matrix.outputs[source, base]),
            )
        )
    return misses


def _kept_emptiness(row: AlgorithmRow) -> Literal["none_exist", "truncated", "filtered_out"]:
    """Why no alignment of an algorithm is listed."""
    if row.n_kept:
        return "filtered_out"
    return "none_exist" if row.truncated_at is None else "truncated"
