"""Null models as pages show them: how small the circuits of networks are that have learned nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.page_kit.blocks import Action, Block, Section, Table
from pluriscope.tables.table import Column, Row
from pluriscope_methods.analyses import NULL
from pluriscope_methods.null_model import AgainstNull, NullReport

_COLUMNS: Final = (
    Column("model", "Networks", "Of which null model.", "name", first=True),
    Column("standard", "Circuits that are", "What a circuit has to meet.", "text"),
    Column("as_good", "As small", "Networks with such a circuit of at most as many edges.", "int"),
    Column("of", "Of", "Networks of the null model.", "int"),
    Column("p", "p", "One more than the former, by one more than the latter.", "float"),
)


def table(found: Iterable[AgainstNull]) -> Table:
    """A claim beside the networks of each null model."""
    rows = []
    for one in found:
        label = criterion_named(one.standard).label if one.standard else "valid"
        values = {**one.model_dump(), "standard": label if not one.standard else f"valid, {label.lower()}"}
        rows.append(Row(values))
    return Table.short("null model", _COLUMNS, rows, id="null")


def against_null(
    report: NullReport | None, of: AnalysisContext[SubjectQuestion], edges: int, met: Collection[str]
) -> Iterator[Block]:
    """A valid circuit beside the null networks, where these were drawn."""
    action = Action("Null models", NULL.url(of.links, of.slug, of.scope))
    hint = "not asked yet" if report is None else ""
    yield Section("Beside networks that have learned nothing", hint, action, id="against-null")
    if report is not None:
        yield table(report.against(edges, met))


def _about(report: NullReport | None, of: AnalysisContext[SubjectQuestion], ref: ExplanationRef) -> Iterator[Block]:
    """Show how many null networks have a circuit as small as this."""
    if report is not None and ref.kind == "circuit" and of.question.judge(int(ref.first, 16)).valid:
        yield from against_null(report, of, int(ref.first, 16).bit_count(), ())


SHOWN: Final = Shown(about=_about, claimed=against_null)
