"""Funnels that were asked for last, so that the same one is not summed up again.

They are known by what they are made from, digests of results and verdicts included, so nothing has to be told when
verdicts change: other verdicts are another key.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Final

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.reads.funnel import verdict_contents
from app.db.tables import AnalysisRow
from app.pages.funnel.model import KindFunnel
from app.pages.place import Place

MAX_KEPT: Final = 256

_kept: OrderedDict[Hashable, tuple[KindFunnel, ...]] = OrderedDict()
_lock = Lock()


def kept(
    session: Session,
    addresses: Addresses,
    place: Place,
    analysis: AnalysisRow,
    what: Hashable,
    make: Callable[[], tuple[KindFunnel, ...]],
) -> tuple[KindFunnel, ...]:
    """A funnel, made only if it was not asked for lately.

    Args:
        session: a snapshot of the store.
        addresses: that its links are written with.
        place: the analysis.
        analysis: its row.
        what: which funnel: the sequence, and which of its steps are under way.
        make: makes it.
    """
    made_from = (analysis.id, analysis.result_digest, verdict_contents(session, analysis))
    key = (addresses.prefix, place.row.slug, place.scope, made_from, what)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = make()
    with _lock:
        _kept[key] = made
        while len(_kept) > MAX_KEPT:
            _kept.popitem(last=False)
    return made
