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
from numpy.typing import NDArray
from scipy.stats import wilcoxon

from benchmarks import chapters
from benchmarks.rows_needed import DESIGN, DIGEST, MEASURES, SLUG
from pluriscope_studies.analysis.comparisons import holm

METHODS: Final = f"{SLUG}-methods"
Row = Mapping[str, Any]
_OF: Final = {**dict.fromkeys(("population", "cell", "weights"), "VARCHAR"), "seed": "INTEGER", "n": "SMALLINT"}
COLUMNS: Final = {
    **_OF,
    **dict.fromkeys(("circuits", "valid"), "INTEGER"),
    **dict.fromkeys(("least", "m"), "SMALLINT"),
    **dict.fromkeys((*MEASURES, "tested_valid"), "FLOAT"),
}
METHOD_COLUMNS: Final = {
    **_OF,
    "method": "VARCHAR",
    "m": "SMALLINT",
    "passed": "TINYINT",
    "passed_valid": "TINYINT",
    **dict.fromkeys(("passed_wrong", "all_valid", "smallest_valid", "size"), "FLOAT"),
}
SHARES: Final = (0.125, 0.25, 0.5, 0.75, 0.875)
NUMBERS: Final = (2, 4, 8, 16, 32, 64, 128)
BY_TASK: Final = ("heads", "qkv")


def mean(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean with the ends of its 95% interval by bootstrap over networks."""
    some = np.array(values, dtype=np.float64)
    low, high = np.percentile(_drawn(len(some), some).mean(axis=1), (2.5, 97.5))
    return float(some.mean()), float(low), float(high)


def _drawn(n: int, some: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(some[np.random.default_rng(0).integers(0, n, (10_000, n))])


class Found:
    """Rows of networks by what they are of.

    Attributes:
        by: of (population, weights) and of (population, cell, weights): of each network its rows by m.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.by: dict[tuple[str, ...], dict[tuple[str, int], dict[int, Row]]] = {}
        for row in rows:
            for key in ((row["population"], row["weights"]), (row["population"], row["cell"], row["weights"])):
                self.by.setdefault(key, {}).setdefault((row["cell"], row["seed"]), {})[row["m"]] = row

    def values(self, key: tuple[str, ...], m: float, *measures: str) -> list[list[float]]:
        """Of each network its measures at a number of rows, or at a share of them; networks without are left out."""
        some = self.by.get(key, {}).values()
        at = [one.get(int(m) if m >= 1 else round(m * max(one))) for one in some]
        return [[row[name] for name in measures] for row in at if row is not None]

    def risk(self, key: tuple[str, ...], m: float) -> str:
        """Risks in percent of all m-valid circuits, and of the smallest."""
        some = self.values(key, m, "all_valid", "smallest_valid")
        return " / ".join(f"{100 - 100 * one:.0f}" for one in np.mean(some, axis=0)) if some else "–"

    def unseen(self, key: tuple[str, ...], m: int) -> str:
        """Risk of the smallest m-valid circuits in percent, and the rows not seen on which they are wrong."""
        some = self.values(key, m, "smallest_valid", "smallest_wrong")
        if not some or m >= max(map(max, self.by[key].values())):
            return "–"
        valid, wrong = np.mean(some, axis=0)
        return f"{100 - 100 * valid:.0f} / {100 * wrong:.0f}"

    def least(self, key: tuple[str, ...], measure: str = "smallest_valid", enough: float = 0.95) -> list[int]:
        """The least m at which, and from which on, the mean of a measure is enough; and its interval by bootstrap over
        networks.
        """
        networks = [*self.by[key].values()]
        counts = sorted(set.intersection(*({*one} for one in networks)))
        some = np.array([[one[m][measure] for m in counts] for one in networks])
        every = np.concatenate([some.mean(axis=0)[None], *_means(some)])
        found = len(counts) - np.logical_and.accumulate((every >= enough)[:, ::-1], axis=1).sum(axis=1)
        at = [int(found[0]), *np.percentile(found[1:], (2.5, 97.5), method="nearest").astype(int).tolist()]
        return [counts[one] for one in at]

    def groups(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Populations, or their tasks where these have other numbers of rows."""
        for population in DESIGN["populations"]:
            cells = sorted({key[1] for key in self.by if key[0] == population and len(key) == 3})
            names = [(population, cell) for cell in cells] if population in BY_TASK else [(population,)]
            yield from ((", ".join(one), (*one, "trained")) for one in names)


def _means(some: NDArray[Any]) -> Iterator[NDArray[Any]]:
    draws = np.random.default_rng(0).integers(0, len(some), (10_000, len(some)))
    yield from (some[part].mean(axis=1) for part in np.array_split(draws, 50))


def words(three: Sequence[float]) -> str:
    """A difference in points with its interval."""
    middle, low, high = (f"{100 * one:+.1f}".replace("-", "−") for one in three)
    return f"{middle} ({low} to {high})"


def risks(found: Found) -> Iterator[list[list[str]]]:
    """From the share of rows to the risks, and from their number to risk and rows wrong of the smallest."""
    heads = ["1/8", "1/4", "1/2", "3/4", "7/8", "all but one"], [f"{one} seen" for one in NUMBERS]
    share, number = ([["networks", "n", "rows", *one]] for one in heads)
    share[0].append("m95")
    for name, key in found.groups():
        n = {max(one) for one in found.by[key].values()}
        rows = f"{min(n)}–{max(n)}" if len(n) > 1 else str(max(n))
        head = [name, str(len(found.by[key])), rows]
        last = found.risk(key, max(n) - 1) if len(n) == 1 else "–"
        middle, low, high = found.least(key)
        share.append([*head, *(found.risk(key, one) for one in SHARES), last, f"{middle} ({low}–{high})"])
        if key[0] != "qkv":
            number.append([*head, *(found.unseen(key, one) for one in NUMBERS)])
    yield share
    yield number


def smaller(found: Found) -> list[tuple[str, tuple[float, float, float], float]]:
    """By population: the smallest less all at half of the rows with interval, and p after Holm."""
    pairs = {one: np.array(found.values((one, "trained"), 0.5, *MEASURES[:3:2])) for one in DESIGN["populations"]}
    less = {name: some[:, 1] - some[:, 0] for name, some in pairs.items()}
    ps = holm([float(wilcoxon(one).pvalue) for one in less.values()])
    return [(name, mean(one.tolist()), p) for (name, one), p in zip(less.items(), ps, strict=True)]


def method_less(methods: Sequence[Row], population: str, method: str, share: float = 0.5) -> list[float]:
    """Of each network the share of a method's answers that is valid, less that of all circuits right on these rows."""
    some = [row for row in methods if (row["population"], row["method"]) == (population, method)]
    some = [row for row in some if row["m"] == round(share * row["n"]) and row["passed"]]
    return [row["passed_valid"] / row["passed"] - row["all_valid"] for row in some]


def null_less(found: Found, population: str, measure: str) -> list[float]:
    """Of each network a measure at half of the rows, less that with its errors shuffled."""
    null = found.by.get((population, "shuffled"), {})
    own = found.by[population, "trained"]
    half = {key: round(max(one) / 2) for key, one in null.items()}
    return [own[key][half[key]][measure] - one[half[key]][measure] for key, one in null.items()]


def drawn_less(found: Found, measure: str = "smallest_valid") -> tuple[float, float, float]:
    """Drawn less trained, three inputs, at half of the rows: the mean over tables, bootstrap within tables."""
    random, less = np.random.default_rng(0), list[NDArray[Any]]()
    for table in DESIGN["populations"]["three inputs"]["tables"]:
        own, other = (
            [v for (v,) in found.values(("three inputs", table, w), 0.5, measure)] for w in ("drawn", "trained")
        )
        if own and other:
            means = [_again(np.array(one), random) for one in (own, other)]
            less.append(means[0] - means[1])
    every = np.mean(less, axis=0)
    return float(every[0]), *np.percentile(every[1:], (2.5, 97.5)).tolist()


def _again(some: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    """The mean, then means of samples drawn again."""
    return np.concatenate([[some.mean()], some[random.integers(0, len(some), (10_000, len(some)))].mean(axis=1)])


def contrasts(found: Found, methods: Sequence[Row]) -> list[list[str]]:
    """Differences at half of the rows, by population."""
    lines = [
        ["networks", "smallest less all", "p", "deletion less all", "EAP less all", "less shuffled, all", "smallest"]
    ]
    for name, three, p in smaller(found):
        less = [words(mean(method_less(methods, name, one))) for one in ("deletion", "eap")]
        nulls = [null_less(found, name, one) for one in ("all_valid", "smallest_valid")]
        shown = f"{p:.3f}".removeprefix("0") if p >= 0.001 else "< .001"
        lines.append([name, words(three), shown, *less, *(words(mean(one)) if one else "–" for one in nulls)])
    return lines


def answered(methods: Sequence[Row]) -> list[list[str]]:
    """Methods on the networks that all were asked about, at half of the rows."""
    lines = [["method", *DESIGN["populations"]]]
    for method in DESIGN["methods"]:
        cells = []
        for population in DESIGN["populations"]:
            asked = {
                (row["cell"], row["seed"])
                for row in methods
                if row["population"] == population and row["method"] == "eap-ig"
            }
            some = [row for row in methods if (row["cell"], row["seed"]) in asked and row["population"] == population]
            some = [row for row in some if row["method"] == method and row["m"] == round(row["n"] / 2)]
            k, n = sum(row["passed_valid"] for row in some), sum(row["passed"] for row in some)
            less = method_less(some, population, method)
            cells.append(f"{k} of {n}, {100 * np.mean(less):+.0f}".replace("-", "−") if less else "–")
        lines.append([method, *cells])
    return lines


def yardstick(found: Found) -> list[list[str]]:
    """The bound for 5% of rows wrong, and from which m on the smallest are wrong on at most 5% of unseen rows."""
    lines = [["networks", "rows", "circuits", "bound", "smallest", "all"]]
    for name, key in found.groups():
        if key[0] != "qkv":
            some = [one[max(one)] for one in found.by[key].values()]
            circuits = max(row["circuits"] for row in some)
            bound = str(int(np.ceil(np.log(20 * circuits) / 0.05)))
            own = [right_from(found, key, one) for one in ("smallest_wrong", "all_wrong")]
            lines.append([name, str(max(row["n"] for row in some)), f"{circuits:,}", bound, *map(str, own)])
    return lines


def right_from(found: Found, key: tuple[str, ...], measure: str) -> int:
    """The least m from which on the mean share of unseen rows that are wrong is at most 5%."""
    networks = found.by[key]
    turned = [
        {**row, "right": 1 - row[measure], "weights": "", "cell": "", "seed": k}
        for k, one in enumerate(networks.values())
        for row in one.values()
    ]
    return Found(turned).least((key[0], ""), "right")[0]


def tables(rows: Sequence[Row], methods: Sequence[Row]) -> list[list[list[str]]]:
    """The tables of the chapter."""
    found = Found(rows)
    return [*risks(found), contrasts(found, methods), answered(methods), yardstick(found)]


def freeze(path: Path) -> None:
    """Write the tables of rows, and the tables of the chapter."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    if any(line["design"] != DIGEST for line in lines):
        raise SystemExit("the file has rows of another design")
    every = [{k: v if v == v else None for k, v in row.items()} for line in lines for row in line["rows"]]
    every = [{k: float(f"{v:.5g}") if isinstance(v, float) else v for k, v in row.items()} for row in every]
    methods = [row for row in every if "method" in row]
    rows = [{"tested_valid": None, **row} for row in every if "method" not in row]
    chapters.freeze(SLUG, DESIGN, COLUMNS, rows, *(chapters.markdown(one, 1) for one in tables(rows, methods)))
    chapters.freeze(METHODS, DESIGN, METHOD_COLUMNS, methods, chapter=SLUG)


if __name__ == "__main__":
    freeze(Path(sys.argv[1]))
