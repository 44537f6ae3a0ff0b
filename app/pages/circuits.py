"""The valid circuits of one analysis: filtered, sorted, page after page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.circuit_sets.backbone import no_backbone_reason
from analysis.criteria.steps import CriterionStep, default_steps, parse_steps
from analysis.errors import InvalidCriterion
from analysis.networks.circuit import Circuit, EdgeLayout
from analysis.tasks import INPUT_NAMES
from app.addressing import Addresses
from app.db.distributions import smallest_in
from app.db.reads.circuit_sets import stored_coverage
from app.db.reads.circuits import StoredCircuit
from app.db.reads.explanation_shelves import Kind
from app.db.reads.explanation_verdicts import VerdictContents, verdict_contents
from app.db.tables import AnalysisRow
from app.errors import BadQuery
from app.listing.circuits import CIRCUIT, list_circuits, with_any
from app.listing.page import Browsed, bad_cursor, browsed, order_name, read_cursor, write_cursor
from app.listing.scan import NOTHING, ColumnTest, Condition, Cursor, Found, Order, at_least, at_most
from app.options import BigInt, PageModel, ScopeOptions
from app.pages.circuit_sets import BackboneView, backbone_among, backbone_passing, whole_backbone
from app.pages.place import Place, locate
from app.pages.previews import CircuitCard, circuit_card
from app.pages.shared import (
    Counts,
    LinkedPage,
    counts_of,
    edge_names,
    linked,
    neuron_name,
    scope_now,
)

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
MAX_LISTED_EDGES: Final = 64
SORTS: Final[dict[str, tuple[str, type, str]]] = {
    "mask": ("Mask", str, "mask"),
    "edges": ("Edges", int, "n_edges"),
    "neurons": ("Neurons", int, "n_neurons"),
    "margin": ("Margin", float, "margin"),
    "interpretations": ("Interpretations", int, "interpretations"),
    "observed": ("Observed classes", int, "observed"),
}
"""What the list is sorted by: the name for people, the type, and where a stored circuit has it."""
AMONG: Final = (
    "minimal-local",
    "minimal-subset",
    "minimal-cardinal",
    "mean-ablation",
    "resample-ablation",
    "output-faithfulness",
    "knockout-completeness",
    "same-story",
)
"""Criteria that the page offers for the backbone."""
HEX_DIGITS: Final = frozenset("0123456789abcdef")
_SITE = re.compile(r"n([0-9]{1,2})\.([0-9]{1,4})")


class CircuitsOptions(ScopeOptions):
    """Options of the list of circuits."""

    edges_min: int | None = Field(None, ge=0, le=10_000, description="Fewest edges.")
    edges_max: int | None = Field(None, ge=0, le=10_000, description="Most edges.")
    neurons_min: int | None = Field(None, ge=0, le=10_000, description="Fewest active hidden neurons.")
    neurons_max: int | None = Field(None, ge=0, le=10_000, description="Most active hidden neurons.")
    margin_min: float | None = Field(None, ge=0, le=1e9, description="Smallest margin.")
    keep: list[str] = Field(
        [], max_length=32, description="Neurons (n2.1) and edges (A-n1.0, n1.0-n2.1, n2.0-y) that must be kept."
    )
    drop: list[str] = Field([], max_length=32, description="Neurons and edges that must be cut.")
    sort: Literal["mask", "edges", "neurons", "margin", "interpretations", "observed"] = Field(
        "edges", description="What the list is sorted by; ties by mask."
    )
    order: Literal["asc", "desc"] = Field("asc", description="Direction of the order.")
    view: Literal["list", "grid"] = Field("list", description="How the HTML page shows them.")
    among: list[str] = Field(
        [],
        max_length=32,
        description="Criteria about circuits: the backbone is that of the circuits of the list that pass all of them.",
    )
    after: str = Field("", max_length=2000, description="Cursor: where the page before ended.")
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Circuits on a page.")


class PartView(PageModel):
    """A neuron or edge, and whether the filter speaks about it."""

    name: str = Field(description="As the options keep and drop write it.")
    label: str
    choice: Literal["", "keep", "drop"]


class AmongView(PageModel):
    """A criterion that the circuits of the backbone may have to pass."""

    key: str = Field(description="As the option among writes it; empty for none.")
    label: str
    url: str
    current: bool


class BrowsedPage(Browsed, LinkedPage):
    """A list of explanations of one analysis, as rows or as a grid."""

    list_view_url: str
    grid_view_url: str


class CircuitsPage(BrowsedPage):
    """The valid circuits of one analysis."""

    possible: BigInt = Field(description="Circuits that were looked at; 0 if no analysis is stored.")
    valid: BigInt = Field(description="Circuits that are valid.")
    truncated_at: int | None = Field(description="Circuits listed where they are not all, None if they are.")
    counts: Counts | None = Field(description="How the number of valid circuits was found; None if nothing is stored.")
    total: int = Field(description="Circuits that pass the filter.")
    items: list[CircuitCard]
    neurons: list[PartView]
    edges: list[PartView]
    ranges: dict[str, tuple[int | float, int | float]] = Field(
        description="Smallest and largest value of edges, neurons, margin."
    )
    backbone: BackboneView | None = Field(
        description="What the circuits that pass the filter have in common; of all valid ones without a filter."
    )
    no_backbone: str = Field(description="Why there is none, empty if there is one or nothing is stored.")
    among: list[AmongView] = Field(description="Criteria that the circuits of the backbone may have to pass.")
    rivals_url: str = Field(description="The circuits that differ most.")

    @property
    def n_edges(self) -> int:
        """Edges of the network cut to this output."""
        return EdgeLayout((*self.network.sizes[:-1], 1)).n_edges

    @property
    def n_neurons(self) -> int:
        return sum(self.network.sizes[1:-1])

    @property
    def edge_chosen(self) -> bool:
        return any(edge.choice for edge in self.edges)

    def low(self, name: str) -> int | float | None:
        """Smallest value of what can be filtered, None if nothing is stored."""
        return self.ranges[name][0] if name in self.ranges else None

    def high(self, name: str) -> int | float | None:
        return self.ranges[name][1] if name in self.ranges else None

    @property
    def kind(self) -> Literal["exact", "truncated"]:
        """Whether the list holds every valid circuit."""
        return "exact" if self.truncated_at is None else "truncated"

    @property
    def drawn(self) -> bool:
        """Whether the list holds only some of the valid circuits, drawn uniformly."""
        return self.counts is not None and self.counts.drawn


def build_circuits(session: Session, addresses: Addresses, network: str, options: CircuitsOptions) -> CircuitsPage:
    """The list of circuits that an address asks for.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: a neuron or edge that the network does not have, or a cursor that no page gave out.
    """
    place = locate(session, addresses, network, options.scope)
    conditions = circuit_conditions(options, place.question.layout)
    after = _after(options, place.question.layout)
    slug, scope, analysis = place.row.slug, place.scope, place.shown
    circuits: list[StoredCircuit] = []
    found, following = NOTHING, None
    if analysis is not None:
        order = Order(options.sort, options.order == "desc", after, options.limit)
        layout, counting = place.question.layout, bool(conditions)  # without any, the backbone is that of all
        circuits, found = list_circuits(session, analysis, layout, conditions, order, counting=counting)
    if found.more:
        last = circuits[-1]
        following = write_cursor(order_name("circuits", options), [getattr(last, SORTS[options.sort][2]), last.mask])
    url = partial(addresses.circuits, slug, scope)
    neurons, edges = part_labels(place.question.layout)
    counted = analysis is not None and analysis.interpretations_truncated_at != 0
    contents = {} if place.analysis is None else verdict_contents(session, place.analysis)
    backbone, no_backbone = _backbone(session, place, conditions, found, options, contents)
    return CircuitsPage(
        **linked(place, addresses, scope_now(session, place, addresses)),
        possible=0 if analysis is None else analysis.circuits_possible,
        valid=0 if analysis is None else analysis.circuits_valid,
        truncated_at=None if analysis is None else analysis.circuits_truncated_at,
        counts=None if analysis is None else counts_of(analysis),
        total=found.total,
        items=[circuit_card(circuit, slug, scope, addresses, counted=counted) for circuit in circuits],
        neurons=[part_view(label, options) for label in neurons],
        edges=[part_view(label, options) for label in edges],
        ranges={} if analysis is None else ranges_of(analysis),
        **browsed(options, url, following, {key: label for key, (label, _, _) in SORTS.items()}, conditions),
        list_view_url=url(**options.view_of(view="list")),
        grid_view_url=url(**options.view_of(view="grid")),
        backbone=backbone,
        no_backbone=no_backbone,
        among=_among(options, contents, url),
        rivals_url=addresses.analysis(slug, "rivals", scope),
    )


def _backbone(
    session: Session,
    place: Place,
    conditions: list[Condition],
    found: Found,
    options: CircuitsOptions,
    contents: VerdictContents,
) -> tuple[BackboneView | None, str]:
    """The backbone of what the page lists, or why there is none; of nothing unfinished.

    Raises:
        BadQuery: an unknown criterion, or one that is not about circuits.
    """
    steps = _steps_among(options)
    analysis, layout = place.analysis, place.question.layout
    if analysis is None:
        return None, ""
    if steps:
        return backbone_passing(session, analysis, layout, conditions, steps, contents)
    if conditions:
        view = backbone_among(found.total, found.facets, analysis, layout, "that pass the filter")
        return view, "" if view else "No circuit passes the filter."
    view = whole_backbone(analysis, layout)
    reason = no_backbone_reason(stored_coverage(analysis), analysis.circuits_tested)
    return view, "" if view else f"{reason[0].upper()}{reason[1:]}."


def _steps_among(options: CircuitsOptions) -> tuple[CriterionStep, ...]:
    """The criteria that the circuits of the backbone must pass.

    Raises:
        BadQuery: an unknown criterion, or one that is not about circuits.
    """
    found: list[CriterionStep] = []
    for text in options.among:
        try:
            found += parse_steps([text])
        except InvalidCriterion as error:
            raise BadQuery(f"among {text[:60]!r}", error.cause, error.cure, "among") from None
        if CIRCUIT not in found[-1].kinds:
            raise BadQuery(f"among {text[:60]!r}", "is not about circuits", f"use {', '.join(AMONG)}", "among")
    return tuple(dict.fromkeys(found))


def _among(options: CircuitsOptions, contents: VerdictContents, url: Callable[..., str]) -> list[AmongView]:
    """Those of :data:`AMONG` whose verdicts are stored, and those asked for; none where there is no choice.

    Each leads to the list with it beside the others, or without it where it is asked for already.
    """
    stored = {key for kind, key, _ in contents if kind == CIRCUIT}
    asked = _steps_among(options)
    steps = [one for one in default_steps() if one.key in AMONG and one.key in stored]
    steps += [one for one in asked if one not in steps]
    if not steps:
        return []
    views = [AmongView(key="", label="All", url=url(**options.view_of(among=[])), current=not asked)]
    for step in steps:
        rest = [str(one) for one in asked if one != step]
        chosen = rest if step in asked else [*rest, str(step)]
        address = url(**options.view_of(among=chosen))
        views.append(AmongView(key=str(step), label=step.criterion.label, url=address, current=step in asked))
    return views


def ranges_of(analysis: AnalysisRow) -> dict[str, tuple[int | float, int | float]]:
    """Smallest and largest value of what can be filtered, {} if no circuit is stored."""
    spread = analysis.distributions
    if not spread["margin_range"]:
        return {}
    smallest = smallest_in(spread)
    layout = analysis.network.layout
    known = () if smallest is None else smallest.masks  # a sample need not hold them
    more = [Circuit(layout, mask) for mask in known]
    edges, neurons = ([pair[0] for pair in spread[name]] for name in ("edges", "neurons"))
    edges += [circuit.n_edges for circuit in more]
    neurons += [circuit.n_neurons for circuit in more]
    sizes = {"edges": (min(edges), max(edges)), "neurons": (min(neurons), max(neurons))} if edges else {}
    return {**sizes, "margin": tuple(spread["margin_range"])}


def _after(options: CircuitsOptions, layout: EdgeLayout) -> Cursor | None:
    if not options.after:
        return None
    value, mask = read_cursor(options.after, order_name("circuits", options), (SORTS[options.sort][1], str))
    check_mask(mask, layout, options.after)
    return Cursor(None if options.sort == "mask" else value, "circuit", mask)


def check_mask(text: str, layout: EdgeLayout, cursor: str) -> None:
    """Refuse a cursor that holds no mask of this network."""
    if len(text) != layout.n_hex_digits or not set(text) <= HEX_DIGITS:
        raise bad_cursor(cursor)


_BOUNDS: Final[dict[str, tuple[str, Callable[[str, float], ColumnTest], str]]] = {
    "edges_min": ("edges", at_least, "at least {:g} edges"),
    "edges_max": ("edges", at_most, "at most {:g} edges"),
    "neurons_min": ("neurons", at_least, "at least {:g} neurons"),
    "neurons_max": ("neurons", at_most, "at most {:g} neurons"),
    "margin_min": ("margin", at_least, "margin at least {:g}"),
}


def circuit_conditions(options: CircuitsOptions, layout: EdgeLayout) -> list[Condition]:
    """What the options ask for.

    Raises:
        BadQuery: bounds that leave nothing, or a neuron or edge that the network does not have.
    """
    for name in ("edges", "neurons"):
        check_bounds(options, name)
    found = []
    for name, (column, test, words) in _BOUNDS.items():
        bound = getattr(options, name)
        if bound is not None:
            found.append(Condition(column, words.format(bound), {"circuit": test(column, bound)}, {name: None}))
    return found + part_conditions(
        options, ("keeps", "cuts"), lambda text, name: {"circuit": circuits_with(text, layout, name)}
    )


def check_bounds(options: Any, name: str) -> None:
    """Refuse bounds that leave nothing."""
    least, most = getattr(options, f"{name}_min"), getattr(options, f"{name}_max")
    if least is not None and most is not None and least > most:
        raise BadQuery(
            f"{name}_min {least}", f"is above {name}_max {most}", "give bounds that leave something", f"{name}_min"
        )


def circuits_with(text: str, layout: EdgeLayout, name: str) -> ColumnTest:
    """Whether circuits keep a neuron or edge, or cut it, by the option's name: "keep" or "drop"."""
    return with_any(read_part(text, layout, name), kept=name == "keep")


def part_conditions(
    options: Any, verbs: tuple[str, str], tests: Callable[[str, str], Mapping[Kind, ColumnTest]]
) -> list[Condition]:
    """The neurons and edges that must be kept, and those that must be cut.

    Args:
        options: with "keep" and "drop".
        verbs: what is said of the first and of the others.
        tests: of a neuron or edge and the option's name; refuses what is not there.
    """
    return [
        Condition(
            f"{name} {text}",
            f"{verb} {text.replace('-', ' → ')}",
            tests(text, name),
            {name: [other for other in getattr(options, name) if other != text]},
            narrows=True,
        )
        for name, verb in zip(("keep", "drop"), verbs, strict=True)
        for text in getattr(options, name)
    ]


def read_part(text: str, layout: EdgeLayout, field: str) -> list[int]:
    """A neuron (``n2.1``), by all edges into it, or an edge (``A-n1.0``) as options write it, as indices of edges.

    Args:
        text: what came in.
        layout: of the network cut to the output.
        field: the option that it stands in.

    Raises:
        BadQuery: the network has no such neuron or edge.
    """
    sizes = layout.sizes
    source, dash, target = text.partition("-")
    start, end = _site(source, sizes), _site(target, sizes)
    if start is not None and not dash and 0 < start[0] < len(sizes) - 1:
        layer, neuron = start  # a hidden neuron is kept if any edge into it is
        return [layout.edge_index(layer, neuron, source) for source in range(sizes[layer - 1])]
    if start is not None and end is not None and end[0] == start[0] + 1:
        return [layout.edge_index(*end, start[1])]
    shape = "-".join(map(str, sizes))
    raise BadQuery(
        f"{field} {text[:40]!r}",
        f"is no hidden neuron or edge of a {shape} network",
        "write a neuron as n1.0 and an edge as A-n1.0, n1.0-n2.1 or n2.0-y",
        field,
    )


def _site(text: str, sizes: tuple[int, ...]) -> tuple[int, int] | None:
    if len(text) == 1 and text in INPUT_NAMES[: sizes[0]]:
        return 0, INPUT_NAMES.index(text)
    if text == "y":
        return len(sizes) - 1, 0
    match = _SITE.fullmatch(text)
    if match is None:
        return None
    layer, neuron = int(match[1]), int(match[2])
    return (layer, neuron) if 0 < layer < len(sizes) - 1 and neuron < sizes[layer] else None


def choice_of(name: str, options: Any) -> Literal["", "keep", "drop"]:
    """What the options say of a neuron or edge."""
    return "keep" if name in options.keep else "drop" if name in options.drop else ""


def part_labels(layout: EdgeLayout) -> tuple[list[str], list[str]]:
    """The hidden neurons and the edges in mask order; no edges of a network with too many to choose from by hand."""
    sizes = layout.sizes
    neurons = [neuron_name(sizes, layer, one) for layer in range(1, len(sizes) - 1) for one in range(sizes[layer])]
    listed = layout.n_edges <= MAX_LISTED_EDGES
    return neurons, edge_names(layout, (1 << layout.n_edges) - 1) if listed else []


def part_view(label: str, options: Any) -> PartView:
    """A neuron or edge as the filter shows it."""
    name = label.replace(" → ", "-")
    return PartView(name=name, label=label, choice=choice_of(name, options))
