"""Reports on an analysis that are read whole, each found by one job: their stored form, saving and reading.

Fractions are text ("29/32"), formulas are the algorithms' identity texts, alignments the texts that addresses carry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, defer

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.methods.report import Part as Stored
from pluriscope.analysis.values.digest import canonical_json
from pluriscope.app.db.tables import AnalysisReportRow, AnalysisRow

Report = TypeVar("Report", bound=Stored)


def save_report(
    session: Session,
    analysis: AnalysisRow,
    *,
    kind: str,
    report: Stored,
    thorough: bool,
    seconds: float,
    version: int = 1,
    brief: list[str] | None = None,
    thumb: dict[str, Any] | None = None,
) -> AnalysisReportRow:
    """Store a report in place of an earlier one; the same again changes nothing but its version, what it
    says in short and its chart; timings included.

    A quick report never replaces a thorough one of the same version by an engine that finds the same: it says less.

    Args:
        brief: what it says in sentences; None of one that no overview and no list of analyses reads.
        thumb: the chart of it that overviews have.
    """
    found = report.model_dump(mode="json")
    content = hashlib.sha256(canonical_json(_untimed(found))).hexdigest()
    old = session.get(AnalysisReportRow, (analysis.id, kind))
    if old is not None:
        is_present = old.engine_version == ENGINE_VERSION and old.version == version
        if old.content == content or (old.thorough and not thorough and is_present):
            old.version = version
            if old.content == content:
                old.brief, old.thumb = brief, thumb
            return old
        session.execute(
            delete(AnalysisReportRow).where(
                AnalysisReportRow.analysis_id == analysis.id, AnalysisReportRow.kind == kind
            )
        )
        session.expunge(old)
    row = AnalysisReportRow(
        analysis_id=analysis.id,
        kind=kind,
        thorough=thorough,
        engine_version=ENGINE_VERSION,
        version=version,
        found=found,
        brief=brief,
        thumb=thumb,
        seconds=seconds,
        beside=getattr(report, "beside", ""),
        content=content,
        created_at=datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return row


def _untimed(found: Any) -> Any:
    """A report without the seconds that it took, for comparison."""
    if isinstance(found, dict):
        return {key: _untimed(value) for key, value in found.items() if key != "seconds"}
    return [_untimed(one) for one in found] if isinstance(found, list) else found


def report_row(session: Session, analysis: AnalysisRow | None, kind: str) -> AnalysisReportRow | None:
    """The stored report of that kind, None if there is none, or no analysis."""
    return reports_of(session, analysis, [kind]).get(kind)


def reports_of(
    session: Session, analysis: AnalysisRow | None, kinds: Sequence[str], *, in_brief: bool = False
) -> dict[str, AnalysisReportRow]:
    """The stored reports of some kinds.

    Args:
        in_brief: whether each is read only when somebody asks for more than is said and drawn of it in short.
    """
    if analysis is None:
        return {}
    own = AnalysisReportRow.analysis_id == analysis.id, AnalysisReportRow.kind.in_(kinds)
    put_off = [defer(AnalysisReportRow.found)] if in_brief else []
    return {row.kind: row for row in session.scalars(select(AnalysisReportRow).where(*own).options(*put_off))}


def report_contents(session: Session, analysis: AnalysisRow) -> tuple[tuple[str, str], ...]:
    """Kinds and digests of what is stored about an analysis: equal ones give equal sums."""
    query = select(AnalysisReportRow.kind, AnalysisReportRow.content)
    found = session.execute(query.where(AnalysisReportRow.analysis_id == analysis.id).order_by(AnalysisReportRow.kind))
    return tuple(map(tuple, found))  # type: ignore[arg-type]


def report_of(row: AnalysisReportRow, form: type[Report]) -> Report:
    """Report in a row, read as a value of ``form``."""
    return form.model_validate(row.found)
