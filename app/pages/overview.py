"""The first page of a network: what it computes, how many explanations there are, and what else was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuit_sets.backbone import backbone_words
from analysis.models.common import backbone_of_bits
from analysis.models.model import gaps
from analysis.studies.cells import cells_of
from app.addressing import Addresses
from app.db.codecs import tasks_of
from app.db.models import CircuitSearch, searches_of
from app.db.reads.circuits import stored_backbone
from app.db.reads.jobs import UNFINISHED
from app.db.reads.studies import studies_of_network
from app.db.studies import design_of
from app.db.tables import AnalysisRow, ModelRow, NetworkRow
from app.figures.numbers import decimal, exact, noun, readable
from app.figures.plots import spread_figures
from app.figures.svg.graphs import graph_diagram
from app.figures.svg.layout import node_name
from app.figures.svg.learning import loss_figure
from app.figures.svg.networks import network_diagram
from app.limits import limits_in
from app.options import ScopeOptions
from app.pages.about_one import behaviour_table, pairs, provenance_of
from app.pages.analyses import analyses_of, cards_of
from app.pages.counted import (
    circuits_only,
    counts_of,
    drawn,
    interpretations_counted,
    interval_words,
    method_words,
)
from app.pages.every_analysis import asked
from app.pages.explanation_list import Asked, search_for, states
from app.pages.input_plane import plane_blocks
from app.pages.inside import ROW, answers_of, answers_table, beside, played_url, table_blocks
from app.pages.network_page import Known, criterion_words
from app.pages.page import DRAWING
from app.pages.place import AnyPlace, ModelPlace, Place
from app.pages.plan import METHOD_WORDS, refusal_words
from app.pages.shared import activation_words
from app.pages.sharing.facts import InShort, Shared
from app.pages.training.course import learning_of_network, same_again
from pluriscope.blocks import (
    Action,
    Block,
    Choice,
    Fact,
    Facts,
    Figure,
    Head,
    Menu,
    More,
    Notice,
    Progress,
    Prose,
    Section,
    Side,
    Table,
)
from pluriscope.naming import Scope
from pluriscope.tables import Query

_LEFT_OUT: Final = ("options", "losses", "outputs", "message")
"""Of what is kept of a training; the curves are drawn, and in the JSON."""
_ROWS: Final = 8
"""Of a transformer's task beside its drawing."""
_ORIGINS: Final = {
    "bundled": "A bundled example.",
    "trained": "Trained here.",
    "uploaded": "Imported.",
    "study": "Trained by a study.",
}


class OverviewOptions(ScopeOptions):
    """Options of a network's first page."""

    row: int | None = Field(None, ge=0, description=ROW)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a kind of network has to say; the page is the same for all.

    Args:
        sentence: what it is and computes.
        share: its files, and what else is done with it.
        figure: its drawing.
        rows: what it does on rows of its task.
        facts: how many explanations there are.
        rules: each set of rules with the address of this page under it.
        said: about the rules and what was found under them.
        choices: what else there is to choose.
        notices: what comes before any number.
        state: how far the analysis is.
        refused: whether there can be none.
        folds: the rest.
    """

    sentence: str
    share: Sequence[Action]
    figure: Figure
    rows: Table
    facts: Sequence[Fact]
    rules: Mapping[str, str]
    said: str
    choices: Sequence[Choice]
    notices: Sequence[Block]
    state: Asked
    refused: bool = False
    folds: Sequence[More]


@dataclass(frozen=True)
class Overview(Shared):
    """The first page of a network, with the store that it is read from.

    Args:
        session: open session.
        links: builds addresses.
        place: what it is about.
        options: of the page.
    """

    session: Session
    links: Addresses
    place: AnyPlace
    options: OverviewOptions

    @property
    def url(self) -> str:
        return self.links.network(self.place.slug, self.place.scope)

    @property
    def about(self) -> tuple[NetworkRow | ModelRow, Scope]:
        return self.place.row, self.place.scope

    @property
    def in_short(self) -> InShort:
        row = self.place.analysis if isinstance(self.place, Place) else None
        return InShort.of("Network", self.place.row.name, self.told.facts[:5], "", self.place.cited, row)

    @property
    def in_library(self) -> bool:
        return isinstance(self.place, Place)

    def drawn(self, name: str) -> Markup | None:
        """Its drawing, or how it learned."""
        own = name == "loss" and isinstance(self.place, Place)
        learning = learning_of_network(self.place.row, self.links) if own else None  # type: ignore[arg-type]
        if learning is not None:
            return loss_figure(learning.curves, learning.loss_target)
        return Markup(self.told.figure.drawing) if name == DRAWING else None  # noqa: S704  # it is one

    @cached_property
    def told(self) -> Told:
        if isinstance(self.place, ModelPlace):
            return _of_transformer(self.session, self.links, self.place)
        return _of_perceptron(Known(self.session, self.links, self.place))

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All of it, what is folded not yet computed."""
        return tuple(self._blocks())

    def _blocks(self) -> Iterator[Block]:
        """What it is, how many, what else was asked; the rest folded."""
        place, links, told = self.place, self.links, self.told
        slug, scope = place.slug, place.scope
        compare = Action("Compare explanations", links.compare(slug, (), scope), primary=True)
        yield Head(place.row.name, told.sentence, actions=[*told.choices, compare, Menu("Share", told.share, self.url)])
        yield from told.notices
        yield Side([told.figure, told.rows])
        yield Section("How many", action=Choice("Rules", told.rules, place.rules), id="counts")
        if told.said:
            yield Prose(told.said)
        if told.facts:
            yield Facts(told.facts)
        if not told.refused:
            yield from states(told.state)
        every = asked(self.session, place, links, analyses_of(place))
        answered = [one for one in every if one.state not in ("not_analysed", "not_applicable")]
        if answered:
            yield Section("More analyses", "each with its finding", Action("All of them", links.analyses(slug, scope)))
            yield from cards_of(answered)
        yield from told.folds


# --- what a transformer has


def _of_transformer(session: Session, links: Addresses, place: ModelPlace) -> Told:
    model, space = place.model, place.space
    whole = np.ones(space.graph.n_bits, dtype=np.bool_)
    outputs = space.run(whole[None])
    apart = gaps(outputs, model.answers)[0]
    search = searches_of(session, [place.row.id]).get((place.row.id, place.text))
    common = None if search is None else backbone_of_bits(search.valid, dict(search.by_bits), search.bit_use)
    folds = [More("Inside", lambda: table_blocks(space.inside(whole)), "what its nodes do over all rows", id="inside")]
    if model.tables:
        folds.append(More("Weights", lambda: table_blocks(model.tables), "what they are", id="weights"))
    facts = {**dict(model.facts), **({} if search is None else {"Searched by": f"engine {search.engine_version}"})}
    counted = More(
        "How it was counted",
        lambda: [pairs("fact", facts | provenance_of(place))],
        "network, rules, rows",
        id="counted",
    )
    right = f"Right on {int((apart > 0).sum())} of {place.rows}; smallest gap {decimal(float(apart.min()), 4)}."
    return Told(
        sentence=f"{place.kind.definition} {right}",
        share=[Action("Network file", links.network_file(place.slug))],
        figure=Figure(graph_diagram(space.graph, title=model.name), "Every node and edge. A circuit keeps some."),
        rows=answers_table(answers_of(model, outputs[0], apart), partial(played_url, links, place), _ROWS),
        facts=list(_circuits(links, place, search)),
        rules={words: links.network(place.slug, one) for words, one in place.others().items()},
        said="" if common is None else backbone_words(common, part=place.part),
        choices=[],
        notices=[],
        state=search_for(session, links, place),
        folds=[*folds, counted],
    )


def _circuits(links: Addresses, place: ModelPlace, search: CircuitSearch | None) -> Iterator[Fact]:
    every = links.explanations(place.slug, place.scope)
    if search is not None:
        of = f"of {readable(search.possible)} possible"
        yield Fact("Valid circuits", readable(search.valid), f"{of} · {place.rules}", "", every)
        if search.by_bits:
            least, n = min(search.by_bits)
            them = f"{n:,} of them" if n > 1 else "one of them"
            yield Fact("Smallest", f"{least} {place.part}s", f"{them} · {place.rules}")
    else:
        yield Fact("Possible circuits", readable(place.space.possible), place.rules, "not searched", every)


# --- what a perceptron has


def _of_perceptron(known: Known) -> Told:
    place, links, url, scope = known.place, known.links, known.url, known.place.scope
    row, question, analysis = place.row, place.question, place.analysis
    weights = "All weights that lead to this output; width grows with |weight|, dashed with a bar = negative."
    drawn = network_diagram(question.cut.weights, title=row.name)
    tasks, shape = ", ".join(task.label for task in tasks_of(row)), "–".join(map(str, row.sizes))
    also = f" The same weights are known as {', '.join(known.also)}." if known.also else ""
    share = [Action("Network file", links.network_file(place.slug)), Action("In a frame", links.embedded(url))]
    if analysis is not None:
        share.insert(1, Action("Result file", links.result(place.slug, scope)))
        share.insert(2, Action("Distributions as CSV", links.made_of(url, "figures.csv")))
    share.append(Action("Settings", links.settings(place.slug)))
    rules = criterion_words(question.protocol.model_dump(exclude={"name"}), len(question.judged[0]))
    rules = f"{rules[:1].upper()}{rules[1:]}."
    method = "" if analysis is None else method_words(analysis)
    backbone = None if analysis is None else stored_backbone(analysis)
    common = "" if backbone is None else backbone_words(backbone)
    several = sum(found is not None for _, found in known.under.values()) > 1
    differ = "[Why the numbers differ by rules](scope.md#complete-and-paper)." if several else ""
    limit = f"Stopped: {known.stops}. Counts marked ≥ are lower bounds." if known.stops else method
    return Told(
        sentence=f"A {shape} multilayer perceptron, {activation_words(row)}, that should compute {tasks}. "
        f"{_ORIGINS.get(row.origin, '')}{also}",
        share=share,
        figure=Figure(drawn, weights, _files(links, url, "drawing"), id=DRAWING),
        rows=behaviour_table(place, known.behaviour),
        facts=[] if analysis is None else list(_counts(known, analysis)),
        rules={name: links.network(place.slug, to) for name, (to, _) in known.under.items()},
        said=" ".join(part for part in (rules, method, common, differ) if part),
        choices=list(_choices(known)),
        notices=list(_notices(known)),
        state=Asked(known.session, links, place, known.state, known.job, limit, Query(), None, ()),
        refused=isinstance(known.plan, tuple),
        folds=list(_folds(known)),
    )


def _choices(known: Known) -> Iterator[Choice]:
    """Other outputs, and other rows, where there are any."""
    links, place = known.links, known.place
    for label, of in (("Output", known.outputs()), ("Data", known.data())):
        scopes = dict[str, Scope]()
        for name, scope in of:  # two outputs may have the same task
            scopes[f"{name} ({len(scopes) + 1})" if name in scopes else name] = scope
        if len(scopes) > 1:
            chosen = next(name for name, scope in scopes.items() if scope == place.scope)
            yield Choice(label, {name: links.network(place.slug, scope) for name, scope in scopes.items()}, chosen)


def _counts(known: Known, analysis: AnalysisRow) -> Iterator[Fact]:
    """How many there are of each kind, with their bounds, under these rules and under the others."""
    links, place, counts = known.links, known.place, counts_of(analysis)
    found = {
        name: counts_of(row) for name, (scope, row) in known.under.items() if row is not None and scope != place.scope
    }

    def fact(label: str, name: str, note: str, url: str) -> Fact:
        others = ", ".join(f"{rules}: {getattr(one, name)}" for rules, one in found.items())
        return Fact(label, Markup("{}").format(getattr(counts, name)), f"{note} · {place.rules}", others, url)

    def of_kind(kind: str) -> str:
        return links.explanations(place.slug, place.scope, kind=kind)

    possible = f"of {exact(analysis.circuits_possible)} possible"
    if estimate := interval_words(analysis):
        possible += f", an estimate: {estimate}"
    elif drawn(analysis):
        possible += ", counted, not listed"
    yield fact("Valid circuits", "valid_circuits", possible, of_kind("circuit"))
    if interpretations_counted(analysis):
        listed = f"of the {exact(analysis.circuits_listed)} circuits listed"
        of = listed if drawn(analysis) else "a gate on every neuron"
        yield fact("Interpretations", "interpretations", of, of_kind("interpretation"))
        term = links.glossary("observed-class")
        yield fact("Observed classes", "observed_classes", "that the inputs can tell apart", term)
    if circuits_only(analysis):
        return
    candidates = f"aligned, of {noun(analysis.algorithms_candidates, 'candidate')}"
    yield fact("Algorithms", "aligned_algorithms", candidates, links.algorithms(place.slug, place.scope))
    minimal = f"{counts.minimal_alignments} of them minimal"
    yield fact("Alignments", "valid_alignments", minimal, of_kind("alignment"))


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
    working = [one for one in reversed(known.jobs) if one.state in UNFINISHED and one is not known.job]
    if working:  # the state of the analysis says the other
        job = next((job for job in working if job.stage), working[0])
        title = job.title.removeprefix(row.name).removeprefix(", ").removeprefix(": ")
        title = f"analysis: {title}" if job.kind == "analyse" else title
        words = f"{title}: {job.stage or 'waiting for a worker'}{', ' if job.found else ''}{job.found}"
        every = Action(f"All {len(working)} jobs", links.jobs(network=row.slug, state=["queued", "running"]))
        actions = [Action("See the job", links.job(job.id)), *([every] if len(working) > 1 else [])]
        note = f"{noun(len(working) - 1, 'more job')} of this network." if len(working) > 1 else ""
        yield Progress(words, job.done, job.total, note, id="working", actions=actions)
    if place.analysis is not None and known.state == "done" and not place.analysis.circuits_valid:
        tried = f"All {exact(place.analysis.circuits_possible)} circuits that the protocol looks at were tried"
        whole = f"The whole network is correct on only {known.n_right} of {noun(len(known.behaviour), 'row')}."
        cure = whole if known.n_right < len(known.behaviour) else ""
        yield Notice("No circuit is valid", f"{tried}; none is right on enough rows. This will not change.", cure)
    plan = known.plan
    if isinstance(plan, tuple):
        cures = " ".join(f"{one.cure[:1].upper()}{one.cure[1:]}." for one in plan)
        yield Notice("It cannot be analysed", refusal_words(plan), cures, "refused")
    elif plan is not None:
        told = f"An analysis would {METHOD_WORDS[plan.method]} of {readable(plan.possible)} possible, which takes "
        told += f"{plan.takes}. {plan.reason}"
        if plan.method == "estimated":
            limits = limits_in(known.session)
            told += f" {exact(limits.n_samples)} circuits would be tested; the number comes with a "
            told += f"{limits.confidence * 100:g}% interval and is never exact."
        yield Prose(told, glossary=False)


def _folds(known: Known) -> Iterator[More]:
    place = known.place
    if place.question.data.boolean and place.question.cut.n_inputs in (2, 3):
        what = "what it decides there"
        yield More("Between the inputs", lambda: plane_blocks(place), what, id="plane")
    analysis = place.analysis
    if analysis is not None and analysis.circuits_valid:
        what = "sizes, margins, interpretations"
        yield More("Distributions", lambda: _spread(known, analysis), what, id="spread")
    yield More("Weights", lambda: _weights(place), "and biases, at full precision", id="weights")
    if place.row.training:
        yield More("Training", lambda: _training(known), "how it learned", id="training")
    yield More("How it was counted", lambda: _provenance(known), "network, rules, rows, engine", id="counted")


def _files(links: Addresses, url: str, name: str) -> dict[str, str]:
    """A drawing of the page as files."""
    return {form: links.made_of(url, f"{name}.{form.lower()}") for form in ("SVG", "PNG", "PDF")}


def _spread(known: Known, analysis: AnalysisRow) -> Iterator[Block]:
    slug, scope = known.place.slug, known.place.scope

    def leads(edges: int) -> str:
        return known.links.explanations(slug, scope, kind="circuit", edges_min=edges, edges_max=edges)

    yield from beside([Figure(*one) for one in spread_figures(analysis.distributions, leads)], 2)


def _weights(place: Place) -> Iterator[Block]:
    network, sizes, tasks = place.question.model, place.question.model.sizes, tasks_of(place.row)
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
        loss = loss_figure(learning.curves, learning.loss_target)
        yield Figure(loss, said, _files(known.links, known.url, "figures/loss"))
    outcome = {key: value for key, value in training.items() if key not in _LEFT_OUT}
    told = outcome | dict(training.get("options") or {})
    words = {key.replace("_", " ").capitalize(): _words(value) for key, value in told.items()}
    yield pairs("option", {key: value for key, value in words.items() if value not in ("", "None")})
    again = same_again(known.place.row, known.links) if learning is None else learning.again_url
    if again:
        yield Section("Again", "with these options, or others", Action("Train again", again))


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _provenance(known: Known) -> Iterator[Block]:
    yield pairs("fact", provenance_of(known.place))
    studies = studies_of_network(known.session, known.place.row.digest)
    if studies:
        link = Markup('<a href="{}">{}</a>')
        rows = [
            [
                link.format(known.links.study(study.slug), study.name),
                cells_of(design_of(study))[outcome.position].name,
                outcome.seed,
            ]
            for study, outcome in studies
        ]
        yield Table.plain(["Study", "Cell", "Seed"], rows)
