"""Page of a network's explanations while it was trained, from the stored analyses of its checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import log10
from typing import Any, Final

from markupsafe import Markup
from pydantic import Field
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.network_files.result_file import read_stops
from pluriscope.analysis.numerics.large_numbers import interval
from pluriscope.analysis.subjects.trained import TrainingRecord
from pluriscope.app.db.analysed import read_analysed
from pluriscope.app.db.codecs import record_of
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.algorithms import placements_untried
from pluriscope.app.db.reads.analyses import find_question
from pluriscope.app.db.reads.networks import checkpoints_of
from pluriscope.app.db.tables import AlgorithmRow, AnalysisRow
from pluriscope.app.errors import BadQuery
from pluriscope.app.options import PageModel, ScopeOptions
from pluriscope.app.pages.page import column
from pluriscope.app.pages.place import AnyPlace, locate, others, place_of
from pluriscope.app.pages.shared import job_now, state_of
from pluriscope.app.pages.sharing.about import about_place
from pluriscope.app.pages.sharing.exports import Exported, exported
from pluriscope.figures.charts import Axis, Chart, Series, heat_chart
from pluriscope.figures.numbers import enumerated, exact, noun
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    ChartFigure,
    Choice,
    Columns,
    Fact,
    Facts,
    Figure,
    Head,
    Menu,
    Notice,
    Progress,
    Section,
    Table,
    side_by_side,
)
from pluriscope.page_kit.templating import render
from pluriscope.processes.recent import Recent
from pluriscope.tables.table import Row
from pluriscope.views.networks import draw_network
from pluriscope_edits.addresses import training_url
from pluriscope_edits.changes import parts_of
from pluriscope_edits.over_training.checkpoints import (
    Checkpoint,
    CheckpointFound,
    CheckpointsReport,
    Followed,
    report_of,
    with_algorithms,
)
from pluriscope_edits.over_training.progress_measures import MEASURES

_NAMED: Final = 6
"""Circuits of each kind of change that are shown."""
_LINEAR: Final = 1_000
"""Numbers of circuits up to which their axis is linear."""
_REPORTS: Final = Recent[CheckpointsReport](32)
"""By what was found of each checkpoint: every chart of a page asks for it again."""
_CARD: Final = (
    column("name", "Circuit", "Its mask.", "name", first=True),
    column("edges", "Keeps", "Edges, or nodes where a mask names nodes."),
)


class TrainingOptions(ScopeOptions):
    """Options of which checkpoint is shown."""

    training: str = Field(
        "", max_length=64, description="First digits of the digest of one training, of a network that is of several."
    )
    checkpoint: int | None = Field(
        None, ge=0, description="Which stored checkpoint is shown, from 0; the network itself if not given."
    )


class CheckpointState(PageModel):
    """A stored checkpoint."""

    at: int = Field(description="Epochs or steps run.")
    network: str = Field(description="Its slug.")
    state: str = Field(description="done, truncated, computing, failed, cancelled or not_analysed.")
    url: str


class OverTrainingRecord(PageModel):
    """Record of a network's explanations while it was trained, as far as its checkpoints are analysed."""

    network: str
    scope: dict[str, str]
    training: str = Field(description="Digest of the training: kind, sizes, tasks and options; empty: no checkpoint.")
    findings: list[str]
    stored: list[CheckpointState]
    report: CheckpointsReport | None = Field(description="Of the analysed ones; null: none is.")
    url: str


@dataclass(frozen=True)
class _Stored:
    """A stored checkpoint under the rules that are asked for."""

    record: TrainingRecord
    place: AnyPlace
    job: JobRow | None

    @property
    def analysis(self) -> Any:
        return self.place.analysis

    @property
    def state(self) -> str:
        return state_of(self.analysis, self.job)

    @property
    def searched(self) -> bool:
        return self.analysis is not None and self.analysis.circuits_method != "refused"


@dataclass(frozen=True)
class OverTraining:
    """The page.

    Args:
        place: the network, under the rules.
    """

    session: Session
    links: Addresses
    place: AnyPlace
    options: TrainingOptions

    @cached_property
    def trainings(self) -> dict[str, list[Any]]:
        """Trainings of which the network is a checkpoint, by digest, that with the most checkpoints first; with these.

        Raises:
            BadQuery: no training of the network begins with the digits given.
        """
        every = {one.training: checkpoints_of(self.session, one.training) for one in self.place.row.checkpoints}
        found = {key: list(some) for key, some in every.items() if key.startswith(self.options.training)}
        if every and not found:
            cause, cure = "is not one of this network’s", "leave it out"
            here = training_url(self.links, self.place.slug, self.place.scope)
            raise BadQuery(f"training {self.options.training!r}", cause, cure, "training", here, "its page")
        return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))

    @property
    def training(self) -> str:
        return next(iter(self.trainings), "")

    @cached_property
    def stored(self) -> list[_Stored]:
        """Its stored checkpoints, in order."""
        found = []
        for checkpoint, row in next(iter(self.trainings.values()), []):
            place = place_of(self.session, row, find_question(self.session, row, self.place.scope))
            found.append(_Stored(record_of(checkpoint, row), place, job_now(self.session, place)))
        return found

    @property
    def analysed(self) -> list[_Stored]:
        """Checkpoints with circuits that were searched or drawn."""
        return [one for one in self.stored if one.searched]

    def _known(self, one: _Stored) -> Checkpoint:
        return read_checkpoint(self.session, one.analysis, one.record)

    @property
    def lacking(self) -> list[_Stored]:
        """Checkpoints that nobody asked for, or whose analysis failed, and that can be analysed."""
        return [one for one in self.stored if one.analysis is None and one.state != "computing"]

    @cached_property
    def report(self) -> CheckpointsReport | None:
        if not self.analysed:
            return None
        key = tuple((one.analysis.result_digest, one.record.model_dump_json()) for one in self.analysed)
        return _REPORTS.of(key, lambda: report_of(list(map(self._known, self.analysed)), None))

    @property
    def findings(self) -> list[str]:
        return [] if self.report is None else self.report.findings()

    @property
    def unit(self) -> str:
        return self.stored[0].record.unit if self.stored else "epoch"

    def url(self, **view: Any) -> str:
        """The page, at a checkpoint for one."""
        training = self.training[:12] if self.options.training else ""
        return training_url(self.links, self.place.slug, self.place.scope, training=training, **view)

    def record(self) -> OverTrainingRecord:
        """Record of the training for JSON."""
        return OverTrainingRecord(
            network=self.place.slug,
            scope=dict(self.place.scope.fields),
            training=self.training,
            findings=self.findings,
            stored=[
                CheckpointState(
                    at=one.record.at,
                    network=one.place.slug,
                    state=one.state,
                    url=self.links.network(one.place.slug, one.place.scope),
                )
                for one in self.stored
            ],
            report=self.report,
            url=self.url(),
        )

    def blocks(self) -> Iterator[Block]:
        """The page."""
        place, rules = self.place, {}
        for words, one in others(place).items():
            rules[words] = training_url(self.links, place.slug, one.scope)
        rules.setdefault(place.rules, self.url())
        more = [
            Action(f"Overview of {place.row.name}", self.links.network(place.slug, place.scope)),
            Action("All of it as JSON", self.links.twin(self.url())),
            Action("The checkpoints as CSV", training_url(self.links, place.slug, place.scope, "csv")),
        ]
        sentences = " ".join(self.findings) or "Which explanations appear, stay and vanish while a network learns?"
        title = f"Explanations over the training of {place.row.name.partition(f', {self.unit} ')[0]}"
        yield Head(title, sentences, actions=[Choice("Rules", rules, place.rules), Menu("More", more)])
        if len(self.trainings) > 1:
            every = {
                f"{key[:12]}, {noun(len(some), 'checkpoint')}": training_url(
                    self.links, place.slug, place.scope, training=key[:12]
                )
                for key, some in self.trainings.items()
            }
            yield Choice("It is a checkpoint of several trainings", every, next(iter(every)))
        yield from self._missing()
        if self.report is not None:
            yield from self._charts(self.report)
            yield from self._shown(self.report)

    def _missing(self) -> Iterator[Block]:
        """Notices of what is not there yet, and what to do about it."""
        if not self.stored:
            cure = "Train one with pluriscope train --checkpoints 0,1,2,5,10 --output FOLDER, or with train-model, and "
            yield Notice("This network is no checkpoint", "", f"{cure}import the files that it writes.")
            return
        if len(self.stored) == 1:
            cause = "So there is nothing to compare it with."
            cure = "Import the other files of the folder that pluriscope train --checkpoints wrote."
            yield Notice("Only one checkpoint of this training is stored", cause, cure)
        waiting = [one for one in self.stored if one.state == "computing"]
        if waiting:
            at = ", ".join(str(one.record.at) for one in waiting)
            words = f"{noun(len(self.analysed), 'checkpoint')} analysed; waiting for {self.unit} {at}"
            yield Progress(words, len(self.analysed), len(self.stored), id="progress")
        refused = [one for one in self.stored if one.analysis is not None and not one.searched]
        for some, words in ((self.lacking, "Not analysed"), (refused, "Not searched")):
            if some:
                ask = Action(
                    "Analyse them", training_url(self.links, self.place.slug), True, True, dict(self.place.scope.fields)
                )
                at = enumerated([str(one.record.at) for one in some])
                why = some[0].place.question.obstacle
                yield Notice(f"{words}: {self.unit} {at}", why, actions=[] if why else [ask])

    def _charts(self, report: CheckpointsReport) -> Iterator[Block]:
        each, across = report.checkpoints, Axis(self.unit, names=[str(one.at) for one in report.checkpoints])
        urls = [self.url(checkpoint=self.stored.index(one)) for one in self.analysed]

        def line(name: str, read: Callable[[CheckpointFound], float | None], look: Any = "ink", **ends: Any) -> Series:
            return Series(name, range(len(each)), list(map(read, each)), urls=urls, look=look, **ends)

        def figure(key: str, words: str, up: Axis, series: Sequence[Series], about: str = "") -> list[Block]:
            chart = Chart("lines", words, across, up, series)
            return [] if chart.empty else [ChartFigure(chart=chart, caption=about or f"{words}.", id=f"over-{key}")]

        losses = [line("training rows", lambda one: one.loss or None)]
        right = [line(f"of {noun(report.rows, 'row')}", lambda one: one.rows_right / report.rows)]
        if any(one.held_out_loss is not None for one in each):
            losses.append(line("held-out rows", lambda one: one.held_out_loss or None, "dashed"))
            held_out = line("held-out rows", lambda one: one.held_out_accuracy, "dashed")
            right = [line("training rows", lambda one: one.accuracy), held_out]
        part, share = self.place.part, Axis("share", low=0.0, high=1.0, percent=True)
        kept = line("kept by all", lambda one: None if one.backbone is None else len(one.backbone), "dashed")
        smallest, placed = line("smallest", lambda one: one.smallest.high), line("placed", lambda one: one.algorithms)
        words = f"{part.capitalize()}s of the smallest valid circuit, and {part}s that all keep"
        figures = [
            *figure("loss", "Loss", Axis("loss", log=True), losses),
            *figure("right", "Rows right", share, right),
            *figure("circuits", *self._numbers(each, line)),
            *figure("smallest", words, Axis(f"{part}s"), [smallest, kept]),
            *figure("algorithms", "Algorithms of the task that can be placed", Axis("algorithms"), [placed]),
        ]
        yield from side_by_side(figures, 3)
        measured: list[Block] = []
        for key, measure in MEASURES.items():
            up, about = Axis(measure.label, log=key.endswith("_loss")), f"{measure.label.capitalize()}. "
            series = [line("", lambda one, key=key: one.measures.get(key))]  # type: ignore[misc]
            measured += figure(key, measure.label, up, series, about + measure.definition)
        if measured:
            yield Section("Progress measures", "of modular addition, in the literature")
            yield from side_by_side(measured, 3)
        followed = [
            ("Circuits that are valid most often", report.circuits, "c"),
            ("Algorithms that can be placed most often", report.placements, "g"),
        ]
        yield from side_by_side([self._followed(*one, report) for one in followed if one[1]], 2)

    def _numbers(
        self, each: Sequence[CheckpointFound], line: Callable[..., Series]
    ) -> tuple[str, Axis, list[Series], str]:
        """Series of valid circuits and what became of those before; logarithms, without 0, where some are large."""
        wide = any(one.circuits.high > _LINEAR for one in each)

        def scaled(n: int | str) -> float | None:
            return float(n) if not wide else log10(int(n)) if int(n) else None

        def middle(one: CheckpointFound) -> float | None:
            return one.circuits.log10 if wide else (one.circuits.low + one.circuits.high) / 2

        exactly = [one.circuits.low == one.circuits.high for one in each]
        ends = {
            end: [None if at else scaled(getattr(one.circuits, end)) for at, one in zip(exactly, each, strict=True)]
            for end in ("low", "high")
        }
        series = [line("valid", middle, **({} if all(exactly) else ends))]
        for name, look in (("kept", "grey"), ("gained", "dashed"), ("lost", "open")):
            found = line(name, lambda one, name=name: one.change and scaled(getattr(one.change, name)), look)
            series += [found] if any(found.y) else []
        words = "Valid circuits, and what became of those of the checkpoint before"
        caption = f"{words}{'; 0 has no place on this scale' if wide else ''}."
        return words, Axis("valid circuits" + ", as a power of ten" * wide), series, caption

    def _followed(self, words: str, followed: Sequence[Followed], letter: str, report: CheckpointsReport) -> Block:
        """Chart of the checkpoints at which each is an explanation; every cell leads to it there."""
        every = [one.at for one in report.checkpoints]
        places = [one.place for one in self.analysed]
        urls = [
            [self.links.explanation(place.slug, f"{letter}-{one.ref}", place.scope) for place in places]
            for one in followed
        ]
        values = [[1.0 if at in one.at else None for at in every] for one in followed]
        names = [f"{one.ref}, {one.label}" if letter == "c" else one.label for one in followed]
        texts = [["" for _ in every] for _ in followed]
        chart = heat_chart(
            words, names, list(map(str, every)), values, measured=Axis("valid", high=1.0), urls=urls, texts=texts
        )
        return ChartFigure(chart=chart, caption=f"{words}, and at which {self.unit}s.", id=f"followed-{letter}")

    def _shown(self, report: CheckpointsReport) -> Iterator[Block]:
        """Show one checkpoint, and the slider that leads to the others."""
        own = next((n for n, one in enumerate(self.stored) if one.place.row is self.place.row), 0)
        chosen = own if self.options.checkpoint is None else self.options.checkpoint
        if chosen >= len(self.stored):
            cause, cure = f"is not there: {len(self.stored)} are stored", "count from 0"
            raise BadQuery(f"checkpoint {chosen}", cause, cure, "checkpoint", self.url(), "all of them")
        yield Section("One checkpoint", "move the slider, or follow a link", id="one")
        fields = {**self.place.scope.query(), "training": self.options.training and self.training[:12]}
        ways = [(str(one.record.at), f"{self.url(checkpoint=n)}#one") for n, one in enumerate(self.stored)]
        slider = render(
            "training_slider.html",
            url=training_url(self.links, self.place.slug),
            fields=fields,
            unit=self.unit,
            ways=ways,
            chosen=chosen,
        )
        stored = self.stored[chosen]
        name, place = f"{self.unit.capitalize()} {stored.record.at}", stored.place
        link = Markup('<a href="{}">{}</a>').format(self.links.network(place.slug, place.scope), place.row.name)
        drawn = draw_network(place.question, title=place.row.name)
        left: list[Block] = [Figure(slider, name), Figure(drawn, link)]
        at = self.analysed.index(stored) if stored.searched else None
        if at is None:
            yield Columns(
                [left, [Notice("This checkpoint is not analysed", "Nothing is known of its explanations.")]], id="shown"
            )
            return
        left.append(Facts(list(self._facts(report, report.checkpoints[at], place))))
        yield Columns([left, list(self._changes(at, report.checkpoints[at]))], id="shown")

    def _facts(self, report: CheckpointsReport, one: CheckpointFound, place: AnyPlace) -> Iterator[Fact]:
        known, links, part = one.circuits, self.links, self.place.part
        number = exact(known.low) if known.low == known.high else interval(known.low, known.high, known.possible)
        yield Fact("Rows right", f"{one.rows_right} of {report.rows}", note=f"loss {one.loss:.3g}")
        yield Fact("Valid circuits", number, known.how, url=links.explanations(place.slug, place.scope, kind="circuit"))
        if one.smallest.high is not None:
            kept = "" if one.backbone is None else f"all keep {', '.join(one.backbone) or 'none'}"
            yield Fact(f"{part.capitalize()}s of the smallest", str(one.smallest.high), note=kept)
        if one.algorithms is not None:
            url = links.explanations(place.slug, place.scope, kind="algorithm")
            yield Fact("Algorithms placed", exact(one.algorithms), url=url)

    def _changes(self, at: int, one: CheckpointFound) -> Iterator[Block]:
        """The smallest circuits that are lost, gained and kept since the checkpoint before."""
        place = self.analysed[at].place
        if at == 0:
            yield Notice("It is the first checkpoint that is analysed", "So no explanation is kept, lost or gained.")
            return
        earlier, now = self.analysed[at - 1 : at + 1]
        since = f"since {self.unit} {earlier.record.at}"
        if one.change is None:
            yield Notice(f"What became of circuits {since} is not known", "Not all valid ones are listed at both.")
            return
        found = parts_of(*(self._known(one).analysed.circuits.masks for one in (earlier, now)))
        for name, where in (("gained", place), ("lost", earlier.place), ("kept", place)):
            masks = sorted(found[name].tolist(), key=lambda mask: (mask.bit_count(), mask))
            some = "; the smallest" if len(masks) > _NAMED else ""
            yield Section(f"{name.capitalize()}", f"{noun(len(masks), 'circuit')} {since}{some}", id=f"{name}-{at}")
            if masks:
                rows = [self._circuit(mask, where) for mask in masks[:_NAMED]]
                yield Table.short("circuit", _CARD, rows, view="cards", thumb=lambda row: row.drawing and row.drawing())

    def _circuit(self, mask: int, place: AnyPlace) -> Row:
        text = place.question.graph.to_hex(mask)
        values = {"name": f"c·{text}", "edges": noun(mask.bit_count(), self.place.part)}
        drawn = partial(draw_network, place.question, mask, title=f"Circuit {text}", thumb=True)
        return Row(values, url=self.links.circuit(place.slug, text, place.scope), drawing=drawn)

    def table(self) -> tuple[Sequence[str], list[Sequence[Any]]]:
        """A line for each analysed checkpoint, to take away."""
        losses = ("loss", "accuracy", "held_out_loss", "held_out_accuracy")
        names = (*losses, "rows_right", "algorithms", "first_algorithm")
        head = (self.unit, "network", *names, "circuits_low", "circuits_high", "smallest", "kept", "lost", "gained")
        rows: list[Sequence[Any]] = []
        for stored, one in zip(self.analysed, self.report.checkpoints if self.report else [], strict=True):
            changes = [None if one.change is None else getattr(one.change, name) for name in head[-3:]]
            known = one.circuits.low, one.circuits.high, one.smallest.high
            rows.append((one.at, stored.place.slug, *(getattr(one, name) for name in names), *known, *changes))
        return head, rows


def read_checkpoint(session: Session, row: AnalysisRow, record: TrainingRecord) -> Checkpoint:
    """Read what is known of a network in its training, of which some circuits were searched or drawn."""
    analysed, stops = read_analysed(session, row), [stop.stage for stop in read_stops(row.distributions)]
    one = Checkpoint(record, analysed, stops=stops)
    if analysed.question.refuses("formulas"):
        return one
    columns = select(AlgorithmRow.algorithm_id, AlgorithmRow.formula, AlgorithmRow.n_valid)
    known = AlgorithmRow.analysis_id == row.id, or_(AlgorithmRow.position == 0, AlgorithmRow.n_valid > 0)
    results = session.execute(columns.where(*known).order_by(AlgorithmRow.position)).all()
    left_out = row.algorithms_truncated_at is not None or placements_untried(session, row)
    return with_algorithms(one, [(ref, formula, n_valid) for ref, formula, n_valid in results], left_out)


def training_table(session: Session, addresses: Addresses, network: str, options: TrainingOptions) -> Exported:
    """Table of explanations in training: a line for each checkpoint."""
    place = locate(session, addresses, network, options.scope)
    found = OverTraining(session, addresses, place, options)
    names, rows = found.table()
    about = about_place(place, f"The checkpoints of the training of {place.slug} that are analysed")
    return (*about, *found.findings), exported(names, rows)
