"""What narrows the list of all explanations: the filters set, the one that left nothing, what is undecided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.criteria.steps import CriterionStep
from analysis.explanations.registry import RECORDED
from app.db.reads import explanations as reads
from app.db.reads.explanation_shelves import KINDS
from app.db.reads.verdicts import verdict_sets
from app.db.tables import AnalysisRow
from app.pages.circuits import Pill
from app.pages.explanation_filters import DEFAULT_KINDS, FILTERS, ExplanationsOptions, KindName, failed_of
from app.pages.options import BigInt, PageModel

KIND_NOUNS: Final[Mapping[str, str]] = {
    "direction": "alignments on directions",
    **{kind.key: kind.plural for kind in RECORDED},
}


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
    session: Session, analysis: AnalysisRow, options: ExplanationsOptions, steps: Sequence[CriterionStep]
) -> list[UndecidedView]:
    """What the criteria asked for could not decide about, of the kinds listed."""
    asked = {*steps, *failed_of(options)}
    if not asked:
        return []
    return [
        UndecidedView(criterion=str(one.step), kind=one.kind, n=one.tally.undecided, of=one.tally.of, note=one.note)
        for one in verdict_sets(session, analysis)
        if one.step in asked and one.kind in options.kinds and one.tally.undecided
    ]


def _without(condition: reads.Condition, options: ExplanationsOptions, steps: Sequence[CriterionStep], url: Any) -> str:
    """The list without one condition."""
    facet = condition.facet
    name, _, value = facet.partition(" ")
    if name in ("keep", "drop"):
        return str(url(**{name: [text for text in getattr(options, name) if text != value]}))
    if name == "map":
        return str(url(map=[text for text in options.map if text != value]))
    if name == "layer":
        return str(url(layer=[layer for layer in options.layer if str(layer) != value]))
    if name == "figure":
        return str(url(figure=[text for text in options.figure if text.partition("=")[0] != value]))
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


def pills_of(
    options: ExplanationsOptions, conditions: Sequence[reads.Condition], steps: Sequence[CriterionStep], url: Any
) -> list[Pill]:
    pills = []
    if options.kind:
        pills.append(
            Pill(label="only " + ", ".join(KIND_NOUNS.get(kind, f"{kind}s") for kind in options.kind), url=url(kind=[]))
        )
    if options.strategy:
        pills.append(Pill(label=options.strategy.replace("-", " "), url=url(strategy=None)))
    if options.standing == "any":
        pills.append(Pill(label="also those that fail", url=url(standing="valid")))
    default = [c for c in conditions if c.facet == "standing" and options.standing == "valid"]
    return pills + [Pill(label=c.label, url=_without(c, options, steps, url)) for c in conditions if c not in default]


def removal_of(
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
            about = [kind for kind in KINDS if kind in condition.tests or kind in condition.always]
            applies = not options.kinds.isdisjoint(about)
            return Removal(
                label=condition.label,
                applies=applies,
                about=[] if applies else about,
                about_url="" if applies or not about else url(kind=about, strategy=None),
                before=before,
                url=_without(condition, options, steps, url),
            )
    if options.kinds != DEFAULT_KINDS and not after[0]:
        total = sum(found.facets.kinds.values())
        return Removal(label="the kinds chosen", before=total, url=url(kind=[], strategy=None))
    return None
