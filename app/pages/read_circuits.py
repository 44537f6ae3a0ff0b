"""The interpretations of a circuit by variables of the task: as they are stored, or computed where that is quick."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.errors import InvalidIndex
from pluriscope.analysis.readings.circuit_readings import (
    CircuitInterpretations,
    CircuitReader,
    VariableGroup,
    VariableInterpretation,
)
from pluriscope.analysis.readings.report import InterpretationsReport
from pluriscope.analysis.readings.task_variables import classes_of
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.app.db.listing import INTERPRETATIONS
from pluriscope.app.db.reports import report_of, reports_of
from pluriscope.app.errors import NotFound
from pluriscope.app.pages.place import AnyPlace
from pluriscope.figures.numbers import duration
from pluriscope.processes.recent import Recent

_MILLISECONDS: Final = 2_000
"""That a page takes at most to read a circuit that nobody read before."""
_RECENT: Final = Recent[CircuitInterpretations](32)
_REPORTS: Final = Recent[InterpretationsReport](2)


def stored_readings(session: Session, place: AnyPlace) -> InterpretationsReport | None:
    """The report on the interpretations of the smallest circuits; None where nobody asked for it."""
    row = reports_of(session, place.analysis, [INTERPRETATIONS], in_brief=True).get(INTERPRETATIONS)
    return None if row is None else _REPORTS.of(row.content, lambda: report_of(row, InterpretationsReport))


def read_circuit(session: Session, place: AnyPlace, mask: int) -> CircuitInterpretations:
    """All interpretations of a circuit, stored or computed.

    Raises:
        NotFound: it is not valid, or to read it takes too long for a page.
    """
    report, name = stored_readings(session, place), place.question.graph.to_hex(mask)
    if report is not None and name in report.by_mask:
        return report.by_mask[name]
    return _RECENT.of((place.question.digest, mask), lambda: read_anew(place.question, mask))


def read_anew(question: GraphQuestion, mask: int) -> CircuitInterpretations:
    """The same, computed; errors as of :func:`read_circuit`."""
    item, reader = f"interpretations of circuit {question.graph.to_hex(mask)}", CircuitReader(question, mask)
    if not question.judge(mask).valid:
        raise NotFound(item, "only valid circuits are interpreted", "choose a valid circuit", "ref")
    if (milliseconds := reader.milliseconds) > _MILLISECONDS:
        cause = f"it was not read, which takes about {duration(milliseconds / 1_000)}"
        raise NotFound(item, cause, "ask for the analysis of interpretations, which reads the smallest", "ref")
    classes = classes_of(question)
    return CircuitInterpretations(reader.read(classes), [*map(VariableGroup.of, classes)])


def read_interpretation(
    session: Session, place: AnyPlace, ref: ExplanationRef
) -> tuple[VariableInterpretation, ExplanationRef]:
    """The interpretation that an address names, and its reference in canonical form.

    Raises:
        AnalysisError: the reference names nothing.
        NotFound: as of :func:`read_circuit`.
    """
    if not (ref.second.isascii() and ref.second.isdigit() and len(ref.second) < 1000):
        raise InvalidIndex(f"index {ref.second[:40]!r}", "is not a whole number", "count from 0")
    mask, index = place.question.read_mask(ref.first), int(ref.second)
    every = read_circuit(session, place, mask)
    canonical = ExplanationRef("interpretation", place.question.graph.to_hex(mask), str(index))
    return every.at(index), canonical
