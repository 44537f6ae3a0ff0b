"""Figures of a study: from groups of networks to drawings in rows, and what they show in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Final

from markupsafe import Markup

from analysis.studies.cells import GRID_FACTORS
from analysis.studies.design import FACTORS, Factor
from analysis.studies.measures.measure import Measure
from analysis.studies.summary import Group, StudySummary
from app.errors import NotFound
from app.figures.numbers import exact, noun
from app.figures.svg.studies import Axis, LadderRow, LadderStep, kept, ladder_drawing

LADDER: Final = "ladder-"
MOST_GROUPS: Final = 6  # of one of several steps, unless an address asks for a factor
_MOST_CATEGORIES: Final = 24
_LEAST_TOLD: Final = 0.001


@dataclass(frozen=True)
class Drawn:
    """A figure before it is drawn: rows under one step or several.

    Args:
        share: whether bars are shares.
        log: whether a logarithmic axis is wanted.
    """

    name: str
    title: str
    caption: str
    x_title: str
    share: bool
    log: bool
    steps: tuple[LadderStep, ...]

    def drawing(self, study: str, protocol: str = "", *, alone: bool = False) -> Markup:
        """The figure as SVG.

        Args:
            study: its name.
            protocol: under which it is.
            alone: whether it is a file that travels, so that what it is stands below it.
        """
        rules = f", protocol {protocol}" if protocol else ""
        return ladder_drawing(
            self.steps,
            x_title=self.x_title,
            told_title="" if self.share else "median · mean",
            log=self.log,
            share=self.share,
            sentence=f"{self.title} in {study}. {self.caption}",
            notes=[f"{study}{rules}", *wrap(self.caption, 88)] if alone else (),
        )


def figure_names(summary: StudySummary) -> list[str]:
    """Names of a study's figures, in order: ladders first, then every measure."""
    return [*(f"{LADDER}{number}" for number in range(len(summary.design.ladders))), *summary.shown]


def drawn_figure(summary: StudySummary, name: str, protocol: str, by: Factor | None) -> Drawn:
    """A figure by its name.

    Raises:
        NotFound: the study has no such figure.
    """
    ladders = {f"{LADDER}{number}": ladder for number, ladder in enumerate(summary.design.ladders)}
    measure = summary.shown.get(name) or summary.measures.get(name)
    if name not in ladders and measure is None:
        known = ", ".join(figure_names(summary))
        raise NotFound(f"figure {name[:60]!r}", "is not one of this study’s", f"use one of {known}")
    keys: Sequence[str] = (name,)
    if measure is None:
        keys = ladders[name].measures
    elif name in summary.shown:
        keys = list(summary.keys_of(name).values())
    title = ladders[name].label if measure is None else f"{measure.label[:1].upper()}{measure.label[1:]}"
    first = summary.measures[keys[0]]
    found = [_parts(summary, key, protocol, by, len(keys) > 1) for key in keys]
    if first.numeric or first.kind == "yes-no":
        labels = ["" if len(keys) == 1 else summary.measures[key].label.split(": ", 1)[-1] for key in keys]
        steps = tuple(
            LadderStep(label, tuple(_row(summary.measures[key], group, len(groups) == 1) for group in groups))
            for label, key, groups in zip(labels, keys, found, strict=True)
        )
    else:
        steps = tuple(LadderStep(group.label, _categories(group)) for group in found[0])
    share = not first.numeric
    x_title = "share of networks" if share else "of each network" if measure is None else measure.label
    caption = _caption(summary, measure, found, steps, share, by)
    return Drawn(name, title, caption, x_title, share, measure is None or measure.log, steps)


def groups_of(summary: StudySummary, measure: Measure, protocol: str, by: Factor | None) -> list[Group]:
    """The groups of a listed measure; of one of answers those of each method, one after the other."""
    found = []
    for method, key in summary.keys_of(measure.key).items():
        for group in summary.groups(key, protocol, by):
            renamed = replace(group, label=f"{method}, {group.label}" if method else group.label)
            vars(renamed).update({**vars(group), "label": renamed.label})  # with all that was summed up of it
            found.append(renamed)
    return found


def _parts(summary: StudySummary, key: str, protocol: str, by: Factor | None, several: bool) -> tuple[Group, ...]:
    """The groups of one step; of several steps all networks together where there are many cells."""
    groups = summary.groups(key, protocol, by)
    if by is None and several and not 1 < len(groups) <= MOST_GROUPS:
        return (summary.together(key, protocol),)
    return groups


def _row(measure: Measure, group: Group, alone: bool) -> LadderRow:
    label, missing = "" if alone else group.label, missing_of(group)
    named = f"{measure.label}, {group.label}"
    if measure.kind == "yes-no":
        yes = group.yes
        of = f"{exact(yes.hits)} of {exact(yes.of)}"
        told = "–" if yes.value is None else f"{yes.value:.0%} ({of})"
        interval = "" if yes.low is None else f", 95% interval {yes.low:.1%} to {yes.high:.1%}"
        ends = None if yes.low is None or yes.high is None else (yes.low, yes.high)
        return LadderRow(label, yes.value, told, f"{named}: {of}{interval}{missing}", interval=ends)
    spread = group.spread
    dots = [(float(p.value) if isinstance(p.value, (int, float)) else 0.0, not p.exact) for p in group.points]
    if spread.median is None or spread.mean is None:
        return LadderRow(label, None, "–", f"{named}: none has a value{missing}", dots)
    told = f"{'≥ ' if group.bounded else ''}{_told(spread.median)} · {_told(spread.mean)}"
    words = f"{named}: median {_told(spread.median)}, mean {_told(spread.mean)}, of {exact(spread.n)}{missing}"
    return LadderRow(label, spread.mean, told, words, dots, spread.median)


def _categories(group: Group) -> tuple[LadderRow, ...]:
    """A bar for each category, or for each element of sets."""
    n, most = len(group.points), group.categories.most_common(_MOST_CATEGORIES)
    of = {name: f"{exact(count)} of {exact(n)}" for name, count in most}
    return tuple(
        LadderRow(name, count / n if n else 0.0, of[name], f"{group.label}, {name}: {of[name]}") for name, count in most
    )


def missing_of(group: Group) -> str:
    """How many networks of a group have no value, and why; "" where all have one."""
    failed = f"; {exact(group.failed)} failed" if group.failed else ""
    return failed + (f"; to {exact(group.silent)} it does not apply" if group.silent else "")


def _caption(
    summary: StudySummary,
    measure: Measure | None,
    found: Sequence[Sequence[Group]],
    steps: Sequence[LadderStep],
    share: bool,
    by: Factor | None,
) -> str:
    """What a figure shows, in words: of how many, what is missing, what is not exact, what is not drawn."""
    groups = found[0]
    failed, silent, of = (sum(getattr(group, name) for group in groups) for name in ("failed", "silent", "of"))
    seen, unit = units_of(summary)
    text = (f"{measure.definition} " if measure is not None else "") + seen
    if len(found) > 1:
        text += f"{noun(len(found), 'measure' if measure is None else 'method')} "
        text += f"of the same {noun(of - failed, unit)}"
    else:
        text += f"{noun(of - failed - silent, unit)} of {exact(of)}"
        text += f", to {exact(silent)} it does not apply" if silent else ""
    text += f"; {exact(failed)} of {exact(of)} trained failed." if failed else "."
    if len(groups) > 1:
        text += f" Rows: {x_title_of(summary, by)}."
    elif len(found) > 1 and len(summary.cells) > 1:
        text += (
            f" The networks of all {exact(len(summary.cells))} cells are taken together; grouped by one factor they "
        )
        text += "stand apart, and the tables have every cell."
    if share:
        intervals = measure is None or measure.kind == "yes-no"
        return text + (" Bars: shares; lines: 95% intervals (Wilson)." if intervals else " Bars: shares.")
    ends = "" if Axis.of(steps, measure is None or measure.log, False).log else "Bars end at the mean; "
    text += f" {ends}{'t' if ends else 'T'}he thick line is the median, dots are {unit}s."
    bounded = sum(group.bounded for some in found for group in some)
    text += f" Hollow: {noun(bounded, 'estimate or lower bound', 'estimates or lower bounds')}." if bounded else ""
    rows = [row for step in steps for row in step.rows]
    drawn, dots = sum(len(kept(row.dots, len(rows))) for row in rows), sum(len(row.dots) for row in rows)
    return text + (f" {exact(drawn)} of {exact(dots)} dots are drawn." if drawn < dots else "")


def x_title_of(summary: StudySummary, by: Factor | None) -> str:
    """What groups differ by."""
    varying = [by] if by is not None else [one for one in summary.design.varying if one in GRID_FACTORS]
    return ", ".join(FACTORS[one] for one in varying) or "all networks"


def units_of(summary: StudySummary) -> tuple[str, str]:
    """What stands before a number of outcomes where a network is seen several times, and what one outcome is called."""
    if summary.moments == 1:
        return "", "network"
    networks = noun(summary.design.n_networks // summary.moments, "network")
    return f"{networks} at {summary.moments} losses; ", "moment"


def _told(value: float) -> str:
    """A median or a mean."""
    return f"≤{_LEAST_TOLD}" if 0 < value < _LEAST_TOLD else value_text(value)


def value_text(value: float | None) -> str:
    """A number for people: to four digits, from 1,000 on whole with separators; "" for none."""
    if value is None:
        return ""
    if isinstance(value, int) or float(value).is_integer():
        return exact(int(value))
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"
