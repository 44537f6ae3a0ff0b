"""A comparison that names too few: pairs to begin with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.pages.about_one import column, listed
from app.pages.compare.compared import every_one
from app.pages.compare.options import CompareOptions
from app.pages.every_analysis import asked
from app.pages.place import AnyPlace, ModelPlace
from pluriscope.analyses.pair import refs
from pluriscope.analyses.registry import PAIR, RIVALS
from pluriscope.blocks import Action, Block, Head, Notice, Section
from pluriscope.naming import MOST, ExplanationRef
from pluriscope.tables import Row

Pair = tuple[str, Sequence[str]]
"""What some explanations are, and their references."""
_COLUMNS: Final = (
    column("pair", "Comparison", "What is compared.", first=True),
    column("refs", "Explanations", "Their references."),
)


def choosing(session: Session, links: Addresses, place: AnyPlace | None, options: CompareOptions) -> Iterator[Block]:
    """The page of a comparison that is not complete."""
    told = (
        f"Two to {MOST} explanations of one network, of any kind: where they contradict each other, and who is right."
    )
    if place is None:
        actions = [Action("Choose a network", links.gallery(), primary=True)]
        yield Head("Compare explanations", told, actions=actions)
        return
    actions = [
        Action("Tick them in the list", every_one(links, place.slug, place.scope), primary=True),
        Action("Another network", links.compare()),
    ]
    yield Head(f"Compare explanations of {place.row.name}", told, actions=actions)
    chosen = list(dict.fromkeys(options.e))[:1]
    if chosen:
        yield Notice(f"{chosen[0]} is chosen", "A comparison needs one more.", state="computing")
    yield from _begin(session, links, place, chosen)


def _begin(session: Session, links: Addresses, place: AnyPlace, chosen: Sequence[str]) -> Iterator[Block]:
    rows = []
    for words, pair in pairs(session, links, place):
        refs = list(dict.fromkeys([*chosen, *pair]))
        rows.append(Row({"pair": words, "refs": ", ".join(refs)}, url=links.compare(place.slug, refs, place.scope)))
    if rows:
        yield Section("Begin with one of these")
        yield listed("comparison", _COLUMNS, rows)


def pairs(session: Session, links: Addresses, place: AnyPlace) -> Iterator[Pair]:
    """Those that analyses have found, those that contradict each other first."""
    known = [RIVALS] if isinstance(place, ModelPlace) else [PAIR, RIVALS]
    for one in asked(session, place, links, known):
        if one.report is None:
            continue
        if one.analysis is PAIR and one.report.shown is not None:
            yield "Two that contradict each other", refs(one.report.shown)
        elif one.analysis is RIVALS and (pair := one.report.pair) is not None:
            yield "The two most different circuits", [str(ExplanationRef("circuit", mask)) for mask in pair.masks]


def own_pair(session: Session, links: Addresses, place: AnyPlace) -> list[str]:
    """What is compared of a network where nothing is chosen; [] where no analysis has found a pair."""
    return list(next(pairs(session, links, place), ("", ()))[1])
