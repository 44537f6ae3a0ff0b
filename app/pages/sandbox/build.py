"""From a sandbox's address to its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from analysis.sandbox.intervention import MAX_VALUE, Change, Intervention
from app.addressing import Addresses
from app.pages.candidates import input_text
from app.pages.compare.contrast import LEAST
from app.pages.explanations import Explanation
from app.pages.place import locate_boolean
from app.pages.sandbox.asking import answer, bench_of
from app.pages.sandbox.choosing import fresh, next_of
from app.pages.sandbox.directions import along_view, direction_choices
from app.pages.sandbox.options import MOST_TRIED, SandboxOptions, SandboxPageOptions
from app.pages.sandbox.parts import (
    all_sites,
    asked_view,
    change_view,
    guess_view,
    guessed_view,
    run_view,
    site_views,
    tool_choices,
    tool_view,
    tried_view,
)
from app.pages.sandbox.reading import edited, read_state
from app.pages.sandbox.state import Links, State
from app.pages.sandbox.suggesting import suggestions
from app.pages.sandbox.tokens import Try, write_try
from app.pages.sandbox.views import ChoiceView, SandboxPage, SuggestionView
from app.pages.sandbox.words import drawing_words, intervention_words
from app.pages.shared import TaskView, data_view, network_view, protocol_view


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
    counted = state.counted
    answers = [
        here if tried.intervention == now else answer(explanations, tried.intervention, bench) for tried in counted
    ]
    before = [layer[now.base].tolist() for layer in bench.clean]
    after = None if state.hidden else [layer.tolist() for layer in here.layers]
    following = next_of(links, state, explanations, bench)
    bits = [input_text(row, n_inputs) for row in range(1 << n_inputs)]
    return SandboxPage.showing(
        state,
        network=network_view(place.row, addresses, place.question.model),
        task=TaskView(name=place.question.task.name, truth_table=list(place.question.task.truth_table)),
        protocol=protocol_view(place.question.protocol),
        data=data_view(place.question.data),
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
        target=place.question.task.truth_table[now.base],
        description=drawing_words(now, sizes, n_inputs, before, after),
        explanations=[
            asked_view(links, state, position, explanation, here, answers)
            for position, explanation in enumerate(explanations)
        ],
        tried=[tried_view(links, state, tried, given) for tried, given in zip(counted, answers, strict=True)],
        most_tried=MOST_TRIED,
        guesses=[guess_view(links, state, bit, here) for bit in (0, 1)] if state.hidden else [],
        guessed=guessed_view(counted, answers),
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
        keep_url=_keep(links, state),
        clear_url=links.to(state.at(Intervention(now.base))),
        undo_url=links.to(replace(state, tried=state.tried[:-1])) if state.tried else None,
        reset_url=links.to(replace(state, tried=())) if state.tried else None,
        look_url=links.to(replace(state, now=Try(now, "x"))) if state.hidden else None,
        game_url=links.to(replace(state, game=not state.game, now=Try(now))),
        compare_url=addresses.compare(place.row.slug, state.refs, place.scope) if len(state.refs) >= LEAST else "",
        ask_url=links.to(replace(state, refs=())),
        form_url=addresses.sandbox(place.row.slug),
        fields=links.fields(state),
        max_value=MAX_VALUE,
        url=links.to(state),
    )


def _keep(links: Links, state: State) -> str | None:
    """The one on the page kept, and on to the next; None where there is nothing to keep or no room."""
    now = state.now.intervention
    if not state.now.counts or state.hidden or (state.full and not state.is_kept):
        return None
    return links.to(fresh(state, Intervention(now.base)))


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
