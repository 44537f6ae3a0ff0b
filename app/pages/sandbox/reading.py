"""From what an address says to a sandbox's state, and what a form changes in it; refusals lead to what is left."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, NoReturn

from sqlalchemy.orm import Session

from analysis.errors import InvalidIntervention
from analysis.sandbox.direction_edits import Along, place_text
from analysis.sandbox.intervention import Change, Intervention, intervention_of
from app.addressing import Addresses
from app.errors import BadQuery, PageError
from app.pages.explanations import Explanation, find_explanation, read_ref
from app.pages.place import Place
from app.pages.sandbox.directions import read_typed
from app.pages.sandbox.options import SandboxOptions, SandboxPageOptions
from app.pages.sandbox.state import Links, State, default_tool
from app.pages.sandbox.tokens import Try, Unreadable, change_of, read_try
from pluriscope.naming import MOST

NEAREST: Final = "the sandbox without it"
_LETTER: Final = {"zero": "z", "mean": "m", "source": "s", "value": "v"}


def read_state(
    session: Session, addresses: Addresses, place: Place, options: SandboxOptions
) -> tuple[State, list[Explanation]]:
    """The state that an address names, and its explanations.

    Raises:
        BadQuery: a part that cannot be read, that the network has not, or too many; it leads to the sandbox without it.
        NotFound: an explanation that is not there.
        BeyondLimits: an explanation that is too large to be read on the spot.
    """
    links = Links(addresses, place)
    plain = State(
        refs=tuple(dict.fromkeys(text.strip() for text in options.e if text.strip())),
        game=bool(options.game),
        part=1.0 if options.part is None else options.part,
    )
    now = _try_of(links, plain, options.now) if options.now else Try(Intervention(0))
    plain = replace(plain, now=now, on=options.on, tool=default_tool(now.intervention))
    if options.tool:
        plain = replace(plain, tool=_tool_of(links, plain, options.tool))
    explanations = _explanations(session, links, plain)
    return replace(plain, refs=tuple(str(explanation.ref) for explanation in explanations)), explanations


def edited(
    session: Session, links: Links, state: State, explanations: list[Explanation], options: SandboxPageOptions
) -> tuple[State, list[Explanation]]:
    """State and explanations after what a form asks for.

    Raises:
        BadQuery: the form asks for what the network has not; it leads to the sandbox as it was.
        PageError: it adds an explanation that is not there.
    """
    n_inputs, place = links.n_inputs, links.place
    if options.add.strip():
        added = replace(state, refs=tuple(dict.fromkeys([*state.refs, options.add.strip()])))
        explanations = _explanations(session, links, added)
        state = replace(state, refs=tuple(str(explanation.ref) for explanation in explanations))
    if options.base:
        if not re.fullmatch(rf"[01]{{{n_inputs}}}", options.base):
            words = (f"base {options.base!r}", f"is no input of {n_inputs} bits", "choose one of the inputs")
            _refuse(links, state, words, "base", "the sandbox as it was")
        state = state.at(state.now.intervention.on(int(options.base, 2)))
    if not options.site and not options.how and not options.along.strip():
        return state, explanations
    if options.along.strip():
        return _along_edited(links, state, options), explanations
    sites = _site_of(links, state, options.site) if options.site else (0, 0, None)
    if options.how == "nothing":
        gone = Change(*sites, "zero").site
        return state.at(state.now.intervention.without(gone)), explanations
    letter = _LETTER[options.how or "source"]
    rest = options.source if letter == "s" else options.value if letter == "v" else ""
    if letter == "s" and not rest and state.tool.source is not None:
        rest = f"{state.tool.source:0{n_inputs}b}"
    try:
        change = change_of(*sites, letter, rest.strip(), n_inputs, f"what is written on {options.site or 'a site'}")
        if not options.site:
            intervention_of((1, 1, 1), n_inputs, 0, [replace(change, layer=1)])
            return state.with_tool(change), explanations
        sizes = place.question.cut.sizes
        after = intervention_of(
            sizes,
            n_inputs,
            state.now.intervention.base,
            state.now.intervention.with_change(change).changes,
            state.now.intervention.along,
        )
    except InvalidIntervention as refused:
        field = "value" if letter == "v" else "source" if letter == "s" else "site"
        _refuse(links, state, (refused.item, refused.cause, refused.cure), field, "the sandbox as it was")
    return state.at(after), explanations


def _along_edited(links: Links, state: State, options: SandboxPageOptions) -> State:
    """The state with a typed direction changed, or left alone again."""
    n_inputs, now = links.n_inputs, state.now.intervention
    letter = _LETTER.get(options.how or "source", "")
    rest = options.source if letter == "s" else options.value if letter == "v" else ""
    if letter == "s" and not rest:
        rest = f"{state.tool.source if state.tool.source is not None else 0:0{n_inputs}b}"
    field = "along"
    try:
        place = read_typed(options.along)
        if not letter:
            return state.at(now.without_along(place_text(place)))
        field = "value" if letter == "v" else "source" if letter == "s" else "along"
        plain = change_of(0, 0, None, letter, rest.strip(), n_inputs, f"what is written along {options.along[:60]}")
        field = "along"
        wanted = now.with_along(Along(place, plain.written, plain.source, plain.value))
        after = intervention_of(links.place.question.cut.sizes, n_inputs, now.base, wanted.changes, wanted.along)
    except InvalidIntervention as refused:
        _refuse(links, state, (refused.item, refused.cause, refused.cure), field, "the sandbox as it was")
    return replace(state, on="directions").at(after)


def _site_of(links: Links, state: State, text: str) -> tuple[int, int, int | None]:
    shape = re.fullmatch(r"\s*n?([0-9]{1,4})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?\s*", text)
    if shape is None:
        words = (
            f"site {text!r}",
            "is neither a neuron nor an edge",
            "write LAYER.NEURON, or LAYER.NEURON.SOURCE for an edge, for instance 1.0 or 2.1.0",
        )
        _refuse(links, state, words, "site", "the sandbox as it was")
    return int(shape[1]), int(shape[2]), None if shape[3] is None else int(shape[3])


def _try_of(links: Links, state: State, text: str) -> Try:
    try:
        return read_try(text, links.place.question.cut.sizes, links.n_inputs)
    except Unreadable as refused:
        item = f"now, part {refused.part[:60]!r}"
        rest = replace(state, now=refused.rest, tool=default_tool(refused.rest.intervention))
        _refuse(links, rest, (item, refused.cause, refused.cure), "now")


def _tool_of(links: Links, state: State, text: str) -> Change:
    try:
        letter, rest = text[:1], text[1:]
        if letter not in ("z", "m", "s", "v"):
            raise InvalidIntervention(text[:40], "is nothing that can be written", "use z, m, sINPUT or vNUMBER")
        return change_of(0, 0, None, letter, rest, links.n_inputs, f"tool {text[:40]!r}")
    except InvalidIntervention as refused:
        _refuse(links, state, (refused.item, refused.cause, refused.cure), "tool")


def _explanations(session: Session, links: Links, state: State) -> list[Explanation]:
    """The explanations of a state, each once."""
    texts = state.refs
    if len(texts) > MOST:
        words = (f"{len(texts)} explanations", f"at most {MOST} can be asked at once", "leave some out")
        _refuse(links, replace(state, refs=texts[:MOST]), words, "e", f"the sandbox with the first {MOST}")
    found: dict[str, Explanation] = {}
    for position, text in enumerate(texts, start=1):
        try:
            explanation = find_explanation(session, links.addresses, links.place, read_ref(text, position), position)
        except PageError as error:
            others = tuple(other for other in texts if other != text)
            error.parent = links.to(replace(state, refs=others))
            error.parent_label = NEAREST
            raise
        found.setdefault(str(explanation.ref), explanation)
    return list(found.values())


def _refuse(links: Links, rest: State, words: tuple[str, str, str], field: str, label: str = NEAREST) -> NoReturn:
    item, cause, cure = words
    raise BadQuery(item, cause, cure, field, links.to(rest), label)
