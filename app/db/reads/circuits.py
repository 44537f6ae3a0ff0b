"""The stored circuits of one analysis: some of them by their places, and whole columns of all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from pluriscope.analysis.circuit_sets.chance import Coverage, KnownSizes, coverage_of
from pluriscope.analysis.circuit_sets.judged_masks import NOT_ASKED, asked_of
from pluriscope.analysis.circuit_sets.judged_masks import column_of as column_of_criterion
from pluriscope.analysis.circuit_sets.masks import MasksFound
from pluriscope.analysis.circuits.result import CircuitMethod, CircuitSearch
from pluriscope.analysis.criteria.verdict import FAILED, OUTCOMES, PASSED
from pluriscope.analysis.explaining.graphs import read_sample
from pluriscope.analysis.explanations.explanation import NAME, REF, Frame
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.app.db.distributions import bracket_in, distribution_in, edge_use_in, smallest_in
from pluriscope.app.db.rows import column_of, columns_of
from pluriscope.app.db.tables import AnalysisRow, CircuitRow
from pluriscope.app.db.verdicts import NOT_JUDGED, outcomes_of


def masks_of(session: Session, analysis: AnalysisRow) -> NDArray[Any]:
    """The masks of all stored circuits, ascending."""
    masks: NDArray[Any] = column_of(session, analysis, "circuit", "mask")
    return masks


def whole_counts(session: Session, analysis: AnalysisRow, name: str) -> tuple[int, ...]:
    """The interpretations, or observed classes, of every stored circuit, in the order of masks."""
    values = column_of(session, analysis, "circuit", name)
    return tuple(values.tolist() if isinstance(values, np.ndarray) else values)


_LOCATED: Final = text("""
    WITH RECURSIVE span(low, high) AS (
        SELECT CAST(0 AS BIGINT), coalesce(max("position") + 1, 0) FROM circuits WHERE analysis = :analysis
        UNION ALL
        SELECT CASE WHEN mask < :mask THEN "position" + 1 ELSE low END,
            CASE WHEN mask < :mask THEN high ELSE "position" END
        FROM span JOIN circuits ON analysis = :analysis AND "position" = (low + high) / 2
        WHERE low < high
    )
    SELECT place, mask FROM (SELECT max(low) AS place FROM span) AS found
    LEFT JOIN circuits ON analysis = :analysis AND "position" = place
""")
"""The first place with no smaller mask, by halving: nothing says that masks ascend, so a search would read them all."""


def locate_mask(session: Session, analysis_id: int, mask: str) -> tuple[int, bool]:
    """Number of stored masks of an analysis that are smaller, and whether this one is stored."""
    place, found = session.execute(_LOCATED, {"analysis": analysis_id, "mask": mask}).one()
    return place, found == mask


def find_circuit(session: Session, analysis_id: int, mask: str) -> CircuitRow | None:
    """The row of the circuit with this mask; None if it is not stored."""
    position, found = locate_mask(session, analysis_id, mask)
    return session.get_one(CircuitRow, (analysis_id, position)) if found else None


def stored_coverage(row: AnalysisRow) -> Coverage:
    """Coverage of the stored distribution: whether it is of all circuits, of a prefix or of a sample."""
    return coverage_of(cast(CircuitMethod, row.circuits_method), row.circuits_truncated_at)


def search_of(
    row: AnalysisRow,
    question: Question,
    masks: NDArray[Any],
    outputs: NDArray[np.float64],
    margins: NDArray[np.float64],
) -> CircuitSearch:
    """The search that found the circuits of an analysis, with these of them."""
    interval = None
    if row.circuits_low is not None and row.circuits_high is not None:
        interval = (row.circuits_low, row.circuits_high)
    return CircuitSearch(
        question.layout,
        row.circuits_possible,
        masks,
        outputs,
        margins,
        truncated_at=row.circuits_truncated_at,
        method=cast(CircuitMethod, row.circuits_method),
        count=row.circuits_valid,
        interval=interval,
        confidence=row.circuits_confidence,
        n_tested=row.circuits_tested,
        known_distribution=distribution_in(row.distributions),
        n_drawn=row.distributions.get("drawn"),
        smallest=smallest_in(row.distributions),
        edge_use=edge_use_in(row.distributions),
        bracket=bracket_in(row.distributions, row.circuits_possible),
    )


def stored_search(session: Session, row: AnalysisRow, question: Question) -> CircuitSearch:
    """The stored circuits of an analysis as the search that found them, without their outputs and margins."""
    masks = masks_of(session, row)
    return search_of(row, question, masks, np.empty((len(masks), 0)), np.empty(len(masks)))


def stored_sizes(session: Session, row: AnalysisRow) -> KnownSizes:
    """Known numbers of valid circuits by size."""
    coverage = stored_coverage(row)
    listed = () if coverage == "all" else column_of(session, row, "circuit", "edges")
    return KnownSizes(
        row.circuits_possible,
        coverage,
        distribution_in(row.distributions).by_edges,
        Counter(listed),
        row.circuits_tested,
        row.circuits_confidence,
        smallest_in(row.distributions),
        {size: (int(low), int(high)) for size, low, high in row.distributions.get("by_size", ())} or None,
    )


def found_masks(session: Session, row: AnalysisRow) -> MasksFound | None:
    """Result of the search for the circuits of a network of another kind than perceptrons, whole or from a sample; None
    where there was no search.
    """
    if row.circuits_method == "refused":
        return None
    masks, spread = masks_of(session, row), distribution_in(row.distributions)
    tested = row.circuits_possible if row.circuits_tested is None else row.circuits_tested
    by_bits = dict(spread.by_edges)
    possible, valid = row.circuits_possible, row.circuits_valid
    drawn = None
    if row.circuits_confidence is not None:
        drawn = read_sample(row.distributions, (row.circuits_low, row.circuits_high), row.circuits_confidence)
    return MasksFound(masks, valid, possible, tested, by_bits, spread.edge_use, masks[:0], sample=drawn)


def stored_circuits(session: Session, row: AnalysisRow, question: GraphQuestion) -> Frame:
    """The circuits of such a network as columns, by the names of
    :func:`pluriscope.analysis.explaining.graphs.circuits`.

    What a version that searched did not know of them is
    :data:`~pluriscope.analysis.circuit_sets.judged_masks.NOT_ASKED`.
    """
    names = ("mask", "edges", "neurons", "right", "worst", "margin", "verdicts", "roles")
    stored: dict[str, Any] = columns_of(session, row, "circuit", names)
    masks: NDArray[Any] = np.array(list(map(question.graph.to_hex, stored["mask"].tolist())), str)
    judged = outcomes_of(session, row, "circuit", stored["verdicts"])
    by_key = {step.key: outcomes for step, outcomes in judged.items()}
    nothing = np.full(len(masks), NOT_JUDGED, np.uint8)
    roles = json.loads(f"[{','.join(stored['roles'])}]")
    frame: dict[str, NDArray[Any]] = {REF: masks, NAME: masks, "edges": stored["edges"], "nodes": stored["neurons"]}
    frame |= {"right": stored["right"].astype(np.int64), "worst": stored["worst"], "margin": stored["margin"]}
    frame["minimal"] = _MINIMAL[by_key.get("minimal-subset", nothing)]
    for role in question.kind.roles:
        frame[role.key] = np.array([one.get(role.key, NOT_ASKED) for one in roles], str)
    for criterion in asked_of(question.kind):
        frame[column_of_criterion(criterion)] = _WORDS[by_key.get(criterion.key, nothing)]
    return frame


_MINIMAL: Final = np.full(256, np.nan)
_MINIMAL[[PASSED, FAILED]] = 1, 0
_WORDS: Final = np.full(256, NOT_ASKED, "U16")
_WORDS[: len(OUTCOMES)] = [outcome.replace("_", " ") for outcome in OUTCOMES]


class StoredTexts:
    """Circuit → its roles and outcomes of criteria by column; None of one that is not among these.

    Args:
        frame: of :func:`stored_circuits`.
    """

    def __init__(self, frame: Frame) -> None:
        self._places = {int(mask, 16): place for place, mask in enumerate(frame[REF].tolist())}
        texts = (name for name, column in frame.items() if column.dtype.kind == "U" and name not in (REF, NAME))
        self._texts = {name: frame[name] for name in texts}

    def __call__(self, mask: int) -> Mapping[str, str] | None:
        if mask not in self._places:
            return None
        words = {name: str(column[self._places[mask]]) for name, column in self._texts.items()}
        return {name: word for name, word in words.items() if word != NOT_ASKED}
