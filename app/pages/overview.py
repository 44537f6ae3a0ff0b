"""The first page of a network: what it computes, how many explanations there are, and what else was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup, escape
from pydantic import BaseModel, Field

from pluriscope.address import Addresses
from pluriscope.analyses.common_ground import ground_chart, ground_words
from pluriscope.analyses.compare import refs as refs_of
from pluriscope.analyses.registry import COMMON_GROUND, PAIR, RIVALS, Analysis, of_kind
from pluriscope.analysis.circuits.result import certainty_of
from pluriscope.analysis.large_numbers import in_words
from pluriscope.analysis.pair.report import PairFound
from pluriscope.analysis.protocol import BUILT_IN
from pluriscope.analysis.result_file import read_stops
from pluriscope.analysis.studies.cells import cells_of
from pluriscope.analysis.unlearned import instead_of, not_learned
from pluriscope.app.db.codecs import record_of, tasks_of
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.app.db.reads.jobs import UNFINISHED, jobs_ahead
from pluriscope.app.db.reads.networks import STUDY_ORIGIN, edits_of
from pluriscope.app.db.reads.studies import studies_of_network
from pluriscope.app.db.studies import design_of
from pluriscope.app.db.tables import AnalysisRow, NetworkRow
from pluriscope.app.jobs.queue import is_unfinished
from pluriscope.app.limits import limits_in
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.analyses import Asked as Analysed
from pluriscope.app.pages.analyses import asked, contradicting
from pluriscope.app.pages.circuit_sizes import sizes_chart
from pluriscope.app.pages.compare.choosing import known_two, own_pair
from pluriscope.app.pages.counted import (
    circuits_only,
    counts_of,
    drawn,
    fragile_words,
    interpretations_counted,
    method_words,
    of_possible,
)
from pluriscope.app.pages.edit import edit_words
from pluriscope.app.pages.explanation_list import Asked, search_for, states
from pluriscope.app.pages.explanations import people_of
from pluriscope.app.pages.inside import check_row, table_blocks
from pluriscope.app.pages.network_page import Known, criterion_words
from pluriscope.app.pages.page import DRAWING, files_of, pairs, provenance_of
from pluriscope.app.pages.paper import claims_by_key
from pluriscope.app.pages.place import INTERPRETATIONS, AnyPlace, Place, key_of
from pluriscope.app.pages.plan import METHOD_WORDS, plan_blocks, refusal_words
from pluriscope.app.pages.shared import activation_words, known_of
from pluriscope.app.pages.sharing.share import InShort, Shared
from pluriscope.app.pages.stage import Stage, model_stage, perceptron_stage
from pluriscope.app.pages.training.course import learning_of_network, same_again
from pluriscope.blocks import (
    Action,
    Block,
    ChartFigure,
    Choice,
    Columns,
    Fact,
    Facts,
    Figure,
    Form,
    Head,
    Menu,
    More,
    Notice,
    Prose,
    Section,
    Side,
    Table,
    Text,
)
from pluriscope.figures.numbers import exact, noun, readable
from pluriscope.figures.svg.charts import FILE_WIDTH, draw
from pluriscope.figures.svg.count_axis import count_axis
from pluriscope.figures.svg.layout import node_name
from pluriscope.naming import Scope
from pluriscope.records import NetworkRecord
from pluriscope.tables import Query
from pluriscope.templating import part_url
from pluriscope.verdict import Verdict
from pluriscope.views.registry import view_of
from pluriscope.views.view import whole

_SETTINGS: Final = {"granularity": "Circuits by", "ablation": "what is left out carries", "embedding": "embedding"}
_LEFT_OUT: Final = ("options", "losses", "outputs", "message")
"""Of what is kept of a training; the curves are drawn, and in the JSON."""
_TRAINED: Final = {"attention": "transformer"}
"""Kinds without neurons that a form trains, and its way."""
_NAMES: Final = 4  # of parts that all keep
QUESTION: Final = "Is there only one explanation?"
_EDITS_SAY: Final = "see which explanations another network has as well"
_ORIGINS: Final = {
    "bundled": "A bundled example.",
    "trained": "Trained here.",
    "uploaded": "Imported.",
    "edited": "Edited here.",
    "study": "Trained by a study.",
}


class OverviewOptions(ScopeOptions):
    """Options of a network's first page."""

    row: int | None = Field(None, ge=0, description="The row whose values are shown, from 0.")
    circuit: str = Field("", max_length=1024, description="Leads to this valid circuit among all.")


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

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> Iterator[Fold]:
        """Some blocks under the heading that they begin with; nothing where there are none."""
        inner = list(blocks)
        if inner:
            head = inner[0]
            assert isinstance(head, Section)  # noqa: S101
            yield cls(escape(head.title).striptags(), inner, head.sentence)


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
    """

    verdict: Verdict
    stage: Stage
    counts: Facts
    steps: int
    now: Text
    actions: Sequence[Action]
    rest: Sequence[Block]

    @property
    def live(self) -> bool:
        return bool(self.now)

    @property
    def inner(self) -> Iterator[Block]:
        yield self.stage
        yield from self.rest


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a kind of network has to say; the page is the same for all.

    Args:
        sentence: what it computes.
        share: its files, and what else is done with it.
        stage: the network at work.
        counts: how many explanations of each kind there are.
        rules: switches to other rules, and other rows that it was analysed on.
        remarks: on the rules and what was found under them.
        outputs: others of the network.
        notices: what there is to say before any number.
        state: how far the analysis is.
        refused: whether there can be none.
        map: where all explanations stand.
        folds: the rest.
    """

    sentence: str
    share: Sequence[Action]
    stage: Stage
    counts: Sequence[Fact]
    rules: Sequence[Choice]
    remarks: str
    outputs: Sequence[Choice] = ()
    notices: Sequence[Block] = ()
    state: Asked
    refused: bool = False
    map: Sequence[Block] = ()
    folds: Sequence[More]


@dataclass(frozen=True, eq=False)
class Overview(Known, Shared):
    """The first page of a network."""

    options: OverviewOptions

    def record(self) -> NetworkRecord:
        """The same as JSON, which refuses what the page refuses."""
        check_row(self.options.row, len(self.behaviour))
        return super().record()

    @property
    def about(self) -> tuple[NetworkRow, Scope]:
        return self.place.row, self.place.scope

    @property
    def in_short(self) -> InShort:
        place = self.place
        return InShort.of("Network", place.row.name, self.contents.counts, "", place.cited, place.analysis)

    @property
    def in_library(self) -> bool:
        return not self.place.question.kind.refuses(INTERPRETATIONS)

    def drawn(self, name: str) -> Markup | None:
        """Its drawing, or how it learned."""
        learning = learning_of_network(self.place.row, self.links) if name == "loss" else None
        if learning is not None:
            return draw(learning.chart, FILE_WIDTH)
        question = self.place.question
        return view_of(question).draws(question, title=self.place.row.name) if name == DRAWING else None

    @cached_property
    def every(self) -> list[Analysed]:
        """The analyses that are asked about it, as far as they are."""
        return asked(self.session, self.place, self.links, of_kind(self.place.question.kind))

    def of(self, analysis: Analysis) -> Analysed:
        """One of them."""
        return next(one for one in self.every if one.analysis is analysis)

    @property
    def two(self) -> Analysed:
        """The one that finds two explanations that say different things."""
        return self.of(RIVALS if self.place.question.kind.refuses("interpretations") else PAIR)

    @property
    def pair(self) -> PairFound | None:
        """Two explanations each of which is right where the other is wrong, where there are any."""
        found = self.two.report.pair if self.two.analysis is PAIR and self.two.report is not None else None
        return None if found is None or found.given_up else found

    @property
    def explained(self) -> bool:
        """Whether any explanation was found."""
        analysis = self.place.analysis
        told = self.verdict
        return analysis is not None and bool(analysis.circuits_valid or told.placements.value > told.empty)

    @cached_property
    def waiting(self) -> list[Notice]:
        """Why there is no analysis, and what can be done about it; nothing where that is said elsewhere."""
        state = self.contents.state
        said = self.contents.refused or state.state in ("computing", "truncated")
        return [] if said else [one for one in states(state) if isinstance(one, Notice)]

    @cached_property
    def contents(self) -> Contents:
        return _of_graph(self) if self.place.question.kind.settings else _of_perceptron(self)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All of it, what is folded not yet computed."""
        return tuple(self._blocks())

    def _blocks(self) -> Iterator[Block]:
        """What it is and does, whether it has one explanation, how many there are, what else was asked; the rest
        folded.
        """
        contents, jobs = self.contents, reversed(self.jobs)
        left = [one for one in jobs if one.state in UNFINISHED]
        share = Menu("Share", contents.share, self.url)
        yield Head(self.place.row.name, f"{contents.sentence} {QUESTION}", actions=[*contents.outputs, share])
        yield Answer(
            verdict=self.verdict,
            stage=contents.stage,
            counts=Facts(contents.counts),
            steps=self._steps(left),
            now=_now(self, left) if left else "",
            actions=self._actions(),
            rest=[*(() if self.state == "not_analysed" else self.waiting), *contents.notices, *self._found()],
            id="answer",
        )
        told = [*contents.rules, Prose(contents.remarks), *_under(self)]
        yield More("Rules", lambda: told, "which these are, and what others find", id="rules", sent=True)
        yield from contents.folds

    def _steps(self, left: Sequence[JobRow]) -> int:
        """How many of five steps are done: the network read, a second valid circuit found, their number between two
        numbers, their search at its end, everything else.
        """
        known, stored = self.known_count, self.place.analysis
        searched = stored is not None and not (
            self.job in left and "circuits" in {one.stage for one in read_stops(stored.distributions)}
        )
        second = known is not None and (known.is_exact or (known.low or known.value) > 1)
        between = known is not None and (known.is_exact or known.confidence is not None)
        return 1 + (second or searched) + (between or searched) + searched + (searched and not left)

    def _actions(self) -> list[Action]:
        """What to do next, the primary one first."""
        place, links, state = self.place, self.links, self.contents.state.state
        every = Action("See the explanations", links.explanations(place.slug, place.scope), primary=self.explained)
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

    def _found(self) -> Iterator[Block]:
        contents = self.contents
        two = self._first_two() if self.two.stored is None else contradicting(self.two)
        if beside := [found for one in (two, contents.map) if (found := list(Fold.of(one)))]:
            yield Columns(beside)

    def _first_two(self) -> Iterator[Block]:
        """Two of the valid circuits that are known, as long as nobody has looked for two that contradict each other."""
        question, place = self.place.question, self.place
        if self.known_count is None or not (refs := known_two(self.session, place)):
            return
        draws, drawn = view_of(question).draws, list[Block]()
        for ref in refs:
            mask = int(ref.removeprefix("c-"), 16)
            words = Markup('<a class="mono" href="{}">{}</a>, {}')
            caption = words.format(
                self.links.explanation(place.slug, ref, place.scope), ref, noun(mask.bit_count(), place.part)
            )
            drawn.append(Figure(draws(question, mask, title=ref, thumb=True), caption))
        yield Section("Two that do the same", "both valid", id="pair")
        yield Side(drawn)


def _now(page: Overview, left: Sequence[JobRow]) -> Markup:
    """What is done now on a network, and how much more waits."""
    now = next((one for one in left if one.stage), None)
    if now is None:
        first = min(left, key=lambda one: (one.priority, one.created_at, one.id))
        ahead = jobs_ahead(page.session, first)
        note = f"Waiting for a worker, {noun(ahead, 'job')} ahead." if ahead else "Waiting for a worker."
        if first is page.job and known_of(first) is not None:
            note += " It let others have a first answer, and goes on then."
        elif ahead and page.job not in left:
            note += " It is counted; what else is asked about it comes in turn with other networks."
    elif now is page.job:
        note = f"Now {now.stage}{', ' if now.found else ''}{now.found}."
    else:
        what = now.title.removeprefix(f"{page.place.row.name}: ").removesuffix(f" under {page.place.rules}")
        note = f"Also computed now: {what}."
    more = f" After it: {noun(len(left) - 1, 'more question')} about this network." if len(left) > 1 else ""
    words = Markup('{}{} <a href="{}">See the jobs</a>')
    return words.format(note, more, page.links.jobs(network=page.place.slug))


def _under(known: Known) -> Iterator[Block]:
    """How many explanations there are under each of the rules that were asked about."""
    rows = []
    for name, (scope, found) in known.under.items():
        if found is None or found.circuits_method == "refused":
            continue
        counts = counts_of(found)
        shown = [counts.valid_circuits, counts.interpretations, counts.aligned_algorithms, counts.valid_alignments]
        link = Markup('<a href="{}">{}</a>').format(known.links.network(known.place.slug, scope), name)
        told = [Markup("{}").format(one) for one in (shown if known.place.boolean else shown[:1])]
        rows.append([link, Markup("{} of {}").format(told[0], counts.possible_circuits), *told[1:]])
    if len(rows) > 1:
        heads = ("Rules", "Valid circuits", "Interpretations", "Algorithms placed", "Placements")
        yield Table.plain(heads[: len(rows[0])], rows)


def _valid_circuits(known: Known) -> Fact:
    """How many circuits are valid, as far as it is known, on an axis to all that are possible."""
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


# --- what a network has whose rules are settings


def _of_graph(page: Overview) -> Contents:
    links, place, question = page.links, page.place, page.place.question
    analysis = None if place.analysis is None or place.analysis.circuits_method == "refused" else place.analysis

    def inside() -> Iterator[Block]:
        yield Prose(question.kind.definition)
        yield from table_blocks(question.inside(whole(question)))

    folds = [
        More("Inside", inside, "what its nodes do over all rows", id="inside"),
        More("Edits and other networks", lambda: _edits(page), _EDITS_SAY, id="edits"),
        More(
            "How this was counted",
            lambda: [pairs("fact", dict(question.subject.facts) | provenance_of(place))],
            "network, rules, rows",
            id="counted",
        ),
    ]
    right = sum(one.right for one in page.behaviour)
    told = f"This {question.kind.noun} answers right on {exact(right)} of {place.rows}."
    notices: list[Block] = [] if place.row.edited is None else [_edited(page, place.row.edited)]
    notices += _of_training(page)
    if analysis is not None and not analysis.circuits_valid:
        way = _TRAINED.get(question.kind.key)
        more = [] if way is None else [Action("Train another", links.bring_in(way=way))]
        instead = question.kind.explaining.first_words(question)
        some = certainty_of(analysis.circuits_method) != "exact"
        notices.append(_no_circuit(links, place, analysis.circuits_possible, instead, more, some))
    return Contents(
        sentence=told,
        share=[
            Action("Network file", links.network_file(place.slug)),
            *_editing(links, place),
            Action("Settings", links.settings(place.slug)),
        ],
        stage=model_stage(place, links, page.behaviour, page.options.row),
        counts=list(_of_circuits(page)),
        rules=list(_settings(links, place)),
        remarks=" ".join(_missing(page)),
        state=search_for(page.session, links, place),
        notices=notices,
        map=[] if analysis is None else list(_rows_right(page, analysis)),
        folds=folds,
    )


def _settings(links: Addresses, place: AnyPlace) -> Iterator[Choice]:
    """A switch for each setting of the rules; where the others do not fit a value, the first that do."""
    admitted, here = place.question.admitted(), place.question.rules
    for setting, now in here.items():
        urls = dict[str, str]()
        for value in dict.fromkeys(one.rules[setting] for one in admitted):
            fits = [one for one in admitted if one.rules[setting] == value]
            nearest = max(fits, key=lambda one: sum(one.rules[key] == here[key] for key in here))
            urls[value] = links.network(place.slug, replace(place.scope, protocol=key_of(nearest)))
        if len(urls) > 1:
            yield Choice(_SETTINGS.get(setting, setting.capitalize()), urls, now)


def _of_circuits(known: Known) -> Iterator[Fact]:
    """How many circuits are valid, what all keep, how small the smallest is."""
    yield _valid_circuits(known)
    part, kept, sizes = known.place.part, known.verdict.kept, known.listed.get("edges")
    if kept is not None:
        names = ", ".join(name.replace("-", "→") for name in kept[:_NAMES])
        yield Fact(f"{part.capitalize()}s that all keep", exact(len(kept)), names + ", …" * (len(kept) > _NAMES))
    if sizes is not None and len(sizes):
        least = f"{sizes.min()} to {sizes.max()}" if sizes.min() < sizes.max() else str(sizes[0])
        yield Fact(f"{part.capitalize()}s of one circuit", least, "of those listed")


def _missing(known: Known) -> Iterator[str]:
    """Why draws are not enough to say how many are valid; how many of these miss a row, where all are listed."""
    analysis, n_rows = known.place.analysis, known.place.question.n_rows
    yield from filter(None, [analysis and analysis.distributions.get("why")])
    if analysis is not None and 0 < analysis.circuits_valid == analysis.circuits_listed:
        wrong = int((known.listed["right"] < n_rows).sum())
        miss = f"{exact(wrong) if wrong else 'none'} of the valid ones {'misses' if wrong < 2 else 'miss'} one or more"
        yield f"A circuit is valid if it is right on more than 99% of {exact(n_rows)} rows; {miss}."


def _rows_right(known: Known, analysis: AnalysisRow) -> Iterator[Block]:
    """Circuits by what they keep and the rows they get right."""
    part, listed = known.place.part, known.listed
    if not analysis.circuits_listed or len(set(listed["right"].tolist())) == 1:  # all in one row say nothing
        return
    counts = Counter(zip(listed["edges"].tolist(), listed["right"].tolist(), strict=True))
    yield Section("How many rows each gets right", f"{exact(sum(counts.values()))} circuits", id="map")
    told = f"Circuits by {part}s kept and rows right, of {known.place.question.n_rows}."
    yield ChartFigure(chart=sizes_chart(counts, part, known), caption=told, id="sizes")


# --- what a perceptron has


def _of_perceptron(page: Overview) -> Contents:
    place, links, url, scope = page.place, page.links, page.url, page.place.scope
    question, analysis = place.question, place.analysis
    share = [
        Action("Network file", links.network_file(place.slug)),
        Action("Cite and embed", f"{part_url('cite', url)}#cite"),
    ]
    if analysis is not None:
        share.insert(1, Action("Result file", links.result(place.slug, scope)))
        share.insert(2, Action("Distributions as CSV", links.made_of(url, "figures.csv")))
    share += [
        Action("Edit this network", links.edit(place.slug, scope)),
        Action("Settings", links.settings(place.slug)),
    ]
    rules = criterion_words(question.protocol.model_dump(exclude={"name"}), len(question.judged[0]))
    several = sum(found is not None for _, found in page.under.values()) > 1
    differ = "[Why the two differ](scope.md#complete-and-paper)." if several else ""
    limit = f"Stopped: {page.stops}. Counts marked ≥ are lower bounds." if page.stops else ""
    if page.job is not None and is_unfinished(page.job):
        limit += f" [Its job]({links.job(page.job.id)}) can go on."
    method = " ".join(filter(None, (limit, "" if analysis is None else method_words(analysis, page.place.part))))
    ground, uncounted = page.of(COMMON_GROUND).report, analysis is not None and not interpretations_counted(analysis)
    return Contents(
        sentence=_sentence(page),
        share=share,
        stage=perceptron_stage(place, links, page.behaviour, page.options.row, files_of(links, url)),
        counts=list(_counts(page)),
        rules=[
            *_choices(
                page,
                "Counted under",
                [
                    (name, to)
                    for name, (to, found) in page.under.items()
                    if name in BUILT_IN or found is not None or to == place.scope
                ],
            ),
            *_choices(page, "on", ((name.partition(":")[0], scope) for name, scope in page.data())),
        ],
        remarks=" ".join(part for part in (f"{rules}.", method, differ) if part),
        outputs=list(_choices(page, "Output", page.outputs())),
        notices=list(_notices(page)),
        state=Asked(page.session, links, place, page.state, page.job, limit, Query(), None, ()),
        refused=isinstance(page.plan, tuple),
        map=[] if ground is None or uncounted else list(_ground(ground, page, page.pair)),
        folds=list(_folds(page)),
    )


def _sentence(known: Known) -> str:
    """What it computes, and on how many rows, as the rules count."""
    place, data = known.place, known.place.question.data
    right, of = sum(one.right and not one.note for one in known.behaviour), noun(len(known.behaviour), "input")
    if data.stand_in and data.validation_inputs is not None:  # what circuits are judged on
        right, of = int(known.judged_right.sum()), noun(len(known.judged_right), "row")
    hidden = noun(sum(place.question.network.hidden_sizes), "hidden neuron")
    return f"With {hidden} it answers {place.question.task.label} on {exact(right)} of {of}."


def _ground(report: Any, page: Overview, pair: PairFound | None) -> Iterator[Block]:
    n = exact(report.n_interventions)
    yield Section("How much each predicts right", f"of {n} interventions", id="map")
    url = page.links.analysis(page.place.slug, COMMON_GROUND.key, page.place.scope)
    caption = Markup('{} <a href="{}">More of it</a>').format(ground_words(report), url)
    chart = ground_chart(report, page.of(COMMON_GROUND).subject, pair)
    yield ChartFigure(chart=chart, caption=caption, id="ground")


def _counts(known: Known) -> Iterator[Fact]:
    """How many there are of each kind, with their bounds."""
    links, place, analysis = known.links, known.place, known.place.analysis
    yield _valid_circuits(known)
    computing = known.job is not None and known.job.state in UNFINISHED and place.boolean
    if analysis is None or (computing and not interpretations_counted(analysis)):
        if computing:
            names = ("Interpretations", "Algorithms placed", "Placements")
            yield from (Fact(label, "–", "not counted yet") for label in names)
        return

    def of_kind(kind: str) -> str:
        return links.explanations(place.slug, place.scope, kind=kind)

    counts = counts_of(analysis)
    if interpretations_counted(analysis):
        of = f"{counts.observed_classes} that inputs can tell apart"
        of += f", of the {exact(analysis.circuits_listed)} circuits listed" if drawn(analysis) else ""
        yield Fact("Interpretations", Markup("{}").format(counts.interpretations), of, "", of_kind("interpretation"))
    if circuits_only(analysis):
        return
    of = f"of {counts.candidate_algorithms} candidates"
    if str(counts.candidate_algorithms) == "0":  # exactly: candidates are no deeper than the network
        of = "no formula for it is as shallow as the network"
    value, every = Markup("{}").format(counts.aligned_algorithms), links.algorithms(place.slug, place.scope)
    empty = known.verdict.empty
    yield Fact("Algorithms placed", value, of + f"; {empty} placed has no variables" * empty, "", every)
    protocol, of, valid = place.question.protocol, f"{counts.minimal_alignments} minimal", counts.valid_alignments
    if protocol.alignments_kept == "minimal":  # the list has these alone
        of, valid = f"minimal, of {counts.valid_alignments} valid", counts.minimal_alignments
    of += f"; {empty} is empty, with nothing to test" * empty
    yield Fact("Placements", Markup("{}").format(valid), of, "", of_kind("alignment"))


def _choices(known: Known, label: str, of: Iterable[tuple[str, Scope]]) -> Iterator[Choice]:
    """Other outputs, or other rows, where there are any."""
    place, scopes = known.place, dict[str, Scope]()
    for name, scope in of:  # two outputs may have the same task
        scopes[f"{name} ({len(scopes) + 1})" if name in scopes else name] = scope
    if len(scopes) > 1:
        chosen = next(name for name, scope in scopes.items() if scope == place.scope)
        yield Choice(label, {name: known.links.network(place.slug, scope) for name, scope in scopes.items()}, chosen)


def _notices(known: Known) -> Iterator[Block]:
    """What there is to say before any number."""
    links, place, row = known.links, known.place, known.place.row
    if row.input_data and place.question.record.is_clean:
        own = links.network(row.slug, Scope(place.scope.output, data=row.input_data[:12]))
        yield Notice(
            "Its inputs are not 0 and 1",
            "It is analysed on rows of its own; this page shows what it does on 0 and 1, which is another question.",
            actions=[Action("Show it on its own inputs", own)],
        )
    if people := people_of(row):
        each = [Action(f"{who}’s", links.explanation(row.slug, ref, place.scope)) for ref, who in people.items()]
        told = f"{claims_by_key()[row.slug].text} On sets of neurons, which are counted above, only Bob’s has a place."
        if place.analysis is not None and str(counts_of(place.analysis).aligned_algorithms) == "2":
            told += " The two that are placed are his in two forms, alike by De Morgan’s laws."
        yield Notice("On directions, Alice and Bob explain it in two ways", told, actions=each)
    if row.edited is not None:
        yield _edited(known, row.edited)
    yield from _of_training(known)
    if place.analysis is not None and known.state == "done" and not place.analysis.circuits_valid:
        yield _none_valid(known, place.analysis)
    elif words := not_learned(place.question):
        yield Notice("The network did not learn this task", words)
    plan = known.plan
    if isinstance(plan, tuple):
        cures = " ".join(f"{one.cure[:1].upper()}{one.cure[1:]}." for one in plan)
        yield Notice("It cannot be analysed", refusal_words(plan), cures, "refused")
    elif plan is not None:
        told = f"An analysis would {METHOD_WORDS[plan.method]} of {readable(plan.possible)} possible. {plan.reason}"
        if plan.method == "sampled":
            limits = limits_in(known.session)
            told += f" {exact(limits.n_samples)} circuits would be tested; the number comes with a "
            told += f"{limits.confidence * 100:g}% interval, which is guaranteed, and is never exact."
        yield Prose(told, glossary=False)
        yield More("What it takes", lambda: plan_blocks(known.session, place), "seconds and memory", id="plan")


def _edited(known: Known, told: Mapping[str, Any]) -> Notice:
    """That it comes of an edit, and of which network."""
    links, place, base = known.links, known.place, network_by_digest(known.session, told["base"])
    done = f"{edit_words(place.row)}."
    if base is None or base.deleted_at is not None:
        return Notice(f"Edited from network {told['base'][:12]}", done, "That network is not here.")
    compare = Action("What became of its explanations", links.changes(base.slug, place.slug, place.scope))
    return Notice(f"Edited from {base.name}", done, actions=[compare, Action(base.name, links.network(base.slug))])


def _of_training(known: Known) -> list[Block]:
    """That it is a checkpoint, and the way to the others."""
    place = known.place
    if not place.row.checkpoints:
        return []
    record = record_of(place.row.checkpoints[0], place.row)
    more = Action("Explanations over training", known.links.training(place.slug, place.scope))
    return [Notice(f"A checkpoint: {record.unit} {record.at} of its training", actions=[more])]


class OtherNetwork(BaseModel):
    """The form that asks for another network."""

    network: str = Field(title="Another network", description="Its slug or digest; it needs the same layer sizes.")


def _editing(links: Addresses, place: AnyPlace) -> list[Action]:
    """The way to an edit, where one is defined on networks of this kind."""
    refused = place.question.kind.refuses("edits")
    return [] if refused else [Action("Edit this network", links.edit(place.slug, place.scope))]


def _edits(known: Known) -> Iterator[Block]:
    """The networks that come of edits of this one, and the way to an edit and to a comparison with any other."""
    links, place, rows = known.links, known.place, []
    for row in edits_of(known.session, place.row):
        link = Markup('<a href="{}">{}</a>').format
        compare = link(links.changes(place.slug, row.slug, place.scope), "compare")
        rows.append((link(links.network(row.slug), row.name), edit_words(row), compare))
    if rows:
        yield Table.plain(("Network", "What was done", "Explanations"), rows)
    if editing := _editing(links, place):
        yield Notice("An edited network is a network of its own", actions=editing)
    yield Form(OtherNetwork, f"{links.network(place.slug)}/compare", "Compare", changes=False, primary=False)


def _none_valid(known: Known, analysis: AnalysisRow) -> Notice:
    links, place = known.links, known.place
    again = known.learning.again_url if known.learning is not None else same_again(place.row, links)
    more = [Action("Train it again", again) if again else Action("Train another", links.train())]
    some = certainty_of(analysis.circuits_method) != "exact"
    return _no_circuit(links, place, analysis.circuits_possible, instead_of(place.question), more, some)


def _no_circuit(
    links: Addresses, place: AnyPlace, possible: int | str, instead: str, more: Sequence[Action], some: bool = False
) -> Notice:
    """Why no circuit is valid, what the network does instead, and what can be asked all the same."""
    few, all_of = "None of the circuits drawn, of {} possible, is", "All {} possible circuits were tried; none is"
    cure = "To have what it does compute explained, save its network file and run "
    cure += "pluriscope analyse FILE --task decisions --output RESULT."
    play = Action("Play with it all the same", links.play(place.slug, (), place.scope))
    actions = [
        *([] if place.question.kind.refuses("play") else [play]),
        Action("Lenses", links.analysis(place.slug, "lenses", place.scope)),
        *(*more, Action("Network file", links.network_file(place.slug))),
    ]
    told = f"{(few if some else all_of).format(in_words(int(possible)))} right on enough rows. {instead}"
    return Notice(
        "What it does instead" if instead else "No circuit is valid", told, cure if instead else "", actions=actions
    )


def _folds(known: Known) -> Iterator[More]:
    place = known.place
    shape = f"{'–'.join(map(str, place.row.sizes))}, {activation_words(place.row)}"
    yield More("Weights", lambda: _weights(place), shape, id="weights")
    if place.row.training:
        yield More("Training", lambda: _training(known), "how it learned", id="training")
    yield More("Edits and other networks", lambda: _edits(known), _EDITS_SAY, id="edits")
    yield More(
        "How this was counted", lambda: _provenance(known), "network, rules, rows, seconds, engine", id="counted"
    )


def _weights(place: Place) -> Iterator[Block]:
    network, sizes, tasks = place.question.subject, place.question.subject.sizes, tasks_of(place.row)
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        last = layer == len(sizes) - 1
        sources = [node_name(layer - 1, source, sizes) for source in range(sizes[layer - 1])]
        rows = [
            [tasks[out].label if last else node_name(layer, out, sizes), *map(repr, row), repr(bias)]
            for out, (row, bias) in enumerate(zip(weights.tolist(), biases.tolist(), strict=True))
        ]
        yield Section("Output layer" if last else f"Layer {layer}")
        yield Table.plain(["Neuron", *sources, "Bias"], rows)


def _training(known: Known) -> Iterator[Block]:
    learning, training = known.learning, known.place.row.training
    if learning is not None:
        said = f"Mean squared error by epoch; drawn: {learning.thinning}."
        yield ChartFigure(chart=learning.chart, caption=said, id="training.loss")
    outcome = {key: value for key, value in training.items() if key not in _LEFT_OUT}
    options = dict(training.get("options") or {})
    told = outcome | options
    if outcome.keys() & options.keys() & {"epochs"}:
        told["epochs"] = f"stopped at {outcome['epochs']:,} of at most {options['epochs']:,}"
    words = {key.replace("_", " ").capitalize(): _words(value) for key, value in told.items()}
    yield pairs("option", {key: value for key, value in words.items() if value not in ("", "None")})
    again = same_again(known.place.row, known.links) if learning is None else learning.again_url
    if again:
        yield Section("Again", "with these options, or others", Action("Train again", again))


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("_", " ")


def _provenance(known: Known) -> Iterator[Block]:
    origin = {"Origin": _ORIGINS.get(known.place.row.origin, ""), "Also known as": ", ".join(known.also)}
    if known.place.analysis is not None:
        origin["Fragile"] = fragile_words(known.place.analysis)
    yield pairs("fact", {what: told for what, told in origin.items() if told} | provenance_of(known.place))
    link, row = Markup('<a href="{}">{}</a>'), known.place.row
    rows = [
        [link.format(known.links.study(study.slug), study.name), cell.name, seed]
        for study, key, seed in (studies_of_network(known.session, row.digest) if row.origin == STUDY_ORIGIN else ())
        for cell in cells_of(design_of(study))
        if cell.key == key
    ]
    if rows:
        yield Table.plain(["Study", "Cell", "Seed"], rows)
