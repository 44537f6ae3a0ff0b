"""One study: question, design, progress, figures, tables, tests, published values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.studies.cells import GRID_FACTORS
from analysis.studies.design import EVIDENCE, FACTORS, SHARED, Comparison, Factor, Reference, StudyDesign
from analysis.studies.measures.measure import Measure
from analysis.studies.outcome import CONVERGED
from analysis.studies.statistics import Tested
from analysis.studies.summary import SEED_BY_SEED, StudySummary
from app.addressing import Addresses
from app.db.reads.jobs import jobs_of_network
from app.db.reads.studies import state_counts
from app.db.study_tables import StudyRow
from app.errors import BadQuery
from app.pages.findings import answers_of
from app.pages.studies.figures import (
    Drawn,
    drawing_of_figure,
    drawn_figure,
    figure_names,
    group_view,
    measure_view,
    protocol_named,
)
from app.pages.studies.listing import progress_of
from app.pages.studies.options import StudyOptions
from app.pages.studies.stored import open_study, summary_of
from app.pages.studies.views import (
    CellView,
    DesignView,
    FactorView,
    FigureLink,
    FigureTable,
    GroupView,
    ProtocolLink,
    ReferenceView,
    StudyPage,
    TestView,
)

DATA_FORMS = ("csv", "json", "parquet", "jsonl.gz")
FIGURE_FORMS: Final = ("svg", "png", "pdf")
MOST_FIGURES: Final = 3


def build_study(session: Session, addresses: Addresses, study: str, options: StudyOptions) -> StudyPage:
    """The page that an address asks for.

    Raises:
        NotFound: no such study.
        BadQuery: a protocol or factor that the study does not have.
    """
    row = open_study(session, addresses, study)
    summary = summary_of(session, row)
    design = summary.design
    protocol = protocol_named(design, options.protocol)
    if options.by is not None and len(design.levels(options.by)) < 2:
        varying = ", ".join(f for f in GRID_FACTORS if len(design.levels(f)) > 1) or "none"
        raise BadQuery(f"by={options.by}", "does not vary in this study", f"use one of: {varying}", "by")
    view: dict[str, Any] = {"protocol": options.protocol, "by": options.by}
    progress = progress_of(session, addresses, row)
    names = figure_names(design, list(summary.shown))[:MOST_FIGURES]
    figures = [drawn_figure(summary, name, protocol, options.by) for name in names]
    url = addresses.study(row.slug, **view)
    return StudyPage.showing(
        row,
        question=design.question,
        answers=answers_of(row.slug, row.digest, addresses),
        paragraphs=[part.strip() for part in design.description.split("\n\n") if part.strip()],
        progress=progress,
        design=_design_view(summary, addresses, row),
        protocol=protocol,
        protocols=[
            ProtocolLink(
                name=one.name,
                digest=one.digest,
                url=addresses.study(row.slug, **{**view, "protocol": one.name}),
                current=one.name == protocol,
            )
            for one in design.protocols
        ],
        by=options.by or "",
        by_options=_by_options(design, addresses, row, view),
        cells=_cells(summary, state_counts(session, row.id), addresses, row),
        moving=bool(jobs_of_network(session, row.digest, unfinished=True)),
        summed=len(summary.records),
        figures=[_figure_link(figure, addresses, row, view) for figure in figures],
        drawings={one.name: drawing_of_figure(one, row.name, protocol, alone=False) for one in figures},
        tables=[
            FigureTable(
                measure=measure_view(measure),
                svg_url=addresses.study_figure(row.slug, key, "svg", **view),
                groups=_groups(summary, measure, protocol, options.by),
            )
            for key, measure in summary.shown.items()
        ],
        tests=[_test_view(summary, comparison, name, result) for comparison, name, result in summary.tests()],
        references=[_reference_view(reference, summary) for reference in design.references],
        data_urls={form: addresses.study_data(row.slug, form) for form in DATA_FORMS},
        outcomes_url=addresses.study_outcomes(row.slug, protocol=options.protocol),
        actions=_actions(row, progress.state, addresses),
        url=url,
        progress_url=addresses.study_action(row.slug, "progress"),
    )


def _design_view(summary: StudySummary, addresses: Addresses, row: StudyRow) -> DesignView:
    design = summary.design
    return DesignView.showing(
        design,
        factors=[
            FactorView(
                key=factor,
                label=FACTORS[factor],
                levels=list(design.labels(factor)),
                varies=len(design.levels(factor)) > 1,
            )
            for factor in design.factors
        ],
        seeds_first=design.seeds.first,
        seeds_count=design.seeds.count,
        cells=design.n_cells,
        training=design.training.model_dump(),
        measures=[measure_view(measure) for measure in summary.shown.values()],
        criteria=list(design.criteria),
        comparisons=[_comparison_words(comparison) for comparison in design.comparisons],
        file_url=addresses.study_design(row.slug),
    )


def _comparison_words(comparison: Comparison) -> str:
    words = f"{comparison.measure} by {FACTORS[comparison.factor]}: {comparison.test}"
    if comparison.protocol:
        words += f", under {comparison.protocol}"
    if comparison.where:
        words += f", where {_where(comparison.where)}"
    return words


def _where(where: Any) -> str:
    return ", ".join(f"{FACTORS[factor]} {label}" for factor, label in where.items())


def _by_options(design: StudyDesign, addresses: Addresses, row: StudyRow, view: dict[str, Any]) -> list[ProtocolLink]:
    varying = [factor for factor in GRID_FACTORS if len(design.levels(factor)) > 1]
    if len(varying) < 2:
        return []
    every = ProtocolLink(
        name="every cell",
        digest="",
        url=addresses.study(row.slug, **{**view, "by": None}),
        current=view["by"] is None,
    )
    return [every] + [
        ProtocolLink(
            name=FACTORS[factor],
            digest="",
            url=addresses.study(row.slug, **{**view, "by": factor}),
            current=view["by"] == factor,
        )
        for factor in varying
    ]


def _cells(
    summary: StudySummary, states: Mapping[tuple[int, str], int], addresses: Addresses, row: StudyRow
) -> list[CellView]:
    finished: Counter[int] = Counter()
    reasons: dict[int, dict[str, int]] = {}
    for (position, state), count in sorted(states.items()):
        finished[position] += count
        if state != CONVERGED:
            reasons.setdefault(position, {})[state] = count
    return [
        CellView(
            position=position,
            name=cell.name,
            networks=summary.design.seeds.count,
            finished=finished[position],
            converged=states.get((position, CONVERGED), 0),
            reasons=reasons.get(position, {}),
            url=addresses.study_outcomes(row.slug, cell=position),
        )
        for position, cell in enumerate(summary.cells)
    ]


def _figure_link(figure: Drawn, addresses: Addresses, row: StudyRow, view: dict[str, Any]) -> FigureLink:
    files = {f"{form}_url": addresses.study_figure(row.slug, figure.name, form, **view) for form in FIGURE_FORMS}
    return FigureLink.showing(figure, **files)


def _groups(summary: StudySummary, measure: Measure, protocol: str, by: Factor | None) -> list[GroupView]:
    """The numbers of a measure; of one of answers those of each method, one after the other."""
    return [
        view.model_copy(update={"label": f"{method}, {view.label}" if method else view.label})
        for method, key in summary.keys_of(measure.key).items()
        for view in (group_view(group, measure) for group in summary.groups(key, protocol, by))
    ]


def _test_view(summary: StudySummary, comparison: Comparison, protocol: str, result: Tested) -> TestView:
    known = summary.measures.get(comparison.measure) or summary.shown[comparison.measure]
    return TestView.showing(
        result,
        measure=comparison.measure,
        label=known.label,
        factor=FACTORS[comparison.factor],
        where=_where(comparison.where),
        protocol=protocol,
        groups=list(result.groups),
        sizes=list(result.sizes),
        note="; ".join(note for note in (result.note, _independence(comparison, result)) if note),
    )


def _independence(comparison: Comparison, result: Tested) -> str:
    """What a test leaves out of account that does not compare seed by seed; "" where it does, or was not made.

    Networks of one seed and several priors have random numbers of their own (:mod:`analysis.networks.drawing`).
    """
    if result.p is None or comparison.test in SEED_BY_SEED or comparison.factor == "prior":
        return ""
    common = "are of the same networks" if comparison.factor in SHARED else "share seeds"
    return f"takes the levels as independent samples, though they {common}"


def _reference_view(reference: Reference, summary: StudySummary) -> ReferenceView:
    ours: dict[str, float] = {}
    n = 0
    protocols = [reference.protocol] if reference.protocol else list(summary.design.labels("protocol"))[:1]
    if reference.measure and protocols[0] in summary.design.labels("protocol"):
        group = summary.together(reference.measure, protocols[0], reference.where)
        n, spread = len(group.points), group.spread
        known = {"lower": spread.lower, "median": spread.median, "upper": spread.upper, "mean": spread.mean}
        known["share"] = spread.mean if summary.measures[reference.measure].kind in ("yes-no", "share") else None
        known["count"] = float(group.yes.hits) if summary.measures[reference.measure].kind == "yes-no" else None
        quartiles = dict.fromkeys(("lower", "median", "upper"), 0.0)
        told = summary.measures[reference.measure].numeric and set(reference.values) <= {"count"}
        wanted = quartiles if told else reference.values  # one network's count stands beside the quartiles of ours
        ours = {key: value for key, value in known.items() if value is not None and key in wanted}
    return ReferenceView.showing(
        reference,
        evidence_words=EVIDENCE[reference.evidence],
        protocol=protocols[0] if reference.measure else "",
        cells=_where(reference.where) if reference.where else "",
        theirs=dict(reference.values),
        ours=ours,
        ours_of=n,
    )


def _actions(row: StudyRow, state: str, addresses: Addresses) -> dict[str, str]:
    possible = {"running": ("pause", "cancel"), "stalled": ("resume", "cancel"), "done": ()}
    names = (*possible.get(state, ("resume",)), "extend")
    return {name: addresses.study_action(row.slug, name) for name in names}
