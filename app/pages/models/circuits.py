"""The valid circuits of a model under one set of rules: filtered, sorted, page after page, and as CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuit_sets.backbone import backbone_words
from analysis.explanations.explanation import REF, VALID
from analysis.models.circuits import MODEL_CIRCUIT
from analysis.models.common import backbone_of_bits
from analysis.models.judging import NONE, NOT_ASKED
from analysis.networks.circuit import EdgeLayout
from app.addressing import USUAL_RULES, Addresses
from app.db.models import CircuitSearch, stored_circuits
from app.db.reads.explanation_shelves import FrameShelf, Kind
from app.errors import BadQuery, Conflict
from app.listing.csv import csv_lines
from app.listing.facets import FacetView, columns_of, figure_conditions, figure_facets
from app.listing.page import Browsed, bad_cursor, browsed, order_name, read_cursor, read_number, write_cursor
from app.listing.scan import (
    ColumnTest,
    Condition,
    Cursor,
    Facets,
    Found,
    Order,
    column_test,
    find,
    written_figure,
)
from app.options import PageModel
from app.pages.circuits import HEX_DIGITS, choice_of, part_conditions
from app.pages.explanation_facets import PartCount
from app.pages.explanation_items import FigureView, figures_of
from app.pages.models.views import (
    ModelPlace,
    RulesOptions,
    RulesView,
    UnderRules,
    locate_model,
    rules_view,
    search_of,
    under_rules,
)

KIND: Final = MODEL_CIRCUIT.key
BITS: Final = "bits"
DEFAULT_LIMIT: Final = 50
MAX_ROWS: Final = 100_000
SORTS: Final = ("mask", *(column.name for column in MODEL_CIRCUIT.columns if column.dtype in (int, float)))
_WHOLE: Final = frozenset(column.name for column in MODEL_CIRCUIT.columns if column.dtype is int)
SORT_LABELS: Final = {"mask": "Circuit", **{one.name: one.label for one in MODEL_CIRCUIT.columns if one.name in SORTS}}
if TYPE_CHECKING:
    SortKey = str
else:  # the schema names them
    SortKey = Literal[SORTS]


class ModelCircuitsOptions(RulesOptions):
    """Options of the list of a model's circuits."""

    figure: list[str] = Field(
        [],
        max_length=32,
        description="Only circuits with such a figure, as `column=value`; of several values of one column any.",
    )
    keep: list[str] = Field([], max_length=64, description="Edges (x-1.0.q, 1.0-logits), or nodes, that must be kept.")
    drop: list[str] = Field([], max_length=64, description="Edges or nodes that must be cut.")
    sort: SortKey = Field("edges", description="What the list is sorted by; ties by mask.")
    order: Literal["asc", "desc"] = Field("asc", description="Direction of the order.")
    after: str = Field("", max_length=2000, description="Cursor: where the page before ended.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200, description="Circuits on a page.")


class ModelCircuitItem(PageModel):
    """One circuit of the list."""

    mask: str
    url: str
    bits: list[str] = Field(description="What it keeps: edges, or nodes where masks name nodes.")
    kept: list[bool] = Field(description="For each edge of the graph whether it is kept.")
    figures: list[FigureView]


class RoleCount(PageModel):
    """In how many circuits one node has a role."""

    node: str
    label: str
    n: int
    url: str = Field(description="The list of these; empty where there are none.")


class RoleView(PageModel):
    """A role that nodes may have in a circuit."""

    key: str
    label: str
    meaning: str
    nodes: list[RoleCount]
    without: int = Field(description="Circuits in which no node has it.")
    asked: int = Field(description="Listed circuits in which roles were looked for.")


class ApartView(PageModel):
    """The two most different of the listed circuits."""

    masks: tuple[str, str]
    shared: int = Field(description="Edges, or nodes, that both keep.")
    either: int = Field(description="Those that one of them keeps; their quotient is Jaccard's index.")
    exact: bool = Field(description="Whether no listed pair is more different; else it is the best one found.")
    url: str = Field(description="Both side by side.")


class ModelCircuitsPage(Browsed, UnderRules):
    """The valid circuits of a model under one set of rules."""

    other_rules: list[RulesView] = Field(description="All that fit the model, these among them.")
    total: int = Field(description="Listed circuits that pass all filters; exact.")
    items: list[ModelCircuitItem]
    backbone: str = Field(
        description="What all valid circuits have in common, in a sentence; empty where none is valid."
    )
    in_all: list[str] = Field(description="Edges, or nodes, that every valid circuit keeps.")
    in_none: list[str] = Field(description="Those that no valid circuit keeps.")
    kept_by_all: list[bool] = Field(description="For each edge of the graph whether it is one of those, or between.")
    apart: ApartView | None = Field(description="The most different pair; null of fewer than two circuits.")
    roles: list[RoleView] = Field(description="Which nodes have which roles; empty where the kind knows none.")
    facets: list[FacetView]
    parts: list[PartCount] = Field(description="Edges, or nodes, and how many of the circuits that pass keep each.")
    csv_url: str
    compare_url: str
    search_url: str
    action: str


def build_model_circuits(
    session: Session, addresses: Addresses, ref: str, options: ModelCircuitsOptions
) -> ModelCircuitsPage:
    """The list that an address names.

    Raises:
        NotFound: no such model or rules.
        BadQuery: a figure, edge or node that is not there, or a foreign cursor.
    """
    place = locate_model(session, addresses, ref, options.rules)
    search, slug, scope = search_of(session, place), place.slug, place.scope
    conditions = _conditions(place, options)
    shelf = _shelf(session, place)
    found = _found(place, shelf, conditions, options, options.limit)
    items = [] if shelf is None else [item_at(place, shelf, at, addresses) for _, at in found.items]
    following = _cursor(shelf, found, options) if found.more and shelf is not None else None

    to = partial(addresses.circuits, slug, scope)

    def url(**changes: Any) -> str:
        return to(**options.view_of(**changes))

    return ModelCircuitsPage(
        **under_rules(session, place, addresses),
        other_rules=[
            rules_view(place.row, place.kind, place.model, rules, None, addresses)
            for rules in place.kind.admitted_rules(place.model)
        ],
        total=found.total,
        items=items,
        **_backbone(place, search),
        apart=_apart(place, search, addresses),
        roles=[] if shelf is None else _roles(place, shelf, url),
        facets=[] if shelf is None else figure_facets(options.figure, columns_of(place.record), found.facets, url),
        parts=[] if shelf is None else _parts(place, shelf, found, options),
        **browsed(options, to, following, SORT_LABELS, conditions),
        csv_url=addresses.model_circuits_csv(slug, scope, **options.view_of(limit=DEFAULT_LIMIT)),
        compare_url=addresses.compare(slug, (), scope),
        search_url=addresses.model_searches(slug),
        action=addresses.circuits(slug, USUAL_RULES),
    )


def _backbone(place: ModelPlace, search: CircuitSearch | None) -> dict[str, Any]:
    """The fields about what all valid circuits have in common."""
    graph = place.space.graph
    found = None if search is None else backbone_of_bits(search.valid, dict(search.by_bits), search.bit_use)
    every, none = graph.bits([0, 0]) if found is None else graph.bits([found.edges, found.never])
    return {
        "backbone": "" if found is None else backbone_words(found, part=graph.cut[:-1]),
        "in_all": [name for name, there in zip(graph.bit_labels, every.tolist(), strict=True) if there],
        "in_none": [name for name, there in zip(graph.bit_labels, none.tolist(), strict=True) if there],
        "kept_by_all": graph.kept_edges(every[None])[0].tolist(),
    }


def _apart(place: ModelPlace, search: CircuitSearch | None, addresses: Addresses) -> ApartView | None:
    if search is None or search.apart is None:
        return None
    first, second, exact = search.apart
    masks = place.space.graph.to_hex(first), place.space.graph.to_hex(second)
    return ApartView(
        masks=masks,
        shared=(first & second).bit_count(),
        either=(first | second).bit_count(),
        exact=exact,
        url=addresses.compare(place.slug, masks, place.scope),
    )


def build_model_circuits_csv(session: Session, addresses: Addresses, ref: str, options: ModelCircuitsOptions) -> str:
    """The same list as comma-separated values, all of it.

    Raises:
        NotFound: no such model or rules.
        BadQuery: as the page.
        Conflict: its circuits were not searched.
    """
    place = locate_model(session, addresses, ref, options.rules)
    shelf = _shelf(session, place)
    if shelf is None:
        raise Conflict(
            f"circuits of {place.row.slug}",
            "are not searched yet",
            "search them first",
            "rules",
            addresses.model(place.row.slug),
        )
    found = _found(place, shelf, _conditions(place, options), options, MAX_ROWS)
    about = (
        ("Circuits of", place.row.name),
        ("Digest", place.row.digest),
        *place.rules.items(),
        ("Bits of a mask, the least first", ", ".join(place.space.graph.bit_names)),
    )
    names = [column.name for column in place.record.columns]
    columns = [shelf.columns[name] for name in names]
    rows = (
        [shelf.identity(at), *(written_figure(one) if isinstance(one, bool) else one for one in figures)]
        for _, at in found.items
        for figures in [[column[at].item() for column in columns]]
    )
    return "".join(csv_lines((f"{label}: {value}" for label, value in about), ("mask", *names), rows))


def item_at(place: ModelPlace, shelf: FrameShelf, at: int, addresses: Addresses) -> ModelCircuitItem:
    """One line of the list."""
    graph = place.space.graph
    number = int(shelf.columns[BITS][at])
    bits = np.array([number >> bit & 1 for bit in range(graph.n_bits)], dtype=np.bool_)
    mask = shelf.identity(at)
    return ModelCircuitItem(
        mask=mask,
        url=addresses.circuit(place.slug, mask, place.scope),
        bits=[name for name, kept in zip(graph.bit_names, bits.tolist(), strict=True) if kept],
        kept=graph.kept_edges(bits[None])[0].tolist(),
        figures=figures_of(
            place.record, {one.name: shelf.columns[one.name][at].item() for one in place.record.columns}
        ),
    )


def _shelf(session: Session, place: ModelPlace) -> FrameShelf | None:
    frame = stored_circuits(session, place.row.id, place.text, place.kind)
    if frame is None:
        return None
    masks = np.array([int(text, 16) for text in frame[REF].tolist()], dtype=np.uint64)
    return FrameShelf(KIND, {VALID: np.ones(len(masks), dtype=np.bool_), **frame, BITS: masks})


def _found(
    place: ModelPlace,
    shelf: FrameShelf | None,
    conditions: Sequence[Condition],
    options: ModelCircuitsOptions,
    limit: int,
) -> Found:
    order = Order(options.sort, options.order == "desc", _after(options), limit, (KIND,))
    counted = Facets(EdgeLayout(()), figures={KIND: place.record.faceted})  # edges and nodes are counted here
    return find([] if shelf is None else [shelf], frozenset((KIND,)), conditions, order, counted)


def _after(options: ModelCircuitsOptions) -> Cursor | None:
    if not options.after:
        return None
    text, identity = read_cursor(options.after, order_name("model circuits", options), (str, str))
    if not identity or not set(identity) <= HEX_DIGITS:
        raise bad_cursor(options.after)
    return Cursor(read_number(text, options.after, whole=options.sort in _WHOLE), KIND, identity)


def _cursor(shelf: FrameShelf, found: Found, options: ModelCircuitsOptions) -> str:
    _, last = found.items[-1]
    value = str(shelf.columns[options.sort][last].item()) if options.sort in shelf.names else ""
    return write_cursor(order_name("model circuits", options), [value, shelf.identity(last)])


def _conditions(place: ModelPlace, options: ModelCircuitsOptions) -> list[Condition]:
    """The conditions that the options set.

    Raises:
        BadQuery: a figure, edge or node that is not there.
    """
    columns = columns_of(place.record)
    found = figure_conditions(options.figure, columns, f"one of {', '.join(columns)}")
    graph = place.space.graph

    def keeping(text: str, option: str) -> dict[Kind, ColumnTest]:
        names = graph.bit_names
        if text not in names:
            known = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
            cause = f"is not one of the {len(names)} {graph.cut}"
            raise BadQuery(f"{option} {text[:60]!r}", cause, f"write one as in {known}", option)
        bit = np.uint64(1 << names.index(text))
        return {KIND: column_test(BITS, lambda column: ((column & bit) != 0) == (option == "keep"))}

    return found + part_conditions(options, ("keeps", "cuts"), keeping)


def _roles(place: ModelPlace, shelf: FrameShelf, url: Callable[..., str]) -> list[RoleView]:
    """In how many of the listed circuits each node has each role, whatever filters are set."""
    graph = place.space.graph
    found = []
    for role in place.kind.roles:
        texts, counts = np.unique(shelf.columns[role.key], return_counts=True)
        by_text = dict(zip(texts.tolist(), counts.tolist(), strict=True))
        nodes = []
        for node in (graph.nodes[number] for number in graph.removable if graph.nodes[number].looks):
            having = [text for text in by_text if node.name in text.split(", ")]
            nodes.append(
                RoleCount(
                    node=node.name,
                    label=node.label,
                    n=sum(by_text[text] for text in having),
                    url=url(figure=[f"{role.key}={text}" for text in having]) if having else "",
                )
            )
        found.append(
            RoleView.showing(
                role,
                nodes=nodes,
                without=by_text.get(NONE, 0),
                asked=sum(by_text.values()) - by_text.get(NOT_ASKED, 0),
            )
        )
    return found


def _parts(place: ModelPlace, shelf: FrameShelf, found: Found, options: ModelCircuitsOptions) -> list[PartCount]:
    """How many of the circuits that pass keep each edge or node."""
    masks = shelf.columns[BITS]
    packed = found.facets.passing.get(KIND)
    if packed is not None:
        masks = masks[np.unpackbits(np.concatenate(packed), count=len(masks), bitorder="little").astype(np.bool_)]
    graph = place.space.graph
    return [
        PartCount(
            name=name,
            label=label,
            used=int(np.count_nonzero(masks & np.uint64(1 << bit))),
            choice=choice_of(name, options),
        )
        for bit, (name, label) in enumerate(zip(graph.bit_names, graph.bit_labels, strict=True))
    ]
