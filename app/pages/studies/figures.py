"""Figures of a study: groups of networks as rows under one step or several, and what they show in words.

Numbers are those that were summed up when the study ran; dots are asked of its table, evenly spread where there are
more than a page shows at ease.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Final

from markupsafe import Markup

from analysis.studies.design import FACTORS, Factor
from app.errors import NotFound
from app.pages.studies.study import Study
from pluriscope.figures.numbers import bounded_text, exact, noun
from pluriscope.figures.svg.studies import Dot, Ladder, LadderRow, LadderStep, ladder_drawing
from pluriscope.recent import Recent
from pluriscope.study_table import quoted

Group = Mapping[str, Any]
"""The numbers of some networks under one measure and protocol, as :mod:`pluriscope.study_summary` has them."""
NUMERIC: Final = ("count", "number", "share")
LADDER: Final = "ladder-"
MOST_GROUPS: Final = 6  # of one of several steps, unless an address asks for a factor
MOST_DOTS: Final = 2_000
_MOST_CATEGORIES: Final = 24
_ACROSS: Final = {"mean": "avg", "sum": "sum", "first": "first"}


@dataclass(frozen=True)
class Drawn:
    """A figure before it is drawn: rows under one step or several, with the keys of the measures that it shows."""

    name: str
    title: str
    caption: str
    keys: Sequence[str]
    ladder: Ladder

    def drawing(self, study: str, protocol: str = "", *, alone: bool = False, narrow: bool = False) -> Markup:
        """The figure as SVG.

        Args:
            study: its name.
            protocol: under which it is.
            alone: whether it is a file that travels, so that what it is stands below it.
            narrow: whether it is for a phone.
        """
        rules = f", protocol {protocol}" if protocol else ""
        notes = [f"{study}{rules}", *wrap(self.caption, 120)] if alone else ()
        return ladder_drawing(self.ladder, f"{self.title} in {study}. {self.caption}", notes, narrow=narrow)


_DRAWN: Final = Recent[Drawn](64)


def listed(study: Study) -> dict[str, list[str]]:
    """The measures of a study as pages list them: one of answers once, with its keys for each method."""
    found: dict[str, list[str]] = {}
    for key, measure in study.summary["measures"].items():
        found.setdefault(measure["measure"], []).append(key)
    return found


def figure_names(study: Study) -> dict[str, str]:
    """A study's figures with their titles, in order: ladders first, then every measure."""
    measures = study.summary["measures"]
    ladders = {
        f"{LADDER}{number}": _title(ladder.label)
        for number, ladder in enumerate(study.design.ladders)
        if measures.keys() >= {*ladder.measures}
    }
    return ladders | {name: _title(measures[keys[0]]["measure_label"]) for name, keys in listed(study).items()}


def drawn_figure(study: Study, name: str, protocol: str, by: Factor | None) -> Drawn:
    """A figure by its name: of a ladder, of a measure, or of one method's answers; a NotFound if it is none."""
    known = figure_names(study)
    if name not in known and name not in study.summary["measures"]:
        raise NotFound(
            f"figure {name[:60]!r}", "is not one of this study’s", f"use one of {', '.join(known)}", "figure"
        )
    asked = (study.row.digest, study.row.created_at, study.summary["networks"], study.row.name, name, protocol, by)
    return _DRAWN.of(asked, lambda: _drawn(study, name, protocol, by))


def _drawn(study: Study, name: str, protocol: str, by: Factor | None) -> Drawn:
    measures = study.summary["measures"]
    ladder = name.startswith(LADDER) and name not in measures
    keys = study.design.ladders[int(name.removeprefix(LADDER))].measures if ladder else listed(study).get(name, [name])
    first = measures[keys[0]]
    title = figure_names(study).get(name, first["label"])
    grouped: str = by or "cell"
    if by is None and len(keys) > 1 and not 1 < len(groups_of(study, keys[0], protocol, "cell")) <= MOST_GROUPS:
        grouped = "all"
    found = [groups_of(study, key, protocol, grouped) for key in keys]
    n_rows = sum(map(len, found))
    steps = list[LadderStep]()
    for key, groups in zip(keys, found, strict=True):
        label = "" if len(keys) == 1 else measures[key]["label" if ladder else "method"]
        if first["kind"] in (*NUMERIC, "yes-no"):
            dots = _dots(study, key, protocol, grouped, n_rows) if first["kind"] in NUMERIC else {}
            rows = [
                _row(measures[key], group, "" if len(groups) == 1 else group["label"], dots.get(place, ()))
                for place, group in enumerate(groups)
            ]
            steps.append(LadderStep(label, rows))
        else:
            steps += [LadderStep(group["label"], _categories(group)) for group in groups]
    share = first["kind"] not in NUMERIC
    x_title = "share of networks" if share else "of each network" if ladder else first["measure_label"]
    caption = "" if ladder else f"{first['definition']} "
    caption += _caption(study, first, found, steps, grouped)
    return Drawn(name, title, caption, keys, Ladder(steps, x_title, ladder or first["log"], share))


def groups_of(study: Study, key: str, protocol: str, by: str) -> Sequence[Group]:
    """The groups of one measure under one protocol: by "cell", by a factor, or "all"."""
    groups: Sequence[Group] = study.summary["numbers"].get(key, {}).get(protocol, {}).get(by, ())
    return groups


def _dots(study: Study, key: str, protocol: str, by: str, n_rows: int) -> dict[int, list[Dot]]:
    """By the place of a group: its networks with a value, or some of them spread evenly over cells and seeds."""
    if key not in study.table.columns:
        return {}
    cells = study.summary["cells"]
    levels = [group["label"] for group in groups_of(study, key, protocol, by)]
    places = [
        number if by == "cell" else 0 if by == "all" else levels.index(cell["levels"][by])
        for number, cell in enumerate(cells)
    ]
    entry = "/" + key.replace("~", "~0").replace("/", "~1")
    across = study.design.across_outputs
    query = f"""
        WITH networks AS (
            SELECT map($1::VARCHAR[], $2::INTEGER[])[cell] AS place, list_position($1::VARCHAR[], cell) AS position,
                seed, {_ACROSS[across]}({quoted(key)}::DOUBLE) AS value,
                bool_or(coalesce(json_exists(inexact, $3) OR json_exists(inexact, $4), false)) AS hollow
            FROM {{rows}} WHERE protocol = $5 AND (output = 0 OR $6) AND {quoted(key)} IS NOT NULL
            GROUP BY cell, seed
        ), placed AS (
            SELECT *, row_number() OVER (PARTITION BY place ORDER BY position, seed) AS number,
                greatest(count(*) OVER (PARTITION BY place), $7) AS n FROM networks
        )
        SELECT place, value, hollow FROM placed WHERE number * $7 // n > (number - 1) * $7 // n
        ORDER BY position, seed"""  # noqa: S608  the column is quoted, values are parameters
    most = max(1, MOST_DOTS // max(1, n_rows))
    asked = [[cell["cell"] for cell in cells], places, f"{entry}/low", f"{entry}/truncated_at", protocol]
    found: dict[int, list[Dot]] = {}
    for place, value, hollow in study.table.ask(query, [*asked, across != "first", most]):
        found.setdefault(place, []).append((value, hollow))
    return found


def _row(measure: Mapping[str, Any], group: Group, label: str, dots: Sequence[Dot]) -> LadderRow:
    n, named = exact(group["n"]), f"{measure['label']}, {group['label']}"
    if not group["n"]:
        return LadderRow(label, None, "–", f"{named}: none has a value")
    if measure["kind"] == "yes-no":
        of, ends = f"{exact(group['hits'])} of {n}", (group["low"], group["high"])
        words = f"{named}: {of}, 95% interval {ends[0]:.1%} to {ends[1]:.1%}"
        return LadderRow(label, group["share"], f"{group['share']:.0%} ({of})", words, interval=ends)
    median, mean = value_text(group["median"]), value_text(group["mean"])
    beside, words = f"{median} · {mean}", f"{named}: median {median}, mean {mean}, of {n}"
    return LadderRow(label, group["mean"], f"{'≥ ' if group['inexact'] else ''}{beside}", words, dots, group["median"])


def _categories(group: Group) -> list[LadderRow]:
    """A bar for each category, or for each element of sets."""
    of = [(name, n, f"{exact(n)} of {exact(group['n'])}") for name, n in group["categories"][:_MOST_CATEGORIES]]
    return [LadderRow(name, n / group["n"], text, f"{group['label']}, {name}: {text}") for name, n, text in of]


def _caption(
    study: Study, measure: Mapping[str, Any], found: Sequence[Sequence[Group]], steps: Sequence[LadderStep], by: str
) -> str:
    """What a figure shows, in words: of how many, what is missing, what is not exact, what is not drawn."""
    failed, silent, of = (sum(group[name] for group in found[0]) for name in ("failed", "silent", "of"))
    rows, cells = [row for step in steps for row in step.rows], study.summary["cells"]
    seen, unit = units_of(study)
    text = f"{seen}{noun(of - failed - (silent if len(found) == 1 else 0), unit)} of {exact(of)}"
    text += f", {exact(failed)} failed" if failed else ""
    text += f"; to {exact(silent)} it does not apply." if silent and len(found) == 1 else "."
    if len(found[0]) > 1:
        text += f" Rows: {', '.join(FACTORS[one] for one in study.design.varying if by in ('cell', one))}."
    elif by == "all" and len(cells) > 1:
        text += f" All {exact(len(cells))} cells are taken together; grouped by one factor they stand apart."
    if any(row.interval for row in rows):
        return f"{text} Bars: shares; lines: 95% intervals (Wilson)."
    if measure["kind"] not in NUMERIC:
        return f"{text} Bars: shares."
    text += f" The thick line is the median, bars end at the mean where they are drawn, dots are {unit}s."
    inexact = sum(group["inexact"] for some in found for group in some if "inexact" in group)
    text += f" Hollow: {noun(inexact, 'estimate or lower bound', 'estimates or lower bounds')}." if inexact else ""
    drawn, dots = sum(len(row.dots) for row in rows), sum(group["n"] for some in found for group in some)
    return text + (f" {exact(drawn)} of {exact(dots)} dots are drawn." if drawn < dots else "")


def units_of(study: Study) -> tuple[str, str]:
    """What stands before a number of outcomes where a network is seen several times, and what one outcome is called."""
    moments = study.summary.get("moments", 1)
    if moments == 1:
        return "", "network"
    return f"{noun(study.row.n_networks // moments, 'network')} at {moments} losses; ", "moment"


def _title(label: str) -> str:
    return f"{label[:1].upper()}{label[1:]}"


def value_text(value: float | None) -> str:
    """A number for people: to four digits, from 1,000 on whole, from a billion on by its exponent; "" for none."""
    if value is None:
        return ""
    if isinstance(value, int) or float(value).is_integer():
        return bounded_text(int(value))
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"
