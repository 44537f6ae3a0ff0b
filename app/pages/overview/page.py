"""The first page of a network: what it computes, how many explanations there are, and what else was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import chain
from typing import Any, Final, Literal, TypeVar

from markupsafe import Markup, escape
from pydantic import Field

from pluriscope.addresses.naming import Scope
from pluriscope.analyses.compare import refs as refs_of
from pluriscope.analyses.registry import COMMON_GROUND, PAIR, RIVALS
from pluriscope.analysis.network_files.result_file import read_stops
from pluriscope.analysis.numerics.large_numbers import in_words
from pluriscope.analysis.plugins import Failure, guarded
from pluriscope.analysis.values.late_functions import function_at
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.jobs import UNFINISHED, jobs_about
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.jobs.definitions import DEFINITIONS
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.compare.choosing import own_pair
from pluriscope.app.pages.counted import counts_of, of_possible
from pluriscope.app.pages.explanation_list import states
from pluriscope.app.pages.explanations import people_of
from pluriscope.app.pages.inside import check_row
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.overview.graphs import grains, of_graph
from pluriscope.app.pages.overview.part import Contents, Part
from pluriscope.app.pages.overview.perceptrons import of_perceptron
from pluriscope.app.pages.overview.registry import PARTS
from pluriscope.app.pages.page import DRAWING
from pluriscope.app.pages.pending_work import IDLE_WORDS, compute_now, wait_words
from pluriscope.app.pages.place import FORMULAS
from pluriscope.app.pages.plugged import left_out
from pluriscope.app.pages.shared import known_of
from pluriscope.app.pages.sharing.share import InShort, Shared
from pluriscope.app.pages.stage import Stage
from pluriscope.app.pages.training.course import learning_of_network
from pluriscope.figures.numbers import noun, readable
from pluriscope.figures.svg.charts import FILE_WIDTH, draw
from pluriscope.figures.svg.count_axis import count_axis
from pluriscope.objects.verdict import Verdict
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    Choice,
    Columns,
    Fact,
    Facts,
    Head,
    Menu,
    More,
    Notice,
    Prose,
    Section,
    Table,
    Text,
)
from pluriscope.page_kit.templating import part_url
from pluriscope.views.networks import draw_network
from pluriscope.views.records import NetworkRecord

T = TypeVar("T")
QUESTION: Final = "Is there only one explanation?"


class OverviewOptions(ScopeOptions):
    """Options of a network's first page."""

    row: int | None = Field(None, ge=0, description="The row whose values are shown, from 0.")


@dataclass(frozen=True)
class Fold(Block):
    """A part of the page that is folded on narrow screens, so that the next is in reach.

    Args:
        title: what is in it.
        inner: its blocks.
        sentence: what can be said of it while it is folded.
    """

    title: str
    inner: Sequence[Block] = ()
    sentence: Text = ""


@dataclass(frozen=True, kw_only=True)
class Answer(Block):
    """Whether there is one explanation, by what is known now: renewed as long as work goes on.

    Args:
        verdict: the sentence.
        stage: the network at work.
        counts: how many explanations of each kind there are.
        steps: of five, how many are done.
        now: what is done now; "" where nothing is left to do.
        actions: what to do next, the primary one first.
        rest: what else was found.
        asks: what the page sends by itself: for what is to stand here, and nobody has asked for.
    """

    verdict: Verdict
    stage: Stage
    counts: Facts
    steps: int
    now: Text
    actions: Sequence[Action]
    rest: Sequence[Block]
    asks: Sequence[Action] = ()

    @property
    def live(self) -> bool:
        return bool(self.now)

    @property
    def inner(self) -> Iterator[Block]:
        yield self.stage
        yield from self.rest


@dataclass(frozen=True, eq=False)
class Overview(Known, Shared):
    """The first page of a network."""

    options: OverviewOptions
    failed: dict[str, Notice] = field(default_factory=dict, init=False)
    """Parts of plugins that failed, by their keys."""

    def record(self) -> NetworkRecord:
        """Record of the network for JSON, which refuses what the page refuses."""
        check_row(self.options.row, len(self.behaviour))
        return super().record()

    @property
    def about(self) -> tuple[NetworkRow, Scope]:
        return self.place.row, self.place.scope

    @property
    def in_short(self) -> InShort:
        place = self.place
        return InShort.of("Network", place.row.name, self.counts, "", place.cited, place.analysis)

    @property
    def in_library(self) -> bool:
        return not self.place.question.kind.refuses(FORMULAS)

    def drawn(self, name: str) -> Markup | None:
        """Its drawing, or how it learned."""
        learning = learning_of_network(self.place.row, self.links) if name == "loss" else None
        if learning is not None:
            return draw(learning.chart, FILE_WIDTH)
        question = self.place.question
        return draw_network(question, title=self.place.row.name) if name == DRAWING else None

    @cached_property
    def waiting(self) -> list[Notice]:
        """Notices of why there is no analysis, and what can be done about it; none where another block has them."""
        search = self.contents.search
        if isinstance(self.plan, tuple) or search.state in ("computing", "truncated", "done"):
            return []
        return [one for one in states(search) if isinstance(one, Notice)]

    @cached_property
    def contents(self) -> Contents:
        of_kind = of_graph if self.place.question.kind.settings else of_perceptron
        return of_kind(self, self.options.row)

    @cached_property
    def counts(self) -> list[Fact]:
        """Facts of how many explanations of each kind there are."""
        return [_valid_circuits(self), *self.contents.counts]

    def parts(self, where: Literal["share", "notices", "beside", "folds"]) -> Iterator[Part]:
        """Parts that capabilities bring to one position of the page."""
        return (one for one in PARTS if one.where == where and self._tried(one, partial(self._fits, one), False))

    def _fits(self, part: Part) -> bool:
        refused = any(map(self.place.question.kind.refuses, part.needs))
        return not refused and bool(part.when is None or part.when(self))

    def _tried(self, part: Part, find: Callable[[], T], without: T) -> T:
        """Ask a part; where a plugin's fails, return the value without it, so that the rest is shown."""

        def note(failure: Failure) -> T:
            self.failed[part.key] = left_out(failure, self.session)
            return without

        return guarded("overview", part, find, note)

    def _shown(self, part: Part) -> list[Any]:
        return self._tried(part, lambda: list(function_at(part.shows)(self)), [])

    def _opened(self, part: Part) -> list[Block]:
        return self._shown(part) + [one for key, one in self.failed.items() if key == part.key]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """What it is, whether it has one explanation, what else was found; what is folded is not yet computed."""
        contents, jobs = self.contents, reversed(self.jobs)
        left = [one for one in jobs if one.state in UNFINISHED and one.kind in DEFINITIONS]  # others wait for plugins
        share = Menu("Share", list(self._share()), self.url)
        notices = [*chain.from_iterable(map(self._shown, self.parts("notices")))]
        waiting = () if self.state == "not_analysed" else self.waiting
        each = [self._tried(part, partial(self._side, part), list[Fold]()) for part in self.parts("beside")]
        beside = [one for one in each if one]
        folds = []
        for one in self.parts("folds"):  # they are computed when they are opened
            words = one.sentence
            sentence = words if isinstance(words, str) else self._tried(one, partial(words, self), "")
            folds.append(More(one.title, partial(self._opened, one), sentence, id=one.key))
        beside_title: list[Choice | Menu] = [*contents.outputs, *grains(self), share]
        head = Head(self.place.row.name, f"{contents.sentence} {QUESTION}", actions=beside_title)
        actions = self._actions()
        wanted = compute_now(self._shown_jobs(left), self.links) if left else []
        answer = Answer(
            verdict=self.verdict,
            stage=contents.stage,
            counts=Facts(self.counts),
            steps=self._steps(left),
            now=_now(self, left) if left else "",
            actions=actions,
            asks=[*(one for one in actions if one.at_once), *wanted],
            rest=[*waiting, *notices, *self.failed.values(), *([Columns(beside)] if beside else [])],
            id="answer",
        )
        rules = [*contents.rules, Prose(contents.remarks), *_under(self)]
        under = More("Rules", lambda: rules, "which these are, and what others find", id="rules", sent=True)
        return head, answer, under, *folds

    def _shown_jobs(self, left: Sequence[JobRow]) -> list[JobRow]:
        """Unfinished jobs whose results the page shows: its analysis, and what stands beside the counts."""
        if self.place.analysis is None:
            return [one for one in left if one is self.job]
        two = RIVALS if self.place.question.kind.refuses(FORMULAS) else PAIR
        return jobs_about(self.session, self.place.analysis, two.key, COMMON_GROUND.key)

    def _share(self) -> Iterator[Action]:
        """Its files, and what else is done with it."""
        links, place = self.links, self.place
        yield Action("Network file", links.network_file(place.slug))
        if self.in_library:
            if place.analysis is not None:
                yield Action("Result file", links.result(place.slug, place.scope))
                yield Action("Distributions as CSV", links.made_of(self.url, "figures.csv"))
            yield Action("Cite and embed", f"{part_url('cite', self.url)}#cite")
        yield from chain.from_iterable(map(self._shown, self.parts("share")))
        yield Action("Settings", links.settings(place.slug))

    def _steps(self, left: Sequence[JobRow]) -> int:
        """Number of five steps that are done: network read, second valid circuit found, their number between two
        bounds, their search ended, everything else.
        """
        known, stored = self.known_count, self.place.analysis
        searched = stored is not None and not (
            self.job in left and "circuits" in {one.stage for one in read_stops(stored.distributions)}
        )
        second = known is not None and (known.is_exact or (known.low or known.value) > 1)
        between = known is not None and (known.is_exact or known.confidence is not None)
        return 1 + (second or searched) + (between or searched) + searched + (searched and not left)

    def _actions(self) -> list[Action]:
        """List what can be done next, the primary action first."""
        place, links, state = self.place, self.links, self.contents.search.state
        analysis, placements = place.analysis, self.verdict.placements.value > self.verdict.empty
        explained = analysis is not None and bool(analysis.circuits_valid or placements)
        every = Action("See the explanations", links.explanations(place.slug, place.scope), primary=explained)
        if people := people_of(place.row):
            words, refs = f"Compare {' with '.join(f'{name}’s' for name in people.values())}", [*people]
        elif self.pair is not None:
            words, refs = "Guess which of two is right", refs_of(self.pair)
        else:
            words, refs = "Compare two explanations", own_pair(self.session, place)
        if refs:
            compare = Action(words, links.compare(place.slug, refs, place.scope), primary=True)
            return [compare, replace(every, primary=False)]
        if state in ("done", "truncated"):
            return [every]
        return [replace(one, primary=True) for notice in self.waiting for one in notice.actions][:1]

    def _side(self, part: Part) -> list[Fold]:
        """The blocks of a part under the heading that they begin with; nothing where there are none."""
        inner: list[Block] = list(function_at(part.shows)(self))
        if not inner:
            return []
        head = inner[0]
        assert isinstance(head, Section)  # noqa: S101
        return [Fold(escape(head.title).striptags(), inner, head.sentence)]


def _now(page: Overview, left: Sequence[JobRow]) -> Markup:
    """Progress of what is done now on a network, and how much more waits."""
    now = next((one for one in left if one.stage), None)
    first = now or min(left, key=lambda one: (one.priority, one.created_at, one.id))
    if now is None:
        note = f"{wait_words(first).capitalize()}."
        if first is page.job and known_of(first) is not None:
            note += " It let others have a first answer, and goes on then."
        elif not first.is_asked and page.job not in left:
            note = f"It is counted; what else is asked about it waits {IDLE_WORDS}."
    elif now is page.job:
        note = f"Now {now.stage}{', ' if now.found else ''}{now.found}."
    else:
        what = now.title.removeprefix(f"{page.place.row.name}: ").removesuffix(f" under {page.place.rules}")
        note = f"Also computed now: {what}."
    more = f" After it: {noun(len(left) - 1, 'more question')} about this network." if len(left) > 1 else ""
    words = Markup('{}{} <a href="{}">See the job</a>')
    return words.format(note, more, page.links.job(first.id))


def _under(known: Known) -> Iterator[Block]:
    """Table of how many explanations there are under each of the rules that it was analysed under."""
    rows = []
    for name, (scope, found) in known.under.items():
        if found is None or found.circuits_method == "refused":
            continue
        counts = counts_of(found)
        shown = [counts.valid_circuits, counts.interpretations, counts.aligned_algorithms, counts.valid_alignments]
        link = Markup('<a href="{}">{}</a>').format(known.links.network(known.place.slug, scope), name)
        cells = [Markup("{}").format(one) for one in (shown if known.place.boolean else shown[:1])]
        rows.append([link, Markup("{} of {}").format(cells[0], counts.possible_circuits), *cells[1:]])
    if len(rows) > 1:
        heads = ("Rules", "Valid circuits", "Interpretations", "Algorithms placed", "Placements")
        yield Table.plain(heads[: len(rows[0])], rows)


def _valid_circuits(known: Known) -> Fact:
    """Fact of how many circuits are valid, as far as it is known, on an axis to all that are possible."""
    count, possible = known.known_count, known.verdict.possible
    analysis, url = known.place.analysis, known.links.explanations(known.place.slug, known.place.scope, kind="circuit")
    of = Markup("of {} possible").format(readable(possible))
    if analysis is not None and analysis.circuits_method != "refused":
        of = of_possible(analysis)
    low, high, value = 0, possible, Markup("not known yet")
    if count is not None and count.bound != "unknown":
        low, value = count.value if count.low is None else count.low, Markup("{}").format(count)
        high = low if count.is_exact else possible if count.high is None else count.high
    if not high:  # powers of ten have no place for it
        return Fact("Valid circuits", value, of, "", url)
    axis = count_axis(low, high, possible, exact=low == high, sentence=f"From {in_words(low)} to {in_words(high)}")
    return Fact("Valid circuits", value, of, axis, url)
