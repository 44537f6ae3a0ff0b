"""The list of explanations as CSV, for spreadsheets and scripts; the text about it stands behind # before the names."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from sqlalchemy.orm import Session

from analysis.explanations.registry import RECORDED
from app.addressing import Addresses
from app.errors import Conflict
from app.listing.csv import ROWS_AT_ONCE, csv_lines
from app.listing.page import write_cursor
from app.pages.candidates import locate_with_scope
from app.pages.explanation_filters import ExplanationsOptions, conditions_of, steps_of
from app.pages.explanation_items import ExplanationItem, items_of
from app.pages.explanation_list import cursor_of, key_of, order_name
from app.pages.explanation_stock import position_of, search, take_stock
from app.pages.sharing.exports import about_place

ROWS: Final = 10_000
COLUMNS: Final = (
    *("kind", "name", "ref", "url", "protocol", "valid", "minimal", "fragile", "mask", "edges", "neurons", "margin"),
    *("interpretations", "observed", "surviving", "algorithm", "gates", "variables", "placements"),
    *("iia_agreed", "iia_of", "coverage", "accuracy", "places"),
    *("classes", "joint_agreed", "joint_of", "causal_order"),
)
OWN_COLUMNS: Final = {kind.key: tuple(f"{kind.key}_{one.name}" for one in kind.columns) for kind in RECORDED}
"""Of each kind stored as columns the columns that stand behind the others where that kind is listed."""
_FIELDS: Final = set(COLUMNS) & set(ExplanationItem.model_fields)


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
    found = search(stock, options, conditions, cursor_of(options, place), limit=ROWS)
    following = ""
    if found.more:
        [last] = items_of(session, addresses, stock, found.items[-1:])
        cursor = write_cursor(order_name(options), key_of(stock, found.items[-1], last, options.sort))
        following = addresses.explanations_csv(
            place.row.slug, place.scope, **options.view_of(view=None, limit=None), after=cursor
        )
    own = [name for kind, names in OWN_COLUMNS.items() if kind in options.kinds for name in names]
    columns = (*COLUMNS, *own)
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
        item.model_dump(include=_FIELDS)
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
