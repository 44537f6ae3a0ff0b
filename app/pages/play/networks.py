"""Play on a perceptron: neurons and edges changed by hand, and which explanations said what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import LEAST, LETTERS, ExplanationRef
from pluriscope.analyses.shown import input_words
from pluriscope.analysis.alignments.alignment import Aligned, Alignment
from pluriscope.analysis.questions.answers import ANSWER_RULE, ANSWERED, answers
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN, margin_to_edge
from pluriscope.analysis.sandbox.intervention import Change, Intervention, Prediction, site_name
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.db.listing import prominent_in
from pluriscope.app.db.reads.algorithms import alignments_on
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.candidates import algorithm_of, input_texts
from pluriscope.app.pages.compare.compared import short
from pluriscope.app.pages.explanation_list import OF_SCOPE
from pluriscope.app.pages.explanations import KIND_LABELS, Explanation
from pluriscope.app.pages.page import read_options
from pluriscope.app.pages.place import FORMULAS, check_boolean, locate, require
from pluriscope.app.pages.play.played import Played, Said, with_hidden
from pluriscope.app.pages.play.sites import SiteOptions, play_sites
from pluriscope.app.pages.play.state import NetworkOptions, Site, State, read_state
from pluriscope.app.pages.play.tokens import (
    click_words,
    intervention_words,
    write_now,
    write_site,
    written_signs,
    written_words,
)
from pluriscope.app.pages.shared import finite
from pluriscope.app.pages.sharing.share import InShort
from pluriscope.figures.numbers import decimal, exact
from pluriscope.figures.svg.elements import Step, twice
from pluriscope.figures.svg.layout import MAX_SHOWN, node_name
from pluriscope.figures.svg.vessels import NARROW, WIDE, Vessels, full_at
from pluriscope.kinds.found import Prominent
from pluriscope.kinds.interpretations import boxed
from pluriscope.page_kit.blocks import Action, Block, Choice, Fact, Facts, Prose, Table, Text
from pluriscope.page_kit.played import Ask, Field
from pluriscope.page_kit.templating import linked
from pluriscope.views.records import AskedRecord, HandRecord, PlayRecord, RunRecord

MOST_SITES: Final = 200
"""Neurons and edges up to which edges are links in the drawing, too, and neurons alone; others are changed by name."""
Layers = tuple[NDArray[np.float64], ...]


def find_play(session: Session, links: Addresses, network: str, query: Sequence[tuple[str, str]]) -> Played:
    """Read the state that an address names, after the step that it asks for.

    Raises:
        NotFound: no such network, output, protocol, data record or explanation.
        BadQuery: an intervention that cannot be read or that the network has not, or too many of anything; it leads to
            the page without it.
        BeyondLimits: an explanation that is too large to be read on the spot.
    """
    scope = read_options(ScopeOptions, [pair for pair in query if pair[0] in OF_SCOPE]).scope
    place = locate(session, links, network, scope)
    require(place, links, "play", f"play on {place.slug}")
    if place.question.kind.refuses(FORMULAS):
        return play_sites(session, links, place, read_options(SiteOptions, query))
    check_boolean(place, links)
    state, explanations = read_state(session, links, place, read_options(NetworkOptions, query))
    return NetworkPlayed(session, links, place, state, explanations)


@dataclass(frozen=True, eq=False)
class NetworkPlayed(Played):
    """An intervention on a perceptron.

    Args:
        state: what the address says.
        explanations: that are asked.
    """

    state: State
    explanations: Sequence[Explanation[Question]]

    @property
    def now(self) -> Intervention:
        """Intervention that is run."""
        return self.state.now

    @cached_property
    def bench(self) -> Bench:
        """The network with the rows that interchanges use, over which means are taken too."""
        return Bench(self.place.question.network, self.place.question.clean_rows)

    @cached_property
    def before(self) -> Layers:
        """Activations of layers 0 … L when nothing is changed."""
        return tuple(layer[self.now.base] for layer in self.bench.clean)

    @cached_property
    def after(self) -> Layers:
        """Activations under the changes."""
        return self.bench.run(self.now)

    @cached_property
    def hands(self) -> list[tuple[HandRecord, str]]:
        return [(self._hand(change), self.state.without(change).url) for change in self.now.changes]

    def _hand(self, change: Change) -> HandRecord:
        words, name = written_words(change, self.state.n_inputs), site_name(change, self.state.sizes)
        layer, neuron = change.carrier
        before, value = float(self.before[layer][neuron]), self.bench.value_of(change)
        return HandRecord(site=write_site(change), name=name, words=words, before=before, value=value)

    @property
    def url(self) -> str:
        return self.state.url

    @property
    def cleared(self) -> str:
        return self.state.at(Intervention(self.now.base)).url

    @property
    def answers(self) -> tuple[str, str]:
        return str(answered(self.before)), str(answered(self.after))

    @property
    def unchanged(self) -> str:
        base = input_words(self.now.base, self.state.n_inputs)
        return f"On input {base} the network answers {answered(self.after)}"

    @cached_property
    def words(self) -> str:
        return intervention_words(self.now, self.state.sizes, self.state.n_inputs)

    @property
    def wants(self) -> str:
        return str(self._wanted)

    @property
    def in_short(self) -> InShort:
        judged = {None: "", True: ", correct", False: ", incorrect"}
        chosen = [one for one in self.asked if one.letter]
        says = {one.letter: f"predicts {one.says}" if one.says >= 0 else "makes no prediction" for one in chosen}
        lines = (
            ("Input", input_words(self.now.base, self.state.n_inputs)),
            ("The network answers", f"{answered(self.after)}, from an output of {_output(self.after)}"),
            *((one.letter, says[one.letter] + judged[one.right]) for one in chosen),
        )
        asked = f"; asked: {', '.join(self.state.refs)}" if self.state.refs else ""
        return self.shortly(lines, f"intervention {write_now(self.now, self.state.n_inputs)}{asked}")

    def record(self) -> PlayRecord:
        """Record of the state for JSON."""
        return PlayRecord.showing(
            self,
            **self.place.record,
            verdict=self.title,
            changes=[one for one, _ in self.hands],
            wants=self._wanted,
            before=self._run(self.before),
            after=self._run(self.after),
            explanations=self.asked,
        )

    @property
    def _wanted(self) -> int:
        return int(self.place.question.task.truth_table[self.now.base])

    def _run(self, layers: Layers) -> RunRecord:
        sizes = self.state.sizes
        values = {
            node_name(layer, neuron, sizes): finite(value)
            for layer, some in enumerate(layers)
            for neuron, value in enumerate(some.tolist())
        }
        margin = finite(float(margin_to_edge(layers[-1][0], ANSWERED)))
        return RunRecord(values=values, gives=answered(layers), margin=margin)

    def answer(self, number: int) -> str:
        return str(number)

    @cached_property
    def said(self) -> list[Said]:
        """Predictions of explanations that somebody chose, then of placements on what is changed."""
        refs, found = self.state.refs, list[Said]()
        every = [
            (letter, one, one.record.ask(one.place.question, one.item, self.now, self.bench))
            for letter, one in zip(self._letters(), self.explanations, strict=True)
        ]
        every += [("", one, said) for one, said in self._there]
        for letter, one, said in every:
            ref, step = str(one.ref), Markup()
            if letter:
                without = replace(self.state, refs=tuple(other for other in refs if other != ref)).url
                step = linked(with_hidden("Remove", letter), without, id=f"drop-{letter}")
            elif len(refs) < len(LETTERS):
                step = linked(
                    with_hidden("Ask", ref), replace(self.state, refs=(*refs, ref)).url, id=f"also-{len(found)}"
                )
            right = said.bit == answered(self.after) if said.speaks else None
            record = AskedRecord(letter=letter, ref=ref, url=one.url(), says=said.bit, reason=said.reason, right=right)
            name = one.algorithm.formula if one.algorithm else KIND_LABELS[one.kind]
            found.append(Said(record, name, short(ref), step))
        return found

    @cached_property
    def _there(self) -> list[tuple[Explanation[Question], Prediction]]:
        """Valid placements whose variables' neurons are those that are patched, one of each algorithm, with what they
        predict.
        """
        place, found = self.place, list[tuple[Explanation[Question], Prediction]]()
        patched = {one for one, change in self.now.neurons.items() if change.written == "source"}
        if place.analysis is None or len(patched) < max(1, len(self.now.changes)):
            return []
        for row in alignments_on(self.session, place.analysis, patched):
            ref, algorithm = ExplanationRef("alignment", row.algorithm.algorithm_id, row.alignment_id), row.algorithm
            aligned = Aligned(algorithm_of(algorithm, place), Alignment.read(algorithm.text, row.places))
            one = Explanation(self.session, self.links, ref, place, aligned)
            said = one.record.ask(place.question, aligned, self.now, self.bench)
            if said.speaks and str(ref) not in self.state.refs:
                found.append((one, said))
        return found

    @cached_property
    def _prominent(self) -> Mapping[str, Prominent]:
        """The explanations that stand out in the network's list, by their references."""
        analysis, layout = self.place.analysis, self.place.question.layout
        return {
            str(ExplanationRef("interpretation", layout.to_hex(one.mask), str(one.index))): one
            for one in (() if analysis is None else prominent_in(self.session, analysis))
        }

    def _letters(self) -> list[str]:
        """Names of the explanations: as the network's list has them, else the first letters that are free."""
        known = [str(one.ref) for one in self.explanations]
        named = [self._prominent[ref].mark if ref in self._prominent else "" for ref in known]
        free = (letter for letter in LETTERS if letter not in named)
        return [name or next(free) for name in named]

    # --- as a drawing

    def drawing(self, *, linked: bool) -> Markup:
        if linked:
            return twice(self._drawn(linked=True), self._drawn(linked=True, narrow=True))
        return self._drawn(linked=False)

    def _drawn(self, *, linked: bool, narrow: bool = False) -> Markup:
        signs = {one: written_signs(one, self.state.n_inputs) for one in self.now.changes}
        cut = self.place.question.network
        return Vessels(
            cut.weights,
            _numbers(self.after),
            full_at(self.place.question.clean_activations),
            NARROW if narrow else WIDE,
            sentence=f"The network on input {self.words}" + (": choose what to change" if linked else ""),
            forced={(one.layer, one.neuron): words for one, words in signs.items() if one.origin is None},
            written={
                (one.layer, one.neuron, one.origin): (words, self.bench.value_of(one))
                for one, words in signs.items()
                if one.origin is not None
            },
            named=True,
            was=_numbers(self.before),
            steps={tuple(n for n in site if n is not None): self._step(site, narrow) for site in self._sites(linked)},
        ).drawn()

    def _sites(self, linked: bool) -> list[Site]:
        """Sites to choose from in the drawing: neurons, and edges where these are few."""
        sizes = self.state.sizes
        ends = [(layer, neuron) for layer in range(1, len(sizes)) for neuron in range(sizes[layer])]
        neurons: list[Site] = [(*end, None) for end in ends if end[0] < len(sizes) - 1]
        edges: list[Site] = [(*end, origin) for end in ends for origin in range(sizes[end[0] - 1])]
        every = [*neurons, *edges] if len(neurons) + len(edges) <= MOST_SITES else neurons
        return every if linked and len(every) <= MOST_SITES else []

    def _step(self, site: Site, narrow: bool) -> Step:
        """Step that a click on a site takes."""
        change = self.state.used_on(site)
        there, name = self.state.there(change), site_name(change, self.state.sizes)
        written = written_words(there or change, self.state.n_inputs)
        words = f"{name}, {written}: undo" if there else click_words(name, written)
        at = "-".join(str(one) for one in site if one is not None)
        return Step(self.state.toggled(change).url, words, f"{'on' if narrow else 'at'}-{at}")

    # --- as a page

    def first(self) -> Action:
        slug, scope, refs = self.place.slug, self.place.scope, self.state.refs
        if len(refs) >= LEAST:
            return Action("Compare", self.links.compare(slug, refs, scope), primary=True)
        return Action("Choose explanations", self.links.explanations(slug, scope), primary=True)

    @property
    def caption(self) -> str:
        does = written_words(self.state.tool, self.state.n_inputs)
        words = f"A neuron or edge that you choose is {does}; choose it again to undo that. "
        return words + "Levels are values; negative ones hang from the top."

    def controls(self) -> Iterator[Choice | Ask]:
        state, inputs = self.state, input_texts(self.state.n_inputs)
        urls = {text: state.at(self.now.on(row)).url for row, text in enumerate(inputs)}
        yield Choice("Input", urls, inputs[self.now.base], id="base")
        tools = {f"as on {text}": Change(0, 0, None, "source", source=row) for row, text in enumerate(inputs)}
        tools |= {"0": Change(0, 0, None, "zero"), "mean": Change(0, 0, None, "mean")}
        if state.tool.written == "value":
            tools[f"{state.tool.value:g}".replace("-", "−")] = state.tool
        chosen = next(words for words, tool in tools.items() if tool == state.tool)
        yield Choice("Force to", {words: state.with_tool(tool).url for words, tool in tools.items()}, chosen, id="to")
        value, error = self.wrong.get("tool", ("", ""))
        yield Ask("Set", state.fields("tool"), [Field("tool", "or to", value, error, hint="-0.5")])
        if max(state.sizes) > MAX_SHOWN or not any(site[2] is not None for site in self._sites(True)):
            value, error = self.wrong.get("site", ("", ""))
            yield Ask("Change", state.fields(), [Field("site", "Neuron or edge", value, error, hint="2.1.0")])

    def outcome(self) -> Iterator[Block]:
        was = f"{_output(self.before)} with nothing changed" if self.hands else ""
        answer = Fact("Answers", str(answered(self.after)), ANSWER_RULE, _margin(self.after))
        yield Facts([Fact("Output", _output(self.after), was), answer], id="does")

    def offered(self) -> Iterator[Block]:
        """Explanations that stand out and are not asked yet; else where some are chosen."""
        rows, taken = list[tuple[Text, ...]](), {*self.state.refs, *(one.letter for one in self.asked)}
        for ref, one in self._prominent.items():
            if len(self.state.refs) < len(LETTERS) and not taken & {ref, one.mark}:
                step = linked("Ask", replace(self.state, refs=(*self.state.refs, ref)).url, id=f"ask-{len(rows)}")
                rows.append((boxed([one.mark]) + one.why, f"{exact(one.right)} of {exact(one.of)}", step))
        if rows:
            yield Table.plain(("What does it predict?", "Right on", "Step"), rows)
        elif not self.explanations:
            asks = "What do explanations say of it? Choose some in the list and compare them; Compare leads here."
            yield Prose(asks, glossary=False)


def answered(layers: Layers) -> int:
    """Decision of a run."""
    return int(answers(layers[-1][0]))


def _output(layers: Layers) -> str:
    output = finite(float(layers[-1][0]))
    return "beyond float64" if output is None else decimal(output, 4)


def _margin(layers: Layers) -> str:
    margin = float(margin_to_edge(layers[-1][0], ANSWERED))
    return f"margin {decimal(margin, 3)}{', fragile' if margin < FRAGILE_MARGIN else ''}"


def _numbers(layers: Layers) -> list[list[float | None]]:
    return [[finite(value) for value in layer.tolist()] for layer in layers]
