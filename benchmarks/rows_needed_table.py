"""What was found of how many rows validate a circuit: the tables of rows, and those of the chapter.

python -m benchmarks.rows_needed_table FILE    writes them from the lines of benchmarks.rows_needed
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import wilcoxon

from benchmarks import chapters
from benchmarks.rows_needed import DESIGN, DIGEST, MEASURES, SLUG
from pluriscope_studies.analysis.comparisons import holm

METHODS: Final = f"{SLUG}-methods"
Row = Mapping[str, Any]
Three = tuple[float, float, float]
Key = tuple[str, ...]
_OF: Final = {**dict.fromkeys(("population", "cell", "weights"), "VARCHAR"), "seed": "INTEGER", "n": "SMALLINT"}
COLUMNS: Final = {
    **_OF,
    **dict.fromkeys(("circuits", "valid"), "INTEGER"),
    **dict.fromkeys(("least", "m"), "SMALLINT"),
    **dict.fromkeys((*MEASURES, "tested_valid"), "FLOAT"),
}
METHOD_COLUMNS: Final = {
    **_OF,
    **dict.fromkeys(("method",), "VARCHAR"),
    **dict.fromkeys(("m", "passed", "passed_valid"), "SMALLINT"),
    **dict.fromkeys(("passed_wrong", "all_valid", "smallest_valid", "size"), "FLOAT"),
}
POPULATIONS: Final[Mapping[str, Mapping[str, Any]]] = DESIGN["populations"]
SHARES: Final = (0.125, 0.25, 0.5, 0.75, 0.875)
NUMBERS: Final = (2, 4, 8, 16, 32, 64, 128)
FEW: Final = 10
"""Of fewer networks no interval is printed: a bootstrap of so few has no meaning."""


def again(values: ArrayLike, random: np.random.Generator) -> NDArray[np.float64]:
    """Means over networks, the first axis: that of all, then those of 10,000 samples drawn again."""
    some = np.asarray(values, dtype=np.float64)
    even = np.full(len(some), 1 / len(some))
    return np.asarray(np.vstack([even, random.multinomial(len(some), even, 10_000) / len(some)]) @ some)


def mean(values: ArrayLike) -> Three:
    """The mean with the ends of its 95% interval by bootstrap over networks."""
    return ends(again(values, np.random.default_rng(0)))


def ends(means: NDArray[np.float64]) -> Three:
    low, high = np.percentile(means[1:], (2.5, 97.5))
    return float(means[0]), float(low), float(high)


class Found:
    """Rows of networks by what they are of.

    Attributes:
        by: of (population, weights) and of (population, cell, weights): of each network its rows by m.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.by: dict[Key, dict[tuple[str, int], dict[int, Row]]] = {}
        for row in rows:
            for key in ((row["population"], row["weights"]), (row["population"], row["cell"], row["weights"])):
                self.by.setdefault(key, {}).setdefault((row["cell"], row["seed"]), {})[row["m"]] = row

    def values(self, key: Key, m: float, *measures: str) -> NDArray[np.float64]:
        """``[networks, measures]`` at a number of rows, or at a share of them; networks without are left out."""
        some = self.by.get(key, {}).values()
        at = [one.get(int(m) if m >= 1 else round(m * max(one))) for one in some]
        return np.array([[row[name] for name in measures] for row in at if row is not None])

    def cell(self, key: Key, m: float, *measures: str) -> str:
        """Means of measures in percent, of shares that are valid what is left."""
        some = self.values(key, m, *measures)
        if not len(some) or m >= max(map(max, self.by[key].values())):
            return "–"
        means = zip(measures, some.mean(axis=0), strict=True)
        return " / ".join(f"{100 * (1 - one if name.endswith('valid') else one):.0f}" for name, one in means)

    def least(self, key: Key, measure: str = "smallest_valid", enough: float = 0.95) -> list[int]:
        """The least m at which, and from which on, the mean of a measure is enough (of errors: at most what is left);
        and its 95% interval by bootstrap over networks.
        """
        networks = [*self.by[key].values()]
        counts = sorted(set.intersection(*({*one} for one in networks)))
        values = np.array([[one[m][measure] for m in counts] for one in networks])
        means = again(1 - values if measure.endswith("wrong") else values, np.random.default_rng(0))
        means = means.round(6)  # rows are rounded, so that a mean of exactly .95 would be below it
        found = len(counts) - np.logical_and.accumulate((means >= enough)[:, ::-1], axis=1).sum(axis=1)
        at = [found[0], *np.percentile(found[1:], (2.5, 97.5), method="nearest")]
        return [counts[int(one)] for one in at]

    def groups(self) -> Iterator[tuple[str, Key]]:
        """Populations, or their tasks where these have other numbers of rows."""
        for population in POPULATIONS:
            cells = sorted({key[1] for key in self.by if key[0] == population and len(key) == 3})
            names = [(population, one) for one in cells] if population in ("heads", "qkv") else [(population,)]
            yield from ((", ".join(one), (*one, "trained")) for one in names)


def risks(found: Found) -> Iterator[list[list[str]]]:
    """From the share of rows to the risks; from their number to risk and rows wrong of the smallest, and the bound."""
    heads = (
        ["1/8", "1/4", "1/2", "3/4", "7/8", "all but one", "m95"],
        [*(f"{one} seen" for one in NUMBERS), "5% wrong", "bound"],
    )
    share, number = ([["networks", "n", "rows", *one]] for one in heads)
    for name, key in found.groups():
        whole = [one[max(one)] for one in found.by[key].values()]
        n = sorted({row["n"] for row in whole})
        head = [name, f"{len(whole):,}", "–".join(map(str, n[:: max(1, len(n) - 1)]))]
        both = "all_valid", "smallest_valid"
        middle, *interval = found.least(key)
        last = found.cell(key, n[-1] - 1, *both) if len(n) == 1 else "–"
        m95 = f"{middle}" + (" ({}–{})".format(*interval) if len(whole) >= FEW else "")
        share.append([*head, *(found.cell(key, one, *both) for one in SHARES), last, m95])
        if key[0] != "qkv":
            seen = (found.cell(key, one, "smallest_valid", "smallest_wrong") for one in NUMBERS)
            own = (str(found.least(key, one)[0]) for one in ("all_wrong", "smallest_wrong"))
            bound = np.ceil(20 * np.log(20 * max(row["circuits"] for row in whole)))
            number.append([*head, *seen, " / ".join(own), f"{bound:.0f}"])
    yield from (share, number)


def smaller(found: Found) -> dict[str, tuple[Three, float]]:
    """By population: the smallest less all at half of the rows with interval, and p after Holm."""
    pairs = {one: found.values((one, "trained"), 0.5, "all_valid", "smallest_valid") for one in POPULATIONS}
    less = {name: some[:, 1] - some[:, 0] for name, some in pairs.items()}
    ps = holm([float(wilcoxon(one).pvalue) for one in less.values()])
    return {name: (mean(one), p) for (name, one), p in zip(less.items(), ps, strict=True)}


def method_less(methods: Sequence[Row], population: str, method: str) -> list[float]:
    """Of each network the share of a method's answers that is valid at half of the rows, less that of all circuits that
    are right on these.
    """
    some = [row for row in methods if (row["population"], row["method"]) == (population, method) and row["passed"]]
    return [row["passed_valid"] / row["passed"] - row["all_valid"] for row in some if row["m"] == round(row["n"] / 2)]


def null_less(found: Found, population: str, measure: str) -> list[float]:
    """Of each network a measure at half of the rows, less that with its errors shuffled."""
    own, null = (found.by.get((population, one), {}) for one in ("trained", "shuffled"))
    half = {key: round(max(one) / 2) for key, one in null.items()}
    return [own[key][half[key]][measure] - one[half[key]][measure] for key, one in null.items()]


def drawn_less(found: Found, measure: str = "smallest_valid") -> Three:
    """Drawn less trained, three inputs, at half of the rows: the mean over tables, bootstrap within tables."""
    random, less = np.random.default_rng(0), list[NDArray[Any]]()
    for table in POPULATIONS["three inputs"]["tables"]:
        both = [found.values(("three inputs", table, one), 0.5, measure) for one in ("drawn", "trained")]
        if len(both[0]) and len(both[1]):
            own, other = (again(one[:, 0], random) for one in both)
            less.append(own - other)
    return ends(np.mean(less, axis=0))


def deduced(found: Found, population: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each network at half of the rows: the share of samples that a circuit smaller than every valid one passes, so
    that no smallest one is valid; and of those with other samples, the smallest less all in these.
    """
    names = "smaller", "all_valid_else", "smallest_valid"
    smaller, every, smallest = found.values((population, "trained"), 0.5, *names).astype(np.float64).T
    some = smaller < 1  # and not of networks that have no such figure
    return smaller[~np.isnan(smaller)], (smallest - every)[some] / (1 - smaller[some])


def words(values: Sequence[float] | NDArray[np.float64]) -> str:
    """A mean in points with its interval, which few values have not; of fewer than two values nothing."""
    if len(values) < 2:
        return "–"
    middle, *interval = (f"{100 * one:+.1f}".replace("-", "−") for one in mean(values))
    return middle + (" ({} to {})".format(*interval) if len(values) >= FEW else "")


def contrasts(found: Found, methods: Sequence[Row]) -> list[list[str]]:
    """Differences at half of the rows, by population."""
    pairs = (found.values((one, "trained"), 0.5, "all_valid", "smallest_valid") for one in POPULATIONS)
    ps = (p for _, p in smaller(found).values())
    lines = [
        ["at half of the rows", *POPULATIONS],
        ["smallest less all", *(words(one[:, 1] - one[:, 0]) for one in pairs)],
    ]
    lines.append(["p, after Holm", *(f"{p:.3f}".removeprefix("0") if p >= 0.001 else "< .001" for p in ps)])
    parts = [deduced(found, one) for one in POPULATIONS]
    lines.append(["smaller than any valid one", *(words(one).replace("+", "") for one, _ in parts)])
    lines.append(["elsewhere, smallest less all", *(words(one) for _, one in parts)])
    lines += [
        [f"{method} less all", *(words(method_less(methods, one, method)) for one in POPULATIONS)]
        for method in DESIGN["methods"]
    ]
    for measure in ("all", "smallest"):
        less = (null_less(found, one, f"{measure}_valid") for one in POPULATIONS)
        lines.append([f"{measure}, less errors shuffled", *map(words, less)])
    return lines


def tables(rows: Sequence[Row], methods: Sequence[Row]) -> list[list[list[str]]]:
    """The tables of the chapter."""
    found = Found(rows)
    return [*risks(found), contrasts(found, methods)]


def freeze(path: Path) -> None:
    """Write the tables of rows, and the tables of the chapter."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    if any(line["design"] != DIGEST for line in lines):
        raise SystemExit("the file has rows of another design")
    # shuffles of drawn networks, which were not declared, are left out
    own = [row for one in lines for row in one["rows"] if (one["network"][2], row["weights"]) != ("drawn", "shuffled")]
    every = [{k: v if v == v else None for k, v in row.items()} for row in own]
    every = [{k: float(np.float32(f"{v:.5g}")) if isinstance(v, float) else v for k, v in row.items()} for row in every]
    methods = [row for row in every if "method" in row]
    rows = [{"tested_valid": None, **row} for row in every if "method" not in row]
    chapters.freeze(METHODS, DESIGN, METHOD_COLUMNS, methods, chapter=SLUG)
    chapters.freeze(SLUG, DESIGN, COLUMNS, rows, *(chapters.markdown(one, 1) for one in tables(rows, methods)))


if __name__ == "__main__":
    freeze(Path(sys.argv[1]))
