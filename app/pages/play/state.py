"""The state of Play on a perceptron: what its address says, the steps from it, and what is refused of either."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, NoReturn, TypeVar

from pydantic import Field, StringConstraints, model_validator
from sqlalchemy.orm import Session

from analysis.directions.alignment import LinearPlace
from analysis.errors import InvalidAlignment, InvalidIntervention
from analysis.sandbox.direction_edits import Along
from analysis.sandbox.intervention import Change, Intervention, intervention_of
from app.addressing import Addresses
from app.errors import BadQuery, PageError
from app.options import ScopeOptions
from app.pages.candidates import input_text
from app.pages.explanations import Explanation, find_explanation, read_ref
from app.pages.place import Place
from app.pages.play.tokens import (
    MOST_CHARACTERS,
    SHAPE,
    Try,
    Unreadable,
    change_of,
    read_number,
    read_try,
    write_try,
    write_written,
)
from pluriscope.naming import MOST

Chosen = Literal["neurons", "edges", "directions"]
Changed = TypeVar("Changed", Change, Along)
WITHOUT: Final = "the same without it"
_TYPED: Final = re.compile(r"\s*(?:layer\s*)?([0-9]{1,3})\s*:\s*(.+?)\s*")
_SITE: Final = re.compile(r"\s*n?([0-9]{1,4})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?\s*")
_DIRECTION: Final = "write LAYER: w, w, …, one number for each neuron of that layer, for instance 1: 1, 0, -1"


class NetworkOptions(ScopeOptions):
    """The whole state of Play on a perceptron, and a step from it."""

    e: list[Annotated[str, StringConstraints(max_length=1200)]] = Field(
        [],
        max_length=64,
        description="An explanation that is asked, as in a comparison: c-MASK, i-MASK.INDEX, g-ALGORITHM, "
        "a-ALGORITHM.ALIGNMENT, d-ALGORITHM.DIRECTIONS, with @PROTOCOL behind it where that differs. Up to six, in the "
        "order of their letters.",
    )
    now: Annotated[str, StringConstraints(max_length=MOST_CHARACTERS)] = Field(
        "", description=f"The intervention: {SHAPE}. Empty: the first input, unchanged."
    )
    tool: Annotated[str, StringConstraints(max_length=40)] = Field(
        "",
        description="What is written where something is chosen: z (zero), m (mean), sINPUT, vNUMBER. Empty: its value "
        "on the source of the patches, else on another input.",
    )
    on: Chosen = Field("neurons", description="What is chosen: neurons or edges in the drawing, directions in a list.")
    share: float = Field(
        1.0, ge=0, le=1, description="How much of the changes the drawing shows; all else is about all of them."
    )
    game: Literal["", "1"] = Field(
        "", description="1: what the network does is left out until `now` ends with what was predicted, _g0 or _g1."
    )
    site: Annotated[str, StringConstraints(max_length=1200)] = Field(
        "",
        description="A step: what is changed by the tool, or left alone again. LAYER.NEURON, LAYER.NEURON.SOURCE for "
        "an edge, or LAYER: w, w, … for a direction.",
    )

    @model_validator(mode="before")
    @classmethod
    def _former(cls, given: Any) -> Any:
        """Earlier addresses called the share "part", and listed what had been tried."""
        if not isinstance(given, dict):
            return given
        kept = {name: value for name, value in given.items() if name != "tried"}
        if re.match(r"[-+0-9.]", str(kept.get("part", ""))):
            kept.setdefault("share", kept.pop("part"))
        return kept


@dataclass(frozen=True)
class State:
    """Everything that an address says.

    Args:
        links: builds addresses.
        place: the network.
        refs: the explanations asked, in canonical form.
        now: the intervention.
        tool: what is written where something is chosen, as a change of no site in particular.
        on: what is chosen.
        share: how much of the changes the drawing shows.
        game: whether answers are hidden until they are predicted.
    """

    links: Addresses
    place: Place
    refs: tuple[str, ...] = ()
    now: Try = Try(Intervention(0))  # noqa: RUF009  # a frozen value
    tool: Change = Change(0, 0, None, "zero")  # noqa: RUF009  # likewise
    on: Chosen = "neurons"
    share: float = 1.0
    game: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of the layers."""
        return self.place.question.cut.sizes

    @property
    def n_inputs(self) -> int:
        return self.place.question.cut.n_inputs

    @property
    def hidden(self) -> bool:
        """Whether what the network does is not to be shown yet."""
        return self.game and self.now.intervention.is_changed and not self.now.guess

    @property
    def view(self) -> dict[str, str]:
        """The options beside scope and explanations; what is as by default is left out."""
        now = write_try(self.now, self.n_inputs)
        usual = self.tool == default_tool(self.now.intervention)
        return {
            "now": "" if now == input_text(0, self.n_inputs) else now,
            "tool": "" if usual else write_written(self.tool, self.n_inputs),
            "on": "" if self.on == "neurons" else self.on,
            "share": "" if self.share == 1.0 else f"{self.share:g}",
            "game": "1" if self.game else "",
        }

    @property
    def url(self) -> str:
        """Its address, in its one form."""
        return self.links.sandbox(self.place.slug, self.refs, self.place.scope, **self.view)

    def fields(self, *without: str) -> list[tuple[str, str]]:
        """What a form sends along to keep the state."""
        pairs = [*self.place.scope.query().items(), *(("e", ref) for ref in self.refs), *self.view.items()]
        return [(name, value) for name, value in pairs if value and name not in without]

    def at(self, intervention: Intervention) -> State:
        """Another intervention, all of it; a guess was about the one before."""
        return replace(self, now=Try(intervention), share=1.0)

    def fresh(self, intervention: Intervention) -> State:
        """The same with the tool that goes with it."""
        return replace(self.at(intervention), tool=default_tool(intervention))

    def with_tool(self, tool: Change) -> State:
        """Another tool. Patches from the source that it had before follow it to its new one."""
        old, now, state = self.tool, self.now.intervention, replace(self, tool=tool)
        if not old.written == tool.written == "source":
            return state

        def followed(change: Changed) -> Changed:
            return replace(change, source=tool.source) if change.source == old.source else change

        moved = Intervention(now.base, tuple(map(followed, now.changes)), tuple(map(followed, now.along)))
        return state if moved == now else state.at(moved)

    def used_on(self, site: tuple[int, int, int | None] | LinearPlace) -> Change | Along:
        """The tool on a site; a subspace is patched, where the tool is a number."""
        tool = self.tool
        if isinstance(site, LinearPlace):
            tool = default_tool(self.now.intervention) if tool.written == "value" and site.dimension > 1 else tool
            return Along(site, tool.written, tool.source, tool.value)
        return replace(tool, layer=site[0], neuron=site[1], origin=site[2])

    def there(self, change: Change | Along) -> Change | Along | None:
        """What is changed at the site of a change."""
        return next((one for one in self.now.intervention.everything if _same_site(one, change)), None)

    def without(self, change: Change | Along) -> State:
        """With what is changed there left alone."""
        now = self.now.intervention
        return self.at(now.without_along(change.text) if isinstance(change, Along) else now.without(change.site))

    def toggled(self, change: Change | Along) -> State:
        """With a change, or with what is changed there left alone. A layer has its neurons or its directions changed:
        the others of its layer are left alone.
        """
        now = self.now.intervention
        if self.there(change) is not None:
            return self.without(change)
        if isinstance(change, Along):
            kept = tuple(one for one in now.changes if one.is_edge or one.layer != change.layer)
            return self.at(replace(now, changes=kept).with_along(change))
        if change.is_edge:
            return self.at(now.with_change(change))
        along = tuple(one for one in now.along if one.layer != change.layer)
        return self.at(replace(now, along=along).with_change(change))


def _same_site(one: Change | Along, other: Change | Along) -> bool:
    if isinstance(one, Along) or isinstance(other, Along):
        return isinstance(one, Along) and isinstance(other, Along) and one.text == other.text
    return one.site == other.site


def default_tool(intervention: Intervention) -> Change:
    """What is written unless an address says otherwise: the value on the source of the patches, else on another input
    than the base.
    """
    sources = [one.source for one in intervention.everything if one.written == "source"]
    return Change(0, 0, None, "source", source=[*sources, int(intervention.base != 1)][0])


# --- from an address to its state


def read_state(
    session: Session, links: Addresses, place: Place, options: NetworkOptions
) -> tuple[State, list[Explanation]]:
    """The state that an address names, after the step that it asks for, and its explanations.

    Raises:
        BadQuery: a part that cannot be read, that the network has not, or too many; it leads to the page without it.
        NotFound: an explanation that is not there.
        BeyondLimits: an explanation that is too large to be read on the spot.
    """
    refs = tuple(dict.fromkeys(text.strip() for text in options.e if text.strip()))
    plain = State(links, place, refs, on=options.on, share=options.share, game=bool(options.game))
    now = _try_of(plain, options.now) if options.now else Try(Intervention(0))
    state = replace(plain, now=now, tool=default_tool(now.intervention))
    if options.tool:
        state = replace(state, tool=_tool_of(state, options.tool))
    explanations = _explanations(session, state)
    state = replace(state, refs=tuple(str(one.ref) for one in explanations))
    return (_stepped(state, options.site) if options.site else state), explanations


def _try_of(state: State, text: str) -> Try:
    try:
        return read_try(text, state.sizes, state.n_inputs)
    except Unreadable as refused:
        rest = replace(state, now=refused.rest, tool=default_tool(refused.rest.intervention))
        _refuse(rest, (f"now, part {refused.part[:60]!r}", refused.cause, refused.cure), "now")


def _tool_of(state: State, text: str) -> Change:
    """A tool as addresses write it, or a number as people do."""
    letter, rest = (text[:1], text[1:]) if read_number(text) is None else ("v", text)
    try:
        if letter not in ("z", "m", "s", "v"):
            raise InvalidIntervention(
                f"tool {text[:40]!r}", "is nothing that can be written", "use a number, z, m or sINPUT"
            )
        return change_of(0, 0, None, letter, rest, state.n_inputs, f"tool {text[:40]!r}")
    except InvalidIntervention as refused:
        _refuse(state, (refused.item, refused.cause, refused.cure), "tool")


def _stepped(state: State, text: str) -> State:
    """The state with the tool used on a site, or with what is changed there left alone."""
    try:
        after = state.toggled(state.used_on(read_typed(text) if ":" in text else _site_of(text)))
        now = after.now.intervention
        intervention_of(state.sizes, state.n_inputs, now.base, now.changes, now.along)
    except InvalidIntervention as refused:
        _refuse(state, (refused.item, refused.cause, refused.cure), "site")
    return after


def _site_of(text: str) -> tuple[int, int, int | None]:
    shape = _SITE.fullmatch(text)
    if shape is None:
        cure = "write LAYER.NEURON, or LAYER.NEURON.SOURCE for an edge, for instance 1.0 or 2.1.0"
        raise InvalidIntervention(f"site {text[:60]!r}", "is no neuron, edge or direction", cure)
    return int(shape[1]), int(shape[2]), None if shape[3] is None else int(shape[3])


def read_typed(text: str) -> LinearPlace:
    """A direction as people type it, ``1: 1, 0, −1``.

    Raises:
        InvalidIntervention: it is none.
    """
    shape, item = _TYPED.fullmatch(text), f"direction {text[:60]!r}"
    if shape is None:
        raise InvalidIntervention(item, "is no layer with numbers", _DIRECTION)
    numbers = [read_number(part) for part in re.split(r"[;\s]+|,\s*", shape[2]) if part]
    if any(number is None for number in numbers):
        raise InvalidIntervention(item, "has parts that are no numbers", _DIRECTION)
    try:
        return LinearPlace.of(int(shape[1]), [[number for number in numbers if number is not None]])
    except InvalidAlignment as refused:
        raise InvalidIntervention(item, refused.cause, _DIRECTION) from None


def _explanations(session: Session, state: State) -> list[Explanation]:
    """The explanations of a state, each once."""
    refs = state.refs
    if len(refs) > MOST:
        words = (f"{len(refs)} explanations", f"at most {MOST} can be asked at once", "leave some out")
        _refuse(replace(state, refs=refs[:MOST]), words, "e", f"the same with the first {MOST}")
    found: dict[str, Explanation] = {}
    for position, text in enumerate(refs, start=1):
        try:
            one = find_explanation(session, state.links, state.place, read_ref(text, position), position)
        except PageError as error:
            error.parent = replace(state, refs=tuple(other for other in refs if other != text)).url
            error.parent_label = WITHOUT
            raise
        found.setdefault(str(one.ref), one)
    return list(found.values())


def _refuse(rest: State, words: tuple[str, str, str], field: str, label: str = WITHOUT) -> NoReturn:
    raise BadQuery(*words, field, rest.url, label)
