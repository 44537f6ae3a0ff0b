"""All explanations of one analysis together: filtered, sorted, page after page, with what can be filtered by."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any, Final, cast

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.steps import CriterionStep
from analysis.explanations.registry import BY_KEY, KIND_OF, RECORDED
from app.addressing import Addresses
from app.db.reads.analyses import analyses_of, scope_of
from app.db.reads.directions import n_direction_alignments
from app.db.reads.explanation_shares import SHARES
from app.db.reads.explanation_shelves import CIRCUIT_KINDS, KINDS, ColumnShelf, Kind
from app.db.reads.verdicts import VerdictSet, verdict_sets
from app.errors import Conflict
from app.listing.csv import ROWS_AT_ONCE, csv_lines
from app.listing.facets import FacetView
from app.listing.page import SortLink, bad_cursor, browsed, order_name, read_cursor, read_number, write_cursor
from app.listing.scan import NOTHING, Condition, Cursor, Found
from app.options import BigInt, Link, PageModel
from app.pages.candidates import HuedPage, frequent_tables, locate_with_scope
from app.pages.circuits import BrowsedPage, check_mask, part_labels
from app.pages.explanation_facets import PartCount, facets_of, parts_of
from app.pages.explanation_filters import (
    DEFAULT_KINDS,
    ExplanationsOptions,
    KindName,
    conditions_of,
    failed_of,
    steps_of,
)
from app.pages.explanation_items import ExplanationItem, items_of
from app.pages.explanation_stock import Stock, n_before_filters, n_interpretations, position_of, search, take_stock
from app.pages.pending_work import Awaited, awaited
from app.pages.place import Place
from app.pages.shared import Counts, counts_of, linked
from app.pages.sharing.exports import about_place
from pluriscope.naming import protocol_key

# --- what narrows the list of all explanations: the filters set, the one that left nothing, what is undecided


class Removal(PageModel):
    """The filter that left nothing."""

    label: str
    applies: bool = Field(True, description="False if it speaks about none of the kinds listed, so nothing can pass.")
    about: list[KindName] = Field(
        [], description="The kinds that it speaks about, if it does not apply to those listed."
    )
    about_url: str = Field("", description="The list of those kinds with the same filters.")
    before: int = Field(description="Explanations that pass all filters before it.")
    url: str = Field(description="The list without it.")


class UndecidedView(PageModel):
    """A criterion asked for that could not decide about some explanations, which are not listed for that reason."""

    criterion: str = Field(description="As addresses write it.")
    kind: KindName = Field(description="Of the explanations.")
    n: BigInt = Field(description="Explanations that it could not decide about, whatever the other filters; exact.")
    of: BigInt = Field(description="Explanations that it was asked about.")
    note: str = Field(description="Why, if a limit or the budget is the reason.")


def undecided_of(
    verdicts: Sequence[VerdictSet], options: ExplanationsOptions, steps: Sequence[CriterionStep]
) -> list[UndecidedView]:
    """What the criteria asked for could not decide about, of the kinds listed."""
    asked = {*steps, *failed_of(options)}
    if not asked:
        return []
    return [
        UndecidedView(criterion=str(one.step), kind=one.kind, n=one.tally.undecided, of=one.tally.of, note=one.note)
        for one in verdicts
        if one.step in asked and one.kind in options.kinds and one.tally.undecided
    ]


def pills_of(options: ExplanationsOptions, url: Any) -> list[Link]:
    """What narrows or widens the list besides the conditions."""
    pills = []
    if options.kind:
        pills.append(Link(label="only " + ", ".join(KIND_OF[kind].plural for kind in options.kind), url=url(kind=[])))
    if options.strategy:
        pills.append(Link(label=options.strategy.replace("-", " "), url=url(strategy=None)))
    if options.standing == "any":
        pills.append(Link(label="also those that fail", url=url(standing="valid")))
    return pills


def removal_of(conditions: Sequence[Condition], found: Found, options: ExplanationsOptions, url: Any) -> Removal | None:
    """The first filter behind which nothing is left."""
    after = found.facets.after.tolist()
    for condition, before, left in zip(conditions, after, after[1:], strict=False):
        if before and not left:
            about = [kind for kind in KINDS if kind in condition.tests or kind in condition.always]
            applies = not options.kinds.isdisjoint(about)
            return Removal(
                label=condition.label,
                applies=applies,
                about=[] if applies else about,
                about_url="" if applies or not about else url(kind=about, strategy=None),
                before=before,
                url=url(**condition.without),
            )
    if options.kinds != DEFAULT_KINDS and not after[0]:
        total = sum(found.facets.kinds.values())
        return Removal(label="the kinds chosen", before=total, url=url(kind=[], strategy=None))
    return None


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
_FIGURES: Final = {column.name: column for kind in RECORDED for column in kind.columns if column.dtype in (int, float)}
_WITHOUT_RECORD: Final = ("edges", "neurons", "gates", "variables", "interpretations", "observed", "placements")
WHOLE: Final = {*_WITHOUT_RECORD, *(name for name, column in _FIGURES.items() if column.dtype is int)}


class ProtocolLink(PageModel):
    """The same list under another protocol."""

    label: str
    url: str
    current: bool


class ExplanationsPage(BrowsedPage, HuedPage):
    """The explanations of one analysis, of all kinds."""

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
    pending: list[str] = Field(description="Criteria asked for that are not computed yet; then nothing is listed.")
    awaited: list[Awaited] = Field(description="How far the work is that those wait for.")
    undecided: list[UndecidedView] = Field(description="What criteria asked for could not decide about.")
    removed_by: Removal | None = Field(description="Which filter removed the last explanation, if none is left.")
    protocols: list[ProtocolLink]
    csv_url: str
    action: str = Field(description="Where the form of the filters goes.")
    on_directions: int = Field(
        description="Different valid alignments on directions that are kept, whatever is filtered."
    )
    directions_url: str = Field(description="Where these are listed by class.")

    @property
    def only_recorded(self) -> bool:
        """Whether every kind listed is stored as columns, whose own columns the table then shows."""
        return all(one.key == "kind" or one.key in _FIGURES for one in self.sorts)

    @property
    def columns(self) -> list[SortLink]:
        """The columns in which something on this page has a value, and the one that it is sorted by."""

        def shown(one: SortLink) -> bool:
            return one.key == "kind" or bool(one.current) or any(item.has(one.key) for item in self.items)

        return [one for one in self.sorts if shown(one)]

    @property
    def partial(self) -> bool:
        """Whether what is stored is not everything that there is."""
        return self.scope.state == "truncated" or self.scope.partial


def build_explanations(
    session: Session, addresses: Addresses, network: str, options: ExplanationsOptions
) -> ExplanationsPage:
    """The list that an address names.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: an option that the network or the registry of criteria does not know, or a foreign cursor.
    """
    place, scope_view = locate_with_scope(session, addresses, network, options)
    slug, scope, analysis = place.row.slug, place.scope, place.shown
    steps = steps_of(options)
    conditions = conditions_of(options, place.question.layout, steps, None)
    found = NOTHING
    pending: list[str] = []
    stock: Stock | None = None
    items: list[ExplanationItem] = []
    interpretations = 0
    if analysis is not None:
        stock, pending = take_stock(session, place, analysis, options, steps)
        conditions = conditions_of(options, place.question.layout, steps, position_of(stock, options.algorithm))
        if not pending:
            found = search(stock, options, conditions, cursor_of(options, place))
            items = items_of(session, addresses, stock, found.items)
        interpretations = n_interpretations(session, analysis, found.facets)
    verdicts = () if analysis is None else verdict_sets(session, analysis)
    following = None if stock is None or not found.more else cursor_behind(stock, found, items[-1], options)
    neurons, edges = part_labels(place.question.layout)
    by_default = options.standing == "valid"
    shown = [one for one in conditions if not (by_default and one.facet == "standing")]
    to = partial(addresses.explanations, slug, scope)

    def url(**changes: Any) -> str:
        return to(**options.view_of(**changes))

    return ExplanationsPage(
        on_directions=0 if analysis is None else n_direction_alignments(session, analysis.id),
        directions_url=addresses.directions(place.row.slug, place.scope),
        **linked(place, addresses, scope_view),
        hue_tables=frequent_tables(session, place),
        counts=None if analysis is None else counts_of(analysis),
        total=found.total,
        of=0
        if stock is None
        else sum(n_before_filters(stock, kind, options) for kind in stock.shelves if kind in options.kinds),
        failing=found.facets.failing if options.standing == "valid" and not pending else 0,
        failing_url=url(standing="any"),
        items=items,
        facets=[]
        if stock is None
        else facets_of(session, stock.analysis, stock.shelves, options, found, interpretations, url, verdicts),
        neurons=parts_of(neurons, options, found.facets.neurons),
        edges=parts_of(edges, options, found.facets.edges),
        **browsed(options, to, following, _sort_labels(options, stock), shown, pills_of(options, url)),
        pending=pending,
        awaited=awaited(session, addresses, place, pending, steps),
        undecided=[] if analysis is None or pending else undecided_of(verdicts, options, steps),
        removed_by=None if found.total or pending else removal_of(conditions, found, options, url),
        protocols=_protocols(session, addresses, place, options),
        list_view_url=url(view="list"),
        grid_view_url=url(view="grid"),
        csv_url=addresses.explanations_csv(slug, scope, **options.view_of(view=None, limit=None)),
        action=addresses.explanations(slug),
    )


def kind_noun(kind: Kind) -> str:
    """A kind for people, in lower case."""
    return KIND_OF[kind].noun


def cursor_behind(stock: Stock, found: Found, item: ExplanationItem, options: ExplanationsOptions) -> str:
    """The cursor of the last explanation found: its value, kind and identity."""
    kind, position = found.items[-1]
    sort = options.sort
    shelf = stock.shelves[kind]
    identity = shelf.identity(position) if isinstance(shelf, ColumnShelf) else cast(str, item.mask)
    value: Any = None
    if sort in shelf.names:
        if isinstance(shelf, ColumnShelf) and sort not in shelf.ranked:
            number = shelf.columns[sort][position].item()
            value = None if number != number else number  # NaN is no value
        else:
            value = getattr(item, sort)
    return write_cursor(order_name("explanations", options), ["" if value is None else str(value), kind, identity])


def cursor_of(options: ExplanationsOptions, place: Place) -> Cursor | None:
    if not options.after:
        return None
    text, kind, identity = read_cursor(options.after, order_name("explanations", options), (str, str, str))
    if kind not in KINDS:
        raise bad_cursor(options.after)
    if kind in CIRCUIT_KINDS:
        check_mask(identity, place.question.layout, options.after)
    return Cursor(read_number(text, options.after, whole=options.sort in WHOLE), kind, identity)


def _sort_labels(options: ExplanationsOptions, stock: Stock | None) -> dict[str, str]:
    """The columns that the list can be sorted by; of kinds stored as columns their own."""
    shelf = None if stock is None else stock.shelves.get("alignment")
    shared = shelf is not None and "alignment" in options.kinds and "coverage" in shelf.names
    labels = SORT_LABELS
    if options.kinds and options.kinds <= BY_KEY.keys():  # each column is one of theirs
        columns = [column for key in BY_KEY if key in options.kinds for column in BY_KEY[key].columns]
        labels = {"kind": SORT_LABELS["kind"], **{one.name: one.label for one in columns if one.name in _FIGURES}}
    return {key: label for key, label in labels.items() if key not in SHARES or shared}


def _protocols(
    session: Session, addresses: Addresses, place: Place, options: ExplanationsOptions
) -> list[ProtocolLink]:
    """The same list under each protocol that this output has been analysed under, on the same data."""
    links = []
    for analysis in analyses_of(session, place.row):
        scope = scope_of(analysis, place.question.model.n_inputs)
        if (scope.output, scope.data) == (place.scope.output, place.scope.data):
            links.append(
                ProtocolLink(
                    label=analysis.protocol.name,
                    url=addresses.explanations(place.row.slug, scope, **options.view_of(algorithm="")),
                    current=scope.protocol == protocol_key(place.question.protocol),
                )
            )
    return links


# --- the same list as CSV, for spreadsheets and scripts

CSV_ROWS: Final = 10_000
CSV_COLUMNS: Final = (
    *("kind", "name", "ref", "url", "protocol", "valid", "minimal", "fragile", "mask", "edges", "neurons", "margin"),
    *("interpretations", "observed", "surviving", "algorithm", "gates", "variables", "placements"),
    *("iia_agreed", "iia_of", "coverage", "accuracy", "places"),
    *("classes", "joint_agreed", "joint_of", "causal_order"),
)
_OWN_COLUMNS: Final = {kind.key: tuple(f"{kind.key}_{one.name}" for one in kind.columns) for kind in RECORDED}
"""Of each kind stored as columns the columns that stand behind the others where that kind is listed."""
_CSV_FIELDS: Final = set(CSV_COLUMNS) & set(ExplanationItem.model_fields)


def build_explanations_csv(
    session: Session, addresses: Addresses, network: str, options: ExplanationsOptions
) -> tuple[str, Generator[str, None, None]]:
    """The address of what follows up to 10,000 explanations from the cursor on, "" if nothing does, and their table.

    The table is read while it is sent, from the same session.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: as the page.
        Conflict: the analysis or a criterion is not computed yet.
    """
    place, scope = locate_with_scope(session, addresses, network, options)
    steps = steps_of(options)
    if place.shown is None:
        raise Conflict(
            f"analysis of {place.row.slug}",
            f"is {scope.state.replace('_', ' ')}",
            "run it first",
            parent=addresses.network(place.row.slug),
        )
    stock, pending = take_stock(session, place, place.shown, options, steps)
    if pending:
        raise Conflict(f"criterion {pending[0]}", "is not computed yet", "ask for it, or leave it out", "criteria")
    conditions = conditions_of(options, place.question.layout, steps, position_of(stock, options.algorithm))
    found = search(stock, options, conditions, cursor_of(options, place), limit=CSV_ROWS)
    following = ""
    if found.more:
        [last] = items_of(session, addresses, stock, found.items[-1:])
        cursor = cursor_behind(stock, found, last, options)
        following = addresses.explanations_csv(
            place.row.slug, place.scope, **options.view_of(view=None, limit=None), after=cursor
        )
    own = [name for kind, names in _OWN_COLUMNS.items() if kind in options.kinds for name in names]
    columns = (*CSV_COLUMNS, *own)
    rows = (
        [values.get(name) for name in columns]
        for start in range(0, len(found.items), ROWS_AT_ONCE)
        for item in items_of(session, addresses, stock, found.items[start : start + ROWS_AT_ONCE])
        for values in [_values(item, place.question.protocol.digest)]
    )
    return following, csv_lines(about_place(place, "Explanations of all kinds"), columns, rows)


def _values(item: ExplanationItem, protocol: str) -> dict[str, Any]:
    own = {f"{item.kind}_{figure.name}": figure.value for figure in item.figures}
    return (
        item.model_dump(include=_CSV_FIELDS)
        | own
        | {
            "protocol": protocol,
            "algorithm": None if item.algorithm is None else item.algorithm.id,
            "iia_agreed": None if item.iia is None else item.iia.agreed,
            "iia_of": None if item.iia is None else item.iia.of,
            "places": " ".join(one.place for one in item.places)
            or " ".join(f"{one.path}@{one.text}" for one in item.linear),
            "classes": " ".join(item.classes),
            "joint_agreed": None if item.joint is None else item.joint.agreed,
            "joint_of": None if item.joint is None else item.joint.of,
        }
    )
