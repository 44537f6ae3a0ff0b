"""The first page of a network: what it computes, how many explanations there are, and what else was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup, escape
from pydantic import BaseModel, Field

from analysis.circuits.result import certainty_of
from analysis.explanations.registry import KIND_OF
from analysis.large_numbers import in_words
from analysis.pair.report import PairFound
from analysis.protocol import BUILT_IN
from analysis.studies.cells import cells_of
from analysis.subjects.question import SubjectQuestion, rules_of
from analysis.unlearned import instead_of, not_learned
from app.bundled import ALICE, ALICE_AND_BOB, BOB
from app.db.codecs import record_of, tasks_of
from app.db.reads.analyses import network_by_digest
from app.db.reads.jobs import UNFINISHED, jobs_ahead
from app.db.reads.networks import STUDY_ORIGIN, edits_of
from app.db.reads.studies import studies_of_network
from app.db.studies import design_of
from app.db.tables import AnalysisRow, NetworkRow
from app.jobs.queue import is_unfinished
from app.limits import limits_in
from app.options import ScopeOptions
from app.pages.analyses import Asked as Analysed
from app.pages.analyses import asked, contradicting
from app.pages.circuit_sizes import sizes_chart, spread
from app.pages.circuit_tree import asked_mask, circuit_tree_blocks
from app.pages.compare.choosing import own_pair
from app.pages.counted import circuits_only, counts_of, drawn, interpretations_counted, method_words, of_possible
from app.pages.edit import edit_words
from app.pages.explanation_list import Asked, search_for, states
from app.pages.inside import check_row, table_blocks
from app.pages.network_page import Known, criterion_words
from app.pages.page import DRAWING, files_of, pairs, provenance_of
from app.pages.place import INTERPRETATIONS, AnyPlace, Place, key_of
from app.pages.plan import METHOD_WORDS, plan_blocks, refusal_words
from app.pages.shared import activation_words
from app.pages.sharing.share import InShort, Shared
from app.pages.stage import Stage, model_stage, perceptron_stage
from app.pages.training.course import learning_of_network, same_again
from pluriscope.address import Addresses
from pluriscope.analyses.common_ground import ground_chart, ground_words
from pluriscope.analyses.compare import refs as refs_of
from pluriscope.analyses.registry import COMMON_GROUND, PAIR, RIVALS, Analysis, of_kind
from pluriscope.blocks import (
    Action,
    Block,
    ChartFigure,
    Choice,
    Columns,
    Fact,
    Form,
    Head,
    Menu,
    More,
    Notice,
    Progress,
    Prose,
    Section,
    Table,
    Text,
)
from pluriscope.counts import Count
from pluriscope.figures.numbers import exact, noun, readable
from pluriscope.figures.svg.charts import FILE_WIDTH, draw
from pluriscope.figures.svg.layout import node_name
from pluriscope.kinds.columns import KIND
from pluriscope.kinds.strategies import Strategies
from pluriscope.naming import Scope
from pluriscope.records import NetworkRecord
from pluriscope.tables import Query
from pluriscope.templating import part_url
from pluriscope.views.registry import view_of
from pluriscope.views.view import whole

_SETTINGS: Final = {"granularity": "Circuits by", "ablation": "what is left out carries", "embedding": "embedding"}
_LEFT_OUT: Final = ("options", "losses", "outputs", "message")
"""Of what is kept of a training; the curves are drawn, and in the JSON."""
_TRAINED: Final = {"attention": "transformer"}
"""Kinds without neurons that a form trains, and its way."""
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
    circuit: str = Field("", max_length=1024, description="A valid circuit to find among all, such as c-183bf.")


@dataclass(frozen=True)
class Fold(Block):
    """A part of the page that is folded on narrow screens, so that the next is in reach.

    Args:
        title: what is in it.
        inner: its blocks.
        sentence: what can be said of it while it is folded.
        stays: whether it is left as it is when what it stands in is renewed.
    """

    title: str
    inner: Sequence[Block] = ()
    sentence: Text = ""
    stays: bool = False

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> Iterator[Fold]:
        """Some blocks under the heading that they begin with; nothing where there are none."""
        inner = list(blocks)
        if inner:
            head = inner[0]
            assert isinstance(head, Section)  # noqa: S101
            yield cls(escape(head.title).striptags(), inner, head.sentence)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a kind of network has to say; the page is the same for all.

    Args:
        sentence: what it computes, how many explanations pass, and whether any predicts everything.
        share: its files, and what else is done with it.
        stage: the network at work.
        facts: kind of explanation → how many there are.
        rules: switches to other rules, and other rows that it was analysed on.
        remarks: on the rules and what was found under them.
        outputs: others of the network.
        notices: what comes before any number.
        state: how far the analysis is.
        refused: whether there can be none.
        map: where all explanations stand.
        folds: the rest.
    """

    sentence: str
    share: Sequence[Action]
    stage: Stage
    facts: Mapping[str, Fact]
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
        asked_mask(self.place, self.options.circuit)
        return super().record()

    @property
    def about(self) -> tuple[NetworkRow, Scope]:
        return self.place.row, self.place.scope

    @property
    def in_short(self) -> InShort:
        place = self.place
        return InShort.of("Network", place.row.name, self.contents.facts.values(), "", place.cited, place.analysis)

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
        return analysis is not None and bool(analysis.circuits_valid or analysis.alignments_valid)

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
        """What it is and does, how many explanations there are, what else was asked; the rest folded."""
        place, links, contents = self.place, self.links, self.contents
        refs = own_pair(self.session, place) if self.pair is None else refs_of(self.pair)
        words = "Compare two explanations" if self.pair is None else "Guess which of two is right"
        compare = Action(words, links.compare(place.slug, refs, place.scope), primary=True)
        first = [compare]
        if not refs:
            every = Action("See the explanations", links.explanations(place.slug, place.scope))
            asks = [action for one in self.waiting for action in one.actions]
            offered = [every] if contents.state.state in ("done", "truncated") else asks
            first = [replace(one, primary=one is not every or self.explained) for one in offered][:1]
        share = Menu("Share", contents.share, self.url)
        yield Head(
            place.row.name,
            Markup("{} {}").format(contents.sentence, self.verdict),
            actions=[*contents.outputs, *first, share],
        )
        yield from contents.notices
        working = _working(self)
        if working is None:
            yield from self._found()
        else:  # what is found meanwhile is renewed with it
            yield replace(working, inner=list(self._found()))
        yield from contents.folds

    def _found(self) -> Iterator[Block]:
        contents, place = self.contents, self.place
        if contents.facts:
            yield Strategies(contents.facts)
        yield Fold(f"Counted under {place.rules}", [*contents.rules, Prose(contents.remarks)], id="rules")
        yield from self.waiting
        yield Fold("The network at work", [contents.stage], stays=True)
        two = () if self.two.state in ("computing", "not_analysed", "not_applicable") else contradicting(self.two)
        valid = place.analysis is not None and place.analysis.circuits_valid
        beside = [found for one in (two, contents.map) if valid and (found := list(Fold.of(one)))]
        if beside:
            yield Columns(beside)
        tree = list(circuit_tree_blocks(self, self.options.circuit))
        yield from tree if self.options.circuit else Fold.of(tree)


def _working(page: Overview) -> Progress | None:
    """How far all work on a network is; None where nothing is left to do."""
    left = [one for one in reversed(page.jobs) if one.state in UNFINISHED]
    if not left:
        return None
    now = next((one for one in left if one.stage), None)
    if now is None:
        ahead = jobs_ahead(page.session, min(left, key=lambda one: (one.priority, one.created_at, one.id)))
        note = f"Waiting for a worker, {noun(ahead, 'job')} ahead." if ahead else "Waiting for a worker."
    else:
        note = f"Now {now.title}: {now.stage}{', ' if now.found else ''}{now.found}."
    of, every = len(page.jobs), page.links.jobs(network=page.place.slug)
    words = Markup('{} of {} analyses done; this page fills itself. <a href="{}">See the jobs</a>')
    return Progress(words.format(of - len(left), of, every), of - len(left), of, note, id="working")


# --- what a network has whose rules are settings


def _of_graph(page: Overview) -> Contents:
    links, place, question = page.links, page.place, page.place.question
    analysis = None if place.analysis is None or place.analysis.circuits_method == "refused" else place.analysis

    def inside() -> Iterator[Block]:
        yield Prose(question.kind.definition)
        yield from table_blocks(question.inside(whole(question)))

    folds = [
        More("Inside", inside, "what its nodes do over all rows", id="inside"),
        *([] if analysis is None else [_spread(page)]),
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
        facts={"circuit": _circuits(page, analysis), **_refused(question)},
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


def _circuits(known: Known, analysis: AnalysisRow | None) -> Fact:
    """Valid circuits under these rules; in one line under the others that were searched."""
    links, place, question = known.links, known.place, known.place.question
    every = links.explanations(place.slug, place.scope)
    if analysis is None:
        return Fact("Possible circuits", readable(question.space.possible), "", "not searched", every)
    first, *rest = question.rules
    others = [
        f"{one.rules[first]}: {counts_of(found).valid_circuits} of {Count(found.circuits_possible)}"
        for one in question.admitted()
        for _, found in [known.under[rules_of(one)]]
        if found not in (None, analysis) and found.circuits_method != "refused"
        if all(one.rules[name] == question.rules[name] for name in rest)
    ]
    value = escape(counts_of(analysis).valid_circuits)
    return Fact("Valid circuits", value, of_possible(analysis), "; ".join(others), every)


def _missing(known: Known) -> Iterator[str]:
    """Why draws are not enough to say how many are valid; how many of these miss a row, where all are listed."""
    analysis, n_rows = known.place.analysis, known.place.question.n_rows
    yield from filter(None, [analysis and analysis.distributions.get("why")])
    if analysis is not None and 0 < analysis.circuits_valid == analysis.circuits_listed:
        n = exact(int((known.listed["right"] < n_rows).sum()))
        yield f"{n} of the valid circuits miss a row: valid is right on more than 99% of {n_rows} rows."


def _refused(question: SubjectQuestion) -> dict[str, Fact]:
    """Kinds of explanation that such a network, or such rows, cannot have, and why."""
    reasons = {key: question.refuses(KIND_OF[key].plural) for key in ("interpretation", "algorithm")}
    return {key: Fact(KIND.words(key), "", f"None: {why}.") for key, why in reasons.items() if why}


def _rows_right(known: Known, analysis: AnalysisRow) -> Iterator[Block]:
    """Circuits by what they keep and the rows they get right."""
    if not analysis.circuits_listed:
        return
    part, listed = known.place.part, known.listed
    counts = Counter(zip(listed["edges"].tolist(), listed["right"].tolist(), strict=True))
    yield Section("Map of the explanations", f"{exact(sum(counts.values()))} circuits", id="map")
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
        facts={} if analysis is None else dict(_counts(page, analysis)) | _refused(question),
        rules=[
            *_choices(page, "Counted under", [(name, to) for name, (to, _) in page.under.items()]),
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
    yield Section("Map of the explanations", f"interventions predicted right, of {n}", id="map")
    url = page.links.analysis(page.place.slug, COMMON_GROUND.key, page.place.scope)
    caption = Markup('{} <a href="{}">{}</a>').format(ground_words(report), url, COMMON_GROUND.title)
    chart = ground_chart(report, page.of(COMMON_GROUND).subject, pair)
    yield ChartFigure(chart=chart, caption=caption, id="ground")


def _counts(known: Known, analysis: AnalysisRow) -> Iterator[tuple[str, Fact]]:
    """How many there are of each kind, with their bounds, under these rules; in one line under the other built-in."""
    links, place, counts = known.links, known.place, counts_of(analysis)
    others = {
        name: counts_of(row)
        for name, (scope, row) in known.under.items()
        if row is not None and scope != place.scope and scope.protocol in BUILT_IN
    }

    def fact(label: str, value: str, of: Text, url: str, words: str) -> Fact:
        told = [
            f"{name}: " + words.format(**{key.name: getattr(one, key.name) for key in fields(one)})
            for name, one in others.items()
        ]
        return Fact(label, Markup("{}").format(getattr(counts, value)), of, "; ".join(told), url)

    def of_kind(kind: str) -> str:
        return links.explanations(place.slug, place.scope, kind=kind)

    words = "{valid_circuits} of {possible_circuits}"
    yield "circuit", fact("Valid circuits", "valid_circuits", of_possible(analysis), of_kind("circuit"), words)
    if interpretations_counted(analysis):
        of = f"{counts.observed_classes} that inputs can tell apart"
        of += f", of the {exact(analysis.circuits_listed)} circuits listed" if drawn(analysis) else ""
        words = "{interpretations}, of which {observed_classes}"
        yield "interpretation", fact("Interpretations", "interpretations", of, of_kind("interpretation"), words)
    if circuits_only(analysis):
        return
    of, words = f"of {counts.candidate_algorithms} candidates", "{aligned_algorithms} of {candidate_algorithms}"
    if str(counts.candidate_algorithms) == "0":  # exactly: candidates are no deeper than the network
        of = "no formula for it is as shallow as the network"
    every = links.algorithms(place.slug, place.scope)
    yield "algorithm", fact("Algorithms placed", "aligned_algorithms", of, every, words)
    protocol, of, value = place.question.protocol, f"{counts.minimal_alignments} minimal", "valid_alignments"
    if protocol.alignments_kept == "minimal":  # the list has these alone
        of, value = f"minimal, of {counts.valid_alignments} valid", "minimal_alignments"
    of += f", on {protocol.alignment_sites.replace('_', ' ')}"
    words = "{minimal_alignments} minimal of {valid_alignments}"
    yield "alignment", fact("Placements", value, of, of_kind("alignment"), words)


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
    if (row.slug, row.origin) == (ALICE_AND_BOB, "bundled"):
        refs = {"Alice": ALICE, "Bob": BOB}
        yield Notice(
            "Alice and Bob explain this network in two ways",
            "Alice reads “A without B” and “B without A” off two directions, and the answer is 1 if either is. "
            "Bob reads “A or B” and “A and B”, and the answer is 1 if the first is and the second is not.",
            actions=[
                Action("Compare Alice, as P, with Bob, as Q", links.compare(row.slug, refs.values(), place.scope)),
                *(Action(name, links.explanation(row.slug, ref, place.scope)) for name, ref in refs.items()),
            ],
        )
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
    return Notice("No circuit is valid", told, cure if instead else "", actions=actions)


def _spread(known: Known) -> More:
    by = "by size" if known.place.question.kind.refuses("counting") else "by size, margin, interpretations"
    return More("How circuits are spread", lambda: spread(known, "spread"), by, id="spread")


def _folds(known: Known) -> Iterator[More]:
    place = known.place
    shape = f"{'–'.join(map(str, place.row.sizes))}, {activation_words(place.row)}"
    if known.place.analysis is not None:
        yield _spread(known)
    yield More("Weights and biases", lambda: _weights(place), shape, id="weights")
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
