"""Play on a network of any kind: one row of its task, with anything that it computes exchanged with another row or set,
and which explanations said what comes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import cached_property
from typing import Final

from markupsafe import Markup

from pluriscope.addresses.naming import LEAST, LETTERS, Scope
from pluriscope.analyses.registry import of_kind
from pluriscope.analysis.placements.interchange import Place as SitePlace
from pluriscope.analysis.questions.decisions import FRAGILE_MARGIN
from pluriscope.analysis.sandbox.intervention import MAX_CHANGES
from pluriscope.analysis.sandbox.running import Bench
from pluriscope.analysis.subjects.sites import Run, giver_of
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.app.db.listing import ALGORITHMS
from pluriscope.app.db.tables import NetworkRow
from pluriscope.app.pages.page import DRAWING, files_of, sharing
from pluriscope.app.pages.play.changes import Change, number
from pluriscope.app.pages.play.trial import Trial
from pluriscope.app.pages.plugged import blocks_on
from pluriscope.app.pages.shared import finite
from pluriscope.app.pages.sharing.share import InShort, Shared
from pluriscope.figures.numbers import decimal, exact, noun
from pluriscope.figures.svg.elements import Step, twice
from pluriscope.figures.svg.graphs import Looking, graph_diagram
from pluriscope.figures.svg.vessels import NARROW, WIDE, Geometry, Vessels, full_at
from pluriscope.kinds.interpretations import boxed
from pluriscope.kinds.placements import nodes_of, rounded, site_words
from pluriscope.page_kit.blocks import Action, Block, Choice, Fact, Facts, Figure, Head, Prose, Table, Text
from pluriscope.page_kit.played import Ask, Field, Play
from pluriscope.page_kit.templating import linked
from pluriscope.views.records import AskedRecord, HandRecord, PlayRecord, RunRecord

MAX_LETTERS: Final = 2000
"""Of a change in an address."""
TOOLS: Final = {"": "the source row’s values", "zero": "zero", "mean": "the mean"}
"""What is written where something is chosen, by its name in addresses; a number aside."""
_MOST_CHOICES: Final = 64  # rows of a task up to which a page lists them, and their letters up to which as links
_MOST_LINKS: Final = 200  # nodes and edges up to which edges are links in the drawing, too, and nodes alone
_MOST_OFFERED: Final = 6  # sets of sites
_MOST_NAMED: Final = 3  # variables on one set of sites
_MOST_SAID: Final = 12  # predictions that nobody asked for
_LONG: Final = 28  # letters of sites in a table
_IN_WORDS: Final = {"best": "the best", "worst": "the worst"}


@dataclass(frozen=True, eq=False)
class Played(Trial, Shared):
    """The page of a run that is changed by hand.

    Args:
        wrong: field of a form → what was written there and cannot be read, and why.
    """

    _: KW_ONLY
    wrong: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def about(self) -> tuple[NetworkRow, Scope]:
        return self.place.row, self.place.scope

    @property
    def url(self) -> str:
        return self.at()

    @property
    def asked(self) -> list[AskedRecord]:
        """Record of each prediction."""
        return [one.record for one in self.said]

    @property
    def _judged(self) -> str:
        return "correct" if self.stage.margin(self.after, self.row) > 0 else "incorrect"

    # --- in words

    @cached_property
    def _labels(self) -> dict[str, str]:
        """Names for people of what the graph has: of the sites of nodes, of nodes and of edges."""
        graph = self.place.question.graph
        labels = {node.name: node.label for node in graph.nodes}
        found = {site: labels[node] for node, site in self._sites.items() if labels[node] != node}
        for name, edge in zip(graph.edge_names, graph.edges, strict=True):
            ends = " → ".join(graph.nodes[end].label for end in (edge.source, edge.target))
            found[name] = f"{ends} {edge.slot}".rstrip()
        return labels | found

    def answer(self, number: int) -> str:
        """Name of an answer."""
        names = self.stage.classes
        return "nothing" if number < 0 else names[number] if number < len(names) else f"{number}"

    def called(self, site: SitePlace) -> str:
        """A site for people: n1.0, A → n1.0, head 2.0 q, unit 0 of the state after step 1."""
        if str(site) in self._labels:
            return self._labels[str(site)]
        of, _, slot = site.name.rpartition(".")
        words = self._labels.get(site.name) or (f"{self._labels[of]} {slot}" if of in self._labels else "")
        if not words or str(site).partition("~")[0] != site.name:
            return site_words(self.place.question, str(site))
        return words if site.at is None else f"{words} at token {site.at + 1}"

    @property
    def words(self) -> str:
        """Words for what is run and changed."""
        rows = self.stage.rows
        changes = "; ".join(f"{self.called(one.site)} {one.words(rows)}" for one in self.changes)
        source = f", the source row is {rows[self.source]}" if any(not one.written for one in self.changes) else ""
        return f"{rows[self.row]} with {changes}{source}" if changes else rows[self.row]

    @cached_property
    def title(self) -> str:
        """Title of what the changes do to the answer, and of those that somebody chose and that are right."""
        before, after = self.answer(self.stage.decided(self.before)), self.answer(self.happens)
        title = f"The answer stays {after}" if before == after else f"The answer turns from {before} to {after}"
        title, named = title if self.changes else f"It answers {after}", [one for one in self.asked if one.letter]
        if any(one.right is not None for one in named):
            right = [_IN_WORDS.get(one.letter, one.letter) for one in named if one.right]
            title += f": {' and '.join(right) or 'none'} {'is' if len(right) < LEAST else 'are'} right"
        return title

    @property
    def in_short(self) -> InShort:
        judged = {None: "", True: ", correct", False: ", incorrect"}
        lines = [("Answers", f"{self.answer(self.happens)}, {self._judged}"), ("Gap", self._gap(self.after))]
        for one in (one for one in self.asked if one.letter):
            says = f"predicts {self.answer(one.says)}" if one.says >= 0 else "makes no prediction"
            lines.append((one.letter, says + judged[one.right]))
        changed = ", ".join(map(str, self.changes)) or "nothing"
        identity = f"row {self.row}, source row {self.source}; changed: {changed}"
        identity += f"; asked: {', '.join(self.refs)}" if self.refs else ""
        title = f"{self.place.row.name} on {self.words}"
        return InShort("Intervention by hand", title, tuple(lines), identity, self.place.cited)

    def _gap(self, run: Run) -> str:
        margin = self.stage.margin(run, self.row)
        return f"{decimal(margin)}{', fragile' if abs(margin) < FRAGILE_MARGIN else ''}"

    # --- as a record

    @cached_property
    def hands(self) -> list[HandRecord]:
        """Records of the changes."""
        found = list[HandRecord]()
        for one in self.changes:
            giver = giver_of(one.site.name, self.before.values)
            site = SitePlace(giver.name, one.site.at, giver.coordinates or one.site.coordinates, one.site.directions)
            before, value = (site.of(values) for values in (self.before.values[giver.name], self.written(one)))
            of_one = (float(before[0, 0]), float(value[0, 0])) if before.size == 1 else (None, None)
            name, words = self.called(one.site), one.words(self.stage.rows)
            found.append(HandRecord(site=str(one.site), name=name, words=words, before=of_one[0], value=of_one[1]))
        return found

    def _run(self, run: Run) -> RunRecord:
        labels = {node.name: node.label for node in self.place.question.graph.nodes}
        values = {labels[node]: finite(value) for node, value in self._numbers(run).items()}
        values |= {name: finite(float(one)) for name, one in zip(self.stage.outputs, run.logits[0], strict=True)}
        margin = finite(self.stage.margin(run, self.row))
        return RunRecord(values=values, gives=self.stage.decided(run), margin=margin)

    def record(self) -> PlayRecord:
        """Record of the state for JSON."""
        return PlayRecord.showing(
            self,
            **self.place.record,
            verdict=self.title,
            changes=self.hands,
            wants=int(self.stage.answers[self.row]),
            before=self._run(self.before),
            after=self._run(self.after),
            explanations=self.asked,
        )

    # --- what explanations say

    def _offered(self) -> Iterator[Block]:
        """Explanations that stand out and are not asked yet, else where some are chosen; and sites that carry variables
        of placed algorithms, or why there are none.
        """
        rows, taken = list[tuple[Text, ...]](), {*self.refs, *(one.letter for one in self.asked)}
        for ref, one in self.prominent.items():
            if len(self.refs) < len(LETTERS) and not taken & {ref, one.mark}:
                step = linked("Ask", self.at(refs=[*self.refs, ref]), id=f"ask-{len(rows)}")
                rows.append((boxed([one.mark]) + one.why, f"{exact(one.right)} of {exact(one.of)}", step))
        if rows:
            yield Table.plain(("What does it predict?", "Right on", "Step"), rows)
        elif not self.explanations:
            asks = "What do explanations say of it? Choose some in the list and compare them; Compare leads here."
            yield Prose(asks, glossary=False)
        if self.place.question.refuses("sites"):
            return
        analysis = self.links.analysis(self.place.slug, ALGORITHMS, self.place.scope)
        if self.placements is None:
            finite = "" if self.place.question.refuses("formulas") else " with finite variables"
            asks = f"What would an algorithm{finite} say of it? Nobody has asked [where any is placed]({analysis})."
            yield Prose(asks, glossary=False)
            return
        if self.changes and not self.said:
            yield Prose("No algorithm has its variables on just what is changed, so none predicts it.", glossary=False)
        carried, there = dict[str, dict[str, None]](), {str(one.site) for one in self.changes}
        placed = [place for _, one in self.placements if one.placed for place in one.places]
        for place in sorted(placed, key=lambda one: one.map != "coordinates"):
            each = place.sites.split()
            if there != {*each} and len(each) <= MAX_CHANGES and max(map(len, each)) <= MAX_LETTERS:
                carried.setdefault(place.sites, {})[place.variable] = None
        rows = []
        for sites, variables in [*carried.items()][:_MOST_OFFERED]:
            changes = [Change(self.read(site)) for site in sites.split()]
            step = linked(_hidden("Exchange", sites), self.at(changes=changes, tool=""), id=f"exchange-{len(rows)}")
            name = rounded(sites)
            name = name if len(name) <= _LONG else f"{name[: _LONG - 1]}…"
            rows.append((name, ", ".join([*variables][:_MOST_NAMED]), step))
        if rows:
            yield Table.plain(("Sites", "Variables on them", "Step"), rows)
        elif not placed:
            yield Prose(f"No [algorithm]({analysis}) is placed in it.", glossary=False)

    # --- as a drawing

    @property
    def _model(self) -> AttentionModel | None:
        """The network if it is a transformer."""
        return self.stage.network if isinstance(self.stage.network, AttentionModel) else None

    @cached_property
    def _sites(self) -> dict[str, str]:
        """Node of the graph → the site whose change changes it."""
        found, names = dict[str, str](), {node.name for node in self.place.question.graph.nodes}
        for name, values in self.before.values.items():
            units = range(values.shape[2] if self._model is None and values.shape[2] > 1 else 0)
            for site in [name, *(f"{name}[{k}]" for k in units)]:
                if len(nodes := nodes_of(site, names)) == 1:
                    found[nodes[0]] = site if site == nodes[0] else found.get(nodes[0], site)
        return found

    def _numbers(self, run: Run) -> dict[str, float]:
        """Node of the graph → its value in a run, where it has one."""
        if self._model is not None:
            return {}
        read = {node: self.read(site) for node, site in self._sites.items()}
        held = {node: site.of(run.values[site.name]) for node, site in read.items()}
        return {node: float(one[0, 0]) for node, one in held.items() if one.size == 1}

    def drawn(self, name: str) -> Markup | None:
        return self._drawing(linked=False) if name == DRAWING else None

    def _drawing(self, *, linked: bool) -> Markup:
        """The network while it runs, with links on what can be chosen or without."""
        graph, parts = self.place.question.graph, dict(self._sites)
        if len(graph.nodes) + len(graph.edges) <= _MOST_LINKS:
            parts |= {name: name for name in graph.edge_names if name in self.stage.there}
        changed = {name: one for name, site in parts.items() if (one := self._changing(site)) is not None}
        parts = parts if linked and len(parts) <= _MOST_LINKS else {}
        if isinstance(self.stage.network, Bench):
            wide, narrow = (self._vessels(one, parts, changed) for one in (WIDE, NARROW))
            return twice(wide, narrow) if linked else wide
        looking = None
        if self._model is not None:
            shares = {
                number: self.after.values[f"{node.name}.a"][0, -1].tolist()
                for number, node in enumerate(graph.nodes)
                if f"{node.name}.a" in self.after.values
            }
            looking = Looking(self._model.row_tokens(self.row), shares, self.answer(self.happens))
        return graph_diagram(
            graph,
            title=self.words,
            looking=looking,
            steps={name: self._step(site, "at") for name, site in parts.items()},
            changed=changed,
            values={node: decimal(value) for node, value in self._numbers(self.after).items()},
        )

    def _vessels(self, geometry: Geometry, parts: Mapping[str, str], changed: Mapping[str, Change]) -> Markup:
        """A perceptron with one output."""
        bench, graph, rows = self.stage.network, self.place.question.graph, self.stage.rows
        assert isinstance(bench, Bench)  # noqa: S101
        ends: list[tuple[int, ...]] = [(node.layer, int(re.split("[.xy]", node.name)[-1])) for node in graph.nodes]
        at = {node.name: end for node, end in zip(graph.nodes, ends, strict=True)}
        for name, edge in zip(graph.edge_names, graph.edges, strict=True):
            at[name] = (*ends[edge.target], ends[edge.source][1])
        signs = {at[name]: one.signs(rows, self.source) for name, one in changed.items()}
        given = {at[name]: float(self.written(one)[0, 0, at[name][-1]]) for name, one in changed.items()}
        was, values = (
            [*(layer[0, 0].tolist() for layer in one.values.values()), one.logits[0].tolist()]
            for one in (self.before, self.after)
        )
        return Vessels(
            bench.network.weights,
            [[finite(value) for value in layer] for layer in values],
            full_at(bench.clean),
            geometry,
            sentence=f"The network on {self.words}" + (": choose what to change" if parts else ""),
            forced={(site[0], site[1]): words for site, words in signs.items() if not site[2:]},
            written={(site[0], site[1], site[2]): (words, given[site]) for site, words in signs.items() if site[2:]},
            named=True,
            was=[[finite(value) for value in layer] for layer in was],
            steps={at[name]: self._step(site, "on" if geometry is NARROW else "at") for name, site in parts.items()},
        ).drawn()

    def _changing(self, site: str) -> Change | None:
        """The last change of all of a site; None where not all of it is changed."""
        read = self.read(site)
        wanted, found = {*read.parts(self.stage.there[read.name])}, None
        for one in self.changes:
            parts = {*one.site.parts(self.stage.there[one.site.name])}
            found = one if parts & wanted else found
            wanted -= parts
        return None if wanted else found

    def _step(self, site: str, prefix: str) -> Step:
        """Step that a click on a site takes."""
        change = Change(self.read(site), self.tool)
        verb = change.words(self.stage.rows).capitalize() if self.tool else "Patch"
        there = any(one.site == change.site for one in self.changes)
        name, at = self.called(change.site), re.sub("[^a-z0-9]+", "-", site).strip("-")
        words = f"{name}: undo" if there else f"{verb}: {name}"
        return Step(self.at(changes=self.toggled(change)), words, f"{prefix}-{at}")

    # --- as a page

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        links, place = self.links, self.place
        first = Action("Choose explanations", links.explanations(place.slug, place.scope), primary=True)
        if len(self.refs) >= LEAST:
            first = Action("Compare", links.compare(place.slug, self.refs, place.scope), primary=True)
        further = (one for one in of_kind(place.question.kind) if one.after_play)
        actions = [
            first,
            *(Action(one.after_play, links.analysis(place.slug, one.key, place.scope)) for one in further),
        ]
        if self.changes:
            actions.append(Action("Reset", self.at(changes=())))
        figure = Figure(self._drawing(linked=True), self._caption, files_of(links, self.url), id=DRAWING)
        outcome = [*self._outcome(), *self._predictions(), *self._offered(), *self._undone()]
        wants = f"{self.words}. The task wants {self.answer(int(self.stage.answers[self.row]))}."
        return (
            Head(self.title, wants, actions=[*actions, sharing(links, self.url)]),
            Play(url=links.play(place.slug), controls=list(self._controls()), figure=figure, outcome=outcome),
            *blocks_on("play", self.session, links, place),
        )

    @property
    def _caption(self) -> str:
        tool = f"the number {number(float(self.tool[1:]))}" if self.tool[:1] == "v" else TOOLS[self.tool]
        words = f"What you choose gets {tool}; choose it again to undo that. "
        if isinstance(self.stage.network, Bench):
            return f"{words}Levels are values; negative ones hang from the top."
        if self._model is None:
            return (
                f"{words}Numbers below nodes: their values under the changes." if self._numbers(self.after) else words
            )
        bars = "Bars: each head’s attention from the last position, under the changes"
        return f"{words}{bars}; a head that is replaced attends as before."

    def _controls(self) -> Iterator[Choice | Ask]:
        """Controls of what is run, and what is done to what is chosen."""
        rows = self.stage.rows
        kept = [*self.place.scope.query().items(), *(("e", ref) for ref in self.refs)]
        kept += [("change", str(one)) for one in self.changes]
        both, tool = [("row", str(self.row)), ("source", str(self.source))], [("tool", self.tool.removeprefix("v"))]
        named = {"row": ("Row", self.row), "source": ("Source row", self.source)}
        if 1 < len({*rows}) == len(rows) and sum(map(len, rows)) <= _MOST_CHOICES:
            for name, (label, chosen) in named.items():
                urls = {text: self.at(**{name: at}) for at, text in enumerate(rows)}
                yield Choice(label, urls, rows[chosen], id=name)
        else:
            fields = [self._rows(name, *one) for name, one in named.items()]
            yield Ask("Show", [*kept, *(tool if self.tool else [])], fields)
        tools = {words: self.at(tool=tool) for tool, words in TOOLS.items()}
        tools |= {number(float(self.tool[1:])): self.url} if self.tool.startswith("v") else {}
        yield Choice("Write", tools, TOOLS.get(self.tool) or [*tools][-1], id="write")
        value, error = self.wrong.get("tool", ("", ""))
        yield Ask("Set", [*kept, *both], [Field("tool", "or the number", value, error, hint="-0.5")])
        value, error = self.wrong.get("site", ("", ""))
        name = [*self.before.values][-1]
        hint = ", ".join([name, f"{name}[0]", *self.stage.edges[-1:]])
        field = Field("site", "Or by its address", value, error, hint=hint)
        yield Ask("Change", [*kept, *(tool if self.tool else []), *both], [field])

    def _rows(self, name: str, label: str, chosen: int) -> Field:
        rows = self.stage.rows
        if len(rows) > _MOST_CHOICES:
            text = rows[chosen] if rows.index(rows[chosen]) == chosen else str(chosen)
            return Field(name, f"{label}, one of {len(rows):,}", text, hint=rows[0])
        return Field(name, label, str(chosen), options={"": {str(n): row for n, row in enumerate(rows)}})

    def _outcome(self) -> Iterator[Block]:
        """What the network does under the changes."""
        one, digits = self.stage.decision.each, 4 if self.stage.decision.each else 2
        nouns = ("Output", "value") if one else ("Token", "logit") if self._model else ("Answer", "output")
        was = f"{self._gap(self.before)} with nothing changed" if self.changes else ""
        means = f"how far the output is from {self.stage.decision.edge:g}" if one else ""
        gap = Fact("Gap", self._gap(self.after), was, means or f"the right {nouns[1]} less the largest other")
        yield Facts([Fact("Answers", self.answer(self.happens), self._judged), gap], id="does")
        cells = []
        for name, before, now in zip(self.stage.outputs, self.before.logits[0], self.after.logits[0], strict=True):
            more = [decimal(float(now), digits), decimal(float(now - before), digits)] if self.changes else []
            cells.append([name, decimal(float(before), digits), *more])
        yield Table.plain([nouns[0], nouns[1].capitalize(), *(["Changed", "By"] if self.changes else [])], cells)

    def _undone(self) -> Iterator[Block]:
        """Table of what is changed, each with the way to undo it."""
        rows = list[tuple[Text, ...]]()
        for change, one in zip(self.changes, self.hands, strict=True):
            step = linked(_hidden("Undo", one.name), self.at(changes=self.toggled(change)), id=f"undo-{len(rows)}")
            rows.append((one.name, one.words, step))
        if rows:
            yield Table.plain(["Changed", "How", "Step"], rows)

    def _predictions(self) -> Iterator[Block]:
        """Table of what each explanation predicts."""
        rows = list[tuple[Text, ...]]()
        chosen = [one for one in self.said if one.record.letter]
        others = [one for one in self.said if not one.record.letter]
        for one in [*chosen, *others[:_MOST_SAID]]:
            record, step = one.record, Markup()
            key = Markup('<b class="key">{}</b> ').format(record.letter) if record.letter else Markup()
            says: Text = "no prediction" if record.says < 0 else self.answer(record.says)
            if record.right is False:
                says = Markup('<s>{}</s><span class="vh"> wrong</span>').format(says)
            right = {None: "", True: "right", False: "wrong"}[record.right]
            if record.letter:
                left = [ref for ref in self.refs if ref != record.ref]
                step = linked(_hidden("Remove", record.letter), self.at(refs=left), id=f"drop-{record.letter}")
            elif len(self.refs) < len(LETTERS):
                step = linked(
                    _hidden("Ask", record.ref), self.at(refs=[*self.refs, record.ref]), id=f"also-{len(rows)}"
                )
            rows.append((key + linked(one.name, record.url), record.reason or one.which, says, right, step))
        if rows:
            yield replace(Table.plain(("Explanation", "Which", "Says", "Outcome", "Step"), rows), id="asked")
        if rest := others[_MOST_SAID:]:
            n_right = sum(one.record.right is True for one in rest)
            yield Prose(f"{noun(len(rest), 'more algorithm')} on these sites: {exact(n_right)} right.", glossary=False)


def _hidden(words: str, of: str) -> Markup:
    """Words of a link, with what they are about for those who cannot see where it stands."""
    return Markup('{}<span class="vh"> {}</span>').format(words, of)
