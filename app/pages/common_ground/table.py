"""All points of a survey as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.reads import common_ground as reads
from app.options import ScopeOptions
from app.pages.common_ground.points import algorithms_of, name_of, named, surveyed
from app.pages.common_ground.views import KIND_OF
from app.pages.sharing.about import about_place

HEAD = [
    "kind",
    "explanation",
    "predicted",
    "of",
    "right",
    "best_of_class",
    "worst_of_class",
    "members",
    "formula",
    "url",
]
AT_ONCE = 5_000


def table_rows(
    session: Session, addresses: Addresses, network: str, options: ScopeOptions
) -> tuple[tuple[str, ...], Iterator[list[str]]]:
    """The text about the table, and one row for each explanation in the store's order.

    Raises:
        NotFound: the network or scope does not exist, or nothing is surveyed yet.
    """
    place, row = surveyed(session, addresses, network, options)
    total = sum(point.count for point in reads.cloud_of(row))

    def rows() -> Iterator[list[str]]:
        for start in range(0, total, AT_ONCE):
            points = reads.points_at(session, row, range(start, min(start + AT_ONCE, total)))
            algorithms = algorithms_of(session, row, points)
            for point in points:
                ref, _, url = named(name_of(point, algorithms), place, addresses)
                is_class = point.size is not None
                yield [
                    KIND_OF[point.kind],
                    ref,
                    str(point.predicted),
                    str(row.n_interventions),
                    str(point.right),
                    "" if point.best is None or not is_class else str(point.best),
                    "" if point.worst is None or not is_class else str(point.worst),
                    "" if point.size is None else str(point.size),
                    "" if is_class else algorithms[point.owner].formula,
                    url,
                ]

    return about_place(place, "Where every explanation stands on the common ground"), rows()
