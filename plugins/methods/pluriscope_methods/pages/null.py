"""Null models as pages show them: how small the circuits of networks are that have learned nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analyses.shown import AnalysisContext, Shown
from pluriscope.analysis.criteria.registry import criterion_named
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.charts import Axis, Chart, Mark, Series
from pluriscope.page_kit.blocks import Action, Block, ChartFigure, More, Notice, Prose, Section, Table
from pluriscope.tables.table import Column, Row
from pluriscope_methods.null_model import POWER, AgainstNull, NullModel, NullReport

_COLUMNS: Final = (
    Column("model", "Networks", "Of which null model.", "name", first=True),
    Column("standard", "Circuits that are", "What a circuit has to meet.", "text"),
    Column("as_good", "As small", "Networks with such a circuit of at most as many edges.", "int"),
    Column("of", "Of", "Networks of the null model.", "int"),
    Column("p", "p", "One more than the former, by one more than the latter.", "float"),
)
_READING: Final = """
*Untrained* networks have the weights with which a training begins. *Drawn* ones have weights and biases drawn at each
layer’s own scale until a network decides every input as the task asks. In each the smallest valid circuit is sought,
and the smallest that meets a stricter criterion. p is (1 + networks with one as small) / (1 + networks).

**Size.** If the claimed network were itself one of them, and the claim its smallest circuit, p ≤ {alpha} would come up
with a probability of at most {alpha}; of drawn ones nearly, since their scale is that of this network. Each p is of one
null model and one standard, not corrected for the others: what is to hold beside several has the largest. **Power.**
{power}
"""


def _chart(report: NullReport, of: AnalysisContext[SubjectQuestion]) -> Chart:
    """Null networks by the edges of their smallest valid circuit."""
    looks: tuple[Any, ...] = ("open", "ink")
    series = []
    for model, look in zip(report.models, looks, strict=True):
        counted = Counter(model.by_standard[0].sizes)
        none = model.n - counted.total()
        name = f"{model.key}, {none} of {model.n} without one" if none else model.key
        series.append(Series(name, sorted(counted), [counted[size] for size in sorted(counted)], look=look))
    own = [size for size, n in of.sizes().items() if n]
    marks = [Mark(min(own), "this network")] if own else []
    return Chart("bars", "Smallest valid circuits of null networks", Axis("edges"), Axis("networks"), series, marks)


def _page(report: NullReport, of: AnalysisContext[SubjectQuestion]) -> Iterator[Block]:
    for model in report.models:
        if model.why:
            yield Notice(model.why)
    own = [size for size, n in of.sizes().items() if n]
    if own:
        yield Section("The smallest valid circuit", f"{min(own)} edges, beside the smallest of each null network")
        yield table(report.against(min(own), ()))
    words = "Networks of both null models by the edges of their smallest valid circuit."
    yield ChartFigure(chart=_chart(report, of), caption=words, id="sizes")
    power = " ".join(_power(model) for model in report.models if model.n)
    yield More("How it is tested", lambda: [Prose(_READING.format(alpha=report.alpha, power=power))])


def _power(model: NullModel) -> str:
    if model.power_share is None:
        return f"{model.n} {model.key} networks are too few for any claim."
    return (
        f"With {model.n} {model.key} networks a claim is significant with a probability of {POWER:.0%} where at "
        f"most {model.power_share:.1%} of all such networks are as good."
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
    action = Action("Null models", of.links.analysis(of.slug, "null", of.scope))
    hint = "not asked yet" if report is None else ""
    yield Section("Beside networks that have learned nothing", hint, action, id="against-null")
    if report is not None:
        yield table(report.against(edges, met))


def _about(report: NullReport | None, of: AnalysisContext[SubjectQuestion], ref: ExplanationRef) -> Iterator[Block]:
    """Show how many null networks have a circuit as small as this."""
    if report is not None and ref.kind == "circuit" and of.question.judge(int(ref.first, 16)).valid:
        yield from against_null(report, of, int(ref.first, 16).bit_count(), ())


SHOWN: Final = Shown(_page, about=_about, claimed=against_null)
