"""Reading of an address of Play: the state that it names, after the step that it asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import MOST
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.sandbox.intervention import MAX_CHANGES, MAX_VALUE
from pluriscope.analysis.sandbox.running import Stage
from pluriscope.analysis.subjects.sites import partner_of
from pluriscope.app.errors import BadQuery, PageError
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.explanation_list import OF_SCOPE
from pluriscope.app.pages.explanations import Explanation, find_explanation, read_ref
from pluriscope.app.pages.page import read_options
from pluriscope.app.pages.place import FORMULAS, locate, require
from pluriscope.app.pages.play.changes import SHAPE, Change, read_number, write_number
from pluriscope.app.pages.play.played import MAX_LETTERS, TOOLS, Played

_WITHOUT: Final = "the same without it"
_NAMED: Final = {"z": "zero", "m": "mean"}
_FORMER: Final = re.compile(r"([0-9]{1,4})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?([zmsv].*)")
Text = Annotated[str, StringConstraints(max_length=MAX_LETTERS)]


class PlayOptions(ScopeOptions):
    """The whole state of Play, and a step from it."""

    e: list[Annotated[str, StringConstraints(max_length=1200)]] = Field(
        [],
        max_length=64,
        description="An explanation that is asked, as in a comparison: c-MASK, i-MASK.INDEX, g-ALGORITHM, "
        "a-ALGORITHM.ALIGNMENT, d-ALGORITHM.DIRECTIONS, with @PROTOCOL behind it where that differs. Up to six, in the "
        "order of their letters.",
    )
    row: Text = Field("", description="The row that is run: as pages write it, or its number from 0; empty: the first.")
    source: Text = Field(
        "", description="The row that patches come from, likewise; empty: the nearest with another answer."
    )
    tool: Annotated[str, StringConstraints(max_length=40)] = Field(
        "", description="What is written where something is chosen: zero, mean, a number, or empty for a patch."
    )
    change: list[Text] = Field(
        [],
        max_length=64,
        description="A site that is patched from the source row, such as 2.0~3, x1, 2.0.q, h1[0,1], or an edge, "
        "1.0-2.1.k; with _zero, _mean, _vNUMBER or _sROW behind it, that is written there.",
    )
    site: Text = Field("", description="A step: a site that is changed too, or left alone again.")
    now: Annotated[str, StringConstraints(max_length=240 * (MAX_CHANGES + 1))] = Field(
        "",
        description="Of perceptrons, row and changes as addresses had them at first: 01_1.0s10_2.1.0z is row=01, "
        "change=h1[0]_s10, change=1.0-2.1_zero.",
    )


def find_play(session: Session, links: Addresses, network: str, query: Sequence[tuple[str, str]]) -> Played:
    """Read the state that an address names, after the step that it asks for.

    Raises:
        NotFound: no such network, output, protocol, data record or explanation.
        BadQuery: a part that cannot be read or that the network has not, or too many; it leads to the page without it.
        BeyondLimits: an explanation that is too large to be read on the spot.
    """
    scope = read_options(ScopeOptions, [pair for pair in query if pair[0] in OF_SCOPE]).scope
    place = locate(session, links, network, scope)
    require(place, links, "play", f"play on {place.slug}")
    stage, options = Stage.of(place.question), read_options(PlayOptions, query)
    if options.now and place.question.kind.refuses(FORMULAS):
        raise BadQuery("option 'now'", "is unknown here", "use row and change", "now")
    if options.now or re.fullmatch("[zm]|s[01]+", options.tool):
        options = _as_now(options, stage)
    played = Played(session, links, place, stage, 0, partner_of(stage.inputs, stage.answers, 0))
    refusals = list[tuple[str, InvalidIntervention]]()
    alone = [(name, text) for name in ("row", "source", "tool") if (text := getattr(options, name))]
    step = [("site", options.site)] if options.site else []
    for name, text in (*alone, *(("change", one) for one in options.change), *step):
        try:
            played = _stepped(played, name, text.strip())
        except InvalidIntervention as error:
            refusals.append((name, error))
    played = replace(played, explanations=_find_explanations(played, options.e))
    for name, refused in refusals[:1]:
        raise BadQuery(refused.item, refused.cause, refused.cure, name, played.url, _WITHOUT)
    return played


def _stepped(played: Played, name: str, text: str) -> Played:
    """The state with a row, with a tool, with a change, or with the step that is asked for.

    Raises:
        InvalidIntervention: the text cannot be read, or the network has no such site, or the task no such row.
    """
    stage = played.stage
    if name == "tool":
        return replace(played, tool=_read_tool(text))
    if name == "source":
        return replace(played, source=_read_row(stage, text, name))
    if name == "row":
        row = _read_row(stage, text, name)
        return replace(played, row=row, source=partner_of(stage.inputs, stage.answers, row))
    found = SHAPE.fullmatch(text)
    if found is None:
        raise InvalidIntervention(f"change {text[:40]!r}", "cannot be read", "write a site, or one with _zero or _mean")
    written = found["written"] or ("" if name == "change" else played.tool)
    if written.startswith("v"):
        written = _read_tool(written[1:])
    if written.startswith("s"):
        row = _read_row(stage, written[1:], "source")
        written = "" if row == played.source else f"s{row}"
    change = Change(played.read(found["site"]), written)
    if name == "change" and any(one.site == change.site for one in played.changes):
        return played
    changes = played.toggled(change)
    if len(changes) > MAX_CHANGES:
        cause = f"is one too many: at most {MAX_CHANGES} sites can be changed at once"
        raise InvalidIntervention(f"change {text[:40]!r}", cause, "leave out another")
    return replace(played, changes=changes)


def _read_row(stage: Stage, text: str, name: str) -> int:
    """A row by its number, or as pages write it.

    Raises:
        InvalidIntervention: the task has no such row.
    """
    words, rows = " ".join(text.split()), stage.rows
    number = int(words) if words.isascii() and words.isdigit() and len(words) < 10 else len(rows)
    if words in rows and not (words == str(number) and number < len(rows)):
        return rows.index(words)
    if number >= len(rows):
        item = f"{name} {words[:60]!r}"
        raise InvalidIntervention(
            item, f"is not one of the {len(rows):,} rows of the task", f"write one such as {rows[0]}"
        )
    return number


def _read_tool(text: str) -> str:
    if text in TOOLS:
        return text
    value = read_number(text)
    if value is None:
        cause, cure = f"is no number from −{MAX_VALUE:,.0f} to {MAX_VALUE:,.0f}", "such as -0.5, or zero or mean"
        raise InvalidIntervention(f"{text[:40]!r}", cause, f"write one {cure}")
    return f"v{write_number(value)}"


def _find_explanations(played: Played, texts: Sequence[str]) -> list[Explanation[Any]]:
    """The explanations that an address names, each once.

    Raises:
        BadQuery: more than six; it leads to the page with the first of them.
        NotFound: one is not there; it leads to the page without it.
    """
    refs = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(refs) > MOST:
        item, cause = f"{len(refs)} explanations", f"at most {MOST} can be asked at once"
        raise BadQuery(
            item, cause, "leave some out", "e", played.at(refs=refs[:MOST]), f"the same with the first {MOST}"
        )
    found = dict[str, Explanation[Any]]()
    for position, text in enumerate(refs, start=1):
        try:
            one = find_explanation(played.session, played.links, played.place, read_ref(text, position), position)
        except PageError as error:
            error.parent, error.parent_label = played.at(refs=[ref for ref in refs if ref != text]), _WITHOUT
            raise
        found.setdefault(str(one.ref), one)
    return list(found.values())


def _as_now(options: PlayOptions, stage: Stage) -> PlayOptions:
    """Options as they are now from how addresses had them at first; what has another shape is refused as a change."""
    base, *parts = options.now.strip().split("_") if options.now else [options.row or stage.rows[0]]
    changes, last = list[str](), 1 + sum(name.startswith("h") for name in stage.run(0).values)
    sources = [options.tool[1:]] if options.tool.startswith("s") else []
    for part in parts:
        found = _FORMER.fullmatch(part)
        if found is None:
            changes.append(part)
            continue
        layer, unit, origin, written = int(found[1]), found[2], found[3], found[4]
        site = f"h{layer}[{unit}]"
        if origin is not None:
            source = f"{layer - 1}.{origin}" if layer > 1 else f"x{origin}"
            site = f"{source}-{layer}.{unit}" if layer < last else f"{source}-y{unit}"
        sources += [written[1:]] if written[0] == "s" else []
        changes.append(f"{site}_{_NAMED.get(written, written)}")
    tool = "" if options.tool.startswith("s") else _NAMED.get(options.tool, options.tool.removeprefix("v"))
    state = {"row": base, "source": [*sources, ""][0], "tool": tool, "change": changes, "now": ""}
    return options.model_copy(update=state)
