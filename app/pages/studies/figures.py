"""Figures of a study: from groups of networks to drawings and the numbers behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from analysis.studies.cells import GRID_FACTORS
from analysis.studies.design import FACTORS, Factor, StudyDesign
from analysis.studies.measures.measure import Measure
from analysis.studies.statistics import Share, Spread
from analysis.studies.summary import POOLED, Group, StudySummary
from app.addressing import Addresses
from app.errors import BadQuery, NotFound
from app.figures.numbers import exact, noun
from app.figures.studies import BarMark, Strip, kept
from app.figures.study_rows import LadderRow, LadderStep, Stack
from app.figures.svg.spreads import bars_drawing, strips_drawing
from app.figures.svg.study_rows import ladder_drawing, stacks_drawing
from app.pages.studies.options import StudyFigureOptions
from app.pages.studies.stored import open_study, summary_of
from app.pages.studies.strips import strip_of, value_text, yes_bar
from app.pages.studies.views import GroupView, MeasureView, ShareRow, SpreadView

LADDER: Final = "ladder-"
_MOST_CATEGORIES: Final = 24
_MOST_STACKED: Final = 6
OTHERS: Final = "others"


@dataclass(frozen=True)
class Drawn:
    """A figure before it is drawn.

    Args:
        strips: of numbers.
        bars: of shares and categories.
        steps: of a ladder.
        stacks: of categories that share each group, with their names in ``categories``. One of the four has any.
    """

    name: str
    title: str
    measure: Measure | None
    groups: tuple[Group, ...]
    strips: tuple[Strip, ...]
    bars: tuple[BarMark, ...]
    y_title: str
    x_title: str
    log: bool
    share: bool
    caption: str
    steps: tuple[LadderStep, ...] = ()
    stacks: tuple[Stack, ...] = ()
    categories: tuple[str, ...] = ()


def study_drawing(session: Session, addresses: Addresses, study: str, name: str, options: StudyFigureOptions) -> Markup:
    """A figure as a drawing for a file, which says below it what it is.

    Raises:
        NotFound: no such study or figure.
        BadQuery: no such protocol.
    """
    row = open_study(session, addresses, study)
    summary = summary_of(session, row)
    protocol = protocol_named(summary.design, options.protocol)
    return drawing_of_figure(drawn_figure(summary, name, protocol, options.by), row.name, protocol, alone=True)


def figure_names(design: StudyDesign, measures: Sequence[str]) -> list[str]:
    """Names of a study's figures, in order: ladders first, then every measure."""
    return [*(f"{LADDER}{number}" for number in range(len(design.ladders))), *measures]


def protocol_named(design: StudyDesign, name: str) -> str:
    """The protocol that an address asks for, the study's first one where it names none.

    Raises:
        BadQuery: the study has no such protocol.
    """
    names = design.labels("protocol")
    if name and name not in names:
        raise BadQuery(
            f"protocol {name[:60]!r}", "is not one of this study’s", f"use one of {', '.join(names)}", "protocol"
        )
    return name or names[0]


def drawn_figure(summary: StudySummary, name: str, protocol: str, by: Factor | None) -> Drawn:
    """A figure by its name.

    Raises:
        NotFound: the study has no such figure.
    """
    if name.startswith(LADDER) and name.removeprefix(LADDER).isdecimal():
        number = int(name.removeprefix(LADDER))
        if number < len(summary.design.ladders):
            return _ladder(summary, number, protocol, by)
    if name in summary.shown and summary.shown[name].of_answer:
        return _by_method(summary, summary.shown[name], protocol, by)
    if name not in summary.measures:
        known = ", ".join(figure_names(summary.design, list(summary.shown)))
        raise NotFound(f"figure {name[:60]!r}", "is not one of this study’s", f"use one of {known}")
    measure = summary.measures[name]
    groups = summary.groups(name, protocol, by)
    strips: tuple[Strip, ...] = ()
    bars: tuple[BarMark, ...] = ()
    stacks: tuple[Stack, ...] = ()
    if measure.numeric:
        strips = tuple(map(strip_of, groups))
    elif measure.kind == "yes-no":
        bars = tuple(yes_bar(group) for group in groups)
    elif measure.kind == "category" and len(groups) > 1:
        stacks = _stacks(groups)
    else:
        bars = _category_bars(groups)
    y_title = measure.label if measure.numeric else "share of networks"
    return Drawn(
        name,
        measure.label,
        measure,
        groups,
        strips,
        bars,
        y_title,
        x_title_of(summary.design, by),
        measure.log,
        not measure.numeric,
        _caption(measure, groups, strips),
        stacks=stacks,
        categories=_category_names(groups) if stacks else (),
    )


def x_title_of(design: StudyDesign, by: Factor | None) -> str:
    """What groups differ by."""
    if by is not None:
        return FACTORS[by]
    return ", ".join(FACTORS[factor] for factor in GRID_FACTORS if len(design.levels(factor)) > 1) or "all networks"


def drawing_of_figure(figure: Drawn, study: str, protocol: str, *, alone: bool) -> Markup:
    """The figure as SVG.

    Args:
        figure: what is drawn.
        study: name of the study.
        protocol: name of the protocol.
        alone: whether its caption stands below it, so that a file that travels says what it is.
    """
    notes = [f"{study}, protocol {protocol}", *_lines(figure.caption)] if alone else []
    sentence = f"{figure.title} in {study}. {figure.caption}"
    if figure.steps:
        return ladder_drawing(
            figure.steps,
            x_title=figure.x_title,
            told_title=told_title(figure.share),
            log=figure.log,
            share=figure.share,
            sentence=sentence,
            notes=notes,
        )
    if figure.stacks:
        return stacks_drawing(figure.categories, figure.stacks, sentence=sentence, notes=notes)
    titles = {"y_title": figure.y_title, "x_title": figure.x_title, "sentence": sentence, "notes": notes}
    if figure.strips:
        return strips_drawing(figure.strips, log=figure.log, **titles)  # type: ignore[arg-type]
    return bars_drawing(figure.bars, share=figure.share, **titles)  # type: ignore[arg-type]


def measure_view(measure: Measure) -> MeasureView:
    """A measure as pages show it."""
    return MeasureView.showing(measure)


def group_view(group: Group, measure: Measure | None) -> GroupView:
    """The numbers of one group."""
    numeric = measure is None or measure.numeric
    yes_no = measure is not None and measure.kind == "yes-no"
    n = len(group.points)
    named = [] if numeric or yes_no else group.categories.most_common(_MOST_CATEGORIES)
    return GroupView.showing(
        group,
        spread=spread_view(group.spread) if numeric else None,
        yes=_share_row("yes", group.yes) if yes_no else None,
        yes_of_all=_share_row("yes", group.yes_of_all) if yes_no else None,
        categories=[ShareRow(label=name, hits=count, of=n, low=None, high=None) for name, count in named],
    )


def spread_view(spread: Spread) -> SpreadView:
    """A spread as pages show it."""
    return SpreadView.showing(spread)


def _share_row(label: str, share: Share) -> ShareRow:
    return ShareRow(label=label, hits=share.hits, of=share.of, low=share.low, high=share.high)


def _category_bars(groups: Sequence[Group]) -> tuple[BarMark, ...]:
    """One bar for each category, or for each element of sets; with several groups one for each of both."""
    bars = []
    for group in groups:
        n = len(group.points)
        for name, count in group.categories.most_common(_MOST_CATEGORIES if len(groups) == 1 else 6):
            label = name if len(groups) == 1 else f"{group.label}: {name}"
            bars.append(BarMark(label, count / n if n else 0.0, None, None, f"{label}: {count:,} of {n:,} networks"))
    return tuple(bars)


def _category_names(groups: Sequence[Group]) -> tuple[str, ...]:
    """The categories of all groups in one order; beyond some, the rarest are one."""
    counts = sum((group.categories for group in groups), Counter[str]())
    if len(counts) <= _MOST_STACKED:
        return tuple(sorted(counts))
    return (*(name for name, _ in counts.most_common(_MOST_STACKED - 1)), OTHERS)


def _stacks(groups: Sequence[Group]) -> tuple[Stack, ...]:
    """Each group cut into its categories, which are of one network each."""
    names = _category_names(groups)
    stacks = []
    for group in groups:
        n, counts = len(group.points), dict(group.categories)
        if OTHERS in names:
            counts[OTHERS] = sum(count for name, count in group.categories.items() if name not in names)
        words = tuple(f"{group.label}, {name}: {counts.get(name, 0):,} of {n:,} networks" for name in names)
        stacks.append(Stack(group.label, tuple(counts.get(name, 0) / n if n else 0.0 for name in names), words))
    return tuple(stacks)


def _ladder(summary: StudySummary, number: int, protocol: str, by: Factor | None) -> Drawn:
    """The same networks, one measure after the other."""
    ladder = summary.design.ladders[number]
    share = summary.measures[ladder.measures[0]].kind == "yes-no"
    steps, groups = ladder_of(summary, ladder.measures, protocol, by)
    one = len(groups) == len(steps)
    together = len(summary.cells) if one else 1
    return Drawn(
        f"{LADDER}{number}",
        ladder.label,
        None,
        tuple(groups),
        (),
        (),
        "",
        "share of networks" if share else "of each network",
        True,
        share,
        ladder_caption(groups, steps, share, "" if one else x_title_of(summary.design, by), together),
        steps=steps,
    )


def _by_method(summary: StudySummary, measure: Measure, protocol: str, by: Factor | None) -> Drawn:
    """A measure of the answers of all methods, method after method about the same networks."""
    share = measure.kind == "yes-no"
    keys = list(summary.keys_of(measure.key).values())
    steps, groups = ladder_of(summary, keys, protocol, by)
    one = len(groups) == len(steps)
    return Drawn(
        measure.key,
        measure.label,
        measure,
        tuple(groups),
        (),
        (),
        "",
        "share of networks" if share else measure.label,
        measure.log,
        share,
        _method_caption(measure, groups, steps, "" if one else x_title_of(summary.design, by)),
        steps=steps,
    )


def _method_caption(measure: Measure, groups: Sequence[Group], steps: Sequence[LadderStep], rows: str) -> str:
    """What a figure by method shows, in words: of how many networks, and what rows, bars and dots are."""
    per_step = groups[: len(groups) // max(1, len(steps))]
    failed, of = sum(group.failed for group in per_step), sum(group.of for group in per_step)
    text = f"{measure.definition} {noun(len(steps), 'method')} asked about the same {noun(of - failed, 'network')}"
    text += f"; {exact(failed)} of {exact(of)} trained failed." if failed else "."
    if rows:
        text += f" Rows: {rows}."
    if measure.kind == "yes-no":
        return f"{text} Bars: shares of the networks with an answer; lines: 95% intervals (Wilson)."
    return f"{text} Bars end at the mean, the thick line is the median, dots are networks."


def _caption(measure: Measure, groups: Sequence[Group], strips: Sequence[Strip]) -> str:
    """What the figure shows, in words: of how many, what is missing, what is not exact, what is not drawn."""
    n, of = sum(len(group.points) for group in groups), sum(group.of for group in groups)
    failed, silent = sum(group.failed for group in groups), sum(group.silent for group in groups)
    words = [f"{measure.definition} {noun(n, 'network')} of {exact(of)} trained"]
    if failed:
        words.append(f"{exact(failed)} failed")
    if silent:
        words.append(f"to {exact(silent)} it does not apply")
    text = ", ".join(words) + "."
    bounded = sum(group.bounded for group in groups)
    if bounded:
        text += f" {noun(bounded, 'value')} are estimates or lower bounds, drawn hollow."
    drawn = sum(len(kept(strip, len(strips))) for strip in strips)
    if strips and drawn < n:
        text += f" {exact(drawn)} of them are drawn; medians and quartiles are of all."
    if measure.numeric:
        text += " Box: quartiles; thick line: median."
    elif measure.kind == "yes-no":
        text += " Whiskers: 95% intervals (Wilson)."
    elif len(every := {name for group in groups for name in group.categories}) > _MOST_STACKED:
        text += f" Of {noun(len(every), 'category', 'categories')} the most frequent are drawn; the table has more."
    return text


def _lines(caption: str, width: int = 88) -> list[str]:
    lines, line = [], ""
    for word in caption.split():
        if line and len(line) + len(word) + 1 > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, line] if line else lines


# --- ladders of a study: the same networks under one rule after the other, group by group


MOST_GROUPS: Final = 6  # of one step, unless an address asks for a factor


def ladder_of(
    summary: StudySummary, measures: Sequence[str], protocol: str, by: Factor | None
) -> tuple[tuple[LadderStep, ...], list[Group]]:
    """The steps with their rows, and the groups behind them, in the same order.

    Args:
        summary: of the study.
        measures: one for each step, all of numbers or all of yes and no.
        protocol: name.
        by: one group for each level of this factor; None for each cell, or all networks where the cells are many.
    """
    steps, groups = [], []
    for key in measures:
        measure, rows = summary.measures[key], []
        for group in _parts(summary, key, protocol, by):
            label = "" if group.label == POOLED else group.label
            groups.append(replace(group, label=f"{measure.label}, {label}" if label else measure.label))
            if measure.kind == "yes-no":
                bar = yes_bar(group)
                empty = Strip(label, (), None, None, None)
                told = f"{bar.value:.0%}" if group.points else "–"
                rows.append(
                    LadderRow(label, bar.value, empty, bar.low, bar.high, told, f"{measure.label}, {bar.words}")
                )
                continue
            strip, mean = strip_of(group), group.spread.mean
            median = "–" if strip.median is None else median_text(strip.median)
            told = "–" if mean is None else f"{median} · {mean_text(mean)}"
            words = f"{groups[-1].label}: median {median}, mean {'–' if mean is None else f'{mean:,.4g}'}"
            words += f", of {noun(len(group.points), 'network')} of {exact(group.of)} trained"
            rows.append(LadderRow(label, mean, strip, None, None, told, words))
        steps.append(LadderStep(_step_name(measure.label), tuple(rows)))
    return tuple(steps), groups


_LEAST_TOLD: Final = 0.001


def median_text(value: float) -> str:
    """A median to two decimals, or to two digits where it is below 1."""
    if 0 < value < _LEAST_TOLD:
        return f"≤{_LEAST_TOLD}"
    return value_text(round(value, 2) if value >= 1 else float(f"{value:.2g}"))


def mean_text(value: float) -> str:
    """A mean to three digits, whole from 1,000."""
    if 0 < value < _LEAST_TOLD:
        return f"≤{_LEAST_TOLD}"
    return f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


def told_title(share: bool) -> str:
    """What stands beside each row."""
    return "" if share else "median · mean"


def ladder_caption(
    groups: Sequence[Group], steps: Sequence[LadderStep], share: bool, rows: str, together: int = 1
) -> str:
    """What a ladder shows, in words: of how many networks, what bars are, what is not drawn, what was taken together.

    Args:
        groups: behind the rows, step by step.
        steps: as drawn.
        share: whether of yes and no.
        rows: what the rows of a step differ by; "" if there is one.
        together: cells of the grid that are one row.
    """
    per_step = groups[: len(groups) // max(1, len(steps))]
    failed, of = sum(group.failed for group in per_step), sum(group.of for group in per_step)
    text = f"{noun(len(steps), 'measure')} of the same {noun(of - failed, 'network')}"
    text += f"; {exact(failed)} of {exact(of)} trained failed." if failed else "."
    if rows:
        text += f" Rows: {rows}."
    elif together > 1:
        text += (
            f" The networks of all {exact(together)} cells are taken together, for more than {MOST_GROUPS} rows a "
            "measure would be too many; grouped by one factor they stand apart, and the tables below have every cell."
        )
    if share:
        return f"{text} Bars: shares; lines: 95% intervals (Wilson)."
    strips = [row.strip for step in steps for row in step.rows]
    drawn, dots = sum(len(kept(strip, len(strips))) for strip in strips), sum(len(strip.dots) for strip in strips)
    text += " Bars end at the mean, the thick line is the median, dots are networks."
    if drawn < dots:
        text += f" {exact(drawn)} of {exact(dots)} dots are drawn; means and medians are of all."
    return text


def _parts(summary: StudySummary, measure: str, protocol: str, by: Factor | None) -> tuple[Group, ...]:
    groups = summary.groups(measure, protocol, by)
    if by is not None or 1 < len(groups) <= MOST_GROUPS:
        return groups
    return (summary.together(measure, protocol),)


def _step_name(label: str) -> str:
    """The rule alone: what is counted stands in the figure's title."""
    return label.split(": ", 1)[-1]
