"""Finding 7: what is reported of the paper beside what the same rules give here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from analysis.studies.statistics import Tested, friedman, holm, page, wilcoxon
from benchmarks.findings.charts import Figure, Kind, Mark, Panel, Plot, Row, Scale, Series
from benchmarks.findings.plotted import CIRCUITS, FIRST, MOST_CIRCUITS, PLOTTED, WIDTHS, error, estimate, quartiles_of
from benchmarks.findings.record import Chapter, Finding, prose, text_of
from benchmarks.findings.rows import CONVERGED, Rows, rows_of, table_of
from benchmarks.findings.statistics import ratio_of
from benchmarks.findings.words import amount, listed, probability, span, word

KEY, TITLE, OPTIONS = "reported", "Reported and ours", "plotted"
STUDIES: Final = (
    *("paper-width", "paper-counts", "digits-tail", "paper-width-mappings", "paper-xor", "alice-or-bob"),
    *("paper-noise-judged", "paper-noise", "paper-loss", "paper-multi-task-drawn", OPTIONS),
)
RAW: Final = f"/findings/data/{OPTIONS}"
READ, VALID, MINIMAL = "interpretations-total", "circuits-valid", "alignments-minimal"
PAPER, NOISY, EVERY = "paper", "paper-noisy", "complete"
EXAMPLE, SITE_MAPPINGS, DIGITS = 85, 159, 4_702
IN_ONE_LAYER, TWO_ANYWHERE = "valid, one layer, 56 formulas", "valid, any layers, 2 formulas"
STANDS: Final = ("reproduced", "fitted", "not settled")
PLOTTED_WIDTHS: Final = WIDTHS[1:]
"""Widths at which the number of circuits that are read matters."""
Found = tuple[Iterable[float], str]
"""Values with the address of their rows."""


def finding() -> Finding:
    """The sentence with its numbers."""
    options = Options()
    table = [
        [cell.strip() for cell in line.split("|")] for line in text_of("reported-table", **numbers(options)).split("\n")
    ][:-1]
    stands = Counter(row[-1] for row in table)
    reproduced, fitted, unsettled = (word(stands[one]) for one in STANDS)
    a_width = span(rows_of("paper-width").started(hidden=width)[0] for width in WIDTHS)
    counts, digits = rows_of("paper-counts"), rows_of("digits-tail")
    first = [counts.started(hidden="3-3")[0], digits.started(loss_target="0.001")[0], counts.started(hidden="2-2")[0]]
    return Finding(
        KEY,
        TITLE,
        STUDIES,
        f"Of {word(len(table))} reported results we reproduce {reproduced}, fit {fitted} with one number, and cannot "
        f"settle {unsettled}, mappings by width among them.",
        f"{a_width} networks a width; {listed(first)} in the first three rows; those with none left out",
        "the reported number, dashed; grey: its quartiles, digitised to 3%",
        "our quartiles",
        "the options that made the plots",
        figure(options),
        Chapter(
            prose(KEY, count=word(len(table)), fewest=amount(options.off(options.best()))),
            fitted_figure(options),
            "Reported results, how they are known, and what is found here. Three numbers are quartiles.",
            ["reported", "known by", "ours", "stands"],
            table,
        ),
    )


class Options:
    """What each network has under the options of the authors' program, by width."""

    def __init__(self) -> None:
        names, lines = table_of(OPTIONS)
        width, measure, value = (names.index(name) for name in ("hidden", "measure", "value"))
        found: dict[str, dict[str, list[str]]] = {}
        for line in lines:
            found.setdefault(line[measure], {}).setdefault(line[width], []).append(line[value])
        circuits, first = found.pop(CIRCUITS), found.pop(FIRST)
        self.first = {
            width: [
                (int(n), [int(one) for one in some.split(" ; ") if one])
                for n, some in zip(circuits[width], first[width], strict=True)
            ]
            for width in WIDTHS
        }
        self.mappings = {name: {width: list(map(int, some[width])) for width in WIDTHS} for name, some in found.items()}
        study = rows_of("paper-width-mappings")
        for kind in ("valid", "minimal"):
            by_width = {w: [*study.values(f"alignments-{kind}", hidden=w, protocol=PAPER).values()] for w in WIDTHS}
            self.mappings[f"{kind}, one layer, 56 formulas"] = by_width

    def read(self, most: int) -> dict[str, list[float]]:
        """Interpretations estimated from so many circuits."""
        return {width: [estimate(n, first, most) for n, first in some] for width, some in self.first.items()}

    def off(self, most: int, widths: Sequence[str] = PLOTTED_WIDTHS) -> float:
        """By which factor these are off the plotted quartiles."""
        return float(10 ** error(PLOTTED["interpretations"], self.read(most), widths))

    def best(self, without: str = "") -> int:
        """The number of circuits that is nearest, chosen without one width."""
        widths = [width for width in PLOTTED_WIDTHS if width != without]
        return min(range(1, MOST_CIRCUITS + 1), key=lambda most: self.off(most, widths))

    def off_mappings(self, name: str) -> float:
        """By which factor mappings are off the plotted quartiles."""
        return float(10 ** error(PLOTTED["mappings"], self.mappings[name], WIDTHS))


def numbers(options: Options) -> dict[str, object]:
    """What the table of reported results needs beside what it asks the rows for."""
    counts, loss = rows_of("paper-counts"), rows_of("paper-loss")
    circuits, totals = (counts.values(measure, hidden="3-3", protocol=PAPER) for measure in (VALID, READ))
    (commonest, hits), (second, fewer) = Counter(circuits.values()).most_common(2)
    targets = {own[0] for own in loss.rows[CONVERGED]}
    medians = (float(np.median([*loss.values(VALID, loss_target=t, protocol=PAPER).values()])) for t in targets)
    many = [sum(n >= SITE_MAPPINGS for n in options.mappings[name]["3-3"]) for name in (IN_ONE_LAYER, TWO_ANYWHERE)]
    rises, stays = several_tasks()
    return {
        "commonest": commonest,
        "hits": hits,
        "networks": len(circuits),
        "second": second,
        "fewer": fewer,
        "least_alike": amount(min(totals[seed] / EXAMPLE for seed, n in circuits.items() if n == EXAMPLE)),
        "noisy_circuits": noise(VALID),
        "noisy_reads": noise(READ),
        "noisy_mappings": noise_in_mappings(),
        "by_loss": span(medians),
        "rises": rises,
        "stays": stays,
        "best": options.best(),
        "off": f"{options.off(options.best()):.1f}",
        "left_out": span((options.off(options.best(one), [one]) for one in PLOTTED_WIDTHS), "{:.1f}"),
        "off_mappings": listed(f"{options.off_mappings(name):.1f}" for name in (IN_ONE_LAYER, TWO_ANYWHERE)),
        "many": many[0],
        "many_anywhere": many[1],
        "of_many": len(options.mappings[IN_ONE_LAYER]["3-3"]),
    }


def noise(measure: str) -> str:
    """From no noise, judged on clean inputs, to noise, judged on noisy rows, network by network."""
    rows = rows_of("paper-noise-judged")
    clean = rows.values(measure, noise_std="0", protocol=PAPER)
    noisy = rows.values(measure, noise_std="0.1", protocol=NOISY)
    pairs = [(clean[seed], noisy[seed]) for seed in clean if seed in noisy]
    before, after = (amount(float(np.median(some))) for some in zip(*pairs, strict=True))
    moved = max(sum(b < a for a, b in pairs), sum(b > a for a, b in pairs))
    p = wilcoxon({"clean": clean, "noisy": noisy}).p
    return f"{before} to {after}, in {moved} of {len(pairs)} pairs, {probability(p or 0.0)}"


def noise_in_mappings() -> str:
    """Friedman's test of mappings, Holm over both protocols and the three counts, levels that half converge at."""
    rows = rows_of("paper-noise")
    tests: list[Tested] = []
    for measure in (MINIMAL, VALID, READ):
        for protocol in (PAPER, EVERY):
            groups = {s: rows.values(measure, noise_std=s, protocol=protocol) for s in ("0", "0.05", "0.1")}
            tests.append(friedman(groups))
    told = holm(tests)[0]
    return f"Kendall’s W {told.effect or 0:.2f}, {probability(told.p_holm or 0)}, Holm over {word(len(tests))}"


def several_tasks() -> tuple[str, str]:
    """Interpretations by number of tasks, the mean over outputs, network by network."""
    study = [rows_of("paper-multi-task-drawn", str(output)) for output in range(6)]
    levels = list(dict.fromkeys(own[0] for own in study[0].rows[CONVERGED]))
    means: dict[str, dict[Any, float]] = {}
    for level in levels:
        outputs = [rows.values(READ, tasks=level, protocol=PAPER) for rows in study]
        means[level] = {seed: float(np.mean([some[seed] for some in outputs if seed in some])) for seed in outputs[0]}
    one, four, six = (levels[n - 1] for n in (1, 4, 6))
    trend = page({level: means[level] for level in levels[:4]})
    fall, stay = ratio_of({four: means[four], one: means[one]}), ratio_of({six: means[six], four: means[four]})
    said = [f"{r.factor:.2f} ({r.low:.2f}–{r.high:.2f}) times" for r in (fall, stay)]
    return f"four have {said[0]} those of one, Page’s {probability(trend.p or 0)}", f"six have {said[1]} those of four"


# --- figures


def figure(options: Options) -> Figure:
    """Our numbers by the reported ones."""
    counts, width_study = rows_of("paper-counts"), rows_of("paper-width")
    digits, maps, best = rows_of("digits-tail"), rows_of("paper-width-mappings"), options.best()
    lines = [
        _row("Circuits of the example network", (EXAMPLE,), _found(counts, VALID, hidden="3-3", protocol=PAPER)),
        _row("Circuits of the digit network", (DIGITS,), _found(digits, VALID, loss_target="0.001", protocol=PAPER)),
    ]
    for width in WIDTHS:
        narrow = width == WIDTHS[0]
        default = _found(counts if narrow else width_study, READ, hidden=width, protocol=PAPER)
        fitted = options.read(best)[width], f"{RAW}?hidden={width}"
        nearest = _found(counts, READ, hidden=width, protocol=EVERY) if narrow else fitted
        notes = {"2-2": ("", "every circuit read"), "3-3": ("code’s defaults", ""), "4-4": ("", f"{best} read: fitted")}
        plotted = PLOTTED["interpretations"][width]
        lines.append(_row(f"Interpretations, width {width[0]}", plotted, default, nearest, notes.get(width), narrow))
    for width in WIDTHS:
        minimal, valid = (
            _found(maps, f"alignments-{one}", hidden=width, protocol=PAPER) for one in ("minimal", "valid")
        )
        said = ("minimal", "all valid") if width == "3-3" else None
        plotted, narrow = PLOTTED["mappings"][width], width == WIDTHS[0]  # where every valid one is minimal
        lines.append(_row(f"Mappings, width {width[0]}", plotted, minimal, None if narrow else valid, said, narrow))
    ticks = [(0.01, "1/100"), (1, "1"), (100, "100"), (10_000, "10,000")]
    panel = Panel("", "Our number divided by the reported one, logarithmic", Scale(0.004, 1e6, ticks, True, 1))
    caption = "◇: the rule that came nearest, chosen with the plot in view. All in the chapter."
    return Figure("Our median divided by the reported number.", caption, [panel], lines)


def _found(rows: Rows, measure: str, **levels: str) -> Found:
    return rows.values(measure, **levels).values(), rows.link(measure, **levels)


def _row(
    name: str,
    reported: Sequence[float],
    default: Found,
    nearest: Found | None = None,
    notes: tuple[str, str] | None = None,
    ruled: bool = False,
) -> Row:
    """One reported number, or quartiles, with ours."""
    middle = reported[len(reported) // 2]
    found: list[tuple[Kind, str, Found]] = [("trained", "code’s defaults", default)]
    found += [("exploratory", "nearest rule", nearest)] if nearest else []
    marks = []
    for (kind, rule, (values, url)), note in zip(found, notes or ("", ""), strict=False):
        there = [one for one in values if one > 0]
        low, median, high = quartiles_of(there)
        words = f"{name}, {rule}: {amount(median)} in {len(there)} networks, reported {amount(middle)}"
        ends = (low / middle, high / middle)
        marks.append(Mark(kind, median / middle, *ends, words, url, note, left=note == "minimal"))
    band = (reported[0] / middle, reported[2] / middle) if len(reported) > 1 else None
    return Row(name, [marks], band=band, ruled=ruled)


def fitted_figure(options: Options) -> Figure:
    """How far off interpretations are by the number of circuits that are read."""
    marks = [
        Mark(
            "exploratory",
            off,
            words=f"{most} circuits read: off by {off:.2f}",
            url=f"/findings/data/{OPTIONS}",
            radius=3,
        )
        for most in range(1, MOST_CIRCUITS + 1)
        if (off := options.off(most))
    ]
    places = [str(most) if most in (1, 5, 10, 15, 20, 25, 30) else "" for most in range(1, MOST_CIRCUITS + 1)]
    scale = Scale(1, 32, [(1, "1"), (2, "2"), (4, "4"), (8, "8"), (16, "16"), (32, "32")], True)
    title = "Interpretations: factor off the plotted quartiles"
    plot = Plot(title, "", places, scale, [Series("", "", marks)], across="circuits that are read")
    said = "No number of circuits has all plotted quartiles; without an option ours are off by a factor of {:,.0f}."
    everything = {w: [*rows_of("paper-width").values(READ, hidden=w, protocol=PAPER).values()] for w in PLOTTED_WIDTHS}
    off = 10 ** error(PLOTTED["interpretations"], everything, PLOTTED_WIDTHS)
    return Figure(f"{title}, by the number of circuits that are read.", said.format(off), plots=[plot])
