"""The parts of a sandbox's page, each from the state and what the network does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from analysis.sandbox.intervention import Change, Intervention, carrier_name, site_name
from analysis.sandbox.running import Bench
from app.pages.candidates import input_text
from app.pages.compare.contrast import LETTERS
from app.pages.compare.views import TileView
from app.pages.explanations import KIND_LABELS, Explanation
from app.pages.sandbox.asking import Answer, score_of
from app.pages.sandbox.state import Links, State
from app.pages.sandbox.tokens import Try, write_site, write_try
from app.pages.sandbox.views import (
    AskedView,
    ChangeView,
    ChoiceView,
    DecisionView,
    GuessView,
    RunView,
    ScoreView,
    SiteView,
    ToolView,
    TriedView,
)
from app.pages.sandbox.words import intervention_words, number, written_signs, written_words
from app.pages.shared import finite, truth_rows

FRAGILE_BELOW: Final = 1e-6
MOST_SITES: Final = 200
"""Neurons or edges that are links in the drawing; where there are more, forms reach them."""


def run_view(given: Answer) -> RunView:
    decisions = [
        DecisionView(
            rule=rule,
            decision=given.decision(rule),
            margin=finite(given.margin(rule)),
            fragile=given.margin(rule) < FRAGILE_BELOW,
        )
        for rule in ("rounding", "threshold")
    ]
    activations = [[finite(value) for value in layer.tolist()] for layer in given.layers]
    return RunView(activations=activations, output=finite(given.output), decisions=decisions)


def change_view(links: Links, state: State, change: Change, bench: Bench) -> ChangeView:
    sizes, now = bench.network.sizes, state.now.intervention
    layer, neuron = change.carrier
    return ChangeView.showing(
        change,
        site=write_site(change),
        name=site_name(change, sizes),
        source="" if change.source is None else input_text(change.source, links.n_inputs),
        value=bench.value_of(change),
        before=float(bench.clean[layer][now.base, neuron]),
        words=written_words(change, links.n_inputs),
        signs=written_signs(change, links.n_inputs),
        without_url=links.to(state.at(now.without(change.site))),
    )


def tool_view(links: Links, tool: Change) -> ToolView:
    return ToolView(
        text=links.tool_text(tool),
        written=tool.written,
        source="" if tool.source is None else input_text(tool.source, links.n_inputs),
        value=tool.value,
        words=written_words(tool, links.n_inputs),
    )


def tool_choices(links: Links, state: State) -> list[ChoiceView]:
    """What a chosen site may be given, other than its value on one of the inputs."""
    choices = [("Zero", Change(0, 0, None, "zero")), ("Its mean", Change(0, 0, None, "mean"))]
    if state.tool.written == "value":
        choices.append((f"The value {number(state.tool.value or 0.0)}", state.tool))
    return [
        ChoiceView(label=label, url=links.to(state.with_tool(tool)), current=state.tool == tool)
        for label, tool in choices
    ]


def site_views(links: Links, state: State) -> list[SiteView]:
    """What can be chosen in the drawing."""
    sizes, now = links.place.question.cut.sizes, state.now.intervention
    found: list[tuple[int, int, int | None]] = []
    if state.on == "neurons":
        found = [(layer, neuron, None) for layer in range(1, len(sizes) - 1) for neuron in range(sizes[layer])]
    elif state.on == "edges":
        found = [
            (layer, out, origin)
            for layer in range(1, len(sizes))
            for out in range(sizes[layer])
            for origin in range(sizes[layer - 1])
        ]
    if len(found) > MOST_SITES:
        return []
    views = []
    for layer, neuron, origin in found:
        change = replace(state.tool, layer=layer, neuron=neuron, origin=origin)
        there = next((other for other in now.changes if other.site == change.site), None)
        name = site_name(change, sizes)
        words = (
            f"{name}: {written_words(change, links.n_inputs)}"
            if there is None
            else f"{name}, {written_words(there, links.n_inputs)}: take it back"
        )
        url = links.to(state.toggled(layer, neuron, origin))
        views.append(
            SiteView(
                layer=layer,
                neuron=neuron,
                origin=origin,
                site=write_site(change),
                name=name,
                changed=there is not None,
                url=url,
                words=words,
            )
        )
    return views


def all_sites(sizes: Sequence[int]) -> list[tuple[str, str]]:
    """Every neuron and edge for a form's menu, as (site, name); empty where there are too many for one."""
    neurons = [(f"{layer}.{n}", f"n{layer}.{n}") for layer in range(1, len(sizes) - 1) for n in range(sizes[layer])]
    edges = [
        (f"{layer}.{out}.{o}", f"{carrier_name((layer - 1, o), sizes)} → {carrier_name((layer, out), sizes)}")
        for layer in range(1, len(sizes))
        for out in range(sizes[layer])
        for o in range(sizes[layer - 1])
    ]
    return neurons + edges if len(neurons) + len(edges) <= MOST_SITES else []


def asked_view(
    links: Links, state: State, position: int, explanation: Explanation, here: Answer, counted: Sequence[Answer]
) -> AskedView:
    n_rows = 1 << links.n_inputs
    said, score = here.said[position], score_of(position, counted)
    ref = str(explanation.ref)
    return AskedView(
        letter=LETTERS[position],
        kind=explanation.kind,
        kind_label=KIND_LABELS[explanation.kind],
        ref=ref,
        url=explanation.url,
        protocol=explanation.place.question.protocol.name,
        mask=None if explanation.circuit is None else explanation.circuit.hex,
        formula=None if explanation.algorithm is None else explanation.algorithm.formula,
        tiles=[
            TileView(layer=layer, neuron=neuron, formula=claim.label, truth_table=truth_rows(claim.function, n_rows))
            for (layer, neuron), claim in sorted(explanation.claims().items())
            if claim.kind == "function"
        ],
        says=said.bit,
        reason=said.reason,
        right=None if state.hidden else here.right(position),
        score=ScoreView(right=score.right, spoke=score.spoke, of=score.of),
        without_url=links.to(replace(state, refs=tuple(other for other in state.refs if other != ref))),
    )


def tried_view(links: Links, state: State, tried: Try, given: Answer) -> TriedView:
    verdicts = [(LETTERS[i], given.right(i)) for i in range(len(given.said))]
    kept = any(other.intervention == tried.intervention for other in state.tried)
    others = tuple(other for other in state.tried if other.intervention != tried.intervention)
    here = tried.intervention == state.now.intervention
    without = replace(state, tried=others)
    if here and not kept:
        without = state.at(Intervention(tried.intervention.base))
    return TriedView(
        token=write_try(tried, links.n_inputs),
        words=intervention_words(tried.intervention, links.place.question.cut.sizes, links.n_inputs),
        here=here,
        kept=kept,
        output=finite(given.output),
        decision=given.decision("threshold"),
        says=[said.bit for said in given.said],
        right=[letter for letter, right in verdicts if right is True],
        wrong=[letter for letter, right in verdicts if right is False],
        guess=int(tried.guess) if tried.guess in ("0", "1") else None,
        url=links.to(replace(state.kept(), now=tried)),
        without_url=links.to(without),
    )


def guess_view(links: Links, state: State, bit: int, here: Answer) -> GuessView:
    return GuessView(
        decision=bit,
        letters=[LETTERS[i] for i, said in enumerate(here.said) if said.bit == bit],
        url=links.to(replace(state, now=Try(state.now.intervention, "1" if bit else "0"))),
    )


def guessed_view(counted: Sequence[Try], answers: Sequence[Answer]) -> ScoreView:
    """How often the visitor foretold the decision."""
    made = [(tried.guess, given.decision("threshold")) for tried, given in zip(counted, answers, strict=True)]
    spoke = [(guess, decision) for guess, decision in made if guess in ("0", "1")]
    right = sum(guess == str(decision) for guess, decision in spoke)
    return ScoreView(right=right, spoke=len(spoke), of=len(made))
