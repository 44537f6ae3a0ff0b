"""Alignments on directions as tables to take away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from sqlalchemy.orm import Session

from analysis.algorithms.high_level_model import Form
from analysis.directions.result import CLASSES
from app.addressing import Addresses
from app.db.direction_codecs import direction_alignment_of
from app.db.reads import directions as reads
from app.pages.directions.places import kept_direction_url
from app.pages.directions.views import DirectionsOptions
from app.pages.formulas import read_algorithm
from app.pages.place import locate
from app.pages.sharing.about import about_place
from app.pages.sharing.exports import Cell, Table

_COLUMNS = (
    "class", "algorithm", "formula", "id", "at", "valid", "agreed", "of", "joint_agreed", "joint_of", "causal_order",
    "margin", "n_directions", "n_weights", "family_dimension", "family_answer", "illusory", "url",
)  # fmt: skip


def directions_table(session: Session, addresses: Addresses, network: str, options: DirectionsOptions) -> Table:
    """Every kept alignment of one class of directions, the best that fail included."""
    place = locate(session, addresses, network, options.scope)
    key = options.direction_class
    search = None if place.analysis is None else reads.direction_search(session, place.analysis, key)
    told = "This class was not searched."
    if search is not None:
        told = (
            f"{search.n_searched} algorithms searched of {search.n_candidates} candidates"
            f"{', those without a redundant literal' if search.irredundant_only else ''}: {search.n_aligned} pass, in "
            f"{'' if search.exact else 'at least '}{search.n_valid} valid alignments; "
            f"{'nothing was left out' if search.exact else 'a search stopped at a limit or left something undecided'}."
        )
        if search.refused:
            told = f"Not searched: {search.refused}"
    about = (
        *about_place(place, f"Alignments on directions, class {key}: {CLASSES[key]}"),
        told,
        "at: PATH@LAYER=w1,w2,… for each variable joined by ;, with /d1,d2,… where the swap has its own direction.",
        "agreed of of: single interchanges (source different from base); joint: every variable at once.",
        "family_answer: how many of the oblique swaps of its read-outs pass; illusory: whether some direction works "
        "only by what the next layer does not read.",
    )

    def rows() -> Iterator[Sequence[Cell]]:
        if place.analysis is None:
            return
        found = reads.all_direction_alignments(session, place.analysis.id, valid_only=False, classes=[key])
        for row, algorithm_row, _ in found:
            if options.algorithm and algorithm_row.algorithm_id != options.algorithm:
                continue
            if options.passing and not algorithm_row.n_valid:
                continue
            algorithm = read_algorithm(
                algorithm_row.text, cast(Form, algorithm_row.form), place.question.model.n_inputs
            )
            alignment = direction_alignment_of(row, algorithm.text)
            yield (
                key, algorithm.id, algorithm.formula, row.alignment_id, row.text, row.valid, row.agreed, row.of,
                row.joint_agreed, row.joint_of, row.causal_order, row.margin, row.n_directions, row.n_weights,
                row.family_dimension, row.family_answer, row.illusory,
                kept_direction_url(addresses, place, algorithm.id, alignment),
            )  # fmt: skip

    return Table(f"{place.row.slug}-directions-{key}", about, _COLUMNS, rows())
