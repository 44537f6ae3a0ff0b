"""Figures of a study: groups of networks as rows under one step or several, and what they show in words.

Numbers are those that were summed up when the study ran; dots are asked of its table, evenly spread where there are
more than a page shows at ease.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from pluriscope.app.errors import NotFound
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.figures.numbers import bounded_text, exact, noun
from pluriscope.processes.recent import Recent
from pluriscope.tables.parquet import quoted
from pluriscope_studies.analysis.design import FACTORS, Factor
from pluriscope_studies.pages.study import Study

Group = Mapping[str, Any]
"""The numbers of some networks under one measure and protocol, as :mod:`pluriscope_studies.summary` has them."""
NUMERIC: Final = ("count", "number", "share")
LADDER: Final = "ladder-"
MOST_GROUPS: Final = 6  # of one of several steps, unless an address asks for a factor
MOST_DOTS: Final = 600
_MOST_CATEGORIES: Final = 24
_MOST_COLUMNS: Final = 10
_SHARE: Final = Axis("share of networks", low=0.0, high=1.0, percent=True)
_GOLDEN: Final = 0.618033988749895
_ACROSS: Final = {"mean": "avg", "sum": "sum", "first": "first"}


class Row(NamedTuple):
    """A row of a figure: the key of its measure, the place of its group, what it is called, and its numbers."""

    key: str
    place: int
    label: str
    group: Group


@dataclass(frozen=True)
class Drawn:
    """A figure: its name and title, its chart, what it shows in words, and the keys of the measures that it shows."""

    name: str
    title: str
    caption: str
    keys: Sequence[str]
    chart: Chart


_DRAWN: Final = Recent[Drawn](64)


def listed(study: Study) -> dict[str, list[str]]:
    """The measures of a study as pages list them: one of answers once, with its keys for each method."""
    found: dict[str, list[str]] = {}
    for key, measure in study.summary["measures"].items():
        found.setdefault(measure["measure"], []).append(key)
    return found


def figure_names(study: Study) -> dict[str, str]:
    """A study's figures with their titles, in order: ladders first, or what it compares; then every measure."""
    measures = study.summary["measures"]
    ladders = {
        f"{LADDER}{number}": _title(ladder.label)
        for number, ladder in enumerate(study.design.ladders)
        if measures.keys() >= {*ladder.measures}
    }
    titles = {name: _title(measures[keys[0]]["measure_label"]) for name, keys in listed(study).items()}
    compared = {one.measure: titles[one.measure] for one in study.design.comparisons if one.measure in titles}
    return (ladders or compared) | titles


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
    steps = [measures[key]["label" if ladder else "method"] for key in keys] if len(keys) > 1 else [""]
    shared = f"{steps[0].partition(': ')[0]}: "
    if all(step.startswith(shared) for step in steps):  # as in "alignments: paper", which the title says
        steps = [step.removeprefix(shared) for step in steps]
    rows = [
        Row(key, place, ", ".join(filter(None, (step, "" if len(groups) == 1 else group["label"]))), group)
        for step, key, groups in zip(steps, keys, found, strict=True)
        for place, group in enumerate(groups)
    ]
    own, names = f"{title} in {study.row.name}", Axis(names=[row.label or "all networks" for row in rows])
    if first["kind"] in NUMERIC:
        series = _numeric(study, rows, protocol, grouped)
        x = Axis("of each network" if ladder else first["measure_label"], _spans_tens(series, ladder or first["log"]))
        chart = Chart("dots", own, x, names, series)
    elif first["kind"] == "yes-no":
        chart = Chart("bars", own, _SHARE, names, [_shares(study, rows, protocol, grouped)])
    else:
        names, series = _categories(study, rows, protocol, grouped)
        chart = Chart("heat", own, names, _SHARE, series)
        if len(rows) == 1:
            shares = [share or 0.0 for share in series[0].y]
            chart = Chart("bars", own, _SHARE, names, [replace(series[0], x=shares, y=series[0].x)])
    caption = "" if ladder else f"{first['definition']} "
    caption += _caption(study, first, found, chart, grouped)
    return Drawn(name, title, caption, keys, chart)


def _spans_tens(series: Sequence[Series], wanted: bool) -> bool:
    """Whether an axis is logarithmic: where that is wanted, and values lie more than a factor of ten apart."""
    values = [x for one in series for x in one.x]
    positive = [x for x in values if x > 0]
    return wanted and bool(positive) and min(values) >= 0 and max(positive) > 10 * min(positive)


def groups_of(study: Study, key: str, protocol: str, by: str) -> Sequence[Group]:
    """The groups of one measure under one protocol: by "cell", by a factor, or "all"."""
    groups: Sequence[Group] = study.summary["numbers"].get(key, {}).get(protocol, {}).get(by, ())
    return groups


def _numeric(study: Study, rows: Sequence[Row], protocol: str, by: str) -> list[Series]:
    """Networks as dots, or some of them; the mean of each row, and its median with quartiles."""
    dots: dict[bool, list[tuple[float, float, str, str]]] = {False: [], True: []}
    most = max(1, MOST_DOTS // max(1, len(rows)))
    for key in dict.fromkeys(row.key for row in rows):
        heights = {row.place: height for height, row in enumerate(rows) if row.key == key}
        for place, value, hollow, seed, network in _networks(study, key, protocol, by, most):
            aside = 0.3 * ((len(dots[hollow]) * _GOLDEN) % 1 - 0.5)  # evenly spread, and the same every time
            url = "" if not network else study.links.url("studies", study.line.slug, "networks", network)
            dots[hollow].append((value, heights[place] + aside, f"seed {seed}", url))
    unit, found = units_of(study)[1], list[Series]()
    for hollow, some in dots.items():
        if some:
            x, y, names, urls = (list(part) for part in zip(*some, strict=True))
            name = "estimates and bounds" if hollow else f"{unit}s"
            found.append(Series(name, x, y, names=names, urls=urls, look="dashed" if hollow else "pale"))
    known = [(height, row) for height, row in enumerate(rows) if row.group["n"]]
    places, urls = [height for height, _ in known], [_url(study, row, protocol, by) for _, row in known]
    names = [f"{'at least, ' if row.group['inexact'] else ''}{noun(row.group['n'], unit)}" for _, row in known]
    mean, median, low, high = ([row.group[one] for _, row in known] for one in ("mean", "median", "lower", "upper"))
    found.append(Series("mean", mean, places, names=[f"mean, {name}" for name in names], urls=urls, look="open"))
    names = [f"median, {name}" for name in names]
    return [*found, Series("median, quartiles", median, places, low, high, names, urls)]


def _networks(study: Study, key: str, protocol: str, by: str, most: int) -> Sequence[tuple[Any, ...]]:
    """Select of each group at most so many networks with a value, spread evenly over cells and seeds: the index of the
    group, the value, whether that is an estimate or a bound, seed, digest.
    """
    if key not in study.table.columns:
        return ()
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
                seed, {_ACROSS[across]}({quoted(key)}::DOUBLE) AS value, any_value(network) AS network,
                bool_or(coalesce(json_exists(inexact, $3) OR json_exists(inexact, $4), false)) AS hollow
            FROM {{rows}} WHERE protocol = $5 AND (output = 0 OR $6) AND {quoted(key)} IS NOT NULL
            GROUP BY cell, seed
        ), placed AS (
            SELECT *, row_number() OVER (PARTITION BY place ORDER BY position, seed) AS number,
                greatest(count(*) OVER (PARTITION BY place), $7) AS n FROM networks
        )
        SELECT place, value, hollow, seed, network FROM placed WHERE number * $7 // n > (number - 1) * $7 // n
        ORDER BY position, seed"""  # noqa: S608  the column is quoted, values are parameters
    asked = [[cell["cell"] for cell in cells], places, f"{entry}/low", f"{entry}/truncated_at", protocol]
    return study.table.ask(query, [*asked, across != "first", most])


def _shares(study: Study, rows: Sequence[Row], protocol: str, by: str) -> Series:
    """The share of yes in each row, with its interval."""
    known = [(height, row, row.group) for height, row in enumerate(rows) if row.group["n"]]
    low, high, shares = ([group[one] for *_, group in known] for one in ("low", "high", "share"))
    names = [f"{exact(group['hits'])} of {exact(group['n'])}" for *_, group in known]
    urls = [_url(study, row, protocol, by, **{row.key: "yes"}) for _, row, _ in known]
    return Series("", shares, [height for height, *_ in known], low, high, names, urls, "pale")


def _categories(study: Study, rows: Sequence[Row], protocol: str, by: str) -> tuple[Axis, list[Series]]:
    """The commonest categories, or elements of sets, of all groups; and the share of each in each group."""
    counts = sum((Counter(dict(row.group["categories"])) for row in rows), Counter[str]())
    names = [name for name, _ in counts.most_common(_MOST_CATEGORIES if len(rows) == 1 else _MOST_COLUMNS)]
    series = []
    for row in rows:
        found = [dict(row.group["categories"]).get(name, 0) for name in names]
        words = [f"{exact(n)} of {exact(row.group['n'])}" for n in found]
        shares = [n / (row.group["n"] or 1) for n in found]
        urls = [_url(study, row, protocol, by)] * len(names)
        series.append(Series(row.label, range(len(names)), shares, names=words, urls=urls))
    return Axis(names=names), series


def _url(study: Study, row: Row, protocol: str, by: str, **more: Any) -> str:
    """The list of the networks of a row."""
    group: dict[str, Any] = {by: row.group["label"]} if by not in ("cell", "all") else {}
    if by == "cell":
        group = {"cell": study.summary["cells"][row.place]["cell"]}
    return study.links.url("studies", study.line.slug, "outcomes", protocol=protocol, **group, **more)


def _caption(study: Study, measure: Mapping[str, Any], found: Sequence[Sequence[Group]], chart: Chart, by: str) -> str:
    """Caption of a figure: of how many, what is missing, what is not exact, what is not drawn."""
    failed, silent, of = (sum(group[name] for group in found[0]) for name in ("failed", "silent", "of"))
    cells = study.summary["cells"]
    seen, unit = units_of(study)
    text = f"{seen}{noun(of - failed - (silent if len(found) == 1 else 0), unit)} of {exact(of)}"
    text += f", {exact(failed)} failed" if failed else ""
    text += f"; to {exact(silent)} it does not apply." if silent and len(found) == 1 else "."
    if len(found[0]) > 1:
        text += f" Rows: {', '.join(FACTORS[one] for one in study.design.varying if by in ('cell', one))}."
    elif by == "all" and len(cells) > 1:
        text += f" All {exact(len(cells))} cells are taken together; grouped by one factor they stand apart."
    if measure["kind"] == "yes-no":
        return f"{text} Bars: shares; lines: 95% intervals (Wilson)."
    if measure["kind"] not in NUMERIC:
        known = {name for some in found for group in some for name, _ in group["categories"]}
        left = len(known) - len((chart.y if chart.kind == "bars" else chart.x).names)
        return f"{text} {noun(left, 'rarer one')} in the numbers." if left else text
    text += " Lines from quartile to quartile."
    inexact = sum(group["inexact"] for some in found for group in some if "inexact" in group)
    text += f" {noun(inexact, 'estimate or lower bound', 'estimates or lower bounds')}." if inexact else ""
    drawn, dots = sum(len(one.x) for one in chart.series[:-2]), sum(group["n"] for some in found for group in some)
    if drawn >= dots:
        return text
    each = noun(dots, unit) if len(found) == 1 else f"{noun(dots, 'dot')}, one for each {unit} and row,"
    return f"{text} {exact(drawn)} of {each} are drawn."


def units_of(study: Study) -> tuple[str, str]:
    """Words before a number of outcomes where a network is seen several times, and the noun for one outcome."""
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
