"""Play on a network with sites: one row of its task, with anything that it computes exchanged with another row or set.

A change stands in the address as a site (:func:`~pluriscope.analysis.alignments.on_sites.read_place`, of a transformer
also an edge), with ``_zero``, ``_mean`` or ``_v`` and a number behind it where it is not exchanged with the source row:
``2.0~3``, ``h1[0,1]``, ``1.0-2.1.k``, ``x1_mean``, ``h2[1]_v-0.5``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from pydantic import Field as Option
from pydantic import StringConstraints
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.naming import ExplanationRef
from pluriscope.analysis.algorithms.causal_model import Inputs, read_causal_model
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.alignments.on_sites import Place as SitePlace
from pluriscope.analysis.alignments.on_sites import decided, read_place
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.numerics.fixed_order import mean
from pluriscope.analysis.placements.report import PlacedModel, SitePlacement
from pluriscope.analysis.sandbox.intervention import MAX_CHANGES
from pluriscope.analysis.sandbox.predicting import predict_on_sites
from pluriscope.analysis.subjects.sites import Run, on_all_rows, partner_of, run
from pluriscope.analysis.subjects.subject import Subject, gaps
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.runs import edge_names
from pluriscope.app.db.listing import ALGORITHMS
from pluriscope.app.errors import BadQuery
from pluriscope.app.options import ScopeOptions
from pluriscope.app.pages.candidates import stored_placements
from pluriscope.app.pages.inside import check_row
from pluriscope.app.pages.place import AnyPlace
from pluriscope.app.pages.play.played import Played, Said, with_hidden
from pluriscope.app.pages.play.state import WITHOUT
from pluriscope.app.pages.play.tokens import number, read_number, write_number
from pluriscope.app.pages.sharing.share import InShort
from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import Step
from pluriscope.figures.svg.graphs import Looking, graph_diagram
from pluriscope.kinds.sites import called, nodes_of, rounded, site_words
from pluriscope.page_kit.blocks import Action, Block, Choice, Fact, Facts, Prose, Table, Text
from pluriscope.page_kit.played import Ask, Field
from pluriscope.page_kit.templating import linked
from pluriscope.views.records import AskedRecord, PatchedRecord, PatchRecord

MAX_CHOICES: Final = 64
"""Rows of a task up to which a page lists them to choose from."""
MOST_LINKS: Final = 200
"""Nodes and edges up to which edges are links in the drawing, too."""
MOST_OFFERED: Final = 6
"""Sets of sites that are offered."""
MOST_NEAR: Final = 3
"""Predictions of algorithms that are not placed, and names of variables on one set of sites."""
MOST_LETTERS: Final = 2000
"""Of a change in an address."""
_TOOLS: Final = {"": "the source row’s values", "zero": "zero", "mean": "the mean"}
_LONG: Final = 28  # letters of sites in a table
_CHANGE: Final = re.compile(r"(?P<site>.+?)(?:_(?P<written>source|zero|mean|v[^_]+))?")
Array = NDArray[np.float64]


class SiteOptions(ScopeOptions):
    """The whole state of Play on a network with sites, and a step from it."""

    row: Annotated[str, StringConstraints(max_length=2000)] = Option(
        "", description="The row that is run: as pages write it, or its number from 0; empty: the first."
    )
    source: Annotated[str, StringConstraints(max_length=2000)] = Option(
        "", description="The row that patches come from, likewise; empty: the nearest with another answer."
    )
    tool: Annotated[str, StringConstraints(max_length=40)] = Option(
        "", description="What is written where something is chosen: zero, mean, a number, or empty for a patch."
    )
    change: list[Annotated[str, StringConstraints(max_length=MOST_LETTERS)]] = Option(
        [],
        max_length=MAX_CHANGES,
        description="A site that is patched from the source row, such as 2.0~3, x1, 2.0.q, 1.0-2.1.k, h1[0,1]; with "
        "_zero, _mean or _vNUMBER behind it, that is written there.",
    )
    site: Annotated[str, StringConstraints(max_length=MOST_LETTERS)] = Option(
        "", description="A step: a site that is changed too, or left alone again."
    )


@dataclass(frozen=True)
class Change:
    """Change of a site: "" for a patch, "zero", "mean", or "v" and a number."""

    site: SitePlace
    written: str

    def __str__(self) -> str:
        return f"{self.site}_{self.written}" if self.written else str(self.site)

    @property
    def words(self) -> str:
        """What is done, in words."""
        if self.written.startswith("v"):
            return f"set to {number(float(self.written[1:]))}"
        named = {"": "patched from the source row", "mean": "set to its mean over all rows"}
        return named.get(self.written, "set to zero")


@dataclass(frozen=True, eq=False)
class SitesPlayed(Played):
    """Run of a network on a row of its task, with some of it changed by hand.

    Args:
        row: number of the row that is run.
        source: of the row that patches come from.
        changes: in order, each site once.
        tool: what is written where something is chosen, as of a change.
    """

    row: int
    source: int
    changes: tuple[Change, ...] = ()
    tool: str = ""

    @property
    def subject(self) -> Subject:
        subject: Subject = self.place.question.subject
        return subject

    @property
    def model(self) -> AttentionModel | None:
        """The network if it is a transformer."""
        return self.subject if isinstance(self.subject, AttentionModel) else None

    @cached_property
    def before(self) -> Run:
        """Run with nothing changed."""
        return run(self.subject, self.subject.inputs[[self.row]])

    @cached_property
    def after(self) -> Run:
        """Under the changes."""
        written = [(one.site, self._written(one)) for one in self.changes]
        return run(self.subject, self.subject.inputs[[self.row]], written)

    @cached_property
    def _source(self) -> Run:
        return run(self.subject, self.subject.inputs[[self.source]])

    def _written(self, change: Change) -> Array:
        """Values that a change writes, at all positions."""
        at = _giver(change.site.name)
        if change.written == "mean":
            return mean(on_all_rows(self.subject, at.__eq__)[at])[None]
        if not change.written:
            return self._source.values[at]
        return np.full_like(self.before.values[at], 0 if change.written == "zero" else float(change.written[1:]))

    @property
    def view(self) -> dict[str, Any]:
        view = {"row": self.row, "source": self.source, "change": list(map(str, self.changes))}
        return view | ({"tool": self.tool.removeprefix("v")} if self.tool else {})

    @property
    def url(self) -> str:
        return self.links.play(self.place.slug, (), self.place.scope, **self.view)

    def toggled(self, change: Change) -> SitesPlayed:
        """Make a change, or undo the one at its site."""
        left = tuple(one for one in self.changes if one.site != change.site)
        return replace(self, changes=left if len(left) < len(self.changes) else (*left, change))

    @cached_property
    def there(self) -> Mapping[str, Array]:
        """Values of every site, of a transformer also what each edge carries."""
        values, edges = self.before.values, () if self.model is None else edge_names(self.model)
        return {**values, **{edge: values[_giver(edge)] for edge in edges}}

    def read(self, text: str) -> SitePlace:
        """The site of a text.

        Raises:
            InvalidIntervention: it cannot be read, or the network has none such.
        """
        return read_place(text, self.there)

    def gap(self, of: Run) -> float:
        """The right output less the largest other."""
        return float(gaps(of.logits[None], self.subject.answers[[self.row]])[0, 0])

    def answer(self, number: int) -> str:
        names = self.subject.outputs
        return "nothing" if number < 0 else names[number] if number < len(names) else f"{number}"

    @property
    def answers(self) -> tuple[str, str]:
        before, after = (int(decided(one.logits)[0][0]) for one in (self.before, self.after))
        return self.answer(before), self.answer(after)

    @property
    def unchanged(self) -> str:
        return f"It answers {self.answers[1]}"

    @property
    def wants(self) -> str:
        return self.answer(int(self.subject.answers[self.row]))

    def called(self, site: SitePlace) -> str:
        """A site for people: head 2.0 q, embedding → head 2.1 at token 3, unit 0 of the state after step 1."""
        graph = self.place.question.space.graph
        labels = {node.name: node.label for node in graph.nodes}
        labels |= dict(zip(graph.edge_names, graph.edge_labels, strict=True))
        of, _, slot = site.name.rpartition(".")
        words = labels.get(site.name) or (f"{labels[of]} {slot}" if of in labels else "")
        if not words or str(site).partition("~")[0] != site.name:
            return site_words(self.place.question, str(site))
        return words if site.at is None else f"{words} at token {site.at + 1}"

    @property
    def words(self) -> str:
        changes = "; ".join(f"{self.called(one.site)} {one.words}" for one in self.changes)
        rows = self.subject.rows
        source = f", the source row is {rows[self.source]}" if any(not one.written for one in self.changes) else ""
        return f"{rows[self.row]} with {changes}{source}" if changes else rows[self.row]

    @property
    def _judged(self) -> str:
        return "correct" if self.gap(self.after) > 0 else "incorrect"

    @property
    def in_short(self) -> InShort:
        lines = ("Answers", f"{self.answers[1]}, {self._judged}"), ("Gap", decimal(self.gap(self.after)))
        changed = ", ".join(map(str, self.changes)) or "nothing"
        return self.shortly(lines, f"row {self.row}, source row {self.source}; changed: {changed}")

    @property
    def hands(self) -> list[tuple[PatchRecord, str]]:
        return [
            (PatchRecord(site=str(one.site), name=self.called(one.site), words=one.words), self.toggled(one).url)
            for one in self.changes
        ]

    @property
    def cleared(self) -> str:
        return replace(self, changes=()).url

    def record(self) -> PatchedRecord:
        """Record of the state for JSON."""
        outputs = self.subject.outputs
        return PatchedRecord.showing(
            self,
            **self.place.record,
            verdict=self.title,
            changes=[one for one, _ in self.hands],
            before=dict(zip(outputs, self.before.logits[0].tolist(), strict=True)),
            after=dict(zip(outputs, self.after.logits[0].tolist(), strict=True)),
            explanations=self.asked,
        )

    # --- what algorithms say

    @cached_property
    def _placements(self) -> list[tuple[PlacedModel, SitePlacement]] | None:
        """Stored placements of algorithms that no other one stands for, those that are placed first, then the best;
        None where nobody asked.
        """
        report = stored_placements(self.session, self.place)
        if report is None:
            return None
        every = [(model, one) for model in report.distinct for one in model.placements]
        return sorted(every, key=lambda one: (not one[1].placed, -one[1].score.agreed / max(one[1].score.of, 1)))

    @cached_property
    def said(self) -> list[Said]:
        """Predictions of algorithms some of whose variables are on just what is exchanged, one of each algorithm and
        choice of variables; where none of them is placed, of some that come nearest.
        """
        exchanged = [one.site for one in self.changes if not one.written and one.site.name in self.before.values]
        if not self._placements or not exchanged or len(exchanged) < len(self.changes):
            return []
        inputs, happens = inputs_of(self.place.question), int(decided(self.after.logits)[0][0])
        both = Inputs(inputs.name, inputs.values[[self.row, self.source]])
        found = dict[tuple[str, tuple[str, ...]], Said]()
        placed = True
        for model, placement in self._placements:
            placed = placed and bool(placement.placed)
            if not placed and len(found) >= MOST_NEAR:
                break
            placing = {one.variable: tuple(map(self.read, one.sites.split())) for one in placement.places}
            read = read_causal_model(model.text)
            said, variables = predict_on_sites(read, both, placing, exchanged, self.before.values)
            if not variables or (model.id, variables) in found:
                continue
            ref = str(ExplanationRef("alignment", model.id, placement.id))
            url = self.links.explanation(self.place.slug, ref, self.place.scope)
            right = said.bit == happens if said.speaks else None
            record = AskedRecord(letter="", ref=ref, url=url, says=said.bit, reason=said.reason, right=right)
            standing = "" if placement.placed else f"; not placed, {placement.score.text} right"
            found[model.id, variables] = Said(
                record, called(model.text), f"its {', '.join(variables)}{standing}", Markup()
            )
        return [*found.values()]

    def offered(self) -> Iterator[Block]:
        """Sites that carry variables of placed algorithms; where there are none, why."""
        analysis = self.links.analysis(self.place.slug, ALGORITHMS, self.place.scope)
        if self._placements is None:
            if not self.place.question.kind.refuses("sites"):
                asks = f"What would an algorithm say of it? Nobody has asked [where any is placed]({analysis})."
                yield Prose(asks, glossary=False)
            return
        if self.changes and not self.said:
            yield Prose("No algorithm has its variables on just what is changed, so none predicts it.", glossary=False)
        carried, there = dict[str, dict[str, None]](), {str(one.site) for one in self.changes}
        placed = [place for _, one in self._placements if one.placed for place in one.places]
        for one in sorted(placed, key=lambda one: one.map != "coordinates"):
            each = one.sites.split()
            if there != {*each} and len(each) <= MAX_CHANGES and max(map(len, each)) <= MOST_LETTERS:
                carried.setdefault(one.sites, {})[one.variable] = None
        rows = list[tuple[Text, ...]]()
        for sites, variables in [*carried.items()][:MOST_OFFERED]:
            changes = tuple(Change(self.read(site), "") for site in sites.split())
            step = linked(
                with_hidden("Exchange", sites), replace(self, changes=changes, tool="").url, id=f"ask-{len(rows)}"
            )
            name = rounded(sites)
            rows.append(
                (name if len(name) <= _LONG else f"{name[: _LONG - 1]}…", ", ".join([*variables][:MOST_NEAR]), step)
            )
        if rows:
            yield Table.plain(("Sites", "Variables on them", "Step"), rows)
        elif not placed:
            yield Prose(f"No [algorithm]({analysis}) is placed in it.", glossary=False)

    # --- as a page

    def first(self) -> Action:
        return Action("Circuits", self.links.explanations(self.place.slug, self.place.scope), primary=True)

    @property
    def caption(self) -> str:
        tool = f"the number {number(float(self.tool[1:]))}" if self.tool[:1] == "v" else _TOOLS[self.tool]
        words = f"What you choose gets {tool}; choose it again to undo that. "
        if self.model is None:
            return f"{words}Numbers below nodes: their values under the changes." if self._numbers else words
        bars = "Bars: each head’s attention from the last position, under the changes"
        return f"{words}{bars}; a head that is replaced attends as before."

    @cached_property
    def _sites(self) -> dict[str, str]:
        """Node of the graph → the site whose change changes it."""
        there, found = self.before.values, dict[str, str]()
        names = {node.name for node in self.place.question.space.graph.nodes}
        for name, values in there.items():
            units = range(values.shape[2] if self.model is None and values.shape[2] > 1 else 0)
            for site in [name, *(f"{name}[{k}]" for k in units)]:
                if len(nodes := nodes_of(site, names)) == 1:
                    found[nodes[0]] = site if site == nodes[0] else found.get(nodes[0], site)
        return found

    @cached_property
    def _numbers(self) -> dict[str, str]:
        """Node of the graph → its value under the changes, where it has one."""
        if self.model is not None:
            return {}
        read = {node: self.read(site) for node, site in self._sites.items()}
        held = {node: site.of(self.after.values[site.name]) for node, site in read.items()}
        return {node: decimal(float(one[0, 0])) for node, one in held.items() if one.size == 1}

    def drawing(self, *, linked: bool) -> Markup:
        graph, looking = self.place.question.space.graph, None
        if self.model is not None:
            shares = {
                number: self.after.values[f"{node.name}.a"][0, -1].tolist()
                for number, node in enumerate(graph.nodes)
                if f"{node.name}.a" in self.after.values
            }
            looking = Looking(self.model.row_tokens(self.row), shares, self.answers[1])
        steps = dict(self._sites)
        if len(graph.nodes) + len(graph.edges) <= MOST_LINKS:
            steps |= {name: name for name in graph.edge_names if name in self.there}
        changed = {name for name, site in steps.items() if self._is_changed(site)}
        return graph_diagram(
            graph,
            title=self.words,
            looking=looking,
            steps={name: self._step(site) for name, site in steps.items()} if linked else None,
            changed=changed,
            values=self._numbers,
        )

    def _is_changed(self, site: str) -> bool:
        """Whether all of a site is changed."""
        held = {part for one in self.changes for part in one.site.parts(self.there[one.site.name])}
        return held.issuperset((read := self.read(site)).parts(self.there[read.name]))

    def _step(self, site: str) -> Step:
        """Step that a click on a site takes."""
        change = Change(self.read(site), self.tool)
        name, verb = self.called(change.site), change.words.capitalize() if self.tool else "Patch"
        there = any(one.site == change.site for one in self.changes)
        at = re.sub("[^a-z0-9]+", "-", site).strip("-")
        return Step(self.toggled(change).url, f"{name}: undo" if there else f"{verb}: {name}", f"at-{at}")

    def controls(self) -> Iterator[Choice | Ask]:
        kept = [*self.place.scope.query().items(), *(("change", str(one)) for one in self.changes)]
        rows = [("row", str(self.row)), ("source", str(self.source))]
        tool = [("tool", self.view["tool"])] if self.tool else []
        yield Ask("Show", [*kept, *tool], [self._rows("row"), self._rows("source")])
        tools = {words: replace(self, tool=tool).url for tool, words in _TOOLS.items()}
        tools |= {number(float(self.tool[1:])): self.url} if self.tool.startswith("v") else {}
        yield Choice("Write", tools, _TOOLS.get(self.tool) or [*tools][-1], id="write")
        value, error = self.wrong.get("tool", ("", ""))
        yield Ask("Set", [*kept, *rows], [Field("tool", "or the number", value, error, hint="-0.5")])
        value, error = self.wrong.get("site", ("", ""))
        named = [*self.before.values]
        hint = "2.0~3, x1, 2.0.q, 1.0-2.0.k" if self.model else f"{named[-1]}, {named[-1]}[0]"
        yield Ask("Change", [*kept, *tool, *rows], [Field("site", "Or by its address", value, error, hint=hint)])

    def _rows(self, name: str) -> Field:
        rows, chosen = self.subject.rows, self.row if name == "row" else self.source
        label = "Row" if name == "row" else "Source row"
        if len(rows) > MAX_CHOICES:
            return Field(name, f"{label}, one of {len(rows):,}", rows[chosen], hint=rows[0])
        return Field(name, label, str(chosen), options={"": {str(n): row for n, row in enumerate(rows)}})

    def outcome(self) -> Iterator[Block]:
        noun, output = ("Answer", "output") if self.model is None else ("Token", "logit")
        was = f"{decimal(self.gap(self.before))} with nothing changed" if self.changes else ""
        gap = Fact("Gap", decimal(self.gap(self.after)), was, f"the right {output} less the largest other")
        yield Facts([Fact("Answers", self.answers[1], self._judged), gap], id="does")
        cells = []
        for name, before, now in zip(self.subject.outputs, self.before.logits[0], self.after.logits[0], strict=True):
            more = [decimal(float(now)), decimal(float(now - before))] if self.changes else []
            cells.append([name, decimal(float(before)), *more])
        yield Table.plain([noun, output.capitalize(), *(["Changed", "By"] if self.changes else [])], cells)


def _giver(site: str) -> str:
    """The site itself, or of an edge the one that gives what it carries."""
    name, _, reader = site.partition("-")
    return "x0" if reader and name == "x" else name


def play_sites(session: Session, links: Addresses, place: AnyPlace, options: SiteOptions) -> SitesPlayed:
    """Read the state that an address names, after the step that it asks for.

    Raises:
        BadQuery: the task has no such row, or the network no such site; it leads to the page without it.
    """
    subject = place.question.subject
    row = _read_row(place, options.row, "row") if options.row else 0
    source = _read_row(place, options.source, "source") if options.source else partner_of(subject, row)
    played = SitesPlayed(session, links, place, row, source)
    if options.tool:
        try:
            played = replace(played, tool=_read_tool(options.tool.strip()))
        except InvalidIntervention as error:
            raise BadQuery(error.item, error.cause, error.cure, "tool", played.url, WITHOUT) from None
    for name, text in (
        *(("change", one) for one in options.change),
        *([("site", options.site)] if options.site else []),
    ):
        try:
            change = _read_change(played, text.strip(), played.tool if name == "site" else "")
        except InvalidIntervention as error:
            raise BadQuery(error.item, error.cause, error.cure, name, played.url, WITHOUT) from None
        there = [one for one in played.changes if one.site == change.site]
        if name == "site" or not there:
            played = played.toggled(change)
    return played


def _read_row(place: AnyPlace, text: str, name: str) -> int:
    """A row as pages write it, or by its number.

    Raises:
        BadQuery: the task has no such row.
    """
    rows: Sequence[str] = place.question.subject.rows
    words = " ".join(text.split())
    if words in rows:
        return rows.index(words)
    if not (words.isascii() and words.isdigit() and len(words) < 10):
        raise BadQuery(f"{name} {words[:60]!r}", "is no row of the task", f"write one such as {rows[0]}", name)
    check_row(int(words), len(rows))
    return int(words)


def _read_tool(text: str) -> str:
    if text in _TOOLS:
        return text
    value = read_number(text)
    if value is None:
        raise InvalidIntervention(f"tool {text[:40]!r}", "is no number", "write one such as -0.5, or zero or mean")
    return f"v{write_number(value)}"


def _read_change(played: SitesPlayed, text: str, usual: str) -> Change:
    found = _CHANGE.fullmatch(text)
    if found is None:
        raise InvalidIntervention(f"change {text[:40]!r}", "cannot be read", "write a site, or one with _zero or _mean")
    written = (found["written"] or usual).replace("source", "")  # as earlier addresses had it
    if written.startswith("v"):
        written = _read_tool(written[1:])
    return Change(played.read(found["site"]), written)
