"""The state of Play on a perceptron: what its address says, the steps from it, and what is refused of either."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, NoReturn

from pydantic import Field, StringConstraints, model_validator
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import MOST
from pluriscope.analyses.shown import input_words
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.sandbox.intervention import Change, Intervention, intervention_of
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.errors import BadQuery, PageError
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.explanations import Explanation, find_explanation, read_ref
from pluriscope.app.pages.place import Place
from pluriscope.app.pages.play.tokens import MOST_CHARACTERS, SHAPE, read_now, read_written, write_now, write_written

Site = tuple[int, int, int | None]
"""Layer, neuron, and for an edge its source neuron."""
WITHOUT: Final = "the same without it"
_FORMER: Final = ("tried", "game", "share", "on")
_SITE: Final = re.compile(r"\s*n?([0-9]{1,4})\.([0-9]{1,6})(?:\.([0-9]{1,6}))?\s*")


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
    site: Annotated[str, StringConstraints(max_length=1200)] = Field(
        "",
        description="A step: what is changed by the tool, or left alone again. LAYER.NEURON, or LAYER.NEURON.SOURCE "
        "for an edge.",
    )

    @model_validator(mode="before")
    @classmethod
    def _former(cls, given: Any) -> Any:
        """Earlier addresses had a share of the changes, a game, what to choose and what had been tried."""
        if not isinstance(given, dict):
            return given
        kept = {name: value for name, value in given.items() if name not in _FORMER}
        if re.match(r"[-+0-9.]", str(kept.get("part", ""))):
            kept.pop("part")  # as the share was called
        return kept


@dataclass(frozen=True)
class State:
    """State of the page, as an address has it.

    Args:
        refs: the explanations asked, in canonical form.
        now: what is run and changed.
        tool: what is written where something is chosen, as a change of no site in particular.
        on: what is chosen.
    """

    links: Addresses
    place: Place
    refs: tuple[str, ...] = ()
    now: Intervention = Intervention(0)  # noqa: RUF009  # a frozen value
    tool: Change = Change(0, 0, None, "zero")  # noqa: RUF009  # likewise

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes of the layers."""
        return self.place.question.network.sizes

    @property
    def n_inputs(self) -> int:
        return self.place.question.network.n_inputs

    @property
    def view(self) -> dict[str, str]:
        """The options beside scope and explanations; what is as by default is left out."""
        now = write_now(self.now, self.n_inputs)
        return {
            "now": "" if now == input_words(0, self.n_inputs) else now,
            "tool": "" if self.tool == default_tool(self.now) else write_written(self.tool, self.n_inputs),
        }

    @property
    def url(self) -> str:
        """Its address, in its one form."""
        return self.links.play(self.place.slug, self.refs, self.place.scope, **self.view)

    def fields(self, *without: str) -> list[tuple[str, str]]:
        """Fields that a form sends along to keep the state."""
        pairs = [*self.place.scope.query().items(), *(("e", ref) for ref in self.refs), *self.view.items()]
        return [(name, value) for name, value in pairs if value and name not in without]

    def at(self, now: Intervention) -> State:
        """Replace the intervention, all of it."""
        return replace(self, now=now)

    def fresh(self, now: Intervention) -> State:
        """Replace the intervention, and choose the tool that goes with it."""
        return replace(self.at(now), tool=default_tool(now))

    def with_tool(self, tool: Change) -> State:
        """Replace the tool. Patches from the source that it had before follow it to its new one."""
        old, now, state = self.tool, self.now, replace(self, tool=tool)
        if not old.written == tool.written == "source":
            return state

        def followed(change: Change) -> Change:
            return replace(change, source=tool.source) if change.source == old.source else change

        moved = Intervention(now.base, tuple(map(followed, now.changes)))
        return state if moved == now else state.at(moved)

    def used_on(self, site: Site) -> Change:
        """The tool on a site."""
        return replace(self.tool, layer=site[0], neuron=site[1], origin=site[2])

    def there(self, change: Change) -> Change | None:
        """Change at the site of another; None where there is none."""
        return next((one for one in self.now.changes if one.site == change.site), None)

    def without(self, change: Change) -> State:
        """Undo what is changed at the site of a change."""
        return self.at(self.now.without(change.site))

    def toggled(self, change: Change) -> State:
        """Make a change, or undo what is changed at its site."""
        return self.without(change) if self.there(change) is not None else self.at(self.now.with_change(change))


def default_tool(now: Intervention) -> Change:
    """Default change: the value on the source of the patches, else on another input than the base."""
    sources = [one.source for one in now.changes if one.written == "source"]
    return Change(0, 0, None, "source", source=[*sources, int(now.base != 1)][0])


def read_state(
    session: Session, links: Addresses, place: Place, options: NetworkOptions
) -> tuple[State, list[Explanation[Question]]]:
    """The state that an address names, after the step that it asks for, and its explanations.

    Raises:
        BadQuery: a part that cannot be read, that the network has not, or too many; it leads to the page without it.
        NotFound: an explanation that is not there.
        BeyondLimits: an explanation that is too large to be read on the spot.
    """
    refs = tuple(dict.fromkeys(text.strip() for text in options.e if text.strip()))
    plain = State(links, place, refs)
    state = plain.fresh(Intervention(0))
    if options.now:
        read = read_now(
            options.now, plain.sizes, plain.n_inputs, lambda rest, no: _refuse(plain.fresh(rest), no, "now")
        )
        state = replace(plain, now=read, tool=default_tool(read))
    if options.tool:
        text = options.tool if options.tool[0] in "zmsv" else f"v{options.tool}"
        try:
            state = replace(state, tool=read_written(text, state.n_inputs, f"tool {text[:40]!r}"))
        except InvalidIntervention as refused:
            _refuse(state, refused, "tool")
    explanations = _explanations(session, state)
    state = replace(state, refs=tuple(str(one.ref) for one in explanations))
    return (_stepped(state, options.site) if options.site else state), explanations


def _stepped(state: State, text: str) -> State:
    """The state with the tool used on a site, or with what is changed there left alone."""
    try:
        after = state.toggled(state.used_on(read_site(text)))
        intervention_of(state.sizes, state.n_inputs, after.now.base, after.now.changes)
    except InvalidIntervention as refused:
        _refuse(state, refused, "site")
    return after


def read_site(text: str) -> Site:
    """A neuron or an edge.

    Raises:
        InvalidIntervention: it is neither.
    """
    shape = _SITE.fullmatch(text)
    if shape is None:
        raise InvalidIntervention(f"site {text[:60]!r}", "is no neuron or edge", "write 1.0 or 2.1.0")
    return int(shape[1]), int(shape[2]), None if shape[3] is None else int(shape[3])


def _explanations(session: Session, state: State) -> list[Explanation[Question]]:
    """The explanations of a state, each once."""
    refs = state.refs
    if len(refs) > MOST:
        many = InvalidIntervention(
            f"{len(refs)} explanations", f"at most {MOST} can be asked at once", "leave some out"
        )
        _refuse(replace(state, refs=refs[:MOST]), many, "e", f"the same with the first {MOST}")
    found: dict[str, Explanation[Question]] = {}
    for position, text in enumerate(refs, start=1):
        try:
            one = find_explanation(session, state.links, state.place, read_ref(text, position), position)
        except PageError as error:
            error.parent = replace(state, refs=tuple(other for other in refs if other != text)).url
            error.parent_label = WITHOUT
            raise
        found.setdefault(str(one.ref), one)
    return list(found.values())


def _refuse(rest: State, refused: InvalidIntervention, field: str, label: str = WITHOUT) -> NoReturn:
    raise BadQuery(refused.item, refused.cause, refused.cure, field, rest.url, label)
