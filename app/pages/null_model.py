"""The null model beside one network's figures: shares of networks that were drawn until one computed the task, and of
trained ones, as the studies that come with Pluriscope found them. Nothing is counted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from analysis.protocol import COMPLETE
from app.addressing import Addresses
from app.bundled.drawn_findings import WHAT_WORDS, DrawnNetworks, MeasureShares, drawn_findings
from app.options import BigInt, PageModel
from app.pages.place import Place

CHAPTER = "does-learning-make-mechanisms-less-identifiable"


@dataclass(frozen=True)
class Asked:
    """A figure of one network that is looked up among those of networks that were drawn.

    Args:
        measure: key of the studies' measure.
        label: what is counted.
        here: this network's number; None if it is not known, or if the figure is a yes or no.
    """

    measure: str
    label: str
    here: int | None = None


class NullShareView(PageModel):
    """A share of the networks of one arm."""

    hits: int
    of: int
    low: float | None = Field(description="Wilson's interval, 95%; null of no networks.")
    high: float | None


class NullRowView(PageModel):
    """One figure, of this network and of each arm."""

    measure: str
    label: str
    what: str = Field(description="any, exactly one, both, or yes: which networks the shares count.")
    here: BigInt | None = Field(description="This network's number; null if it has none.")
    shares: list[NullShareView] = Field(description="One for each arm.")


class NullModelView(PageModel):
    """Trained networks of this shape and task, and drawn ones, which were never trained and compute it as well."""

    arms: list[str] = Field(description='"trained", then the priors drawn from; empty if there is no null model.')
    rows: list[NullRowView]
    note: str = Field(description="Which networks these are, or why there are none.")
    url: str = Field(description="What was found.")


def null_model(place: Place, addresses: Addresses, asked: Sequence[Asked]) -> NullModelView:
    """The shares of trained and of drawn networks beside figures of one network.

    A figure that several studies have is of the one with the most networks; one that none has is left out.

    Args:
        place: the analysis.
        asked: the figures, in order.
    """
    groups = _groups_of(place)
    rows: list[NullRowView] = []
    studied: dict[str, DrawnNetworks] = {}
    for one in asked:
        group = next((group for group in groups if any(m.measure == one.measure for m in group.measures)), None)
        if group is not None:
            studied[group.study] = group
            rows += [_row(one, found) for found in group.measures if found.measure == one.measure]
    return NullModelView(
        arms=list(groups[0].arms) if rows else [],
        rows=rows,
        note=" ".join(map(_networks_words, studied.values())) if rows else _none_words(place),
        url=addresses.findings(CHAPTER),
    )


def _groups_of(place: Place) -> list[DrawnNetworks]:
    """Those of the same shape and task under the same rules, those of most networks first."""
    model, rules = place.question.model, place.question.protocol
    if rules.digest != COMPLETE.digest or not place.question.record.is_clean:
        return []
    task = "".join(map(str, place.question.task.truth_table))
    shape = (model.sizes, model.activation, model.output_activation, task)
    found = [group for group in drawn_findings().groups if _shape(group) == shape]
    return sorted(found, key=lambda group: -group.of)


def _shape(group: DrawnNetworks) -> tuple[tuple[int, ...], str, str, str]:
    return group.sizes, group.activation, group.output_activation, group.task


def _row(asked: Asked, found: MeasureShares) -> NullRowView:
    shares = [NullShareView.showing(share) for share in found.shares]
    here = None if found.what == "yes" else asked.here
    return NullRowView(measure=asked.measure, label=asked.label, what=WHAT_WORDS[found.what], here=here, shares=shares)


def _networks_words(group: DrawnNetworks) -> str:
    trained, *drawn = group.networks
    return (
        f"Study {group.study}: of {group.of:,} seeds each, {trained:,} networks converged where they are trained, and "
        f"{', '.join(f'{n:,}' for n in drawn)} compute the task where they are drawn."
    )


def _none_words(place: Place) -> str:
    question = place.question
    task = question.task.name or "".join(map(str, question.task.truth_table))
    sizes = "-".join(map(str, question.model.sizes))
    return (
        f"No null model for this task and shape: no study drew networks {sizes} "
        f"({question.model.activation.replace('_', ' ')}) until they computed {task} and asked this of them under "
        f"protocol {question.protocol.name}."
    )
