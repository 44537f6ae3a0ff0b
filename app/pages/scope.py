"""Scope and limitations: docs/scope.md as a page, with the limits in force here and the settings of the protocols."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache, partial
from typing import Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.questions.protocol import BUILT_IN
from pluriscope.app.limits import limits_in
from pluriscope.app.pages.prose import chapters, items_of
from pluriscope.figures.numbers import exact
from pluriscope.page_kit.blocks import Block, Columns, Head, More, Prose, Section, Table
from pluriscope.resources import DOCUMENTS

SCOPE_FILE: Final = DOCUMENTS / "scope.md"
IN_SHORT: Final = "In short"
_MEANING: Final = {
    "max_possible": "a larger circuit space is counted or sampled instead of listed",
    "max_valid": "valid circuits kept in a list; then it is marked truncated",
    "max_candidates": "candidate algorithms kept where they are placed one by one",
    "max_listed": "more candidates than this are searched by what the network can support instead of one by one",
    "n_first": "of those, listed whether they can be placed or not",
    "max_aligned": "of those that can be placed, listed",
    "max_states": "combinations of thresholds, in all, up to which the interpretations of listed circuits are counted",
    "max_seconds": "an exact count predicted to take longer on one core is not started",
    "max_bytes": "a count predicted to take more memory is not started; a list stops before it does",
    "n_draws": "valid circuits drawn and shown where they are not all listed",
    "n_smallest": "of the smallest valid circuits, shown beside those drawn",
    "n_tried": "circuits tried in order of size to find these",
    "n_samples": "circuits drawn for a sample",
    "confidence": "of a guaranteed interval",
    "max_criterion_seconds": "one criterion on one kind of explanation; what is left then is undecided",
    "processes": "of one exact count; decides no figure",
}
_CODE: Final = Markup("<code>{}</code>")


def scope(session: Session, links: Addresses) -> Iterator[Block]:
    """Page of what a verdict means and does not, how sure numbers are, what was not searched, and every setting."""
    (_, (sentence,)), *rest = chapters(SCOPE_FILE)
    short, kinds, *folded = [(title, Prose("\n\n".join(blocks))) for title, blocks in rest]
    folds: list[Block] = [More(title, partial(list, [text]), sent=True) for title, text in folded]
    folds.append(More("Limits here", lambda: [_limits(session)], id="limits", sent=True))
    folds.append(More("Protocols", lambda: [_protocols()], sent=True))
    folds.append(Prose(f"[Every criterion]({links.criteria()}) has a page.", glossary=False))
    yield Head("Scope and limitations", sentence)
    yield Columns([[Section(short[0]), short[1], *folds], [Section(kinds[0]), kinds[1]]])


def _limits(session: Session) -> Block:
    in_force = asdict(limits_in(session))
    in_force["max_criterion_seconds"] = in_force.pop("criterion_seconds")  # as its setting is called
    limits = [(_CODE.format(name), value, _MEANING[name]) for name, value in in_force.items()]
    return Table.plain(("Limit", "Value", "Meaning"), limits)


def _protocols() -> Block:
    settings = {name: protocol.model_dump(exclude={"name"}) for name, protocol in BUILT_IN.items()}
    names = sorted(next(iter(settings.values())))
    return Table.plain(
        ("Setting", *settings),
        [(_CODE.format(name), *(_written(own[name]) for own in settings.values())) for name in names],
    )


@lru_cache(maxsize=1)
def in_short() -> tuple[str, ...]:
    """The lines that stand beside everything taken away from here: what valid means, and how sure counts are."""
    blocks = dict(chapters(SCOPE_FILE))[IN_SHORT]
    return tuple(item for block in blocks for item in items_of(block))


def _written(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_written, value))
    return exact(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)
