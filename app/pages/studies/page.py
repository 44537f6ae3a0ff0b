"""One study: question, answer, how far it is, figures, numbers, tests, published values, design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from analysis.studies.design import EVIDENCE, FACTORS, SHARED, Comparison, GridFactor, Reference
from analysis.studies.measures.measure import Measure
from analysis.studies.measures.registry import MEASURES
from analysis.studies.statistics import Tested
from analysis.studies.summary import SEED_BY_SEED, Group
from app.addressing import Addresses
from app.errors import BadQuery
from app.figures.numbers import duration, exact, noun
from app.options import Options
from app.pages.page import DRAWING
from app.pages.settings import removal
from app.pages.sharing.facts import InShort, Shared
from app.pages.studies.figures import Drawn, drawn_figure, figure_names, groups_of, units_of, value_text
from app.pages.studies.study import Study, StudyLine, find_study_of
from pluriscope.blocks import (
    Action,
    Block,
    Choice,
    Figure,
    Form,
    Head,
    Menu,
    More,
    Notice,
    Progress,
    Prose,
    Section,
    Table,
)

FIGURE_FORMS: Final = ("svg", "png", "pdf")
MOST_FIGURES: Final = 3
_STATES: Final = {
    "done": "Finished",
    "running": "Running",
    "paused": "Paused",
    "cancelled": "Cancelled",
    "stalled": "Stalled: nothing works on it",
}
MOST_CATEGORIES: Final = 50
"""Of one group; some measures have a category of their own for nearly every network."""
_SPREAD: Final = {
    "least": "least",
    "lower": "lower quartile",
    "median": "median",
    "upper": "upper quartile",
    "most": "most",
    "mean": "mean",
    "ones": "exactly 1",
}


class StudyOptions(Options):
    """Options of a study's page."""

    protocol: str = Field("", max_length=64, description="Name of one of its protocols; empty: its first one.")
    by: GridFactor | None = Field(None, description="Group networks by the levels of this factor; else by cell.")


Rows = list[dict[str, Any]]
"""The rows of a table, each its values by the names of the columns; "note" stands below the name of its row."""


class StudyRecord(StudyLine):
    """One study."""

    created_at: datetime
    updated_at: datetime
    engine_version: str
    provenance: dict[str, Any]
    design: dict[str, Any] = Field(description="The study file.")
    protocol: str = Field(description="Under which values are shown.")
    protocols: list[str]
    varying: list[str] = Field(description="Factors by which networks can be grouped, with the option `by`.")
    moving: bool = Field(description="Whether jobs of it wait or run, so that there will be more by itself.")
    summed: int = Field(description="Networks that numbers and tests are of.")
    figures: dict[str, str] = Field(description="Name of each figure of the page → its caption.")
    numbers: dict[str, Rows] = Field(description="Of each measure the networks group by group.")
    tests: Rows = Field(description="The declared comparisons, made.")
    references: Rows = Field(description="Published values, beside ours.")


@dataclass(frozen=True, eq=False)
class StudyPage(Shared):
    """A study under one protocol, grouped in one way.

    Args:
        options: of the address.
    """

    session: Session
    study: Study
    options: StudyOptions
    protocol: str

    @property
    def line(self) -> StudyLine:
        return self.study.line

    def address(self, **changes: Any) -> str:
        """Its address with other options."""
        view = {"protocol": self.options.protocol, "by": self.options.by}
        return self.study.links.study(self.line.slug, **{**view, **changes})

    @property
    def url(self) -> str:
        return self.address()

    @cached_property
    def figures(self) -> list[Drawn]:
        """The first ladders and measures."""
        return [self.figure(name) for name in figure_names(self.study.summary)[:MOST_FIGURES]]

    def figure(self, name: str) -> Drawn:
        """One figure.

        Raises:
            NotFound: no figure has that name.
        """
        return drawn_figure(self.study.summary, name, self.protocol, self.options.by)

    @cached_property
    def groups(self) -> list[tuple[Measure, list[Group]]]:
        """Each measure with its groups."""
        summary, by = self.study.summary, self.options.by
        return [(one, groups_of(summary, one, self.protocol, by)) for one in summary.shown.values()]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(study_blocks(self))

    @property
    def about(self) -> None:
        return None

    @property
    def digest(self) -> str:
        return self.line.digest

    @property
    def in_short(self) -> InShort:
        row, p = self.study.row, self.line.progress
        lines = [("Networks with an outcome", f"{exact(p.finished)} of {exact(p.networks)}")]
        lines.append(("Converged and analysed", f"{exact(p.converged)} of {exact(p.finished)}"))
        for measure, groups in [pair for pair in self.groups if pair[0].numeric][:3]:
            told = [f"{value_text(one.spread.median)} ({one.label})" for one in groups[:3] if one.points]
            lines.append((measure.label, f"median {', '.join(told)}" if told else "none yet"))
        return InShort(
            "Study",
            self.line.name,
            tuple(lines),
            f"study design {self.digest}, {exact(p.finished)} of {exact(p.networks)} networks",
            f"{self.protocol} ({self.study.protocols[self.protocol][:12]})",
            row.engine_version,
            row.updated_at.date().isoformat(),
        )

    def drawn(self, name: str) -> Markup:
        """A figure as a file that travels; "drawing" is the first of the page."""
        if name == DRAWING:
            return self.figures[0].drawing(self.line.name)
        return self.figure(name).drawing(self.line.name, self.protocol, alone=True)

    def record(self) -> StudyRecord:
        """The study as JSON."""
        study, row = self.study, self.study.row
        return StudyRecord.showing(
            study.line,
            created_at=row.created_at,
            updated_at=row.updated_at,
            engine_version=row.engine_version,
            provenance=row.provenance,
            design=row.design,
            protocol=self.protocol,
            protocols=list(study.protocols),
            varying=list(study.varying),
            moving=study.moving,
            summed=len(study.summary.records),
            figures={one.name: one.caption for one in self.figures},
            numbers={
                measure.key: [row for group in groups for row in _numbers_of(measure, group)]
                for measure, groups in self.groups
            },
            tests=list(_tests(study)),
            references=[_reference(study, one) for one in study.summary.design.references],
        )


def build_study(session: Session, links: Addresses, study: str, options: StudyOptions) -> StudyPage:
    """The study that an address asks for.

    Raises:
        NotFound: no such study.
        BadQuery: a protocol or factor that the study does not have.
    """
    found = find_study_of(session, links, study)
    protocol = protocol_named(found, options.protocol)
    if options.by is not None and options.by not in found.varying:
        varying = ", ".join(found.varying) or "none"
        raise BadQuery(f"by={options.by}", "does not vary in this study", f"use one of: {varying}", "by")
    return StudyPage(session, found, options, protocol)


def protocol_named(study: Study, name: str) -> str:
    """The protocol that an address asks for, the study's first one where it names none.

    Raises:
        BadQuery: the study has no such protocol.
    """
    names = list(study.protocols)
    if name and name not in names:
        raise BadQuery(
            f"protocol {name[:60]!r}", "is not one of this study’s", f"use one of {', '.join(names)}", "protocol"
        )
    return name or names[0]


# --- what it says


def _where(where: Mapping[Any, str]) -> str:
    return ", ".join(f"{FACTORS[factor]} {label}" for factor, label in where.items())


def _tests(study: Study) -> Iterator[dict[str, Any]]:
    known = {**study.summary.shown, **study.summary.measures}
    for comparison, protocol, t in study.summary.tests():
        where = f" ({_where(comparison.where)})" if comparison.where else ""
        compared = (" against " if len(t.groups) == 2 else ", ").join(t.groups)
        yield {
            "measure": known[comparison.measure].label,
            "compared": f"{FACTORS[comparison.factor]}: {compared}{where}",
            "protocol": protocol or "one against the other",
            "test": t.test,
            "values": ", ".join(map(exact, t.sizes)),
            "statistic": t.statistic,
            "p": t.p,
            "p, Holm": t.p_holm,
            "effect": t.effect,
            "low": t.low,
            "high": t.high,
            "of effect": t.effect_name,
            "note": "; ".join(note for note in (t.note, _independence(comparison, t)) if note),
        }


def _independence(comparison: Comparison, result: Tested) -> str:
    """What a test leaves out of account that does not compare seed by seed; "" where it does, or was not made.

    Networks of one seed and several priors have random numbers of their own (:mod:`analysis.networks.drawing`).
    """
    if result.p is None or comparison.test in SEED_BY_SEED or comparison.factor == "prior":
        return ""
    common = "are of the same networks" if comparison.factor in SHARED else "share seeds"
    return f"takes the levels as independent samples, though they {common}"


def _reference(study: Study, reference: Reference) -> dict[str, Any]:
    """What somebody else reports, beside the same figures of our networks."""
    summary, ours, ours_of = study.summary, dict[str, float](), ""
    protocol = reference.protocol or next(iter(study.protocols))
    if reference.measure and protocol in study.protocols:
        measure = summary.measures[reference.measure]
        group = summary.together(reference.measure, protocol, reference.where)
        known = {key: getattr(group.spread, key) for key in ("lower", "median", "upper", "mean")}
        known["share"] = group.spread.mean if measure.kind in ("yes-no", "share") else None
        known["count"] = float(group.yes.hits) if measure.kind == "yes-no" else None
        # one network's count stands beside the quartiles of ours
        quartiles = measure.numeric and set(reference.values) <= {"count"}
        wanted = ("lower", "median", "upper") if quartiles else tuple(reference.values)
        ours = {key: value for key, value in known.items() if value is not None and key in wanted}
        cells = f", {_where(reference.where)}" if reference.where else ""
        ours_of = f"{noun(len(group.points), 'network')}, {protocol}{cells}" if group.points else ""

    def told(values: Mapping[Any, float]) -> str:
        return ", ".join(f"{key} {value_text(value)}" for key, value in values.items())

    return {
        "they report": reference.says,
        "how that is known": f"{reference.source}; {EVIDENCE[reference.evidence]} [{reference.evidence}]",
        "theirs": told(reference.values),
        "ours": told(ours),
        "ours are of": ours_of,
        "note": reference.explanation or "Agreement or difference not explained yet.",
    }


# --- its blocks


def study_blocks(page: StudyPage) -> Iterator[Block]:
    """The page."""
    study, links, line = page.study, page.study.links, page.line
    summary, slug = study.summary, page.line.slug
    outcomes = Action("All networks", links.study_outcomes(slug, protocol=page.options.protocol), True)
    yield Head(line.name, line.question, actions=[*_choices(page), outcomes, *_menus(page)])
    yield from (Prose(answer, glossary=False) for answer in line.answers)
    yield _progress(study)
    if others := set(summary.design.measures) - set(MEASURES):
        words = "Their values are shown as they are, and no network more gets any."
        yield Notice(f"{noun(len(others), 'measure')} of this study cannot be taken here", words)
    yield Section("Distributions", f"under protocol {page.protocol}", id="figures")
    yield from _figures(page)
    if summary.records:
        numbers = f"{noun(len(summary.shown), 'measure')}; shares, medians and means are of the networks with a value"
        yield More("Numbers", lambda: _numbers(page), numbers)
        yield More("Tests", lambda: _test_blocks(study), "declared in the design; p-values are Holm-adjusted over all")
    if references := [_reference(study, one) for one in summary.design.references]:
        yield More("Published values", lambda: [_table(references)], "beside ours", id="references")
    yield More("Design", lambda: _design(study), f"{noun(len(summary.cells), 'cell')} of {study.seeds} seeds")
    more = Form(MoreSeeds, links.study_action(slug, "extend"), "Add seeds")
    yield More("Add seeds", lambda: [more], "every cell gets as many more", id="extend")
    delete, file = links.study_action(slug, "delete"), links.study_data(slug, "jsonl.gz")
    yield More("Delete", lambda: removal(page.session, study.row, delete, file), "which can be undone", id="delete")


def _choices(page: StudyPage) -> Iterator[Choice]:
    study = page.study
    if len(study.protocols) > 1:
        yield Choice("Protocol", {name: page.address(protocol=name) for name in study.protocols}, page.protocol)
    if len(study.varying) > 1:
        every = {"every cell": page.address(by=None)}
        every |= {FACTORS[factor]: page.address(by=factor) for factor in study.varying}
        yield Choice("Grouped by", every, FACTORS[page.options.by] if page.options.by else "every cell")


def _menus(page: StudyPage) -> Iterator[Menu | Action]:
    links, slug = page.study.links, page.line.slug
    files = [Action("CSV", links.study_data(slug, "csv"))]
    files.append(Action("Result file with all weights", links.study_data(slug, "jsonl.gz")))
    yield Menu("Share", [*files, Action("Study file", links.study_design(slug))], page.url)
    yield Action("Duplicate", links.new_study(study=slug))


def _progress(study: Study) -> Progress:
    """How far it is; renewed by itself while jobs of it wait or run."""
    p, line, links = study.line.progress, study.line, study.links
    going = p.state in ("queued", "running")
    possible = {"done": (), "stalled": ("resume", "cancel")}.get(p.state, ("pause", "cancel") if going else ("resume",))
    actions = [Action(name.capitalize(), links.study_action(line.slug, name), changes=True) for name in possible]
    actions += [Action(f"{noun(p.jobs_failed, 'job')} failed", links.jobs(state="failed"))] if p.jobs_failed else []
    state = f"Queued, {noun(p.jobs_ahead, 'job')} ahead" if p.state == "queued" else _STATES[p.state]
    seen, unit = units_of(study.summary)
    words = f"{state}. {seen}{exact(p.finished)} of {noun(p.networks, unit)} have their outcome: "
    words += f"{exact(p.converged)} converged and were analysed, {exact(p.failed)} failed."
    if p.problems:
        words += f" What went wrong: {' '.join(p.problems)}"
    if p.jobs_running:
        words += f" {noun(p.jobs_running, 'job')} running, {exact(p.jobs_waiting)} waiting."
    left = "" if p.seconds_left is None else f", about {duration(p.seconds_left)} to go"
    time = f"{duration(p.seconds)} on one core{left}"
    total = 0 if p.state == "done" else p.networks
    return Progress(
        words, p.finished, total, time, not study.moving, actions, id="progress" if study.moving else "ended"
    )


def _figures(page: StudyPage) -> Iterator[Block]:
    study, p, links = page.study, page.line.progress, page.study.links
    summed = len(study.summary.records)
    if summed < p.finished:
        words = f"These are of the first {noun(summed, 'network')} of {exact(p.finished)}"
        yield Notice(words, "The others follow by themselves.", state="computing")
    if not p.converged:
        item = "No network converged" if p.finished else "No network is analysed yet"
        cause = "Figures come with the first networks." if study.moving else "So there is nothing to draw."
        yield Notice(item, cause, state="computing" if study.moving else "empty")
        return
    for one in page.figures:
        view = {"protocol": page.options.protocol, "by": page.options.by}
        files = {form.upper(): links.study_figure(page.line.slug, one.name, form, **view) for form in FIGURE_FORMS}
        files["Link"] = f"{page.url}#{one.name}"
        caption = Markup("<b>{}.</b> {}").format(one.title, one.caption)
        yield Figure(one.drawing(page.line.name), caption, files, id=one.name)


def _table(rows: Rows) -> Table:
    labels = {name: f"{name[:1].upper()}{name[1:]}" for name in rows[0] if name != "note"}
    cells = [[row[name] for name in labels] for row in rows]
    return Table.plain(list(labels.values()), cells, [row["note"] for row in rows] if "note" in rows[0] else ())


def _numbers(page: StudyPage) -> Iterator[Block]:
    for measure, groups in page.groups:
        yield Section(measure.label, measure.definition)
        yield _table([row for group in groups for row in _numbers_of(measure, group)])


def _numbers_of(measure: Measure, group: Group) -> Iterator[dict[str, Any]]:
    """The numbers of a group: one row, or one for each category."""
    first = {"networks": group.label, "outcomes": group.of, "failed": group.failed, "does not apply": group.silent}
    first["with a value"] = len(group.points)
    if measure.numeric:
        spread = {words: getattr(group.spread, name) for name, words in _SPREAD.items()}
        yield first | spread | {"not exact": group.bounded}
    elif measure.kind == "yes-no":
        yes = group.yes
        yield first | {"yes": yes.hits, "share": yes.value, "95% from": yes.low, "to": yes.high}
    else:
        every = group.categories.most_common() or [("none", 0)]
        for name, count in every[:MOST_CATEGORIES]:
            yield first | {"which": name, "how many": count}
        if rest := every[MOST_CATEGORIES:]:
            yield first | {
                "which": f"{noun(len(rest), 'other')} (see CSV)",
                "how many": sum(count for _, count in rest),
            }


def _test_blocks(study: Study) -> Iterator[Block]:
    rows = list(_tests(study))
    none = Prose("No comparison was declared in the design, so none is made.", glossary=False)
    yield _table(rows) if rows else none


def _design(study: Study) -> Iterator[Block]:
    design = study.summary.design
    facts = {FACTORS[factor]: " · ".join(design.labels(factor)) for factor in design.factors}
    facts |= {
        "networks from": design.source,
        "seeds of each cell": f"{exact(design.seeds.count)} from {design.seeds.first}",
        "training": ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in design.training),
        "several outputs of a network": f"count as their {design.across_outputs}",
        "criteria counted": ", ".join(design.criteria),
    }
    measures = "\n".join(f"- **{one.label}** `{one.key}`: {one.definition}" for one in study.summary.shown.values())
    yield Prose(design.description)
    if "denominator" in design.description:  # it stands as it was declared
        yield Notice(
            "Not as described",
            "Networks that do not converge are counted beside each share, not in it: shares are of the networks with "
            "a value.",
        )
    yield Table.plain(("What", "Value"), [(what, value) for what, value in facts.items() if value])
    yield Prose(f"{measures}\n\n`pluriscope study run {study.line.slug}.json`", glossary=False)


class MoreSeeds(BaseModel):
    """What adding seeds takes."""

    seeds: int = Field(100, ge=1, le=100_000, title="More seeds of each cell")
