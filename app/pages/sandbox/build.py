"""From a sandbox's address to its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from analysis.sandbox.intervention import MAX_VALUE, Change, Intervention, carrier_name, site_name
from analysis.sandbox.partial_changes import partial_changes
from analysis.sandbox.running import Bench
from app.addressing import Addresses
from app.pages.candidates import input_text
from app.pages.explanations import KIND_LABELS, Explanation
from app.pages.place import locate_boolean
from app.pages.sandbox.asking import Answer, answer, bench_of
from app.pages.sandbox.choosing import next_of
from app.pages.sandbox.directions import along_view, direction_choices
from app.pages.sandbox.options import SandboxOptions, SandboxPageOptions
from app.pages.sandbox.reading import edited, read_state
from app.pages.sandbox.state import Links, State
from app.pages.sandbox.suggesting import suggestions
from app.pages.sandbox.tokens import Try, write_site, write_try
from app.pages.sandbox.views import (
    AskedView,
    ChangeView,
    ChoiceView,
    DecisionView,
    GuessView,
    PartView,
    RunView,
    SandboxPage,
    SiteView,
    SuggestionView,
    TileView,
    ToolView,
)
from app.pages.sandbox.words import drawing_words, intervention_words, number, written_signs, written_words
from app.pages.shared import data_view, finite, network_view, protocol_view, truth_rows
from pluriscope.naming import LEAST, LETTERS


def build_sandbox(session: Session, addresses: Addresses, network: str, options: SandboxOptions) -> SandboxPage:
    """The sandbox that an address names.

    Raises:
        NotFound: no such network, output, protocol, data record or explanation.
        BadQuery: an intervention that cannot be read or that the network has not, or too many of anything.
        BeyondLimits: an explanation that is too large to be read on the spot.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    links = Links(addresses, place)
    state, explanations = read_state(session, addresses, place, options)
    if isinstance(options, SandboxPageOptions) and options.from_form:
        state, explanations = edited(session, links, state, explanations, options)
    return _page(session, links, state, explanations)


def _page(session: Session, links: Links, state: State, explanations: Sequence[Explanation]) -> SandboxPage:
    place, addresses, n_inputs = links.place, links.addresses, links.n_inputs
    bench, now, sizes = bench_of(place), state.now.intervention, place.question.cut.sizes
    here = answer(explanations, now, bench)
    before = [layer[now.base].tolist() for layer in bench.clean]
    after = None if state.hidden else [layer.tolist() for layer in here.layers]
    following = next_of(links, state, explanations, bench)
    bits = [input_text(row, n_inputs) for row in range(1 << n_inputs)]
    return SandboxPage.showing(
        state,
        network=network_view(place.row, addresses),
        task=place.question.task,
        protocol=protocol_view(place.question.protocol),
        data=data_view(place.question),
        output=place.scope.output,
        inputs=bits,
        base=bits[now.base],
        now=write_try(Try(now), n_inputs),
        words=intervention_words(now, sizes, n_inputs),
        changes=[change_view(links, state, change, bench) for change in now.changes],
        along=[along_view(links, state, change, bench) for change in now.along],
        tool=tool_view(links, state.tool),
        directions=direction_choices(session, links, state, explanations) if state.on == "directions" else [],
        sites=site_views(links, state),
        all_sites=all_sites(sizes),
        clean=run_view(answer((), Intervention(now.base), bench)),
        run=None if state.hidden else run_view(here),
        part=part_view(state, bench),
        target=place.question.task.truth_table[now.base],
        description=drawing_words(now, sizes, n_inputs, before, after),
        explanations=[
            asked_view(links, state, position, explanation, here) for position, explanation in enumerate(explanations)
        ],
        guesses=[guess_view(links, state, bit, here) for bit in (0, 1)] if state.hidden else [],
        guess=int(state.now.guess) if state.now.guess in ("0", "1") else None,
        bases=[
            ChoiceView(
                label=bits[row],
                url=links.to(state.at(now.on(row))),
                current=row == now.base,
            )
            for row in range(1 << n_inputs)
        ],
        sources=[
            ChoiceView(
                label=bits[row],
                url=links.to(state.with_tool(Change(0, 0, None, "source", source=row))),
                current=state.tool.written == "source" and state.tool.source == row,
            )
            for row in range(1 << n_inputs)
        ],
        tools=tool_choices(links, state),
        ons=[
            ChoiceView(label="neurons", url=links.to(replace(state, on="neurons")), current=state.on == "neurons"),
            ChoiceView(label="edges", url=links.to(replace(state, on="edges")), current=state.on == "edges"),
            ChoiceView(
                label="directions", url=links.to(replace(state, on="directions")), current=state.on == "directions"
            ),
        ],
        jumps=list(following.jumps),
        undivided=list(following.undivided),
        n_interventions=following.space.n_interventions,
        largest=following.space.largest,
        suggestions=_suggested(session, links, state, explanations),
        clear_url=links.to(state.at(Intervention(now.base))),
        look_url=links.to(replace(state, now=Try(now, "x"))) if state.hidden else None,
        game_url=links.to(replace(state, game=not state.game, now=Try(now))),
        compare_url=addresses.compare(place.row.slug, state.refs, place.scope) if len(state.refs) >= LEAST else "",
        ask_url=links.to(replace(state, refs=())),
        form_url=addresses.sandbox(place.row.slug),
        fields=links.fields(state, without=("part",)),
        max_value=MAX_VALUE,
        url=links.to(state),
    )


def _suggested(
    session: Session, links: Links, state: State, explanations: Sequence[Explanation]
) -> list[SuggestionView]:
    """Whom to ask, while fewer than two are asked; the last adds all at once."""
    if len(explanations) >= LEAST:
        return []
    found = suggestions(session, links.addresses, links.place, list(explanations))

    def adding(*refs: str) -> str:
        return links.to(replace(state, refs=(*state.refs, *refs)))

    views = [view.model_copy(update={"url": adding(view.ref)}) for view in found]
    if len(views) > 1:
        everyone = adding(*(view.ref for view in views))
        words = "all of these" if len(views) > 2 else "both of these"
        views.append(SuggestionView(role=words, label="", ref="", url=everyone, why=""))
    return views


# --- the parts of a sandbox's page, each from the state and what the network does


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


def part_view(state: State, bench: Bench) -> PartView | None:
    """The changes done in part, where there are any and the answer is shown."""
    now = state.now.intervention
    found = None if state.hidden or not now.is_changed else partial_changes(bench, now)
    if found is None:
        return None
    return PartView.showing(
        found,
        share=state.part,
        run=run_view(Answer(bench.trace(now, state.part)[1], ())),
        activations=[layer.tolist() for layer in found.layers],
    )


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
    choices = [("Zero", Change(0, 0, None, "zero")), ("Mean activation", Change(0, 0, None, "mean"))]
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
            else f"{name}, {written_words(there, links.n_inputs)}: undo"
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


def asked_view(links: Links, state: State, position: int, explanation: Explanation, here: Answer) -> AskedView:
    said = here.said[position]
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
        tiles=tile_views(explanation),
        says=said.bit,
        reason=said.reason,
        right=None if state.hidden else here.right(position),
        without_url=links.to(replace(state, refs=tuple(other for other in state.refs if other != ref))),
    )


def guess_view(links: Links, state: State, bit: int, here: Answer) -> GuessView:
    return GuessView(
        decision=bit,
        letters=[LETTERS[i] for i, said in enumerate(here.said) if said.bit == bit],
        url=links.to(replace(state, now=Try(state.now.intervention, "1" if bit else "0"))),
    )


def tile_views(explanation: Explanation) -> list[TileView]:
    """What an explanation says that neurons compute, by layer, then neuron."""
    n_rows = 1 << explanation.place.question.cut.n_inputs
    return [
        TileView(layer=layer, neuron=neuron, formula=claim.label, truth_table=truth_rows(claim.function, n_rows))
        for (layer, neuron), claim in sorted(explanation.by_neuron().items())
        if claim.says == "function"
    ]
