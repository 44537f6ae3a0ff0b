"""Play on a perceptron: neurons and edges changed by hand, and which explanations said what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.answers import ANSWER_RULE, ANSWERED, answers
from analysis.sandbox.intervention import Change, Intervention, site_name
from analysis.sandbox.prediction import Prediction
from analysis.sandbox.running import Bench
from analysis.validity import margin_to_edge
from app.addressing import Addresses
from app.figures.numbers import decimal
from app.figures.svg.flow import ByHand, FlowLink, flow_diagram
from app.figures.svg.layout import node_name
from app.figures.svg.thumbs import circuit_thumb
from app.figures.svg.tiles import Tile, bits_of
from app.pages.about_one import column, listed
from app.pages.candidates import input_text, input_texts
from app.pages.compare.compared import short
from app.pages.explanations import KIND_LABELS, Explanation
from app.pages.place import Place
from app.pages.play.played import Ask, Field, Play, Played, Told, changed_table, link
from app.pages.play.state import NetworkOptions, Site, State, read_state
from app.pages.play.tokens import write_now, write_site
from app.pages.play.words import intervention_words, written_signs, written_words
from app.pages.shared import finite
from pluriscope.blocks import Action, Block, Choice, Fact, Facts, More, Section, Table
from pluriscope.naming import LEAST, LETTERS, MOST
from pluriscope.records import AskedRecord, HandRecord, PlayRecord, RunRecord
from pluriscope.tables import Row

FRAGILE_BELOW: Final = 1e-6
MOST_SITES: Final = 200
"""Neurons or edges that are links in the drawing; where there are more, they are changed by name."""
Layers = tuple[NDArray[np.float64], ...]


def play_network(session: Session, links: Addresses, place: Place, options: NetworkOptions) -> NetworkPlay:
    """What an address names, after the step that it asks for.

    Raises:
        NotFound: no such explanation.
        BadQuery: an intervention that cannot be read or that the network has not, or too many of anything.
        BeyondLimits: an explanation that is too large to be read on the spot.
    """
    return NetworkPlay(session, links, *read_state(session, links, place, options))


@dataclass(frozen=True, eq=False)
class NetworkPlay(Played):
    """An intervention on a perceptron.

    Args:
        state: what the address says.
        explanations: that are asked.
    """

    state: State
    explanations: Sequence[Explanation]

    @property
    def place(self) -> Place:
        return self.state.place

    @property
    def now(self) -> Intervention:
        """What is run and changed."""
        return self.state.now

    @property
    def changes(self) -> Sequence[Change]:
        """What is changed."""
        return self.now.changes

    @cached_property
    def bench(self) -> Bench:
        """The network with the rows that interchanges use, over which means are taken too."""
        question = self.place.question
        return Bench(question.cut, question.data.clean_rows, question.data.clean_rows)

    @cached_property
    def before(self) -> Layers:
        """Activations of layers 0 … L when nothing is changed."""
        return tuple(layer[self.now.base] for layer in self.bench.clean)

    @cached_property
    def after(self) -> Layers:
        """The same under the changes."""
        return self.bench.run(self.now)

    @cached_property
    def said(self) -> list[Prediction]:
        """What each explanation says of it."""
        return [one.record.ask(one.place.question, one.item, self.now, self.bench) for one in self.explanations]

    @cached_property
    def right(self) -> list[bool | None]:
        """Whether each was right; None if it did not speak."""
        return [one.bit == answered(self.after) if one.speaks else None for one in self.said]

    def bits(self, row: int | None) -> str:
        """The digits of an input."""
        return input_text(row or 0, self.state.n_inputs)

    @property
    def clear_url(self) -> str:
        """The same input with nothing changed."""
        return self.state.at(Intervention(self.now.base)).url

    @property
    def inputs(self) -> Choice:
        """The inputs to run, each with the same changes."""
        state, every = self.state, input_texts(self.state.n_inputs)
        urls = {text: state.at(self.now.on(row)).url for row, text in enumerate(every)}
        return Choice("Input", urls, every[self.now.base], id="base")

    def words_of(self, now: Intervention) -> str:
        """An intervention for people."""
        return intervention_words(now, self.state.sizes, self.state.n_inputs)

    def name_of(self, change: Change) -> str:
        """What is changed, for people."""
        return site_name(change, self.state.sizes)

    @cached_property
    def told(self) -> Told:
        before, after, base = answered(self.before), answered(self.after), self.bits(self.now.base)
        title = f"The answer stays {after}" if before == after else f"The answer turns from {before} to {after}"
        says = {one.letter: f"predicts {one.says}" if one.says >= 0 else "makes no prediction" for one in self.asked}
        right = {None: "", True: ", correct", False: ", incorrect"}
        asked = f"; asked: {', '.join(self.state.refs)}" if self.state.refs else ""
        return Told(
            url=self.state.url,
            title=title if self.changes else f"On input {base} the network answers {after}",
            words=self.words_of(self.now),
            lines=[
                ("Input", base),
                ("The network answers", f"{after}, from an output of {_output(self.after)}"),
                *((one.letter, says[one.letter] + right[one.right]) for one in self.asked),
            ],
            identity=f"intervention {write_now(self.now, self.state.n_inputs)}{asked}",
        )

    # --- as JSON

    def record(self) -> PlayRecord:
        return self.recorded(
            [self._hand(change) for change in self.changes],
            wants=str(self._wanted),
            before=self._run(self.before),
            after=self._run(self.after),
            explanations=list(self.asked),
        )

    @property
    def _wanted(self) -> int:
        return self.place.question.task.truth_table[self.now.base]

    def _run(self, layers: Layers) -> RunRecord:
        sizes = self.state.sizes
        values = {
            node_name(layer, neuron, sizes): [finite(value)]
            for layer, some in enumerate(layers)
            for neuron, value in enumerate(some.tolist())
        }
        output, margin = (finite(float(one)) for one in (layers[-1][0], margin_to_edge(layers[-1][0], ANSWERED)))
        return RunRecord(values=values, outputs={"y": output}, gives=str(answered(layers)), margin=margin)

    def _hand(self, change: Change) -> HandRecord:
        words = written_words(change, self.state.n_inputs)
        layer, neuron = change.carrier
        before, value = [float(self.before[layer][neuron])], [self.bench.value_of(change)]
        return HandRecord(site=write_site(change), name=self.name_of(change), words=words, before=before, value=value)

    @cached_property
    def asked(self) -> list[AskedRecord]:
        """What each explanation said."""
        return [
            AskedRecord(letter=letter, ref=str(one.ref), url=one.url, says=said.bit, reason=said.reason, right=right)
            for letter, one, said, right in zip(LETTERS, self.explanations, self.said, self.right, strict=False)
        ]

    # --- as a drawing

    def drawing(self, *, linked: bool) -> Markup:
        by_hand = {
            (change.layer, change.neuron, change.origin): ByHand(
                written_signs(change, self.state.n_inputs), self.bench.value_of(change)
            )
            for change in self.now.changes
        }
        links = {site: self._flow_link(site) for site in (self._sites() if linked else [])}
        return flow_diagram(
            self.place.question.cut.weights,
            _numbers(self.before),
            _numbers(self.after),
            by_hand,
            links,
            sentence=f"The network on input {self.told.words}" + (": choose what to change" if links else ""),
        )

    def _sites(self) -> list[Site]:
        """What can be chosen in the drawing."""
        sizes = self.state.sizes
        ends = [(layer, neuron) for layer in range(1, len(sizes)) for neuron in range(sizes[layer])]
        found: list[Site] = [(*end, None) for end in ends if end[0] < len(sizes) - 1]
        if self.state.on == "edges":
            found = [(*end, origin) for end in ends for origin in range(sizes[end[0] - 1])]
        return found if len(found) <= MOST_SITES else []

    def _flow_link(self, site: Site) -> FlowLink:
        change = self.state.used_on(site)
        name = "-".join(str(one) for one in site if one is not None)
        return FlowLink(self.state.toggled(change).url, self._does(change), f"at-{name}")

    def _does(self, change: Change) -> str:
        """What a step at the site of a change does."""
        there, name, n_inputs = self.state.there(change), self.name_of(change), self.state.n_inputs
        words = written_words(there or change, n_inputs)
        return f"{name}, {words}: undo" if there else f"{name}: {words}"

    # --- as a page

    def page(self) -> Iterator[Block]:
        state = self.state
        actions = [Action("Undo all", self.clear_url)] if self.changes else []
        if len(state.refs) >= LEAST:
            actions.append(Action("Compare", self.links.compare(self.place.slug, state.refs, self.place.scope)))
        yield self.head(f"{self.told.words}. The task wants {self._wanted}.", *actions)
        yield Play(
            url=self.links.sandbox(self.place.slug),
            dials=list(self._dials()),
            beside=Ask("Set", state.fields("tool"), [Field("tool", "or to", hint="-0.5")]),
            figure=self.figure(self._caption()),
            changed=self._changed(),
            asks=list(self._asks()),
            outcome=[self._does_now(), *self._said()],
        )
        yield More("Every value", lambda: [self._values()], "of each neuron", id="values")

    def _dials(self) -> Iterator[Choice]:
        state, inputs = self.state, input_texts(self.state.n_inputs)
        yield self.inputs
        yield Choice("Change", {on: replace(state, on=on).url for on in ("neurons", "edges")}, state.on, id="on")
        tools = {f"as on {text}": Change(0, 0, None, "source", source=row) for row, text in enumerate(inputs)}
        tools |= {"0": Change(0, 0, None, "zero"), "mean": Change(0, 0, None, "mean")}
        if state.tool.written == "value":
            tools[f"{state.tool.value:g}".replace("-", "−")] = state.tool
        chosen = next(words for words, tool in tools.items() if tool == state.tool)
        yield Choice("to", {words: state.with_tool(tool).url for words, tool in tools.items()}, chosen, id="to")

    def _caption(self) -> str:
        chosen = "" if not self._sites() else "a neuron" if self.state.on == "neurons" else "an edge"
        does = written_words(self.state.tool, self.state.n_inputs)
        choose = f"Choose {chosen} to have it {does}; choose it again to undo that. " if chosen else ""
        return (
            f"{choose}Discs grow with the activation, rings are negative; edges are as wide as what they carry, pale "
            "where nothing about them has changed."
        )

    def _changed(self) -> list[Block]:
        rows = []
        for change in self.changes:
            told = self._hand(change)
            numbers = (", ".join(decimal(value, 3) for value in some) for some in (told.before, told.value))
            rows.append((told.name, f"{told.words}: {' → '.join(numbers)}", self.state.without(change).url))
        return changed_table(rows)

    def _asks(self) -> Iterator[Ask]:
        state = self.state
        site = Field("site", "Neuron or edge", hint="1.0 or 2.1.0")
        yield Ask("Change", state.fields(), [site])
        if len(state.refs) < MOST:
            yield Ask("Ask", state.fields(), [Field("e", "Another explanation", hint="i-MASK.INDEX")])

    def _values(self) -> Table:
        rows = []
        for layer in range(1, len(self.before)):
            for neuron, (was, now) in enumerate(zip(self.before[layer], self.after[layer], strict=True)):
                name = node_name(layer, neuron, self.state.sizes)
                rows.append((name, decimal(float(was), 4), *([decimal(float(now), 4)] if self.changes else [])))
        return Table.plain(["Neuron", "Unchanged", *(["Changed"] if self.changes else [])], rows)

    def _does_now(self) -> Facts:
        was = f"{_output(self.before)} unchanged" if self.changes else ""
        return Facts(
            [
                Fact("Output", _output(self.after), was),
                Fact("Answers", str(answered(self.after)), ANSWER_RULE, _margin(self.after)),
            ],
            id="does",
        )

    def _said(self) -> Iterator[Block]:
        """What each explanation predicted, or where to choose whom to ask."""
        state, rows = self.state, []
        for one, asked in zip(self.explanations, self.asked, strict=True):
            called = one.algorithm.formula if one.algorithm else KIND_LABELS[one.kind]
            others = replace(state, refs=tuple(ref for ref in state.refs if ref != asked.ref)).url
            values = {
                "what": f"{asked.letter} {called}",
                "says": "no prediction" if asked.says < 0 else str(asked.says),
                "right": None if asked.right is None else "correct" if asked.right else "incorrect",
                "drop": link(f"Remove {asked.letter}", others, f"drop-{asked.letter}"),
                "reason": asked.reason,
            }
            rows.append(Row(values, ref=asked.ref, url=one.url))
        if rows:
            yield Section("Predictions", id="said")
            columns = (
                column("what", "Explanation", "What it is.", first=True),
                column("says", "Says", "What it predicts.", show=_struck),
                column("right", "Right", "Whether the network answers so."),
                column("drop", "Step", "What can be done.", show=lambda row: row["drop"]),
            )
            drawn = {str(one.ref): one for one in self.explanations}
            yield replace(
                listed("explanation", columns, rows, id="asked"),
                thumb=lambda row: self.thumb(drawn[row.ref]),
                says=lambda row: row["reason"] or short(row.ref),
            )
        else:
            choose = Action("Choose explanations", self.links.explanations(self.place.slug, self.place.scope))
            yield Section("Ask explanations", "tick some in the list, and compare them; Compare leads here", choose)

    def thumb(self, one: Explanation) -> Markup:
        """An explanation on the network."""
        tiles = [
            Tile(claim.layer, neuron, bits_of(claim.function, self.state.n_inputs), claim.label)
            for claim in one.functions
            for neuron in claim.neurons
        ]
        return circuit_thumb(self.place.question.cut.weights, one.circuit, tiles, title=KIND_LABELS[one.kind])


def answered(layers: Layers) -> int:
    """What a run answers."""
    return int(answers(layers[-1][0]))


def _output(layers: Layers) -> str:
    output = finite(float(layers[-1][0]))
    return "beyond float64" if output is None else decimal(output, 4)


def _margin(layers: Layers) -> str:
    margin = float(margin_to_edge(layers[-1][0], ANSWERED))
    return f"margin {decimal(margin, 3)}{', fragile' if margin < FRAGILE_BELOW else ''}"


def _numbers(layers: Layers) -> list[list[float | None]]:
    return [[finite(value) for value in layer.tolist()] for layer in layers]


def _struck(row: Row) -> Markup | str:
    said: str = row["says"]
    return Markup('<s>{}</s><span class="vh"> wrong</span>').format(said) if row["right"] == "incorrect" else said
