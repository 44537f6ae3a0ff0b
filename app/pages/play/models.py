"""Play on a transformer: one row of its task, nodes or single positions of them changed by hand.

A change stands in the address as ``NODE_WRITTEN`` or ``NODE~POSITION_WRITTEN``: positions count from 1, and what is
written is zero, the mean over the rows of the task (mean), or what the node gives on another row (source).
``2.0~3_source`` patches what head 2.0 gives at the third position.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Final, Literal

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from pydantic import Field as Option
from pydantic import StringConstraints
from sqlalchemy.orm import Session

from analysis.answers import largest
from analysis.fixed_order import length
from analysis.models.circuits import mask_bits
from analysis.models.graph import Masks
from analysis.models.model import Change, RowRun, Written, gaps
from analysis.sandbox.intervention import MAX_CHANGES
from app.addressing import Addresses
from app.errors import BadQuery, Conflict
from app.figures.numbers import decimal, exact
from app.figures.svg.elements import Step
from app.figures.svg.positions import NodeColumn, PlaceMark, positions_diagram
from app.options import ScopeOptions
from app.pages.inside import chosen_row
from app.pages.place import ModelPlace, mask_meant
from app.pages.play.played import Ask, Field, Played, Told
from app.pages.play.state import WITHOUT
from app.pages.play.tokens import click_words
from pluriscope.blocks import Action, Block, Choice, Fact, Facts, Prose, Table
from pluriscope.records import HandRecord, PlayRecord, RunRecord

MAX_CHOICES: Final = 64
"""Rows of a task up to which a page lists them to choose from."""
WRITTEN: Final[dict[Written, tuple[str, str]]] = {
    "source": ("patched from the source row", "←"),
    "zero": ("set to zero", "0"),
    "mean": ("set to its mean", "m"),
}
"""What is written, in words and in a sign for drawings."""
_TOKEN: Final = re.compile(r"(?P<site>[A-Za-z0-9.-]+)(?:~(?P<at>[1-9][0-9]?))?_(?P<written>zero|mean|source)")
Token = Annotated[str, StringConstraints(max_length=60)]


class ModelOptions(ScopeOptions):
    """The whole state of Play on a transformer."""

    circuit: str = Option("", max_length=200, description="Mask of a circuit, all else cut; empty: all of it.")
    row: int | None = Option(
        None, ge=0, description="Number of the row that is run, from 0; empty: the one with the smallest gap."
    )
    source: int | None = Option(
        None, ge=0, description="Number of the row that patches come from; empty: the next one with another answer."
    )
    change: list[Token] = Option(
        [],
        max_length=MAX_CHANGES,
        description="A node changed by hand: NODE_WRITTEN or NODE~POSITION_WRITTEN, for instance 2.0_zero or "
        "2.0~3_source. Of two of one node and position the later one holds.",
    )
    tool: Written = Option("source", description="What is written where something is chosen.")


@dataclass(frozen=True)
class State:
    """What an address says, read; ``row`` and ``source`` as they were asked for, None where they were not."""

    links: Addresses
    place: ModelPlace
    circuit: str
    row: int | None
    source: int | None
    changes: tuple[Change, ...]
    tool: Written

    @cached_property
    def bits(self) -> Masks:
        """The mask; every bit is set for the whole model."""
        space = self.place.space
        return mask_bits(space, self.circuit) if self.circuit else np.ones(space.graph.n_bits, dtype=np.bool_)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes that can be changed: all but the last, which is what the model returns."""
        return tuple(node.name for node in self.place.space.graph.nodes[:-1])

    def site(self, change: Change) -> str:
        """What is changed, as addresses write it."""
        return f"{self.nodes[change.node]}{'' if change.at is None else f'~{change.at + 1}'}"

    @property
    def view(self) -> dict[str, Any]:
        """The state as an address carries it."""
        return {
            "circuit": self.circuit,
            "row": self.row,
            "source": self.source,
            "change": [f"{self.site(one)}_{one.written}" for one in self.changes],
            "tool": "" if self.tool == "source" else self.tool,
        }

    @property
    def url(self) -> str:
        return self.links.play(self.place.slug, (), self.place.scope, **self.view)

    def fields(self, *without: str) -> list[tuple[str, str]]:
        """What a form sends along to keep the state."""
        every = {**self.place.scope.query(), **self.view}
        pairs = [(name, one) for name, some in every.items() for one in (some if isinstance(some, list) else [some])]
        return [(name, str(one)) for name, one in pairs if one not in (None, "") and name not in without]

    def without(self, change: Change) -> State:
        """Without what is changed at a change's site and position."""
        return replace(self, changes=tuple(one for one in self.changes if _where(one) != _where(change)))

    def with_change(self, change: Change) -> State:
        """With one change more, in place of an earlier one there."""
        left = self.without(change)
        return replace(left, changes=(*left.changes, change))

    def toggled(self, change: Change) -> State:
        """With a change, or without the one that is there."""
        left = self.without(change)
        return left if left.changes != self.changes else self.with_change(change)

    def change_at(self, site: str, at: int | None, written: Written) -> Change:
        """A change of a node.

        Raises:
            BadQuery: the model has no such node.
        """
        if site in self.nodes:
            return Change(self.nodes.index(site), None if at is None else at - 1, written)
        cause, cure = "is of no node that the model has under these rules", f"name one of {', '.join(self.nodes[:8])}"
        raise BadQuery(f"change of {site!r}", cause, cure, "change", self.url, WITHOUT)


def _where(change: Change) -> tuple[int, int | None]:
    return change.node, change.at


def play_model(session: Session, links: Addresses, place: ModelPlace, options: ModelOptions) -> ModelPlay:
    """What an address names.

    Raises:
        NotFound: no such circuit.
        BadQuery: the task has no such row, or the model no such node.
        Conflict: networks of this kind cannot be run so.
    """
    circuit = mask_meant(place, options.circuit, links) if options.circuit else ""
    state = State(links, place, circuit, options.row, options.source, (), options.tool)
    for token in options.change:
        read = _TOKEN.fullmatch(token)
        if read is None:
            cure = "write NODE_WRITTEN or NODE~POSITION_WRITTEN, where WRITTEN is zero, mean or source"
            raise BadQuery(f"change {token!r}", "cannot be read", cure, "change", state.url, WITHOUT)
        written = next(one for one in WRITTEN if one == read["written"])
        state = state.with_change(state.change_at(read["site"], int(read["at"]) if read["at"] else None, written))
    found = ModelPlay(session, links, state)
    n = len(found.before.places)
    beyond = next((one for one in state.changes if one.at is not None and one.at >= n), None)
    if beyond is not None:
        cause, left = f"is beyond the {n} positions of a row", state.without(beyond).url
        raise BadQuery(f"change of {state.site(beyond)}", cause, f"use 1 to {n}", "change", left, WITHOUT)
    return found


@dataclass(frozen=True, eq=False)
class ModelPlay(Played):
    """One row of a transformer's task with some of it changed by hand.

    Args:
        state: what the address says.
    """

    state: State

    @property
    def place(self) -> ModelPlace:
        return self.state.place

    @cached_property
    def row(self) -> int:
        """The row that is run."""
        state, model = self.state, self.place.model
        known = state.row is not None
        apart = np.zeros(0) if known else gaps(self.place.space.run(state.bits[None]), model.answers)[0]
        return chosen_row(model, apart, state.row)

    @cached_property
    def source(self) -> int:
        """The row that patches come from; if none is asked for, the next one with another answer, or the row itself."""
        answers = self.place.model.answers
        if self.state.source is not None:
            return chosen_row(self.place.model, np.zeros(0), self.state.source)
        following = (np.arange(len(answers)) + self.row) % len(answers)
        return int(following[int(np.argmax(answers[following] != answers[self.row]))])

    @cached_property
    def before(self) -> RowRun:
        """The run with nothing changed.

        Raises:
            Conflict: networks of this kind cannot be run so.
        """
        run = self.place.space.run_row(self.state.bits, self.row)
        if run is None:
            item, cause = f"play on {self.place.slug}", f"a {self.place.kind.noun} has none"
            page = self.links.explanations(self.place.slug, self.place.scope)
            raise Conflict(item, cause, "look at its circuits", "network", page, "its circuits")
        return run

    @cached_property
    def after(self) -> RowRun:
        """The run under the changes."""
        state = self.state
        return self.place.space.run_row(state.bits, self.row, state.changes, self.source) or self.before

    def gap(self, run: RowRun) -> float:
        """The right output less the largest other."""
        return float(gaps(run.outputs[None, None], self.place.model.answers[self.row : self.row + 1])[0, 0])

    def gives(self, run: RowRun) -> str:
        """What it answers, "" where no output is larger than every other."""
        return ("", *map(str, self.place.model.outputs))[int(largest(run.outputs)) + 1]

    def wants(self, row: int) -> str:
        """The right output on a row."""
        return str(self.place.model.outputs[self.place.model.answers[row]])

    def name_of(self, change: Change) -> str:
        """What is changed, for people."""
        name = self.place.space.graph.nodes[change.node].label
        return name if change.at is None else f"{name} at position {change.at + 1}"

    @cached_property
    def told(self) -> Told:
        before, after = (self.gives(run) or "nothing" for run in (self.before, self.after))
        row = " ".join(self.before.places)
        title = f"The answer stays {after}" if before == after else f"The answer turns from {before} to {after}"
        changes = "; ".join(f"{self.name_of(one)} {WRITTEN[one.written][0]}" for one in self.state.changes)
        tokens = f"; changed: {', '.join(self.state.view['change'])}" if changes else ""
        right = "correct" if self.gap(self.after) > 0 else "incorrect"
        return Told(
            url=self.state.url,
            title=title if changes else f"It answers {after}",
            words=f"{row} with {changes}" if changes else row,
            lines=[("Row", row), ("It answers", f"{after}, {right}"), ("Gap", decimal(self.gap(self.after), 4))],
            identity=f"row {self.row}, source row {self.source}{tokens}",
        )

    # --- as JSON

    @property
    def clear_url(self) -> str:
        return replace(self.state, changes=()).url

    @cached_property
    def hands(self) -> list[tuple[HandRecord, str]]:
        return [(self._hand(one), self.state.without(one).url) for one in self.state.changes]

    def record(self) -> PlayRecord:
        runs = self._run(self.before), self._run(self.after)
        return self.recorded(wants=self.wants(self.row), before=runs[0], after=runs[1])

    def _run(self, run: RowRun) -> RunRecord:
        return RunRecord(
            values={name: list(map(length, given)) for name, given in zip(self.state.nodes, run.given, strict=True)},
            looks={
                node.name: _shares(pattern)
                for (_, node), pattern in zip(self._looking, run.patterns, strict=True)
                if pattern is not None
            },
            outputs=dict(zip(map(str, self.place.model.outputs), run.outputs.tolist(), strict=True)),
            gives=self.gives(run),
            margin=self.gap(run),
        )

    def _hand(self, change: Change) -> HandRecord:
        where = slice(None) if change.at is None else slice(change.at, change.at + 1)
        given = [list(map(length, run.given[change.node, where])) for run in (self.before, self.after)]
        return HandRecord(
            site=self.state.site(change),
            name=self.name_of(change),
            words=WRITTEN[change.written][0],
            before=given[0],
            value=given[1],
        )

    @property
    def _looking(self) -> list[tuple[int, Any]]:
        """Nodes that look anywhere, with their numbers."""
        nodes = self.place.space.graph.nodes
        return [(number, node) for number, node in enumerate(nodes) if node.removable and node.looks]

    @cached_property
    def _patterns(self) -> dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Where each node that is part of the circuit looks, before and after."""
        found = {}
        for (number, _), was, now in zip(self._looking, self.before.patterns, self.after.patterns, strict=True):
            if was is not None and now is not None:
                found[number] = was, now
        return found

    # --- as drawings

    def drawing(self, *, linked: bool, narrow: bool = False) -> Markup:
        graph = self.place.space.graph
        kept = graph.kept_edges(self.state.bits[None])[0]
        there = [edge for edge, is_kept in zip(graph.edges, kept, strict=True) if is_kept]
        ends = {edge.source for edge in there} | {edge.target for edge in there}
        looking, columns = {number for number, _ in self._looking}, []
        for number, node in enumerate(graph.nodes[:-1]):
            was, now = self._patterns.get(number, (None, None))
            columns.append(
                NodeColumn(
                    label=node.label.removeprefix("head "),
                    layer=node.layer,
                    is_on=number in ends,
                    link=self._link(number, None, narrow) if linked and number in looking else None,
                    marks=tuple(self._mark(number, at, linked, narrow) for at in range(len(self.before.places))),
                    shares=None if now is None else _shares(now),
                    was=None if was is None else _shares(was),
                )
            )
        sentence = f"{self.network.name} on {' '.join(self.before.places)}{': choose what to change' if linked else ''}"
        return positions_diagram(columns, self.before.places, self.gives(self.after), sentence=sentence, narrow=narrow)

    def _link(self, number: int, at: int | None, narrow: bool) -> Step:
        change = Change(number, at, self.state.tool)
        token = "" if at is None else f", {self.before.places[at]}"
        undo = self.state.without(change).changes != self.state.changes
        what = f"{self.name_of(change)}{token}"
        words = f"{what}: undo" if undo else click_words(what, WRITTEN[self.state.tool][0])
        name = self.state.site(change).replace(".", "-").replace("~", "-")
        return Step(self.state.toggled(change).url, words, f"{'on' if narrow else 'at'}-{name}")

    def _mark(self, number: int, at: int, linked: bool, narrow: bool) -> PlaceMark:
        was, now = self.before.given[number, at], self.after.given[number, at]
        here = [one for one in self.state.changes if one.node == number and one.at in (at, None)]
        written = next((one for one in here if one.at == at), here[0] if here else None)
        link = self._link(number, at, narrow) if linked else None
        return PlaceMark(
            length(was), length(now), length(now - was), "" if written is None else WRITTEN[written.written][1], link
        )

    # --- as a page

    def about_it(self) -> tuple[str, str, Sequence[Action]]:
        state, place = self.state, self.place
        to = self.links.explanations(place.slug, place.scope)
        act = Action("Choose a circuit", to, primary=True)
        if state.circuit:
            act = Action("Circuit", self.links.circuit(place.slug, state.circuit, place.scope), primary=True)
        cut = f" Only circuit {state.circuit} is there, all else is cut." if state.circuit else ""
        caption = (
            "Choose a disc to change what that node gives at that position, or a head’s name for all positions; choose "
            "it again to undo that. Discs grow with the length of the vector, rings show it before the changes. Lines "
            "show where a head looks with a fifth of its attention or more; pale is as before."
        )
        return f"{self.told.words}. The task wants {self.wants(self.row)}.{cut}", caption, [act]

    def controls(self) -> Iterator[Choice | Ask]:
        state = self.state
        yield Ask("Show", state.fields("row", "source"), [self._rows("row"), self._rows("source")])
        tools = {words: replace(state, tool=tool).url for tool, (words, _) in WRITTEN.items()}
        yield Choice("What is chosen is", tools, WRITTEN[state.tool][0], id="tool")

    def outcome(self) -> Iterator[Block]:
        gap, was = self.gap(self.after), f"{decimal(self.gap(self.before), 4)} unchanged" if self.hands else ""
        right = "correct" if gap > 0 else f"incorrect, the task wants {self.wants(self.row)}"
        answer = Fact("Answers", self.gives(self.after) or "nothing", right)
        yield Facts([answer, Fact("Gap", decimal(gap, 4), was, "the correct logit less the largest other")], id="does")
        yield self._logits()
        same, rows = "circuit" if self.state.circuit else "network", self.place.model.rows
        patched = f"What is patched is taken from the same {same}, unchanged, on the source row {rows[self.source]}"
        yield Prose(f"{patched}; a mean is over its run on all {exact(len(rows))} rows of the task.", glossary=False)

    def _rows(self, name: Literal["row", "source"]) -> Field:
        rows, chosen = self.place.model.rows, self.row if name == "row" else self.source
        label = "Row" if name == "row" else "Source row of patches"
        if len(rows) > MAX_CHOICES:
            return Field(name, f"{label}, to {len(rows) - 1}", str(chosen), kind="number", most=len(rows) - 1)
        return Field(name, label, str(chosen), options={"": {str(n): f"{n}: {row}" for n, row in enumerate(rows)}})

    def _logits(self) -> Table:
        changed, wanted, rows = bool(self.state.changes), (self.wants(self.row), self.wants(self.source)), []
        for number, name in enumerate(map(str, self.place.model.outputs)):
            was, now = float(self.before.outputs[number]), float(self.after.outputs[number])
            told = ", wanted" if name == wanted[0] else ", wanted on the source row" if name == wanted[1] else ""
            rows.append([f"{name}{told}", was, *([now, now - was] if changed else [])])
        return Table.plain(["Token", "Logit", *(["Changed", "By"] if changed else [])], rows)


def _shares(pattern: NDArray[np.float64]) -> list[list[float | None]]:
    """Shares of a pattern, None where a position cannot look."""
    return [
        [share if read <= reading else None for read, share in enumerate(some)]
        for reading, some in enumerate(pattern.tolist())
    ]
