"""The list of explanations as CSV, for spreadsheets and scripts; the text about it stands behind # before the names."""

from __future__ import annotations

import csv
import io
from typing import Final

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.errors import Conflict
from app.pages.candidates import locate_with_scope
from app.pages.cursors import write_cursor
from app.pages.explanation_filters import ExplanationsOptions, conditions_of, steps_of
from app.pages.explanation_items import items_of
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


def build_explanations_csv(
    session: Session, addresses: Addresses, network: str, options: ExplanationsOptions
) -> tuple[str, str]:
    """Up to 10,000 explanations from the cursor on, and the address of those that follow, "" if none do.

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
    conditions = conditions_of(options, place.layout, steps, position_of(stock, options.algorithm))
    found = search(stock, options, conditions, cursor_of(options, place), limit=ROWS)
    items = items_of(session, addresses, stock, found.items)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for line in about_place(place, "Explanations of all kinds"):
        out.write(f"# {' '.join(line.split())}\n")
    writer.writerow(COLUMNS)
    for item in items:
        values = item.model_dump(include=set(COLUMNS))
        values |= {
            "protocol": place.protocol.digest,
            "algorithm": None if item.algorithm is None else item.algorithm.id,
            "iia_agreed": None if item.iia is None else item.iia.agreed,
            "iia_of": None if item.iia is None else item.iia.of,
            "places": " ".join(one.place for one in item.places)
            or " ".join(f"{one.path}@{one.text}" for one in item.linear),
            "classes": " ".join(item.classes),
            "joint_agreed": None if item.joint is None else item.joint.agreed,
            "joint_of": None if item.joint is None else item.joint.of,
        }
        writer.writerow(["" if values[name] is None else values[name] for name in COLUMNS])
    following = ""
    if found.more:
        cursor = write_cursor(order_name(options), key_of(stock, found.items[-1], items[-1], options.sort))
        following = addresses.explanations_csv(
            place.row.slug, place.scope, **options.view_of(view=None, limit=None), after=cursor
        )
    return out.getvalue(), following
