"""The state of a sandbox as a value, and the address of every step from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from analysis.directions.alignment import LinearPlace
from analysis.sandbox.direction_edits import Along, place_text
from analysis.sandbox.intervention import Change, Intervention
from app.addressing import Addresses
from app.pages.candidates import input_text
from app.pages.place import Place
from app.pages.sandbox.tokens import Try, write_change, write_try

Changed = TypeVar("Changed", Change, Along)


@dataclass(frozen=True)
class State:
    """Everything that an address says.

    Args:
        refs: the explanations asked, in canonical form.
        now: the intervention on the page.
        tool: what a chosen site is given, as a change of no site in particular.
        on: what is chosen in the drawing.
        game: whether answers are hidden until they are predicted.
        part: how much of the changes the drawing shows, from 0 to 1.
    """

    refs: tuple[str, ...] = ()
    now: Try = Try(Intervention(0))  # noqa: RUF009  # a frozen value
    tool: Change = Change(0, 0, None, "zero")  # noqa: RUF009  # likewise
    on: Literal["neurons", "edges", "directions"] = "neurons"
    game: bool = False
    part: float = 1.0

    @property
    def hidden(self) -> bool:
        """Whether the network's answer is not to be shown yet."""
        return self.game and self.now.counts and not self.now.guess

    def at(self, intervention: Intervention) -> State:
        """Another intervention, all of it; a guess was about the one before."""
        return replace(self, now=Try(intervention), part=1.0)

    def with_tool(self, tool: Change) -> State:
        """Another tool. Patches from the source that it had before follow it to its new one."""
        old, state = self.tool, replace(self, tool=tool)
        if old.written == tool.written == "source" and old.source != tool.source:
            now = self.now.intervention
            moved = Intervention(
                now.base,
                tuple(_followed(change, old, tool) for change in now.changes),
                tuple(_followed(change, old, tool) for change in now.along),
            )
            if moved != now:
                state = state.at(moved)
        return state

    def toggled(self, layer: int, neuron: int, origin: int | None = None) -> State:
        """With the tool used on a site, or with the change there taken back."""
        change = replace(self.tool, layer=layer, neuron=neuron, origin=origin)
        intervention = self.now.intervention
        if any(other.site == change.site for other in intervention.changes):
            return self.at(intervention.without(change.site))
        if origin is None:  # a layer has its neurons or its directions changed
            kept = tuple(one for one in intervention.along if one.layer != layer)
            intervention = Intervention(intervention.base, intervention.changes, kept)
        return self.at(intervention.with_change(change))

    def tool_along(self, place: LinearPlace) -> Along:
        """The tool along a direction; where it is a number and the place a subspace, a patch from another input."""
        tool = self.tool
        if tool.written == "value" and place.dimension > 1:
            tool = default_tool(self.now.intervention)
        return Along(place, tool.written, tool.source, tool.value)

    def toggled_along(self, place: LinearPlace) -> State:
        """With the tool used along a direction, or with the change there taken back. Neurons of that layer that are
        changed are left alone no longer: a layer has its neurons or its directions changed.
        """
        now, text = self.now.intervention, place_text(place)
        if any(other.text == text for other in now.along):
            return self.at(now.without_along(text))
        kept = tuple(change for change in now.changes if change.is_edge or change.layer != place.layer)
        return self.at(Intervention(now.base, kept, now.along).with_along(self.tool_along(place)))


def _followed(change: Changed, old: Change, tool: Change) -> Changed:
    """A patch from the source that a tool had, from the one that it has now."""
    follows = change.written == "source" and change.source == old.source
    return replace(change, source=tool.source) if follows else change


def default_tool(intervention: Intervention) -> Change:
    """What is written unless an address says otherwise: the value on the source of the patches, else on another input
    than the base.
    """
    sources = [change.source for change in intervention.changes if change.written == "source"]
    sources += [change.source for change in intervention.along if change.written == "source"]
    source = sources[0] if sources else 1 if intervention.base != 1 else 0
    return Change(0, 0, None, "source", source=source)


@dataclass(frozen=True)
class Links:
    """The address of every state on one network."""

    addresses: Addresses
    place: Place

    @property
    def n_inputs(self) -> int:
        return self.place.question.cut.n_inputs

    def to(self, state: State) -> str:
        """The address of a state, in its one form."""
        return self.addresses.sandbox(self.place.row.slug, state.refs, self.place.scope, **self.query(state))

    def query(self, state: State) -> dict[str, str]:
        """The query of a state without explanations and scope; what is as by default is left out."""
        now = write_try(state.now, self.n_inputs)
        plain = default_tool(state.now.intervention)
        return {
            "now": "" if now == input_text(0, self.n_inputs) else now,
            "tool": "" if state.tool == plain else self.tool_text(state.tool),
            "on": "" if state.on == "neurons" else state.on,
            "game": "1" if state.game else "",
            "part": "" if state.part == 1.0 else f"{state.part:g}",
        }

    def tool_text(self, tool: Change) -> str:
        return write_change(tool, self.n_inputs).removeprefix("0.0")

    def fields(self, state: State, without: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Hidden fields that carry a state through a form."""
        query: list[tuple[str, str]] = list(self.place.scope.query().items())
        query += [("e", ref) for ref in state.refs]
        query += [(key, text) for key, text in self.query(state).items() if text]
        return [(key, value) for key, value in query if key not in without]
