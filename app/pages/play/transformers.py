"""Play on a transformer: one row of its task, with anything that it computes patched from another row or set.

A change stands in the address as a site (:mod:`pluriscope.analysis.subjects.transformer.runs`), with ``_zero`` or
``_mean`` behind it where it is not patched from the source row: ``2.0~3``, ``1.0-2.1.k``, ``x1_mean``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Final, Literal, cast

import numpy as np
from markupsafe import Markup
from pydantic import Field as Option
from pydantic import StringConstraints

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import Scope
from pluriscope.analyses.registry import of_kind
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.numerics.fixed_order import mean
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.sandbox.intervention import MAX_CHANGES
from pluriscope.analysis.subjects.sites import Run, Site, on_all_rows, partner_of, run
from pluriscope.analysis.subjects.subject import gaps
from pluriscope.analysis.subjects.transformer.heads import Array
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.runs import edge_names, read_site, site_names
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.errors import BadQuery
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.inside import check_row
from pluriscope.app.pages.page import DRAWING
from pluriscope.app.pages.place import AnyPlace
from pluriscope.app.pages.play.state import WITHOUT
from pluriscope.app.pages.sharing.share import InShort, Shared
from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import Step
from pluriscope.figures.svg.graphs import Looking, graph_diagram
from pluriscope.page_kit.blocks import Action, Block, Choice, Fact, Facts, Figure, Head, Menu, Table
from pluriscope.page_kit.played import Ask, Field, Play
from pluriscope.page_kit.templating import linked, part_url
from pluriscope.views.records import PatchedRecord, PatchRecord

MAX_CHOICES: Final = 64
"""Rows of a task up to which a page lists them to choose from."""
MOST_LINKS: Final = 200
"""Nodes and edges up to which edges are links in the drawing, too."""
_WORDS: Final = {"": "patched from the source row", "zero": "set to zero", "mean": "set to its mean over all rows"}
_DOES: Final = {"": "the source row’s values", "zero": "zero", "mean": "the mean"}
_UNDO: Final = {"": "Patch", "zero": "Set to zero", "mean": "Set to the mean"}


class ModelOptions(ScopeOptions):
    """The whole state of Play on a transformer, and a step from it."""

    row: Annotated[str, StringConstraints(max_length=2000)] = Option(
        "", description="The row that is run: its tokens, or its number from 0; empty: the first."
    )
    source: Annotated[str, StringConstraints(max_length=2000)] = Option(
        "", description="The row that patches come from, likewise; empty: the nearest with another answer."
    )
    tool: Literal["", "zero", "mean"] = Option("", description="What is written where something is chosen.")
    change: list[Annotated[str, StringConstraints(max_length=60)]] = Option(
        [],
        max_length=MAX_CHANGES,
        description="A site that is patched from the source row, such as 2.0~3, x1, 2.0.q, 1.0-2.1.k; with _zero or "
        "_mean behind it, that is written there.",
    )
    site: Annotated[str, StringConstraints(max_length=60)] = Option(
        "", description="A step: a site that is changed too, or left alone again."
    )


def ways_on(links: Addresses, place: AnyPlace) -> list[Action]:
    """Links to the analyses that Play leads to."""
    some = (one for one in of_kind(place.question.kind) if one.after_play)
    return [Action(one.after_play, links.analysis(place.slug, one.key, place.scope)) for one in some]


@dataclass(frozen=True)
class Change:
    """Change of a site: "" for a patch, "zero" or "mean"."""

    site: Site
    written: str

    def __str__(self) -> str:
        return f"{self.site}_{self.written}" if self.written else str(self.site)


@dataclass(frozen=True, eq=False)
class ModelPlayed(Shared):
    """Run of a transformer on a row of its task, with some of it changed by hand.

    Args:
        row: number of the row that is run.
        source: of the row that patches come from.
        changes: in order, each site once.
        tool: what is written where something is chosen.
        wrong: field of a form → what was written there and cannot be read, and why.
    """

    links: Addresses
    place: AnyPlace
    row: int
    source: int
    changes: tuple[Change, ...]
    tool: str = ""
    wrong: Mapping[str, tuple[str, str]] = field(default_factory=dict, kw_only=True)

    @property
    def model(self) -> AttentionModel:
        return cast(AttentionModel, self.place.question.subject)

    @cached_property
    def before(self) -> Run:
        """Run with nothing changed."""
        return run(self.model, self.model.tokens[[self.row]])

    @cached_property
    def after(self) -> Run:
        """Under the changes."""
        return run(self.model, self.model.tokens[[self.row]], [(one.site, self._written(one)) for one in self.changes])

    def _written(self, change: Change) -> Array:
        """Values that a change writes, at all positions."""
        model, (name, _, reader) = self.model, change.site.name.partition("-")
        at = "x0" if reader and name == "x" else name
        if change.written == "mean":
            return mean(on_all_rows(model, at.__eq__)[at])[None]
        given = run(model, model.tokens[[self.source]]).values[at]
        return np.zeros_like(given) if change.written else given

    @property
    def view(self) -> dict[str, Any]:
        view = {"row": self.row, "source": self.source, "change": list(map(str, self.changes))}
        return view | ({"tool": self.tool} if self.tool else {})

    @property
    def url(self) -> str:
        return self.links.play(self.place.slug, (), self.place.scope, **self.view)

    def toggled(self, change: Change) -> ModelPlayed:
        """Make a change, or undo the one at its site."""
        left = tuple(one for one in self.changes if one.site != change.site)
        return replace(self, changes=left if len(left) < len(self.changes) else (*left, change))

    @property
    def about(self) -> tuple[NetworkRow, Scope]:
        return self.place.row, self.place.scope

    def gives(self, of: Run) -> str:
        """Answer of a run, "nothing" where no logit is larger than every other."""
        at = int(largest(of.logits[0]))
        return "nothing" if at < 0 else self.model.outputs[at]

    def gap(self, of: Run) -> float:
        """The right logit less the largest other."""
        return float(gaps(of.logits[None], self.model.answers[[self.row]])[0, 0])

    def called(self, site: Site) -> str:
        """A site for people: head 2.0, head 2.0 q, embedding → head 2.1 at token 3."""
        graph = self.place.question.space.graph
        labels = {node.name: node.label for node in graph.nodes}
        labels |= dict(zip(graph.edge_names, graph.edge_labels, strict=True))
        of, _, slot = site.name.rpartition(".")
        words = labels.get(site.name) or (f"{labels[of]} {slot}" if of in labels else site.name)
        return words if site.at is None else f"{words} at token {site.at + 1}"

    @property
    def title(self) -> str:
        """Title of what the changes do to the answer."""
        before, after = self.gives(self.before), self.gives(self.after)
        if not self.changes:
            return f"It answers {after}"
        return f"The answer stays {after}" if before == after else f"The answer turns from {before} to {after}"

    @property
    def words(self) -> str:
        """Words for what is run and changed."""
        rows = self.place.question.subject.rows
        changes = "; ".join(f"{self.called(one.site)} {_WORDS[one.written]}" for one in self.changes)
        source = f", the source row is {rows[self.source]}" if any(not one.written for one in self.changes) else ""
        return f"{rows[self.row]} with {changes}{source}" if changes else rows[self.row]

    @property
    def in_short(self) -> InShort:
        right = "correct" if self.gap(self.after) > 0 else "incorrect"
        lines = (("Answers", f"{self.gives(self.after)}, {right}"), ("Gap", decimal(self.gap(self.after))))
        identity = (
            f"row {self.row}, source row {self.source}; changed: {', '.join(map(str, self.changes)) or 'nothing'}"
        )
        title = f"{self.place.row.name} on {self.words}"
        return InShort("Intervention by hand", title, lines, identity, self.place.cited)

    def record(self) -> PatchedRecord:
        """Record of the state for JSON."""
        outputs = self.model.outputs
        return PatchedRecord.showing(
            self,
            **self.place.record,
            verdict=self.title,
            changes=[PatchRecord(site=str(one.site), words=_WORDS[one.written]) for one in self.changes],
            wants=outputs[self.model.answers[self.row]],
            before=dict(zip(outputs, self.before.logits[0].tolist(), strict=True)),
            after=dict(zip(outputs, self.after.logits[0].tolist(), strict=True)),
        )

    # --- as a page

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        wanted = self.model.outputs[self.model.answers[self.row]]
        actions = [Action("Circuits", self.links.explanations(self.place.slug, self.place.scope), primary=True)]
        actions += ways_on(self.links, self.place)
        if self.changes:
            actions.append(Action("Reset", replace(self, changes=()).url))
        passed_on = [Action("Cite and embed", f"{part_url('cite', self.url)}#cite")]
        caption = (
            f"A head, block or line that you choose gets {_DOES[self.tool]}; choose it again to undo that. Bars: each "
            "head’s attention from the last position, under the changes; a head that is replaced attends as before."
        )
        return (
            Head(
                self.title,
                f"{self.words}. The task wants {wanted}.",
                actions=[*actions, Menu("Share", passed_on, self.url)],
            ),
            Play(
                url=self.links.play(self.place.slug),
                controls=list(self._controls()),
                figure=Figure(self._drawing(linked=True), caption, {}, id=DRAWING),
                outcome=list(self._outcome()),
            ),
        )

    def drawn(self, name: str) -> Markup | None:
        """The drawing as a file that travels."""
        return self._drawing(linked=False) if name == DRAWING else None

    def _drawing(self, *, linked: bool) -> Markup:
        """The model's graph on the row under the changes, with links on what can be chosen or without."""
        graph, sites = self.place.question.space.graph, {*site_names(self.model)}
        shares = {
            number: self.after.values[f"{node.name}.a"][0, -1].tolist()
            for number, node in enumerate(graph.nodes)
            if f"{node.name}.a" in sites
        }
        nodes = {node.name: "x0" if node.name == "x" else node.name for node in graph.nodes}
        named = {name: site for name, site in nodes.items() if site in sites}
        if len(graph.nodes) + len(graph.edges) <= MOST_LINKS:
            edges = {*edge_names(self.model)}
            named |= {name: name for name in graph.edge_names if name in edges}
        changed = {str(one.site) for one in self.changes}
        return graph_diagram(
            graph,
            title=self.words,
            looking=Looking(self.model.row_tokens(self.row), shares, self.gives(self.after)),
            steps={name: self._step(site, site in changed) for name, site in named.items()} if linked else None,
            changed={name for name, site in named.items() if site in changed},
        )

    def _step(self, site: str, there: bool) -> Step:
        """Step that a click on a site takes."""
        change = Change(read_site(self.model, site), self.tool)
        name = self.called(change.site)
        words = f"{name}: undo" if there else f"{_UNDO[self.tool]}: {name}"
        return Step(self.toggled(change).url, words, f"at-{site.replace('.', '-')}")

    def _controls(self) -> Iterator[Choice | Ask]:
        kept = [*self.place.scope.query().items(), *(("change", str(one)) for one in self.changes)]
        kept += [("tool", self.tool)] if self.tool else []
        yield Ask("Show", kept, [self._rows("row"), self._rows("source")])
        tools = {words: replace(self, tool=tool).url for tool, words in _DOES.items()}
        yield Choice("Write", tools, _DOES[self.tool], id="tool")
        value, error = self.wrong.get("site", ("", ""))
        kept += [("row", str(self.row)), ("source", str(self.source))]
        hint = "2.0~3, x1, 2.0.q, 1.0-2.0.k, 1.0_zero"
        yield Ask("Change", kept, [Field("site", "Or by its address", value, error, hint=hint)])

    def _rows(self, name: str) -> Field:
        rows, chosen = self.place.question.subject.rows, self.row if name == "row" else self.source
        label = "Row" if name == "row" else "Source row"
        if len(rows) > MAX_CHOICES:
            return Field(name, f"{label}, one of {len(rows):,}", rows[chosen], hint=rows[0])
        return Field(name, label, str(chosen), options={"": {str(n): row for n, row in enumerate(rows)}})

    def _outcome(self) -> Iterator[Block]:
        right = "correct" if self.gap(self.after) > 0 else "incorrect"
        was = f"{decimal(self.gap(self.before))} with nothing changed" if self.changes else ""
        gap = Fact("Gap", decimal(self.gap(self.after)), was, "the right logit less the largest other")
        yield Facts([Fact("Answers", self.gives(self.after), right), gap], id="does")
        cells = []
        for token, (was_, now) in zip(
            self.model.outputs, zip(self.before.logits[0], self.after.logits[0], strict=True), strict=True
        ):
            more = [decimal(float(now)), decimal(float(now - was_))] if self.changes else []
            cells.append([token, decimal(float(was_)), *more])
        yield Table.plain(["Token", "Logit", *(["Changed", "By"] if self.changes else [])], cells)
        if self.changes:
            undo = [
                (self.called(one.site), _WORDS[one.written], linked("Undo", self.toggled(one).url, id=f"undo-{number}"))
                for number, one in enumerate(self.changes)
            ]
            yield Table.plain(["Changed", "How", "Step"], undo)


def play_model(links: Addresses, place: AnyPlace, options: ModelOptions) -> ModelPlayed:
    """Read the state that an address names, after the step that it asks for.

    Raises:
        BadQuery: the task has no such row, or the model no such site; it leads to the page without it.
    """
    model = cast(AttentionModel, place.question.subject)
    row = _read_row(place, options.row, "row") if options.row else 0
    source = _read_row(place, options.source, "source") if options.source else partner_of(model, row)
    played = ModelPlayed(links, place, row, source, (), options.tool)
    for name, text in (
        *(("change", one) for one in options.change),
        *([("site", options.site)] if options.site else []),
    ):
        try:
            change = _read_change(model, text.strip())
        except InvalidIntervention as error:
            raise BadQuery(error.item, error.cause, error.cure, name, played.url, WITHOUT) from None
        there = [one for one in played.changes if one.site == change.site]
        if name == "site" or not there:
            played = played.toggled(change)
    return played


def _read_row(place: AnyPlace, text: str, name: str) -> int:
    """A row by its tokens or by its number.

    Raises:
        BadQuery: the task has no such row.
    """
    rows: Sequence[str] = place.question.subject.rows
    words = " ".join(text.split())
    if words in rows:
        return rows.index(words)
    if not (words.isascii() and words.isdigit() and len(words) < 10):
        raise BadQuery(f"{name} {words[:60]!r}", "is no row of the task", f"write its tokens, such as {rows[0]}", name)
    check_row(int(words), len(rows))
    return int(words)


def _read_change(model: AttentionModel, text: str) -> Change:
    site, _, written = text.removesuffix("_source").partition("_")  # as earlier addresses had it
    if written not in _WORDS:
        raise InvalidIntervention(f"change {text[:40]!r}", "cannot be read", "write a site, or one with _zero or _mean")
    return Change(read_site(model, site), written)
