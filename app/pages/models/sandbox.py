"""The sandbox of a model: one row of its task, some of the model changed by hand, and what it answers then.

A change stands in the address as ``SITE_WRITTEN`` or ``SITE~POSITION_WRITTEN``: the site is a node (``2.0``) or an edge
(``1.0-2.0.k``) of the graph, positions count from 1, and what is written is zero, the mean over the rows of the task
(mean), or what the site is on another row (source). ``2.0~3_source`` patches what head 2.0 gives at the third position.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Final, Literal

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from analysis.fixed_order import length
from analysis.models.circuits import mask_bits
from analysis.models.model import Change, Masks, RowRun, Written, gaps
from analysis.sandbox.intervention import MAX_CHANGES
from app.addressing import USUAL_RULES, Addresses
from app.errors import BadQuery, Conflict
from app.figures.svg import FlowLink, NodeColumn, PlaceMark, positions_diagram
from app.options import PageModel
from app.pages.inside import chosen_row
from app.pages.models.views import (
    RulesOptions,
    UnderRules,
    locate_model,
    mask_meant,
    under_rules,
)
from app.pages.place import ModelPlace
from app.pages.sandbox.views import ChoiceView

MAX_CHOICES: Final = 512
"""Rows of a task up to which a page lists them to choose from."""
MAX_SHARES: Final = 2_200
"""Of attention that a page draws in matrices; beyond, it draws those of the heads that moved most."""
MAX_LINKS: Final = 130_000
"""Characters of addresses on discs; beyond, only what is changed is a link, and all else is chosen by its name."""
WITHOUT: Final = "the sandbox without it"
WRITTEN: Final[dict[Written, tuple[str, str]]] = {
    "zero": ("set to zero", "0"),
    "mean": ("set to its mean", "m"),
    "source": ("patched from the source row", "←"),
}
"""What is written, in words and in a sign for drawings."""
_TOKEN: Final = re.compile(r"(?P<site>[A-Za-z0-9.-]+)(?:~(?P<at>[1-9][0-9]?))?_(?P<written>zero|mean|source)")
Token = Annotated[str, StringConstraints(max_length=60)]


class ModelSandboxOptions(RulesOptions):
    """The whole state of a model's sandbox."""

    circuit: str = Field("", max_length=200, description="Mask of a circuit, all else cut; empty: the whole model.")
    row: int | None = Field(
        None, ge=0, description="Number of the row that is run, from 0; empty: the one with the smallest gap."
    )
    source: int | None = Field(
        None, ge=0, description="Number of the row that patches come from; empty: the next one with another answer."
    )
    change: list[Token] = Field(
        [],
        max_length=MAX_CHANGES,
        description="Something changed by hand: SITE_WRITTEN or SITE~POSITION_WRITTEN, for instance 2.0_zero, "
        "2.0~3_source or 1.0-2.0.k_mean. Of two of one site and position the later one holds.",
    )
    tool: Written = Field("source", description="What a place in the drawing is given when it is chosen.")


class ModelSandboxPageOptions(ModelSandboxOptions):
    """The same for the HTML page, whose form adds one change; the answer leads to the address without it."""

    site: Token = Field("", description="Edit: what to change, a node or an edge.")
    at: int | None = Field(None, ge=1, le=99, description="Edit: the one position, from 1; empty: all.")
    how: Literal["", "zero", "mean", "source", "nothing"] = Field("", description="Edit: what is written there.")

    @property
    def from_form(self) -> bool:
        """Whether it carries an edit."""
        return bool(self.site or self.how)


class ModelChangeView(PageModel):
    """Something that is changed by hand."""

    token: str = Field(description="As addresses write it.")
    name: str
    words: str = Field(description="What is written there.")
    without_url: str


class PlaceView(PageModel):
    """What a node gives at one position of the row."""

    node: str
    at: int = Field(description="The position, from 1.")
    before: float = Field(description="Length of the vector when nothing is changed.")
    after: float
    moved: float = Field(description="Length of the difference of the two.")
    written: str = Field(description="What is written there by hand; empty if nothing is.")
    url: str = Field(description="The sandbox with it changed by the tool, or with its change taken back.")


class NodePatternView(PageModel):
    """Where a node looks, before and after; for each position, null where it cannot look."""

    node: str
    label: str
    before: list[list[float | None]] | None = Field(description="Null where the node is no part of the circuit.")
    after: list[list[float | None]] | None
    moved: float = Field(description="The largest difference of a share.")
    url: str = Field(description="The sandbox with all of the node's output changed, or that taken back.")


class OutputView(PageModel):
    """One output of the model."""

    output: str
    before: float
    after: float


class EndView(PageModel):
    """What the model returns on the row."""

    given: str = Field(description="The output that is the largest, the first of several.")
    gap: float = Field(description="The right output less the largest other; the row is right if it is above 0.")


class ModelSandboxPage(UnderRules):
    """One row of a model's task with some of the model changed by hand."""

    circuit: str = Field(description="Mask of the circuit; empty for the whole model.")
    circuit_url: str
    kept: list[bool] = Field(description="For each edge of the graph whether the circuit keeps it.")
    row: int
    positions: list[str] = Field(description="What stands at each position of the row.")
    answer: str
    source: int
    source_row: str
    source_answer: str
    choices: list[str] = Field(description="All rows in order; empty where they are more than 512.")
    changes: list[ModelChangeView]
    edges_changed: list[int] = Field(description="Edges of the graph that are changed.")
    tool: Written
    tools: list[ChoiceView]
    before: EndView
    after: EndView
    flips: bool = Field(description="Whether another output is the largest under the changes.")
    outputs: list[OutputView]
    patterns: list[NodePatternView]
    places: list[PlaceView]
    sites: list[tuple[str, str]] = Field(description="Every node and edge that can be changed, as (site, name).")
    swap_url: str = Field(description="Row and source row exchanged.")
    clear_url: str = Field(description="The same rows with nothing changed.")
    form_url: str
    fields: list[tuple[str, str]] = Field(description="Hidden fields that carry the state through a form.")


@dataclass(frozen=True)
class _State:
    """What an address says, read; ``row`` and ``source`` as they were asked for, None where they were not."""

    addresses: Addresses
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

    def token(self, change: Change) -> str:
        """A change, as addresses write it."""
        names = self.nodes if change.kind == "node" else self.place.space.graph.edge_names
        at = "" if change.at is None else f"~{change.at + 1}"
        return f"{names[change.part]}{at}_{change.written}"

    def view(self) -> dict[str, Any]:
        """The state as an address carries it."""
        return {
            "circuit": self.circuit,
            "row": self.row,
            "source": self.source,
            "change": [self.token(one) for one in self.changes],
            "tool": "" if self.tool == "source" else self.tool,
        }

    @property
    def url(self) -> str:
        return self.addresses.sandbox(self.place.slug, (), self.place.scope, **self.view())

    def without(self, change: Change) -> _State:
        """Without what is changed at a change's site and position."""
        return replace(self, changes=tuple(one for one in self.changes if _where(one) != _where(change)))

    def with_change(self, change: Change) -> _State:
        """With one change more, in place of an earlier one there."""
        left = self.without(change)
        return replace(left, changes=(*left.changes, change))

    def toggled(self, change: Change) -> _State:
        """With a change, or without the one that is there."""
        left = self.without(change)
        return left if left.changes != self.changes else self.with_change(change)


def _where(change: Change) -> tuple[str, int, int | None]:
    return change.kind, change.part, change.at


def build_model_sandbox(
    session: Session, addresses: Addresses, ref: str, options: ModelSandboxOptions
) -> ModelSandboxPage:
    """The sandbox that an address names.

    Raises:
        NotFound: no such model, rules or circuit.
        BadQuery: the task has no such row, or the model no such site.
        Conflict: models of this kind have no sandbox.
    """
    place = locate_model(session, addresses, ref, options.rules)
    circuit = mask_meant(place, options.circuit, addresses) if options.circuit else ""
    state = _State(addresses, place, circuit, options.row, options.source, (), options.tool)
    for token in options.change:
        state = state.with_change(_read(state, token))
    if isinstance(options, ModelSandboxPageOptions) and options.from_form:
        state = _edited(state, options)
    return _page(session, state)


def _read(state: _State, token: str) -> Change:
    """A change as addresses write it.

    Raises:
        BadQuery: it has another shape, or names what the model has not.
    """
    read = _TOKEN.fullmatch(token)
    if read is None:
        cure = "write SITE_WRITTEN or SITE~POSITION_WRITTEN, where WRITTEN is zero, mean or source"
        raise BadQuery(f"change {token!r}", "cannot be read", cure, "change", state.url, WITHOUT)
    return _change_at(state, read["site"], int(read["at"]) if read["at"] else None, _WRITTEN[read["written"]])


_WRITTEN: Final[dict[str, Written]] = {written: written for written in WRITTEN}


def _change_at(state: _State, site: str, at: int | None, written: Written) -> Change:
    edges = state.place.space.graph.edge_names
    if site not in state.nodes and site not in edges:
        cure = f"name a node ({', '.join(state.nodes[:8])}) or an edge (for instance {edges[0]})"
        cause = "is of nothing that the model has under these rules"
        raise BadQuery(f"change of {site!r}", cause, cure, "change", state.url, WITHOUT)
    place = None if at is None else at - 1
    if site in state.nodes:
        return Change("node", state.nodes.index(site), place, written)
    return Change("edge", edges.index(site), place, written)


def _edited(state: _State, options: ModelSandboxPageOptions) -> _State:
    """The state with what a form adds to it."""
    if not options.site:
        return state if options.how in ("", "nothing") else replace(state, tool=_WRITTEN[options.how])
    change = _change_at(state, options.site, options.at, _WRITTEN.get(options.how, state.tool))
    return state.without(change) if options.how == "nothing" else state.with_change(change)


def _page(session: Session, state: _State) -> ModelSandboxPage:
    place, addresses, slug = state.place, state.addresses, state.place.row.slug
    model, space = place.model, place.space
    graph = space.graph
    row = _row_of(state)
    source = _source_of(state, row)
    before = space.run_row(state.bits, row)
    if before is None:
        raise Conflict(f"sandbox of {slug}", f"a {place.kind.noun} has none", "look at its circuits", "model", "")
    n = len(before.places)
    beyond = next((one for one in state.changes if one.at is not None and one.at >= n), None)
    if beyond is not None:
        cause, left = f"is beyond the {n} positions of a row", state.without(beyond).url
        raise BadQuery(f"change {state.token(beyond)!r}", cause, f"use 1 to {n}", "change", left, WITHOUT)
    after = space.run_row(state.bits, row, state.changes, source) or before
    ends = [_end(place, row, run) for run in (before, after)]
    swapped = replace(state, row=source, source=row)
    return ModelSandboxPage.showing(
        state,
        **under_rules(session, place, addresses),
        circuit_url=addresses.circuit(slug, state.circuit, place.scope) if state.circuit else "",
        kept=graph.kept_edges(state.bits[None])[0].tolist(),
        row=row,
        positions=list(before.places),
        answer=model.outputs[model.answers[row]],
        source=source,
        source_row=model.rows[source],
        source_answer=model.outputs[model.answers[source]],
        choices=list(model.rows) if len(model.rows) <= MAX_CHOICES else [],
        changes=[_change_view(state, one, before) for one in state.changes],
        edges_changed=sorted({one.part for one in state.changes if one.kind == "edge"}),
        tools=[
            ChoiceView(label=words, url=replace(state, tool=written).url, current=written == state.tool)
            for written, (words, _) in WRITTEN.items()
        ],
        before=ends[0],
        after=ends[1],
        flips=ends[0].given != ends[1].given,
        outputs=[
            OutputView(output=name, before=float(before.outputs[at]), after=float(after.outputs[at]))
            for at, name in enumerate(model.outputs)
        ],
        patterns=_pattern_views(state, before, after),
        places=_place_views(state, before, after),
        sites=[
            *((node.name, node.label) for node in graph.nodes[:-1]),
            *zip(graph.edge_names, graph.edge_labels, strict=True),
        ],
        swap_url=swapped.url,
        clear_url=replace(state, changes=()).url,
        form_url=addresses.sandbox(slug, (), USUAL_RULES),
        fields=[
            (name, str(one))
            for name, value in {"rules": place.text, **state.view()}.items()
            for one in (value if isinstance(value, list) else [value])
            if one not in (None, "") and name not in ("row", "source")
        ],
    )


def _row_of(state: _State) -> int:
    model = state.place.model
    apart = np.zeros(0) if state.row is not None else gaps(state.place.space.run(state.bits[None]), model.answers)[0]
    return chosen_row(model, apart, state.row)


def _source_of(state: _State, row: int) -> int:
    """The row that patches come from: the next one with another answer where none is asked for, or the row itself."""
    answers = state.place.model.answers
    if state.source is not None:
        return chosen_row(state.place.model, np.zeros(0), state.source)
    following = (np.arange(len(answers)) + row) % len(answers)
    return int(following[int(np.argmax(answers[following] != answers[row]))])


def _end(place: ModelPlace, row: int, run: RowRun) -> EndView:
    gap = gaps(run.outputs[None, None], place.model.answers[row : row + 1])[0, 0]
    return EndView(given=place.model.outputs[int(run.outputs.argmax())], gap=float(gap))


def _name(state: _State, change: Change) -> str:
    graph = state.place.space.graph
    name = graph.nodes[change.part].label if change.kind == "node" else graph.edge_labels[change.part]
    return name if change.at is None else f"{name} at position {change.at + 1}"


def _change_view(state: _State, change: Change, run: RowRun) -> ModelChangeView:
    words = WRITTEN[change.written][0]
    if change.at is not None:
        words += f", where {run.places[change.at]} stands"
    return ModelChangeView(
        token=state.token(change), name=_name(state, change), words=words, without_url=state.without(change).url
    )


def _pattern_views(state: _State, before: RowRun, after: RowRun) -> list[NodePatternView]:
    nodes = state.place.space.graph.nodes
    looking = [number for number, node in enumerate(nodes) if node.removable and node.looks]
    found = []
    for number, was, now in zip(looking, before.patterns, after.patterns, strict=True):
        moved = 0.0 if was is None or now is None else float(np.abs(now - was).max())
        found.append(
            NodePatternView(
                node=nodes[number].name,
                label=nodes[number].label,
                before=_shares(was),
                after=_shares(now),
                moved=moved,
                url=state.toggled(Change("node", number, None, state.tool)).url,
            )
        )
    return found


def _shares(pattern: NDArray[np.float64] | None) -> list[list[float | None]] | None:
    if pattern is None:
        return None
    return [
        [share if read <= reading else None for read, share in enumerate(some)]
        for reading, some in enumerate(pattern.tolist())
    ]


def _place_views(state: _State, before: RowRun, after: RowRun) -> list[PlaceView]:
    written = {(one.part, one.at): one.written for one in state.changes if one.kind == "node"}
    found = []
    for number, name in enumerate(state.nodes):
        for at in range(before.given.shape[1]):
            was, now = before.given[number, at], after.given[number, at]
            found.append(
                PlaceView(
                    node=name,
                    at=at + 1,
                    before=length(was),
                    after=length(now),
                    moved=length(now - was),
                    written=written.get((number, at), written.get((number, None), "")),
                    url=state.toggled(Change("node", number, at, state.tool)).url,
                )
            )
    return found


def sandbox_drawing(page: ModelSandboxPage) -> Markup:
    """The drawing of the page, with links on what can be chosen."""
    does, n, all_links = WRITTEN[page.tool][0], len(page.positions), has_all_links(page)
    patterns = {one.node: one for one in page.patterns}
    ends = {
        end
        for edge, kept in zip(page.graph.edges, page.kept, strict=True)
        if kept
        for end in (edge.source, edge.target)
    }
    columns = []
    for number, node in enumerate(page.graph.nodes[:-1]):
        pattern = patterns.get(node.name)
        places = page.places[number * n : (number + 1) * n]
        columns.append(
            NodeColumn(
                label=node.label.removeprefix("head "),
                layer=node.layer,
                is_on=node.name in ends,
                link=None
                if pattern is None
                else FlowLink(pattern.url, f"{node.label}: {does}", f"at-{_id(node.name)}"),
                marks=tuple(_mark(page, node.label, one, does, all_links or bool(one.written)) for one in places),
                shares=None if pattern is None else pattern.after,
                was=None if pattern is None else pattern.before,
            )
        )
    row = " ".join(page.positions)
    sentence = f"{page.model.name} on {row}: choose what to change"
    return positions_diagram(columns, page.positions, page.after.given, sentence=sentence)


def has_all_links(page: ModelSandboxPage) -> bool:
    """Whether the drawing has room for a link on every disc: each carries the whole state."""
    return len(page.places) * len(page.url) <= MAX_LINKS


def drawn_patterns(page: ModelSandboxPage) -> list[NodePatternView]:
    """The patterns that the page draws as matrices: all, or those that moved most, as many as a page has room for."""
    n = len(page.positions)
    found, room = set[str](), MAX_SHARES
    for one in sorted(page.patterns, key=lambda one: -one.moved):
        if one.after is not None:
            room -= n * (n + 1) // 2 * (1 if one.moved == 0 else 2)
        if room < 0 and found:
            break
        found.add(one.node)
    return [one for one in page.patterns if one.node in found]


def _mark(page: ModelSandboxPage, label: str, place: PlaceView, does: str, linked: bool) -> PlaceMark:
    token = page.positions[place.at - 1]
    words = f"{label} at position {place.at}, {token}: {'undo' if place.written else does}"
    sign = WRITTEN[_WRITTEN[place.written]][1] if place.written else ""
    link = FlowLink(place.url, words, f"at-{_id(place.node)}-{place.at}")
    return PlaceMark(place.before, place.after, place.moved, sign, link if linked else None)


def _id(name: str) -> str:
    return name.replace(".", "-")


def sites_by_kind(page: ModelSandboxPage) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
    """What can be chosen by its name: nodes, then edges."""
    n = len(page.graph.nodes) - 1
    return ("What a node gives", page.sites[:n]), ("What an edge carries", page.sites[n:])
