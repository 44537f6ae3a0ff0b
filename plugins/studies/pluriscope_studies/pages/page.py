"""Page of a study: question, answer, progress, figure, tests, published values, networks, numbers, design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.app.errors import BadQuery
from pluriscope.app.options import Options
from pluriscope.app.pages.page import DRAWING
from pluriscope.app.pages.settings import removal
from pluriscope.app.pages.sharing.share import InShort, Shared
from pluriscope.figures.numbers import duration, exact, noun
from pluriscope.figures.svg.charts import FILE_WIDTH, draw
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    ChartFigure,
    Choice,
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
from pluriscope_studies.analysis.design import EVIDENCE, FACTORS, GridFactor
from pluriscope_studies.pages.figures import Drawn, drawn_figure, figure_names, groups_of, units_of, value_text
from pluriscope_studies.pages.outcomes import first_outcomes
from pluriscope_studies.pages.study import Study, StudyLine, find_study_of
from pluriscope_studies.reads import networks_of_study_alone

FIGURE_FORMS: Final = ("svg", "png", "pdf")
_UNFOLDED: Final = 3  # rows of a table that stands open
_STATES: Final = {"done": "Finished", "stalled": "Stalled: nothing works on it"}
_NUMBERS: Final = {
    "label": "networks",
    "of": "outcomes",
    "silent": "does not apply",
    "n": "with a value",
    "hits": "yes",
    "low": "95% from",
    "high": "to",
    "lower": "lower quartile",
    "upper": "upper quartile",
    "ones": "exactly 1",
    "inexact": "not exact",
}
"""What pages call numbers of a group that have other names there."""


class StudyOptions(Options):
    """Options of a study's page."""

    figure: str = Field("", max_length=200, description="Name of one of its figures; empty: its first one.")
    protocol: str = Field("", max_length=64, description="Name of one of its protocols; empty: its first one.")
    by: GridFactor | None = Field(None, description="Group networks by the levels of this factor; else by cell.")


class MoreSeeds(BaseModel):
    """Request for more seeds."""

    seeds: int = Field(100, ge=1, le=100_000, title="More seeds of each cell")


class StudyRecord(StudyLine):
    """Record of a study."""

    created_at: datetime
    updated_at: datetime
    engine_version: str
    provenance: dict[str, Any]
    moving: bool = Field(description="Whether a job of it waits or runs, so that there will be more by itself.")
    design: dict[str, Any] = Field(description="The study file.")
    figures: dict[str, str] = Field(description="Name of each figure, for the option `figure` → its title.")
    caption: str = Field(description="Of the figure that is asked for; empty before it can be drawn.")
    summary: dict[str, Any] = Field(
        description="What was summed up, of how many `networks`: `numbers` by measure, protocol and group of networks, "
        "the declared `tests`, published values beside ours (`references`), how training ended in each of its `cells`."
    )


@dataclass(frozen=True, eq=False)
class StudyPage(Shared):
    """A study under one protocol, grouped in one way, with one of its figures."""

    study: Study
    options: StudyOptions
    protocol: str

    @property
    def line(self) -> StudyLine:
        return self.study.line

    @property
    def room(self) -> str:
        return "Findings"

    @property
    def copied(self) -> str:
        return f"--study {self.line.slug}"

    def address(self, **changes: Any) -> str:
        """Its address with other options."""
        return self.study.links.url(
            "studies", self.line.slug, **{**self.options.model_dump(exclude={"theme"}), **changes}
        )

    @property
    def url(self) -> str:
        return self.address()

    @cached_property
    def figure(self) -> Drawn | None:
        """The figure that is shown, None before a network was summed up; a NotFound for a name of none."""
        known = self.study.summary["converged"]
        return self._figure(self.options.figure or next(iter(figure_names(self.study)))) if known else None

    def _figure(self, name: str) -> Drawn:
        return drawn_figure(self.study, name, self.protocol, self.options.by)

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
        row, p, protocol = self.study.row, self.line.progress, self.study.protocols[self.protocol]
        finished, day = f"{exact(p.finished)} of {exact(p.networks)}", row.updated_at.date().isoformat()
        lines = (("Networks with an outcome", finished), ("Converged and analysed", exact(p.converged)))
        identity, rules = f"study design {self.digest}, {finished} networks", f"{self.protocol} ({protocol[:12]})"
        return InShort("Study", self.line.name, lines, identity, rules, row.engine_version, day)

    def drawn(self, name: str) -> Markup | None:
        """A figure as a file that travels; "drawing" is that of the page."""
        if name == DRAWING:
            return draw(self.figure.chart, FILE_WIDTH) if self.figure else None
        return draw(self._figure(name).chart, FILE_WIDTH)

    def record(self) -> StudyRecord:
        """The study as JSON."""
        study, row = self.study, self.study.row
        own = {name: getattr(row, name) for name in ("created_at", "updated_at", "engine_version", "provenance")}
        own |= {"moving": study.moving, "design": row.design, "summary": dict(study.summary)}
        caption = self.figure.caption if self.figure else ""
        return StudyRecord.showing(study.line, **own, figures=figure_names(study), caption=caption)


def build_study(session: Session, links: Addresses, study: str, options: StudyOptions) -> StudyPage:
    """The study that an address asks for.

    Raises:
        BadQuery: another protocol or factor.
        NotFound: as :func:`pluriscope_studies.pages.study.open_study`.
    """
    found = find_study_of(session, links, study)
    protocol = found.protocol_named(options.protocol)
    if options.by not in (None, *found.design.varying):
        varying = ", ".join(found.design.varying) or "none"
        raise BadQuery(f"by={options.by}", "does not vary in this study", f"use one of: {varying}", "by")
    return StudyPage(found, options, protocol)


def study_blocks(page: StudyPage) -> Iterator[Block]:
    """The page."""
    study, links, line, slug = page.study, page.study.links, page.line, page.line.slug
    every = Action("All networks", links.url("studies", slug, "outcomes", protocol=page.options.protocol), True)
    files = {"CSV": "csv", "JSON": "json", "Parquet, with weights": "parquet"}
    share = [Action(words, links.url("api", "v2", "studies", slug, f"data.{form}")) for words, form in files.items()]
    share.append(Action("Study file", links.url("api", "v2", "studies", slug, "design")))
    copy = Action("Duplicate", links.url("studies", "new", study=slug))
    yield Head(line.name, line.question, actions=[every, Menu("Share", share, page.url), copy])
    yield from (Prose(answer, glossary=False) for answer in line.answers)
    yield _progress(study)
    yield from _figure(page)
    if tests := study.summary.get("tests"):
        words = "declared in the design; p is Holm-adjusted over all of them"
        yield from _table("Tests", words, [_test(study, one) for one in tests])
    if study.design.references:
        known = study.summary.get("references") or [one.model_dump() for one in study.design.references]
        yield from _table("Published values", "beside ours", list(map(_reference, known)))
    if study.table.paths:
        yield More("Networks", lambda: [first_outcomes(study, page.protocol)], "the first of them", sent=True)
    yield More("Design", lambda: _design(study), noun(study.design.n_cells, "cell"))
    more = Form(MoreSeeds, links.url("studies", slug, "extend"), "Add seeds")
    yield More("Add seeds", lambda: [more], "every cell gets as many more", id="extend")
    yield More("Delete", lambda: _delete(study), "which can be undone", id="delete")


def _delete(study: Study) -> Iterator[Block]:
    """Show what deleting it does."""
    links, row = study.links, study.row
    alone, file = (
        networks_of_study_alone(study.session, row),
        links.url("api", "v2", "studies", row.slug, "data.parquet"),
    )
    leaves = f"the list of studies, with the outcomes of {noun(row.n_finished, 'network')}"
    along, kept = f"{noun(len(alone), 'stored network')} that no other study has", f"[Its table]({file}) has all of it"
    yield from removal(study.session, row, links.url("studies", row.slug, "delete"), leaves, along, kept)


def _progress(study: Study) -> Progress:
    """Progress of the study; renewed by itself while a job of it waits or runs."""
    p, line, links = study.line.progress, study.line, study.links
    going = p.state in ("queued", "running")
    possible = {"done": (), "stalled": ("resume", "cancel")}.get(p.state, ("pause", "cancel") if going else ("resume",))
    actions = [Action(name.capitalize(), links.url("studies", line.slug, name), changes=True) for name in possible]
    state = p.state.capitalize()
    if p.state == "queued":
        state = "Waiting" if p.problems else f"Queued, {noun(p.jobs_ahead, 'job')} ahead"
    seen, unit = units_of(study)
    words = f"{_STATES.get(p.state, state)}. {seen}{exact(p.finished)} of {noun(p.networks, unit)} have their outcome: "
    words += f"{exact(p.converged)} converged and were analysed, {exact(p.failed)} failed."
    if p.problems:
        words += f" What went wrong: {' '.join(p.problems)}"
    if p.problems and p.state == "queued":
        words += " It is tried again by itself."
    elif p.problems:
        actions.append(Action("Failed jobs", links.jobs(state="failed")))
    left = "" if p.seconds_left is None else f", about {duration(p.seconds_left)} to go"
    time, total = f"{duration(p.seconds)} on one core{left}", 0 if p.state == "done" else p.networks
    name = "progress" if study.moving else "ended"
    return Progress(words, p.finished, total, time, not study.moving, actions, id=name)


def _figure(page: StudyPage) -> Iterator[Block]:
    """The figure asked for, with the numbers that it shows, or why there is none."""
    study, p, links, shown = page.study, page.line.progress, page.study.links, page.figure
    if shown is None:
        item, cause = "No network is analysed yet", "Figures come with the first networks."
        if p.converged:
            item, cause = "Figure, numbers and tests are not made yet", "A worker makes them."
        elif p.finished:
            item, cause = "No network converged", "So far there is nothing to draw."
        yield Notice(item, cause, state="computing" if p.converged or study.moving else "empty")
        return
    if (summed := study.summary["networks"]) < p.finished:
        words = f"Figure, numbers and tests are of the first {noun(summed, 'network')} of {exact(p.finished)}"
        when = "." if p.state == "done" else " whenever a tenth more have their outcome."
        yield Notice(words, f"The others follow{when}", state="computing")
    others = [Action(title, page.address(figure=name)) for name, title in figure_names(study).items()]
    yield Section(shown.title, f"under protocol {page.protocol}", Menu("Other figures", others) if others[1:] else None)
    if len(study.protocols) > 1:
        yield Choice("Protocol", {name: page.address(protocol=name) for name in study.protocols}, page.protocol)
    if len(study.design.varying) > 1:
        every = {"every cell": page.address(by=None)}
        every |= {FACTORS[factor]: page.address(by=factor) for factor in study.design.varying}
        yield Choice("Grouped by", every, FACTORS[page.options.by] if page.options.by else "every cell")
    view: dict[str, Any] = {"protocol": page.options.protocol, "by": page.options.by}
    files = {
        form.upper(): links.url("studies", page.line.slug, "figures", f"{shown.name}.{form}", **view)
        for form in FIGURE_FORMS
    }
    forms = Markup(" ").join(Markup('<a href="{}">{}</a>').format(url, form) for form, url in files.items())
    yield ChartFigure(chart=shown.chart, caption=Markup("{} {}").format(shown.caption, forms), id=shown.name)
    yield More("Numbers", lambda: _numbers(page, shown), "of the networks with a value, by groups")


def _table(title: str, words: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """A short table, or a longer one folded; "note" stands below the name of its row."""
    labels = [name for name in rows[0] if name != "note"]
    cells = [[row.get(name) for name in labels] for row in rows]
    table = Table.plain(labels, cells, [row.get("note", "") for row in rows])
    folded = More(title, lambda: [table], words, sent=True)
    yield from [folded] if len(rows) > _UNFOLDED else [Section(title, words), table]


def _test(study: Study, test: Mapping[str, Any]) -> dict[str, Any]:
    """A test in the words of a table."""
    measures = study.summary["measures"].values()
    names = {one["measure"]: one["measure_label"] for one in measures}
    names |= {key: one["label"] for key, one in study.summary["measures"].items() if one["method"]}
    interval = "" if test["low"] is None else f" ({value_text(test['low'])} to {value_text(test['high'])})"
    return {
        "Measure": names.get(test["measure"], test["measure"]),
        "Compared": f"{FACTORS[test['factor']]}: {' · '.join(test['levels'])}{_where(test['where'])}",
        "Protocol": test["protocol"] or "one against the other",
        "Test": test["test"],
        "Values": ", ".join(map(exact, test["sizes"])),
        "Statistic": test["statistic"],
        "p": test["p"],
        "p, Holm": test["p_holm"],
        "Effect": "" if test["effect"] is None else f"{test['effect']:.3g}{interval}, {test['effect_name']}",
        "note": test["note"],
    }


def _where(where: Mapping[Any, str]) -> str:
    return "".join(f", {FACTORS[factor]} {label}" for factor, label in where.items())


def _reference(reference: Mapping[str, Any]) -> dict[str, Any]:
    """Row of what somebody else reports, beside the same figures of our networks."""
    theirs, ours = (
        ", ".join(f"{key} {value_text(value)}" for key, value in (values or {}).items())
        for values in (reference["values"], reference.get("ours"))
    )
    cells = f"{noun(reference['of'], 'network')}, {reference['protocol']}{_where(reference['where'])}" if ours else ""
    how = f"{reference['source']}; {EVIDENCE[reference['evidence']]} [{reference['evidence']}]"
    note = reference["explanation"] or "Agreement or difference not explained yet."
    words = {"They report": reference["says"], "How that is known": how}
    return words | {"Theirs": theirs, "Ours": ours, "Ours are of": cells, "note": note}


def _numbers(page: StudyPage, shown: Drawn) -> Iterator[Block]:
    """The numbers that a figure shows, measure by measure."""
    for key in shown.keys:
        words = page.study.summary["measures"][key]
        groups = groups_of(page.study, key, page.protocol, page.options.by or "cell")
        rows = [{_NUMBERS.get(name, name): value for name, value in group.items()} for group in groups]
        for row in rows:
            if "categories" in row:
                others, networks = row.pop("others")
                rest = [(f"{exact(others)} others", networks)] if others else []
                row["categories"] = "; ".join(f"{name} {exact(n)}" for name, n in [*row["categories"], *rest])
        yield Section(words["label"], words["definition"])
        labels = [f"{one[:1].upper()}{one[1:]}" for one in rows[0]] if rows else ["Networks"]
        yield Table.plain(labels, [list(row.values()) for row in rows])


def _design(study: Study) -> Iterator[Block]:
    """Show what was declared, in words and as facts."""
    design = study.design
    facts = {FACTORS[factor]: " · ".join(design.labels(factor)) for factor in design.factors}
    facts |= {
        "networks from": design.source,
        "seeds of each cell": f"{exact(design.seeds.count)} from {design.seeds.first}",
        "training": ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in design.training),
        "several outputs of a network": f"count as their {design.across_outputs}",
        "measures": ", ".join(figure_names(study).values()) or ", ".join(design.measures),
    }
    yield Prose(design.description)
    if "denominator" in design.description:  # it stands as it was declared
        words = "Not as described: networks that do not converge are counted beside each share, not in it."
        yield Prose(words, glossary=False)
    yield Table.plain(("What", "Value"), [(what, value) for what, value in facts.items() if value])
    yield Prose(f"`pluriscope study run {study.line.slug}.json`", glossary=False)
