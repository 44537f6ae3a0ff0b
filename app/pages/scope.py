"""Scope and limitations: docs/scope.md as a page, with the limits in force here and the settings of the protocols."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.registry import CRITERIA
from analysis.protocol import BUILT_IN
from app.addressing import Addresses
from app.figures.numbers import exact
from app.limits import limits_in
from app.options import PageModel
from app.pages.prose import Block, Chapter, block_of, chapter, chapters, items_of
from app.pages.shared import ProtocolView, protocol_view
from app.resources import DOCUMENTS

SCOPE_FILE: Final = DOCUMENTS / "scope.md"
IN_SHORT: Final = "In short"
_MEANING: Final = {
    "max_possible": "a larger circuit space is counted or estimated instead of listed",
    "max_valid": "valid circuits kept in a list; then it is marked truncated",
    "max_candidates": "candidate algorithms kept where they are aligned one by one",
    "max_listed": "more candidates than this are searched by what the network can support instead of one by one",
    "n_first": "of those, listed whether they can be aligned or not",
    "max_aligned": "of those that can be aligned, listed",
    "max_states": "combinations of cuts, in all, up to which the interpretations of listed circuits are counted",
    "max_seconds": "an exact count predicted to take longer on one core is not started",
    "max_bytes": "a count predicted to take more memory is not started; a list stops before it does",
    "n_draws": "valid circuits drawn and shown where they are not all listed",
    "n_smallest": "of the smallest valid circuits, shown beside those drawn",
    "n_tried": "circuits tried in order of size to find these",
    "n_samples": "circuits tested for an estimate",
    "confidence": "of an estimate's interval",
    "max_criterion_seconds": "one criterion on one kind of explanation; what is left then is undecided",
    "processes": "of one exact count; decides no figure",
}


class LimitView(PageModel):
    """How far one search may go on this machine."""

    name: str
    value: float | int
    meaning: str


class CriterionSettings(PageModel):
    """The settings that a criterion has by default."""

    key: str
    label: str
    definition: str
    method: str = Field(description="How it is decided and how exactly; empty if its formula is simply computed.")
    vacuous: str = Field(description="Why it removes next to nothing here, with the count; empty if it removes some.")
    settings: dict[str, float | int] = Field(description="Its parameters with their default values.")


class ChangedMeaning(PageModel):
    """A criterion's key that meant something else before."""

    key: str
    label: str
    meaning: int = Field(description="Which meaning of the key it is since, from 2.")
    before: str
    now: str
    former: str = Field(description="The criterion that asks the former question still; empty if none does.")


class ScopeOfUsePage(PageModel):
    """What a verdict means and does not, how sure numbers are, what was not searched, and every setting."""

    intro: list[Block]
    chapters: list[Chapter]
    limits: list[LimitView] = Field(description="In force where this page was made.")
    protocols: list[ProtocolView] = Field(description="The built-in ones with every setting.")
    criteria: list[CriterionSettings]
    changed: list[ChangedMeaning] = Field(description="Keys of criteria whose meaning changed.")
    url: str

    @property
    def protocol_columns(self) -> list[dict[str, str]]:
        """Heads of the table of settings."""
        return [{"label": protocol.name} for protocol in self.protocols]

    @property
    def settings(self) -> list[tuple[str, list[str]]]:
        """Each setting with its value under each built-in protocol."""
        names = sorted(self.protocols[0].settings)
        return [(name, [_written(protocol.settings[name]) for protocol in self.protocols]) for name in names]


def build_scope(session: Session, addresses: Addresses) -> ScopeOfUsePage:
    """The page as it stands in the documentation, with this machine's limits."""
    in_force = asdict(limits_in(session))
    in_force["max_criterion_seconds"] = in_force.pop("criterion_seconds")  # as its setting is called
    (_, intro), *rest = chapters(SCOPE_FILE)
    return ScopeOfUsePage(
        intro=[block_of(block, addresses) for block in intro],
        chapters=[chapter(title, blocks, addresses) for title, blocks in rest],
        limits=[LimitView(name=name, value=value, meaning=_MEANING[name]) for name, value in in_force.items()],
        protocols=[protocol_view(protocol) for protocol in BUILT_IN.values()],
        criteria=[
            CriterionSettings.showing(
                criterion,
                settings=criterion.defaults,
            )
            for criterion in CRITERIA
        ],
        changed=[
            ChangedMeaning.showing(change, key=criterion.key, label=criterion.label, meaning=number, former=change.key)
            for criterion in CRITERIA
            for number, change in enumerate(criterion.changes, start=2)
        ],
        url=addresses.scope(),
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
