"""The null model beside one network's figures: shares of networks that were drawn until one computed the task, and of
trained ones, as studies found them: those that come with Pluriscope, and those of this server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import Field
from sqlalchemy.orm import Session

from analysis.protocol import COMPLETE
from analysis.studies.null_model import (
    TRAINED,
    WHAT_WORDS,
    DrawnNetworks,
    MeasureShares,
    groups_of,
    is_null_model,
)
from analysis.studies.sources import DRAWN
from app.addressing import Addresses
from app.bundled.drawn_findings import drawn_findings
from app.db.reads.studies import studies_of_source
from app.db.studies import design_of
from app.db.study_summaries import summary_row
from app.db.study_tables import StudyRow
from app.options import BigInt, PageModel
from app.pages.place import Place
from app.pages.studies.stored import read_summary, summary_key
from app.recent import Recent

CHAPTER: Final = "does-learning-make-mechanisms-less-identifiable"
_GROUPS: Final = Recent[tuple[DrawnNetworks, ...]](16)
"""Of the studies of this server, each under one protocol."""


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
    draw_url: str = Field(
        description="A form for a study that draws networks of this shape; empty where there are some or none can be."
    )


def null_model(session: Session, place: Place, addresses: Addresses, asked: Sequence[Asked]) -> NullModelView:
    """The shares of trained and of drawn networks beside figures of one network.

    A figure that several studies have is of the one with the most networks, those that come with Pluriscope before
    those of this server; one that none has is left out.

    Args:
        session: of a reader.
        place: the analysis.
        asked: the figures, in order.
    """
    wanted = {one.measure for one in asked}
    bundled = _largest_first(_bundled_groups(place), wanted)
    own = _largest_first(_own_groups(session, place, {group.study for group in bundled}), wanted)
    # shares of other arms would stand in columns that are not theirs
    groups = [group for group in bundled + own if group.arms == (bundled + own)[0].arms]
    rows: list[NullRowView] = []
    studied: dict[str, DrawnNetworks] = {}
    for one in asked:
        group = next((group for group in groups if any(m.measure == one.measure for m in group.measures)), None)
        if group is not None:
            studied[group.study] = group
            rows += [_row(one, found) for found in group.measures if found.measure == one.measure]
    shown = list(studied.values())
    return NullModelView(
        arms=list(shown[0].arms) if rows else [],
        rows=rows,
        note=" ".join(map(_networks_words, shown)) if rows else _none_words(place),
        url=addresses.study(shown[0].study) if shown and shown[0] in own else addresses.findings(CHAPTER),
        draw_url="" if rows or not _drawable(place) else _draw_url(place, addresses),
    )


def _largest_first(groups: Iterable[DrawnNetworks], wanted: Collection[str]) -> list[DrawnNetworks]:
    """Those that have networks yet and a wanted measure."""
    having = [group for group in groups if group.of and any(found.measure in wanted for found in group.measures)]
    return sorted(having, key=lambda group: -group.of)


def _bundled_groups(place: Place) -> Iterator[DrawnNetworks]:
    """Those of the same shape and task under the same rules, of the studies that come with Pluriscope."""
    if place.question.protocol.digest == COMPLETE.digest and place.question.record.is_clean:
        yield from (group for group in drawn_findings().groups if _shape(group) == _shape_here(place))


def _own_groups(session: Session, place: Place, known: Collection[str]) -> Iterator[DrawnNetworks]:
    """The same, of the studies of this server, without those that are known."""
    if not place.question.record.is_clean:
        return
    for row in studies_of_source(session, DRAWN):
        design = design_of(row)
        rules = next((one for one in design.protocols if one.digest == place.question.protocol.digest), None)
        if row.slug not in known and rules is not None and is_null_model(design):
            yield from (one for one in _groups_of(session, row, rules.name) if _shape(one) == _shape_here(place))


def _groups_of(session: Session, row: StudyRow, protocol: str) -> tuple[DrawnNetworks, ...]:
    stored = summary_row(session, row.id)
    key = (summary_key(row, stored), protocol)
    return _GROUPS.of(key, lambda: tuple(groups_of(read_summary(row, stored), protocol)))


def _shape(group: DrawnNetworks) -> tuple[tuple[int, ...], str, str, str]:
    return group.sizes, group.activation, group.output_activation, group.task


def _shape_here(place: Place) -> tuple[tuple[int, ...], str, str, str]:
    model, task = place.question.model, place.question.task
    return model.sizes, model.activation, model.output_activation, "".join(map(str, task.truth_table))


def _drawable(place: Place) -> bool:
    """Whether a study can draw networks like this one: fully connected, of one output, judged on the clean inputs."""
    return place.question.record.is_clean and place.row.sizes[-1] == 1


def _draw_url(place: Place, addresses: Addresses) -> str:
    return addresses.new_study(network=place.slug, **place.scope.query()) + "#file"  # where the design stands


def _row(asked: Asked, found: MeasureShares) -> NullRowView:
    shares = [NullShareView.showing(share) for share in found.shares]
    here = None if found.what == "yes" else asked.here
    return NullRowView(measure=asked.measure, label=asked.label, what=WHAT_WORDS[found.what], here=here, shares=shares)


def _networks_words(group: DrawnNetworks) -> str:
    numbers = dict(zip(group.arms, group.networks, strict=True))
    trained = numbers.pop(TRAINED, None)
    drawn = f"{', '.join(f'{n:,}' for n in numbers.values())} compute the task where they are drawn."
    found = drawn if trained is None else f"{trained:,} networks converged where they are trained, and {drawn}"
    return f"Study {group.study}: of {group.of:,} seeds each, {found}"


def _none_words(place: Place) -> str:
    question = place.question
    task = question.task.name or "".join(map(str, question.task.truth_table))
    sizes = "-".join(map(str, question.model.sizes))
    return (
        f"No null model for this task and shape: no study drew networks {sizes} "
        f"({question.model.activation.replace('_', ' ')}) until they computed {task} and asked this of them under "
        f"protocol {question.protocol.name}."
    )
