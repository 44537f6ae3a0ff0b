"""Ladders of a study: the same networks under one rule after the other, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from analysis.studies.design import Factor
from analysis.studies.summary import POOLED, Group, StudySummary
from app.addressing import Addresses
from app.figures.numbers import exact, noun
from app.figures.studies import Strip, kept
from app.figures.study_rows import LadderRow, LadderStep
from app.pages.studies.strips import protocol_in_addresses, strip_of, value_text, yes_bar

MOST_GROUPS: Final = 6  # of one step, unless an address asks for a factor


def ladder_of(
    summary: StudySummary, addresses: Addresses, measures: Sequence[str], protocol: str, by: Factor | None
) -> tuple[tuple[LadderStep, ...], list[Group]]:
    """The steps with their rows, and the groups behind them, in the same order.

    Args:
        summary: of the study.
        addresses: of networks.
        measures: one for each step, all of numbers or all of yes and no.
        protocol: name.
        by: one group for each level of this factor; None for each cell, or all networks where the cells are many.
    """
    steps, groups = [], []
    named = protocol_in_addresses(summary.design, protocol)
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
            strip, mean = strip_of(group, measure, addresses, named), group.spread.mean
            median = "–" if strip.median is None else value_text(round(strip.median, 2))
            told = "–" if mean is None else f"{median} · {mean:,.3g}" if mean < 1000 else f"{median} · {mean:,.0f}"
            words = f"{groups[-1].label}: median {median}, mean {'–' if mean is None else f'{mean:,.4g}'}"
            words += f", of {noun(len(group.points), 'network')} of {exact(group.of)} trained"
            rows.append(LadderRow(label, mean, strip, None, None, told, words))
        steps.append(LadderStep(_step_name(measure.label), tuple(rows)))
    return tuple(steps), groups


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
    text = f"The same {exact(of - failed)} networks under {len(steps)} rules, each a step from the one before"
    text += f"; {exact(failed)} of {exact(of)} trained failed." if failed else "."
    if rows:
        text += f" Rows: {rows}."
    elif together > 1:
        text += (
            f" The networks of all {exact(together)} cells are taken together, for more than {MOST_GROUPS} rows a rule "
            "would be too many; grouped by one factor they stand apart, and the tables below have every cell."
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
