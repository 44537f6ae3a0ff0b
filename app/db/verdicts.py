"""Verdicts of criteria: a letter in the row of each explanation, where the small table of verdicts says.

``PPFU-.`` reads: passes, passes, fails, undecided, not applicable, not judged. The row of a criterion (with settings
and kind of explanation) says at which position its letter stands. No position is ever moved: a criterion that is asked
for later takes the next one. In ``sqlite3``::

    SELECT position, criterion, settings FROM verdicts WHERE analysis_id = 1 AND kind = 'circuit';
    SELECT mask FROM circuits WHERE analysis = 1 AND substr(verdicts, 1 + 4, 1) = 'P';

Scores and reasons are not kept; they follow from the weights. Only valid alignments are judged.

Interpretations are no rows. Of each circuit the row of the criterion says how many pass (:func:`readings_in`), the
circuits separated by commas: ``P`` all, ``F`` none, ``O`` one of each observed class, ``U`` all are undecided, ``-``
the question does not arise; else ``12 3 2 1 of 368``: of 368 pass 12, 3 are undecided; of 2 observed classes some
interpretation passes, and 1 class is undecided.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from pluriscope.analysis.criteria.criterion import Kind
from pluriscope.analysis.criteria.interpretation_tallies import MIXED, Reading
from pluriscope.analysis.criteria.judging import StepVerdicts
from pluriscope.analysis.criteria.registry import EVERY
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.errors import InvalidCriterion
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.analysis.values.digest import canonical_json
from pluriscope.app.db.rows import Values, column_of, write_letters
from pluriscope.app.db.tables import AnalysisRow, VerdictRow

LETTERS: Final = "PFU-"  # of pluriscope.analysis.criteria.verdict.OUTCOMES
NOT_JUDGED: Final = 255
NO_LETTER: Final = "."
_LETTER: Final = np.frombuffer(LETTERS.encode(), np.uint8)
_OUTCOME: Final = np.full(256, NOT_JUDGED, np.uint8)
_OUTCOME[_LETTER] = range(len(LETTERS))
_OUTCOME_OF: Final = {letter: place for place, letter in enumerate(LETTERS)} | {"O": MIXED}


@lru_cache(maxsize=4096)  # many circuits have equally many
def _by_letter(total: int, observed: int) -> dict[str, Reading]:
    """Meaning of each letter for a circuit with ``total`` interpretations and ``observed`` classes of these."""
    return {
        "P": Reading(total, 0, observed, 0, total),
        "F": Reading(0, 0, 0, 0, total),
        "O": Reading(observed, 0, observed, 0, total),
        "U": Reading(0, total, 0, observed, total),
        "-": Reading(0, 0, 0, 0, total, applicable=False),
    }


def _written(readings: Reading, total: int, observed: int) -> str:
    for letter, meaning in _by_letter(total, observed).items():
        if meaning == readings:
            return letter
    *numbers, of, applicable = readings
    return f"{' '.join(map(str, numbers))} {'of' if applicable else '-'} {of}"


def _read(text: str, total: int, observed: int) -> Reading:
    if len(text) == 1:
        return _by_letter(total, observed)[text]
    passed, undecided, classes, unsure, word, of = text.split(" ")
    return Reading(int(passed), int(undecided), int(classes), int(unsure), int(of), word == "of")


def readings_in(text: str, totals: Iterable[int], observed: Iterable[int]) -> list[Reading]:
    """Decode a criterion's stored verdicts on the interpretations of each circuit.

    Args:
        text: its ``by_circuit``.
        totals: interpretations of the circuits, as they are stored.
        observed: and their observed classes.
    """
    texts = text.split(",") if text else []
    return [_read(*one) for one in zip(texts, totals, observed, strict=False)]


def outcomes_in(text: str) -> NDArray[np.uint8]:
    """``[circuits]`` what a criterion's row says of all interpretations of each: the outcome, or MIXED."""
    texts = text.split(",") if text else []
    means = {one: _OUTCOME_OF[one] if len(one) == 1 else _read(one, 0, 0).outcome for one in {*texts}}
    return np.fromiter(map(means.__getitem__, texts), np.uint8, len(texts))


@dataclass(frozen=True)
class PreparedVerdicts:
    """All that one criterion says about one kind of explanation, ready to be stored.

    Args:
        step: the criterion with its settings.
        n: explanations; of interpretations the circuits.
        letters: of each; of interpretations what ``by_circuit`` says, comma included.
        tally: their outcomes.
        note: why some are undecided.
        seconds: spent on them.
        stopped: whether the budget or a limit ended the work.
    """

    kind: Kind
    step: CriterionStep
    n: int
    letters: str
    tally: CriterionTally
    note: str = ""
    seconds: float = 0.0
    stopped: bool = False

    @classmethod
    def of(cls, judged: StepVerdicts, sizes: Iterable[tuple[int, int]]) -> PreparedVerdicts:
        """Encode verdicts for storing: one letter for each explanation, of interpretations one text for each circuit.

        Args:
            judged: the verdicts.
            sizes: of each circuit, its interpretations and their observed classes, as they are stored.
        """
        if judged.readings is None:
            letters = _LETTER[judged.outcomes].tobytes().decode()
        else:
            pairs = zip(judged.readings, sizes, strict=True)
            letters = ",".join(_written(reading, *size) for reading, size in pairs)
        n, tally = len(judged.outcomes), judged.tally
        return cls(judged.kind, judged.step, n, letters, tally, judged.note, judged.seconds, judged.stopped)

    @property
    def content(self) -> str:
        """SHA-256 of the verdicts without timings."""
        head = [self.kind, self.step.key, self.step.settings_digest, self.n, self.note]
        return hashlib.sha256(canonical_json(head) + b"\n" + self.letters.encode()).hexdigest()


def add_verdicts(session: Session, analysis: AnalysisRow, prepared: Sequence[PreparedVerdicts]) -> None:
    """Insert the rows of verdicts whose letters are stored with the explanations already, in the same order."""
    for position, one in enumerate(prepared):
        row = VerdictRow(analysis_id=analysis.id, kind=one.kind, position=position)
        _fill(row, one)
        session.add(row)


def step_of(row: VerdictRow) -> CriterionStep | None:
    """The step of a row; None if this version no longer knows it, or means something else by its key."""
    try:
        step = CriterionStep.of(EVERY[row.criterion], row.settings)
    except (InvalidCriterion, KeyError):
        return None
    return step if step.settings_digest == row.settings_digest else None


def verdict_rows(session: Session, analysis: AnalysisRow, kind: Kind = "") -> Sequence[VerdictRow]:
    """The rows of all criteria of an analysis, those without a present meaning too; read once in a session.

    Args:
        kind: of explanation; "" for all.
    """
    rows = session.get_one(AnalysisRow, analysis.id).verdicts
    return [row for row in rows if row.kind == kind] if kind else rows


def outcomes_of(
    session: Session, analysis: AnalysisRow, kind: Kind, letters: Values | None = None
) -> dict[CriterionStep, NDArray[np.uint8]]:
    """``[stored explanations]`` of each step positions in :data:`pluriscope.analysis.criteria.verdict.OUTCOMES`, or
    NOT_JUDGED.

    Args:
        kind: of explanation, not interpretations.
        letters: the column of verdicts, if it has been read.
    """
    own = verdict_rows(session, analysis, kind)
    if not own:
        return {}
    found = column_of(session, analysis, kind, "verdicts") if letters is None else letters
    every = _OUTCOME[found] if len(found) else np.zeros((0, max(row.position for row in own) + 1), np.uint8)
    return {step: every[:, row.position] for row in own if (step := step_of(row)) is not None}


def save_verdicts(session: Session, analysis: AnalysisRow, prepared: Sequence[PreparedVerdicts]) -> list[VerdictRow]:
    """Store verdicts in place of others under the same key; those that say the same as stored ones change nothing.

    What is judged anew takes the place of what its key said when that meant something else. Where other explanations
    were found meanwhile than were judged, nothing is stored.

    Returns:
        The rows that are new or say something else.
    """
    session.expire(analysis, ["verdicts"])
    changed: list[VerdictRow] = []
    for kind in dict.fromkeys(one.kind for one in prepared):
        of_kind = [one for one in prepared if one.kind == kind]
        changed += _save(session, analysis, kind, of_kind, [*verdict_rows(session, analysis, kind)])
    session.flush()
    session.expire(analysis, ["verdicts"])
    return changed


def _save(
    session: Session, analysis: AnalysisRow, kind: Kind, prepared: Sequence[PreparedVerdicts], rows: list[VerdictRow]
) -> list[VerdictRow]:
    judged = _judged(session, analysis, kind)
    old = np.empty((0, 0), np.uint8) if kind == "interpretation" else column_of(session, analysis, kind, "verdicts")
    changed: list[tuple[VerdictRow, PreparedVerdicts]] = []
    for one in prepared:
        row = _row_for(rows, one.step)
        same = row is not None and (row.content, row.settings_digest) == (one.content, one.step.settings_digest)
        if same or one.n != len(judged):
            continue
        if row is None:
            row = VerdictRow(
                analysis_id=analysis.id, kind=kind, position=1 + max((row.position for row in rows), default=-1)
            )
            session.add(row)
            rows.append(row)
        _fill(row, one)
        changed.append((row, one))
    if changed and kind != "interpretation":
        width = max(old.shape[1], *(1 + row.position for row, _ in changed))
        letters = np.full((len(old), width), ord(NO_LETTER), np.uint8)
        letters[:, : old.shape[1]] = old
        for row, one in changed:
            letters[judged, row.position] = np.frombuffer(one.letters.encode(), np.uint8)
        write_letters(session, analysis, kind, letters)
    return [row for row, _ in changed]


def _row_for(rows: Sequence[VerdictRow], step: CriterionStep) -> VerdictRow | None:
    """The row of a step, else one under its key whose settings no longer exist; None if there is neither."""
    own = [row for row in rows if row.criterion == step.key]
    same = next((row for row in own if row.settings_digest == step.settings_digest), None)
    return same or next((row for row in own if step_of(row) is None), None)


def _fill(row: VerdictRow, one: PreparedVerdicts) -> None:
    row.criterion, row.settings_digest, row.settings = one.step.key, one.step.settings_digest, dict(one.step.settings)
    row.n, row.note, row.seconds, row.content = one.n, one.note, one.seconds, one.content
    for name in OUTCOMES:
        setattr(row, name, getattr(one.tally, name))
    row.by_circuit = one.letters if one.kind == "interpretation" else ""


def _judged(session: Session, analysis: AnalysisRow, kind: Kind) -> NDArray[np.int64]:
    """The places of the explanations that are judged, among the stored ones of a kind."""
    if kind == "interpretation":
        return np.arange(analysis.circuits_listed)
    if kind == "alignment":
        return np.flatnonzero(column_of(session, analysis, kind, "valid"))
    return np.arange(len(column_of(session, analysis, kind, "position")))


def verdict_contents(session: Session, analysis: AnalysisRow) -> tuple[tuple[int, str], ...]:
    """Ids of all verdicts on an analysis with digests of their content: equal ones give equal funnels."""
    return tuple((row.id, row.content) for row in verdict_rows(session, analysis))
