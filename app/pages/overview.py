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
from analysis.models.model import Table as ModelTable
from analysis.models.model import gaps
from app.addressing import Addresses
from app.db.models import CircuitSearch, searches_of
from app.db.tables import ModelRow, NetworkRow
from app.figures.numbers import decimal, exact, noun, readable
from app.figures.plots import spread_figures
from app.figures.svg.graphs import graph_diagram
from app.figures.svg.learning import loss_figure
from app.figures.svg.networks import network_diagram
from app.options import ScopeOptions
from app.pages.about_one import behaviour_table, pairs, provenance_of
from app.pages.analyses import analyses_of, cards_of
from app.pages.every_analysis import asked
from app.pages.explanation_list import Asked, search_for, states
from app.pages.input_plane import plane_blocks
from app.pages.inside import ROW, answers_of, answers_table, beside, chosen_row, inside_blocks, table_blocks
from app.pages.network_page import NetworkPage, criterion_words, network_page
from app.pages.page import DRAWING
from app.pages.place import AnyPlace, ModelPlace, Place
from app.pages.shared import BoundedCount, Counts, neuron_name
from app.pages.sharing.facts import InShort, Shared
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
        learning = self.data.learning if name == "loss" and isinstance(self.place, Place) else None
        if learning is not None:
            return loss_figure(learning.curves, learning.loss_target)
        return Markup(self.told.figure.drawing) if name == DRAWING else None  # noqa: S704  # it is one

    @cached_property
    def data(self) -> NetworkPage:
        """What is stored about a perceptron.

        Raises:
            ValueError: it is none.
        """
        if isinstance(self.place, ModelPlace):
            raise ValueError("a transformer's page says all that there is")
        return network_page(self.session, self.links, self.place)

    @cached_property
    def told(self) -> Told:
        if isinstance(self.place, ModelPlace):
            return _of_transformer(self.session, self.links, self.place, self.options)
        return _of_perceptron(self.session, self.links, self.place, self.data)

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


def _of_transformer(session: Session, links: Addresses, place: ModelPlace, options: OverviewOptions) -> Told:
    model, space, scope = place.model, place.space, place.scope
    whole = np.ones(space.graph.n_bits, dtype=np.bool_)
    outputs = space.run(whole[None])
    apart = gaps(outputs, model.answers)[0]
    search = searches_of(session, [place.row.id]).get((place.row.id, place.text))
    at, inside = chosen_row(model, apart, options.row), space.inside(whole)
    common = None if search is None else backbone_of_bits(search.valid, dict(search.by_bits), search.bit_use)
    look = partial(_url, links, place)
    folds = [
        More(
            "On one row",
            lambda: inside_blocks(model, inside, at, links.network(place.slug), scope.protocol, look),
            "where each node looks",
            id="inside",
        )
    ]
    if model.tables:
        folds.append(More("Weights", lambda: _tables(model.tables), "what they are", id="weights"))
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
        rows=answers_table(answers_of(model, outputs[0], apart), lambda n: f"{look(n)}#row", _ROWS),
        facts=list(_circuits(links, place, search)),
        rules={words: links.network(place.slug, one) for words, one in place.others().items()},
        said="" if common is None else backbone_words(common, part=place.part),
        choices=[],
        notices=[],
        state=search_for(session, links, place),
        folds=[*folds, counted],
    )


def _url(links: Addresses, place: ModelPlace, row: int) -> str:
    return links.network(place.slug, place.scope, row=row, part="inside")


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


def _tables(tables: tuple[ModelTable, ...]) -> Iterator[Block]:
    for table in tables:
        yield from table_blocks(table, None)


# --- what a perceptron has


def _of_perceptron(session: Session, links: Addresses, place: Place, page: NetworkPage) -> Told:
    network, url, scope = page.network, page.url, place.scope
    files = _files(links, page, "drawing")
    drawn = network_diagram(network.weights_for(scope.output), title=network.name)
    weights = "All weights that lead to this output; width grows with |weight|, dashed with a bar = negative."
    tasks = ", ".join(task.label for task in network.tasks)
    also = f" The same weights are known as {', '.join(page.also)}." if page.also else ""
    share = [Action("Network file", links.network_file(place.slug)), Action("In a frame", links.embedded(url))]
    if place.analysis is not None:
        share.insert(1, Action("Result file", links.result(place.slug, scope)))
        share.insert(2, Action("Distributions as CSV", links.made_of(url, "figures.csv")))
    share += [Action("Rename", links.rename(place.slug)), Action("Delete", links.delete(place.slug))]
    rules = criterion_words(page.scope.protocol.settings, page.scope.data.n_validation_rows)
    rules = f"{rules[:1].upper()}{rules[1:]}"
    counts = page.counts
    method = "" if counts is None else counts.method_words
    several = sum(one.counts is not None for one in page.by_protocol) > 1
    differ = "[Why the numbers differ by rules](scope.md#complete-and-paper)." if several else ""
    limit = f"Stopped: {page.stops}. Counts marked ≥ are lower bounds." if page.stops else method
    return Told(
        sentence=f"A {network.shape} multilayer perceptron, {network.activations}, that should compute {tasks}. "
        f"{_ORIGINS.get(network.origin, '')}{also}",
        share=share,
        figure=Figure(drawn, weights, files, id=DRAWING),
        rows=behaviour_table(place, page.behaviour),
        facts=[] if counts is None else list(_counts_of(links, place, counts, page)),
        rules={one.name: one.url for one in page.by_protocol},
        said=" ".join(part for part in (f"{rules}.", method, page.backbone, differ) if part),
        choices=[
            Choice(label, {tab.label: tab.url for tab in tabs}, next(tab.label for tab in tabs if tab.current))
            for label, tabs in (("Output", page.outputs), ("Data", page.data))
            if len(tabs) > 1
        ],
        notices=list(_notices(links, page)),
        state=Asked(session, links, place, page.scope.state, page.scope.job, limit, Query(), None, ()),
        refused=page.plan is not None and bool(page.plan.cure),
        folds=list(_folds(links, place, page)),
    )


def _counts_of(links: Addresses, place: Place, counts: Counts, page: NetworkPage) -> Iterator[Fact]:
    """How many there are of each kind, with their bounds, under these rules and under the others."""

    def others(name: BoundedCount) -> str:
        found = {one.name: one.counts for one in page.by_protocol if one.url != page.url}
        return ", ".join(f"{rules}: {of.told(name)}" for rules, of in found.items() if of is not None)

    def of_kind(kind: str) -> str:
        return links.explanations(place.slug, place.scope, kind=kind)

    possible = f"of {exact(counts.circuits_possible)} possible"
    if counts.interval_words:
        possible += f", an estimate: {counts.interval_words}"
    elif counts.drawn:
        possible += ", counted, not listed"
    told, every = counts.shown("circuits_valid"), of_kind("circuit")
    yield Fact("Valid circuits", told, f"{possible} · {place.rules}", others("circuits_valid"), every)
    if counts.interpretations_counted:
        of = f"of the {exact(counts.circuits_listed)} circuits listed" if counts.drawn else "a gate on every neuron"
        told, every = counts.shown("interpretations_total"), of_kind("interpretation")
        yield Fact("Interpretations", told, f"{of} · {place.rules}", others("interpretations_total"), every)
        told, term = counts.shown("interpretations_observed"), links.glossary("observed-class")
        apart = f"that the inputs can tell apart · {place.rules}"
        yield Fact("Observed classes", told, apart, others("interpretations_observed"), term)
    if counts.circuits_only:
        return
    candidates = f"aligned, of {noun(counts.algorithms_candidates, 'candidate')}"
    algorithms = links.algorithms(place.slug, place.scope)
    told = counts.shown("algorithms_aligned")
    yield Fact("Algorithms", told, f"{candidates} · {place.rules}", others("algorithms_aligned"), algorithms)
    minimal = f"{counts.told('alignments_minimal')} of them minimal"
    told, every = counts.shown("alignments_valid"), of_kind("alignment")
    yield Fact("Alignments", told, f"{minimal} · {place.rules}", others("alignments_valid"), every)


def _notices(links: Addresses, page: NetworkPage) -> Iterator[Block]:
    """What there is to say before any number."""
    network, scope = page.network, page.scope
    if network.input_data and scope.data.is_default:
        own = links.network(network.slug, Scope(scope.output, data=network.input_data[:12]))
        yield Notice(
            "Its inputs are not 0 and 1",
            "It is analysed on rows of its own; this page shows what it does on 0 and 1, which is another question.",
            actions=[Action("Show it on its own inputs", own)],
        )
    working = [job for job in page.working if scope.job is None or job.id != scope.job.id]  # its state says the other
    if working:
        job = next((job for job in working if job.stage), working[0])
        words = f"{job.title}: {job.stage or 'waiting for a worker'}{', ' if job.found else ''}{job.found}"
        others = len(working) - 1
        every = Action(f"All {len(working)} jobs", links.jobs(network=network.slug, state=["queued", "running"]))
        actions = [Action("See the job", job.url), *([every] if others else [])]
        note = f"{noun(others, 'more job')} of this network." if others else ""
        yield Progress(words, job.done, job.total, note, id="working", actions=actions)
    if page.counts is not None and page.scope.state == "done" and not page.counts.circuits_valid:
        tried = f"All {exact(page.counts.circuits_possible)} circuits that the protocol looks at were tried"
        whole = f"The whole network is correct on only {page.n_right} of {noun(len(page.behaviour), 'row')}."
        cure = whole if page.n_right < len(page.behaviour) else ""
        yield Notice("No circuit is valid", f"{tried}; none is right on enough rows. This will not change.", cure)
    if page.plan is not None:
        plan = page.plan
        if plan.cure:
            yield Notice("It cannot be analysed", plan.reason, plan.cure, "refused")
        else:
            of = "" if plan.possible is None else f" of {readable(plan.possible)} possible"
            told = f"An analysis would {plan.words}{of}, which takes {plan.takes}. {plan.reason} {plan.caveat}"
            yield Prose(told.strip(), glossary=False)


def _folds(links: Addresses, place: Place, page: NetworkPage) -> Iterator[More]:
    if place.question.data.boolean and place.question.cut.n_inputs in (2, 3):
        yield More(
            "Between the inputs",
            lambda: plane_blocks(place),
            "what it decides there",
            id="plane",
        )
    if place.analysis is not None and place.analysis.circuits_valid:
        yield More("Distributions", lambda: _spread(links, place), "sizes, margins, interpretations", id="spread")
    yield More("Weights", lambda: _weights(page), "and biases, at full precision", id="weights")
    if page.learning is not None or page.training:
        yield More("Training", lambda: _training(links, page), "how it learned", id="training")
    yield More("How it was counted", lambda: _provenance(place, page), "network, rules, rows, engine", id="counted")


def _files(links: Addresses, page: NetworkPage, name: str) -> dict[str, str]:
    """A drawing of the page as files."""
    return {form: links.made_of(page.url, f"{name}.{form.lower()}") for form in ("SVG", "PNG", "PDF")}


def _spread(links: Addresses, place: Place) -> Iterator[Block]:
    def leads(edges: int) -> str:
        return links.explanations(place.slug, place.scope, kind="circuit", edges_min=edges, edges_max=edges)

    assert place.analysis is not None  # noqa: S101  # or there is no such fold
    yield from beside([Figure(*one) for one in spread_figures(place.analysis.distributions, leads)], 2)


def _weights(page: NetworkPage) -> Iterator[Block]:
    sizes = page.network.sizes
    for layer in range(1, len(sizes)):
        sources = [neuron_name(sizes, layer - 1, source) for source in range(sizes[layer - 1])]
        rows = [
            [
                neuron_name(sizes, layer, out) if layer < len(sizes) - 1 else page.network.tasks[out].label,
                *map(repr, row),
                repr(bias),
            ]
            for out, (row, bias) in enumerate(
                zip(page.network.weights[layer - 1], page.network.biases[layer - 1], strict=True)
            )
        ]
        yield Section("Output layer" if layer == len(sizes) - 1 else f"Layer {layer}")
        yield Table.plain(["Neuron", *sources, "Bias"], rows)


def _training(links: Addresses, page: NetworkPage) -> Iterator[Block]:
    learning = page.learning
    if learning is not None:
        said = f"Mean squared error by epoch; drawn: {learning.thinning}."
        loss = loss_figure(learning.curves, learning.loss_target)
        yield Figure(loss, said, _files(links, page, "figures/loss"))
    if page.training:
        outcome = {key: value for key, value in page.training.items() if key not in _LEFT_OUT}
        told = outcome | dict(page.training.get("options") or {})
        words = {key.replace("_", " ").capitalize(): _words(value) for key, value in told.items()}
        yield pairs("option", {key: value for key, value in words.items() if value not in ("", "None")})
    if page.again_url:
        yield Section("Again", "with these options, or others", Action("Train again", page.again_url))


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _provenance(place: Place, page: NetworkPage) -> Iterator[Block]:
    yield pairs("fact", provenance_of(place))
    if page.studies:
        rows = [[Markup('<a href="{}">{}</a>').format(one.url, one.name), one.cell, one.seed] for one in page.studies]
        yield Table.plain(["Study", "Cell", "Seed"], rows)
