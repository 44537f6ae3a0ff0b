"""The valid circuits of a model under one set of rules: one list as blocks, a record and a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuit_sets.backbone import backbone_words
from analysis.explanations.explanation import REF
from analysis.explanations.explanation import Frame as Stored
from analysis.models.common import backbone_of_bits
from analysis.models.judging import NONE, NOT_ASKED
from app.addressing import USUAL_RULES, Addresses
from app.db.models import CircuitSearch, stored_circuits
from app.errors import Conflict
from app.figures.numbers import exact, noun, readable
from app.figures.svg import graph_diagram, graph_thumb
from app.options import PageModel
from app.pages.models.views import ModelPlace, locate_model, rules_view, search_of
from pluriscope.blocks import Action, Block, Choice, Figure, Head, More, Notice, Prose, Section, Table, Tray
from pluriscope.frames import Coded, Frame, Part
from pluriscope.kinds.columns import NAME, URL
from pluriscope.kinds.columns import REF as REF_COLUMN
from pluriscope.old_options import translated
from pluriscope.records import ListRecord, facet_records, list_of, plain
from pluriscope.tables import AtHand, Column, Query, Row, Type, read_query

RULES: Final = "rules"
ID: Final = "list"
USUAL: Final = Query(sort="edges")
_TYPES: Final[dict[type, Type]] = {bool: "bool", int: "int", float: "float", str: "text"}


class ModelCircuitItem(PageModel):
    """One circuit to choose for a comparison."""

    mask: str
    url: str
    kept: list[bool] = Field(description="For each edge of the graph whether it is kept.")


@dataclass(frozen=True)
class ModelList:
    """What an address asks for.

    Args:
        session: open session.
        addresses: of the site.
        place: the model and the rules.
        search: what the search found; None where there was none.
        stored: the columns of its circuits; None likewise.
        options: of the list, without the rules.
    """

    session: Session
    addresses: Addresses
    place: ModelPlace
    search: CircuitSearch | None
    stored: Stored | None
    options: Mapping[str, Sequence[str]]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Of the list: the figures of the kind, and which edges or nodes are kept."""
        figures = (
            Column(
                *(one.name, one.label, one.meaning, _TYPES[one.dtype]),
                facet="any" if one.facet else "",
                largest_first=one.dtype is float,
            )
            for one in self.place.record.columns
        )
        cut = self.place.space.graph.cut
        meaning = f"{cut.capitalize()} that it keeps; ! before one: that it cuts."
        uses = Column("uses", "Keeps or cuts", meaning, "labels", facet="all", absence=True, shown=False)
        return (NAME, REF_COLUMN, URL, *figures, uses)

    @cached_property
    def query(self) -> Query:
        """Which circuits.

        Raises:
            InvalidOption: an option or a value that the list does not have.
        """
        return read_query(self.columns, translated(self.options), USUAL)

    @cached_property
    def frame(self) -> Frame:
        """All listed circuits."""
        stored, graph, place = self.stored or {REF: np.zeros(0, str)}, self.place.space.graph, self.place
        masks = np.array([int(text, 16) for text in stored[REF].tolist()], np.uint64)
        numbers: dict[str, Any] = {}
        coded: dict[str, Coded] = {}
        for one in place.record.columns:
            if one.name in stored and one.dtype is str:
                coded[one.name] = Coded.of(map(str, stored[one.name]))
            elif one.name in stored:
                numbers[one.name] = stored[one.name]

        def mask(at: int) -> str:
            return str(stored[REF][at])

        part = Part(
            *("circuit", "circuits", len(masks)),
            numbers=numbers,
            coded=coded,
            labels={
                "uses": {
                    name: (masks >> np.uint64(bit) & np.uint64(1)).astype(np.bool_)
                    for bit, name in enumerate(graph.bit_names)
                }
            },
            ref=mask,
            url=lambda at: self.addresses.circuit(place.slug, mask(at), place.scope),
            more=lambda at: {"name": mask(at), "mask": mask(at)},
            drawing=lambda at: graph_thumb(graph, kept_edges(place, mask(at)), title=mask(at)),
        )
        return Frame(self.columns, (part,))

    def url(self, query: Query) -> str:
        """The address of the list with another query."""
        place = self.place
        return self.addresses.circuits(place.slug, place.scope, **query.options(self.columns, USUAL))


def model_list(session: Session, addresses: Addresses, ref: str, options: Mapping[str, Sequence[str]]) -> ModelList:
    """What an address asks for.

    Raises:
        NotFound: no such model or rules.
    """
    rules = next(iter(options.get(RULES, ())), "")
    place = locate_model(session, addresses, ref, rules)
    rest = {name: values for name, values in options.items() if name != RULES}
    stored = stored_circuits(session, place.row.id, place.text, place.kind)
    return ModelList(session, addresses, place, search_of(session, place), stored, rest)


def kept_edges(place: ModelPlace, mask: str) -> list[bool]:
    """For each edge of the graph whether a circuit keeps it."""
    graph, number = place.space.graph, int(mask, 16)
    bits = np.array([number >> bit & 1 for bit in range(graph.n_bits)], dtype=np.bool_)
    kept: list[bool] = graph.kept_edges(bits[None])[0].tolist()
    return kept


def first_circuits(session: Session, addresses: Addresses, place: ModelPlace, limit: int) -> list[ModelCircuitItem]:
    """The circuits with the fewest edges."""
    found = model_list(session, addresses, place.row.slug, {RULES: [place.text]})
    rows = found.frame.select(replace(USUAL, limit=limit), facets=False).rows
    return [ModelCircuitItem(mask=row.ref, url=row.url, kept=kept_edges(place, row.ref)) for row in rows]


# --- as blocks


def blocks(found: ModelList) -> Iterator[Block]:
    """The page."""
    place, links = found.place, found.addresses
    rules = rules_view(place.row, place.kind, place.model, place.rules, found.search, links)
    others = [
        rules_view(place.row, place.kind, place.model, one, None, links)
        for one in place.kind.admitted_rules(place.model)
    ]
    sentence = "Not searched yet under these rules."
    if rules.valid is not None:
        sentence = f"{noun(rules.valid, 'valid circuit')} of {readable(rules.possible)} possible"
        short = rules.listed is not None and rules.listed < rules.valid
        sentence += f"; the {exact(rules.listed or 0)} with the fewest edges are listed." if short else "."
    actions: list[Action | Choice] = [
        Action("Most different, and a map", links.analysis(place.slug, "rivals", place.scope)),
        Action("Locate your own circuit", links.claim(place.slug, place.scope)),
        Action("What methods answer", links.analysis(place.slug, "methods", place.scope)),
    ]
    if len(others) > 1:
        actions.insert(0, Choice("Rules", {one.label: one.url for one in others}, rules.label))
    yield Head(f"Circuits of {place.row.name}", sentence, actions=actions)
    if found.stored is None:
        yield _unsearched(found, rules.too_large, exact(rules.possible))
        return
    yield from _backbone(found)
    yield from _apart(found)
    yield from _roles(found)
    files = {"CSV": links.model_circuits_csv(place.slug, place.scope, **found.query.options(found.columns, USUAL))}
    yield Table(
        found.frame,
        found.query,
        links.circuits(place.slug, USUAL_RULES),
        noun="circuit",
        usual=USUAL,
        thumb=lambda row: None if row.drawing is None else row.drawing(),
        tray=Tray(f"models/{place.slug}", links.compare(place.slug, (), place.scope)),
        files=files,
        kept=place.scope.query(),
        id=ID,
    )


def _unsearched(found: ModelList, too_large: str, possible: str) -> Notice:
    if too_large:
        cause = f"{too_large[:1].upper()}{too_large[1:]}."
        return Notice("Not searched", cause, "Use coarser rules or a smaller model.", state="refused")
    place = found.place
    url, fields = found.addresses.model_searches(place.slug), {RULES: place.text} if place.text else {}
    ask = Action(f"Search all {possible}", url, primary=True, changes=True, fields=fields)
    return Notice(
        "Not searched", "Nobody has searched the circuits of this model under these rules yet.", actions=[ask]
    )


def _backbone(found: ModelList) -> Iterator[Block]:
    """What all valid circuits have in common."""
    graph, search = found.place.space.graph, found.search
    common = None if search is None else backbone_of_bits(search.valid, dict(search.by_bits), search.bit_use)
    if common is None:
        return
    every, none = graph.bits([common.edges, common.never])
    named = (
        ", ".join(name for name, there in zip(graph.bit_labels, bits.tolist(), strict=True) if there) or "nothing"
        for bits in (every, none)
    )
    kept = graph.kept_edges(every[None])[0].tolist()

    def drawn() -> Iterable[Block]:
        yield Figure(graph_diagram(graph, kept, title="Backbone"), "In ink what every valid circuit keeps.")
        yield Prose("In every valid circuit: {}. In none: {}.".format(*named), glossary=False)

    yield More("Backbone", drawn, backbone_words(common, part=graph.cut[:-1]))


def _apart(found: ModelList) -> Iterator[Block]:
    """The two most different of the listed circuits."""
    search, place = found.search, found.place
    if search is None or search.apart is None:
        return
    first, second, is_exact = search.apart
    masks = place.space.graph.to_hex(first), place.space.graph.to_hex(second)
    both, either = (first & second).bit_count(), noun((first | second).bit_count(), place.space.graph.cut[:-1])
    url = found.addresses.compare(place.slug, masks, place.scope)
    among = "" if is_exact else " of those compared"
    words = f"Most different{among}: {masks[0]} and {masks[1]} share {both} of the {either} that one of them keeps."
    yield Prose(f"{words} [Side by side]({url})", glossary=False)


def _roles(found: ModelList) -> Iterator[Block]:
    """In how many of the listed circuits each node has each role, whatever filters are set."""
    graph, stored = found.place.space.graph, found.stored or {}
    nodes = [graph.nodes[number] for number in graph.removable if graph.nodes[number].looks]
    columns = [Column("node", "Node", "Of the graph.", "name", first=True)]
    values: dict[str, dict[str, Any]] = {node.name: {"node": node.label} for node in nodes} | {"": {"node": "no node"}}
    asked = 0
    for role in found.place.kind.roles:
        texts, counts = np.unique(stored[role.key], return_counts=True)
        by_text = dict(zip(texts.tolist(), counts.tolist(), strict=True))
        asked = sum(by_text.values()) - by_text.get(NOT_ASKED, 0)
        values[""][role.key] = (by_text.get(NONE, 0), "")
        for node in nodes:
            having = [text for text in by_text if node.name in text.split(", ")]
            url = found.url(USUAL.but(role.key, *having)) if having else ""
            values[node.name][role.key] = (sum(by_text[text] for text in having), url)
        columns.append(Column(role.key, role.label, role.meaning, "text", show=_linked(role.key)))
    if asked:
        yield Section("Who does what in each circuit", f"in {noun(asked, 'listed circuit')}, each on its own run")
        listing = AtHand(tuple(columns), [Row(row) for row in values.values()])
        yield Table(listing, Query(limit=len(values)), found.url(USUAL), noun="node", facets=False)


def _linked(key: str) -> Callable[[Row], Markup | str]:
    """A cell that says how many circuits, and leads to them."""

    def shown(row: Row) -> Markup | str:
        n, url = row[key]
        return Markup('<a href="{}">{}</a>').format(url, exact(n)) if url else exact(n)

    return shown


# --- for scripts


def record(found: ModelList) -> ListRecord:
    """One page of the list as JSON has it."""
    schema = list_of((("circuit", found.columns),))
    if found.stored is None:
        return schema(items=[], total=0, of=0, lines=0, facets=[], next=None, state="not_asked")
    selection = found.frame.select(found.query)
    end = found.query.start + len(selection.rows)
    following = found.addresses.twin(found.url(replace(found.query, start=end)))
    return schema(
        items=plain(selection),
        total=selection.total,
        of=selection.of,
        lines=selection.lines,
        facets=facet_records(selection.facets),
        next=following if selection.lines > end else None,
    )


def table(found: ModelList) -> Table:
    """The whole list as a file has it.

    Raises:
        Conflict: its circuits were not searched.
    """
    slug = found.place.row.slug
    if found.stored is None:
        parent = found.addresses.model(slug)
        raise Conflict(f"circuits of {slug}", "are not searched yet", "search them first", RULES, parent)
    return Table(found.frame, replace(found.query, start=0), found.addresses.circuits(slug, found.place.scope))
