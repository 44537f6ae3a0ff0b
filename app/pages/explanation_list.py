"""All explanations of one analysis together: filtered, sorted, page after page, with what can be filtered by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.steps import CriterionStep
from analysis.criteria.verdict import FAILED
from analysis.result import FRAGILE_MARGIN
from app.addressing import Addresses, ExplanationRef
from app.db.codecs import alignment_of
from app.db.errors import NotFound as NotStored
from app.db.reads import explanations as reads
from app.db.reads.analyses import analyses_of, scope_of
from app.db.reads.circuits import StoredCircuit, circuits_at
from app.db.reads.explanation_rows import algorithm_rows, alignment_rows
from app.db.reads.explanation_shares import SHARES, shares_of
from app.db.reads.explanation_shelves import (
    KINDS,
    CircuitShelf,
    Kind,
    RowShelf,
    Shelf,
    distinct_counts,
    row_shelves,
)
from app.db.reads.explanation_verdicts import (
    Survivors,
    passing_bits,
    survivors_of_interpretations,
    unpacked_bits,
)
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow
from app.pages.awaited import SURVEY, Awaited, awaited
from app.pages.candidates import HuedPage, algorithm_of, frequent_tables, locate_with_scope
from app.pages.circuits import HEX_DIGITS, Pill, SortLink
from app.pages.cursors import bad_cursor, read_cursor, write_cursor
from app.pages.explanation_facets import FacetView, PartCount, facets_of, parts_of
from app.pages.explanation_filters import (
    DEFAULT_KINDS,
    FILTERS,
    ExplanationsOptions,
    conditions_of,
    failed_column,
    failed_of,
    step_column,
    steps_of,
)
from app.pages.formulas import AlgorithmView, FractionView, PlacedView, algorithm_view, placed_views
from app.pages.options import BigInt, PageModel
from app.pages.place import Place, protocol_key
from app.pages.shared import Counts, NetworkView, ScopeView, counts_of, network_view

SORT_LABELS: Final[dict[str, str]] = {
    "kind": "Explanation",
    "edges": "Edges",
    "neurons": "Neurons",
    "margin": "Margin",
    "interpretations": "Interpretations",
    "observed": "Classes",
    "gates": "Gates",
    "variables": "Variables",
    "placements": "Alignments",
    "iia": "IIA",
    "coverage": "Coverage",
    "accuracy": "Accuracy",
}
MOST_FIRST: Final = frozenset(("margin", "interpretations", "observed", "placements", "iia", "coverage", "accuracy"))
BIG: Final = frozenset(("interpretations", "observed", "placements"))
WHOLE: Final = frozenset(("edges", "neurons", "gates", "variables"))


class ExplanationItem(PageModel):
    """One line of the list; what a kind does not have is None."""

    kind: Kind
    name: str = Field(description="A short name: c·MASK, i·MASK, the formula.")
    url: str
    ref: str = Field(description="How a comparison's address names it; of interpretations the first.")
    valid: bool
    minimal: bool | None = Field(None, description="Whether an alignment is minimal.")
    fragile: bool | None = Field(None, description="Whether its margin is below 1e-6.")
    mask: str | None = None
    edges: int | None = None
    neurons: int | None = Field(None, description="Hidden neurons used.")
    margin: float | None = None
    interpretations: BigInt | None = Field(None, description="Of a circuit, exactly.")
    surviving: BigInt | None = Field(
        None, description="Interpretations that pass the criteria asked for, where those are about interpretations."
    )
    observed: BigInt | None = Field(None, description="Observed classes of a circuit's interpretations.")
    algorithm: AlgorithmView | None = None
    gates: int | None = None
    variables: int | None = None
    placements: BigInt | None = Field(None, description="Valid alignments of an algorithm.")
    iia: FractionView | None = Field(None, description="Of an alignment; the best one of an algorithm.")
    coverage: float | None = Field(None, description="Share of the common ground that an alignment predicts.")
    accuracy: float | None = Field(None, description="Share of those predictions that are right.")
    places: list[PlacedView] = Field([], description="Where an alignment puts its variables.")


class Removal(PageModel):
    """The filter that left nothing."""

    label: str
    before: int = Field(description="Explanations that pass all filters before it.")
    url: str = Field(description="The list without it.")


class ProtocolLink(PageModel):
    """The same list under another protocol."""

    label: str
    url: str
    current: bool


class ExplanationsPage(HuedPage):
    """The explanations of one analysis, of all kinds."""

    network: NetworkView
    scope: ScopeView
    counts: Counts | None = Field(description="How many explanations the analysis found; None if nothing is stored.")
    total: int = Field(description="Explanations of the kinds listed that pass all filters; exact.")
    of: int = Field(description="Explanations of the kinds listed, without any filter but that of standing, if valid.")
    failing: int = Field(
        description="Those kept that fail and pass all other filters, where only valid ones are listed."
    )
    failing_url: str = Field(description="The list with those too.")
    items: list[ExplanationItem]
    facets: list[FacetView]
    neurons: list[PartCount]
    edges: list[PartCount]
    sort: str
    order: Literal["asc", "desc"]
    sorts: list[SortLink]
    filters: list[Pill]
    pending: list[str] = Field(description="Criteria asked for that are not computed yet; then nothing is listed.")
    awaited: list[Awaited] = Field(description="How far the work is that those wait for.")
    removed_by: Removal | None = Field(description="Which filter removed the last explanation, if none is left.")
    protocols: list[ProtocolLink]
    next: str | None = Field(description="Cursor of the next page.")
    next_url: str | None
    first_url: str
    url: str
    bare_url: str = Field(description="The list without any filter.")
    list_view_url: str
    grid_view_url: str
    csv_url: str
    action: str = Field(description="Where the form of the filters goes.")
    compare_url: str
    network_url: str
    scope_query: list[tuple[str, str]] = Field(description="The scope's options where they differ from the default.")

    @property
    def partial(self) -> bool:
        """Whether what is stored is not everything that there is."""
        return self.scope.state == "truncated"


@dataclass(frozen=True)
class Stock:
    """What a list draws on.

    Args:
        place: of the list.
        analysis: the analysis.
        shelves: one for each kind that is looked at.
        survivors: of each circuit's interpretations those that pass the criteria, where asked for.
    """

    place: Place
    analysis: AnalysisRow
    shelves: dict[Kind, Shelf]
    survivors: Survivors | None


def build_explanations(
    session: Session, addresses: Addresses, network: str, options: ExplanationsOptions
) -> ExplanationsPage:
    """The list that an address names.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: an option that the network or the registry of criteria does not know, or a foreign cursor.
    """
    place, scope_view = locate_with_scope(session, addresses, network, options)
    slug, scope, analysis = place.row.slug, place.scope, place.analysis
    steps = steps_of(options)
    conditions = conditions_of(options, place.layout, steps, None)
    found = reads.Found([], 0, False, reads.FacetCounts())
    pending: list[str] = []
    stock: Stock | None = None
    items: list[ExplanationItem] = []
    interpretations = 0
    if analysis is not None:
        stock, pending = take_stock(session, place, analysis, options, steps)
        conditions = conditions_of(options, place.layout, steps, position_of(stock, options.algorithm))
        if not pending:
            found = search(stock, options, conditions, cursor_of(options, place))
            items = items_of(session, addresses, stock, found.items)
        interpretations = _n_interpretations(session, analysis, found.facets)
    following = None
    if found.more:
        following = write_cursor(order_name(options), key_of(stock, found.items[-1], items[-1], options.sort))  # type: ignore[arg-type]
    view = options.view_of()

    def url(**changes: Any) -> str:
        return addresses.explanations(slug, scope, **options.view_of(**changes))

    here = addresses.explanations(slug, scope, **view, after=options.after)
    return ExplanationsPage(
        network=network_view(place.row, addresses, place.network),
        scope=scope_view,
        hue_tables=frequent_tables(session, place),
        counts=None if analysis is None else counts_of(analysis),
        total=found.total,
        of=0 if stock is None else sum(_n_of(stock, kind, options) for kind in stock.shelves if kind in options.kinds),
        failing=found.facets.failing if options.standing == "valid" and not pending else 0,
        failing_url=url(standing="any"),
        items=items,
        facets=[]
        if stock is None
        else facets_of(session, stock.analysis, stock.shelves, options, found, interpretations, url),
        neurons=parts_of(place.layout, options, found.facets, of_neurons=True),
        edges=parts_of(place.layout, options, found.facets, of_neurons=False),
        sort=options.sort,
        order=options.order,
        sorts=_sorts(options, stock, url),
        filters=_pills(options, conditions, steps, url),
        pending=pending,
        awaited=awaited(session, addresses, place, pending, steps),
        removed_by=None if found.total or pending else _removal(conditions, found, options, steps, url),
        protocols=_protocols(session, addresses, place, options),
        next=following,
        next_url=None if following is None else addresses.explanations(slug, scope, **view, after=following),
        first_url=addresses.explanations(slug, scope, **view),
        url=here,
        bare_url=addresses.explanations(slug, scope),
        list_view_url=url(view="list"),
        grid_view_url=url(view="grid"),
        csv_url=addresses.explanations_csv(slug, scope, **options.view_of(view=None, limit=None)),
        action=addresses.explanations(slug),
        compare_url=addresses.compare(slug, (), scope),
        network_url=addresses.network(slug, scope),
        scope_query=list(scope.query().items()),
    )


def _n_of(stock: Stock, kind: Kind, options: ExplanationsOptions) -> int:
    """Explanations of a kind before any filter but that of standing, which is there unless another is chosen."""
    shelf = stock.shelves[kind]
    if options.standing == "valid" and isinstance(shelf, RowShelf):
        return int(np.count_nonzero(shelf.columns["valid"]))
    return shelf.n


def take_stock(
    session: Session,
    place: Place,
    analysis: AnalysisRow,
    options: ExplanationsOptions,
    steps: Sequence[CriterionStep],
) -> tuple[Stock, list[str]]:
    """The shelves of an analysis with the columns that the criteria asked for need, and the criteria not computed."""
    rows = row_shelves(session, analysis, place.cut.sizes)
    shelves: dict[Kind, Shelf] = {}
    pending: list[str] = []
    survivors = None
    for kind in KINDS:
        if kind == "interpretation" and kind not in options.kinds:
            continue
        bare: CircuitShelf | RowShelf = rows[kind] if kind in rows else CircuitShelf(session, analysis, kind)
        more: dict[str, Any] = {}
        if kind == "alignment" and isinstance(bare, RowShelf):
            shares = shares_of(session, analysis, bare)
            more |= shares or {}
            if shares is None and (options.sort in SHARES or {options.coverage_min, options.accuracy_min} != {None}):
                pending.append(SURVEY)
        asked = [step for step in steps if kind in step.kinds]
        if kind == "interpretation" and asked:
            survivors = survivors_of_interpretations(session, analysis, asked)
            if survivors is None:
                pending += [str(step) for step in asked]
            else:
                more |= dict.fromkeys(map(step_column, asked), survivors.some)
        elif kind in options.kinds or all(kind in step.kinds for step in steps):
            for step in asked:
                packed = passing_bits(session, analysis, bare, step)
                if packed is not None:
                    more[step_column(step)] = unpacked_bits(packed, bare.n)
                elif kind in options.kinds:
                    pending.append(str(step))
        for step in failed_of(options):
            if kind not in step.kinds or kind == "interpretation":
                continue
            packed = passing_bits(session, analysis, bare, step, FAILED)
            if packed is not None:
                more[failed_column(step)] = unpacked_bits(packed, bare.n)
            elif kind in options.kinds:
                pending.append(str(step))
        wanted = {*map(step_column, asked), *(failed_column(s) for s in failed_of(options) if kind in s.kinds)}
        if not wanted <= more.keys() and kind not in options.kinds:
            continue
        shelves[kind] = (
            bare.with_columns(more) if isinstance(bare, RowShelf) else CircuitShelf(session, analysis, kind, more)
        )
    return Stock(place, analysis, shelves, survivors), list(dict.fromkeys(pending))


def search(
    stock: Stock,
    options: ExplanationsOptions,
    conditions: Sequence[reads.Condition],
    after: reads.Cursor | None,
    limit: int = 0,
) -> reads.Found:
    """One page of the list and the counts of its facets."""
    order = reads.Order(options.sort, options.order == "desc", after, limit or options.limit)
    try:
        return reads.find_explanations(
            list(stock.shelves.values()),
            options.kinds,
            conditions,
            order,
            stock.place.layout,
            CLASS_COLUMNS,
            known=lambda kind, facets: _kept_counts(stock.analysis, kind, options.kinds, facets),
        )
    except NotStored:
        raise bad_cursor(options.after) from None


CLASS_COLUMNS: Final = ("irredundant_gates", "irredundant_functions", "irredundant_literals")


def _kept_counts(analysis: AnalysisRow, kind: Kind, chosen: frozenset[Kind], facets: reads.FacetCounts) -> bool:
    """The counts of all circuits, as they were kept with the analysis; False where they must be counted anew."""
    spread = analysis.distributions
    lowest = spread["margin_range"][0] if spread["margin_range"] else 0.0
    fragile = spread.get("fragile", 0 if lowest >= FRAGILE_MARGIN else None)  # not counted by earlier versions
    if kind != "circuit" or spread["of"] != analysis.circuits_listed or fragile is None:
        return False
    n = analysis.circuits_listed
    facets.kinds[kind] += n
    if kind not in chosen:
        return True
    facets.after += n  # nothing of them is lost on the way
    facets.valid += n
    facets.with_margin += n
    facets.fragile += fragile
    for name in ("edges", "neurons"):
        facets.values[name].update(dict(spread[name]))
    facets.edges = np.array(spread["edge_use"], dtype=np.int64)
    facets.neurons = reads.added(facets.neurons, np.array([u for layer in spread["neuron_use"] for u in layer]))
    return True


def _n_interpretations(session: Session, analysis: AnalysisRow, facets: reads.FacetCounts) -> int:
    """Interpretations of the circuits that pass, exactly."""
    if facets.ranks is None:
        return analysis.interpretations_total if facets.kinds["circuit"] else 0
    values = distinct_counts(session, analysis.id, "interpretations")
    return sum(values[rank] * count for rank, count in enumerate(facets.ranks.tolist()) if count)


def items_of(
    session: Session, addresses: Addresses, stock: Stock, found: Sequence[tuple[Kind, int]]
) -> list[ExplanationItem]:
    """The explanations at these places of their shelves."""
    place, analysis = stock.place, stock.analysis
    positions = sorted({position for kind, position in found if kind in ("circuit", "interpretation")})
    circuits = dict(zip(positions, circuits_at(session, analysis.id, place.layout, positions), strict=True))
    rows: dict[Kind, list[int]] = {"algorithm": [], "alignment": []}
    for kind, position in found:
        if kind in rows:
            rows[kind].append(int(cast(RowShelf, stock.shelves[kind]).rows[position]))
    algorithms = algorithm_rows(session, rows["algorithm"])
    alignments = alignment_rows(session, rows["alignment"])
    items = []
    for kind, position in found:
        if kind in ("circuit", "interpretation"):
            survivors = None if kind == "circuit" or stock.survivors is None else stock.survivors[position]
            items.append(_circuit_item(kind, circuits[position], survivors, place, addresses))
            continue
        row = int(cast(RowShelf, stock.shelves[kind]).rows[position])
        if kind == "algorithm":
            items.append(_algorithm_item(algorithms[row], place, addresses))
        else:
            columns = cast(RowShelf, stock.shelves[kind]).columns
            shares = {name: _told(columns[name][position].item()) for name in SHARES if name in columns}
            items.append(_alignment_item(*alignments[row], shares, place, addresses))
    return items


def _circuit_item(
    kind: Kind, row: StoredCircuit, survivors: int | None, place: Place, addresses: Addresses
) -> ExplanationItem:
    slug, scope, one = place.row.slug, place.scope, kind == "circuit"
    return ExplanationItem(
        kind=kind,
        name=f"{'c' if one else 'i'}·{row.mask}",
        url=addresses.circuit(slug, row.mask, scope) if one else addresses.interpretations(slug, row.mask, scope),
        ref=str(ExplanationRef(kind, row.mask, "" if one else "0")),
        valid=True,
        fragile=row.margin < FRAGILE_MARGIN,
        mask=row.mask,
        edges=row.n_edges,
        neurons=row.n_neurons,
        margin=row.margin,
        interpretations=row.interpretations,
        surviving=survivors,
        observed=row.observed,
    )


def _algorithm_item(row: AlgorithmRow, place: Place, addresses: Addresses) -> ExplanationItem:
    return ExplanationItem(
        kind="algorithm",
        name=row.formula,
        url=addresses.algorithm(place.row.slug, row.algorithm_id, place.scope),
        ref=str(ExplanationRef("algorithm", row.algorithm_id)),
        valid=row.n_valid > 0,
        algorithm=algorithm_view(algorithm_of(row, place)),
        gates=row.n_gates,
        variables=row.n_variables,
        placements=row.n_valid,
        iia=None if row.best_of is None else FractionView(agreed=row.best_agreed or 0, of=row.best_of),
    )


def _told(value: float) -> float | None:
    """None for NaN."""
    return value if value == value else None


def _alignment_item(
    row: AlignmentRow, owner: AlgorithmRow, shares: Mapping[str, float | None], place: Place, addresses: Addresses
) -> ExplanationItem:
    tree = algorithm_of(owner, place)
    return ExplanationItem(
        kind="alignment",
        name=owner.formula,
        url=addresses.alignment(place.row.slug, owner.algorithm_id, row.alignment_id, place.scope),
        ref=str(ExplanationRef("alignment", owner.algorithm_id, row.alignment_id)),
        valid=row.valid,
        minimal=row.minimal,
        fragile=None if row.margin is None else row.margin < FRAGILE_MARGIN,
        neurons=row.n_neurons,
        margin=row.margin,
        algorithm=algorithm_view(tree),
        gates=owner.n_gates,
        variables=owner.n_variables,
        iia=FractionView(agreed=row.agreed, of=row.of),
        coverage=shares.get("coverage"),
        accuracy=shares.get("accuracy"),
        places=placed_views(tree, alignment_of(row, owner.text).alignment),
    )


def position_of(stock: Stock, algorithm: str) -> int | None:
    if not algorithm or "algorithm" not in stock.shelves:
        return None
    try:
        return stock.shelves["algorithm"].locate(algorithm)[0]
    except NotStored:
        return None


def order_name(options: ExplanationsOptions) -> str:
    return f"explanations {options.sort} {options.order}"


def key_of(stock: Stock, last: tuple[Kind, int], item: ExplanationItem, sort: str) -> list[Any]:
    """What the cursor of an explanation holds: its value, kind and identity."""
    kind, position = last
    shelf = stock.shelves[kind]
    identity = shelf.ids[position] if isinstance(shelf, RowShelf) else cast(str, item.mask)
    value: Any = None
    if sort in shelf.names:
        if isinstance(shelf, RowShelf) and sort not in shelf.ranked:
            number = shelf.columns[sort][position].item()
            value = None if number != number else number  # NaN is no value
        else:
            value = getattr(item, sort)
    return ["" if value is None else str(value), kind, identity]


def cursor_of(options: ExplanationsOptions, place: Place) -> reads.Cursor | None:
    if not options.after:
        return None
    text, kind, identity = read_cursor(options.after, order_name(options), (str, str, str))
    if kind not in KINDS:
        raise bad_cursor(options.after)
    if kind in KINDS[:2] and (len(identity) != place.layout.n_hex_digits or not set(identity) <= HEX_DIGITS):
        raise bad_cursor(options.after)
    try:
        value = None if not text else int(text) if options.sort in (BIG | WHOLE) else float(text)
    except ValueError:
        raise bad_cursor(options.after) from None
    return reads.Cursor(value, kind, identity)


def _sorts(options: ExplanationsOptions, stock: Stock | None, url: Any) -> list[SortLink]:
    links = []
    shelf = None if stock is None else stock.shelves.get("alignment")
    shared = shelf is not None and "alignment" in options.kinds and "coverage" in shelf.names
    for key, label in SORT_LABELS.items():
        if key in SHARES and not shared:
            continue
        current = options.order if options.sort == key else ""
        first = "desc" if key in MOST_FIRST else "asc"
        order = {"": first, "asc": "desc", "desc": "asc"}[current]
        links.append(SortLink(key=key, label=label, url=url(sort=key, order=order), current=current))
    return links


def _without(condition: reads.Condition, options: ExplanationsOptions, steps: Sequence[CriterionStep], url: Any) -> str:
    """The list without one condition."""
    facet = condition.facet
    name, _, value = facet.partition(" ")
    if name in ("keep", "drop"):
        return str(url(**{name: [text for text in getattr(options, name) if text != value]}))
    if name == "criteria":
        return str(url(criteria=[str(step) for step in steps if str(step) != value]))
    if name == "failed":
        return str(url(failed=[str(step) for step in failed_of(options) if str(step) != value]))
    if name == "standing":
        return str(url(standing="any"))
    if facet.startswith("irredundant"):
        return str(url(irredundant=[key for key in options.irredundant if key != facet]))
    changes: dict[str, Any] = {key: None for key in FILTERS if key == facet or key.startswith(f"{facet}_")}
    return str(url(**changes))


def _pills(
    options: ExplanationsOptions, conditions: Sequence[reads.Condition], steps: Sequence[CriterionStep], url: Any
) -> list[Pill]:
    pills = []
    if options.kind:
        pills.append(Pill(label="only " + ", ".join(f"{kind}s" for kind in options.kind), url=url(kind=[])))
    if options.strategy:
        pills.append(Pill(label=options.strategy.replace("-", " "), url=url(strategy=None)))
    if options.standing == "any":
        pills.append(Pill(label="also those that fail", url=url(standing="valid")))
    default = [c for c in conditions if c.facet == "standing" and options.standing == "valid"]
    return pills + [Pill(label=c.label, url=_without(c, options, steps, url)) for c in conditions if c not in default]


def _removal(
    conditions: Sequence[reads.Condition],
    found: reads.Found,
    options: ExplanationsOptions,
    steps: Sequence[CriterionStep],
    url: Any,
) -> Removal | None:
    """The first filter behind which nothing is left."""
    after = found.facets.after.tolist()
    for condition, before, left in zip(conditions, after, after[1:], strict=False):
        if before and not left:
            return Removal(label=condition.label, before=before, url=_without(condition, options, steps, url))
    if options.kinds != DEFAULT_KINDS and not after[0]:
        total = sum(found.facets.kinds.values())
        return Removal(label="the kinds chosen", before=total, url=url(kind=[], strategy=None))
    return None


def _protocols(
    session: Session, addresses: Addresses, place: Place, options: ExplanationsOptions
) -> list[ProtocolLink]:
    """The same list under each protocol that this output has been analysed under, on the same data."""
    links = []
    for analysis in analyses_of(session, place.row):
        scope = scope_of(analysis, place.network.n_inputs)
        if (scope.output, scope.data) == (place.scope.output, place.scope.data):
            links.append(
                ProtocolLink(
                    label=analysis.protocol.name,
                    url=addresses.explanations(place.row.slug, scope, **options.view_of(algorithm="")),
                    current=scope.protocol == protocol_key(place.protocol),
                )
            )
    return links
