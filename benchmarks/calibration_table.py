"""The table of the finding on calibration, and how often its intervals hold the exact number.

``python -m benchmarks.calibration_table FILES`` makes it from the rows of :mod:`benchmarks.calibration`.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from scipy.stats import binom, norm

from benchmarks.lines import ROOT
from pluriscope.analysis.circuits.estimating import share_interval
from pluriscope.tables.parquet import ParquetTable, write_parquet
from pluriscope_studies.pages.findings import FOLDER

Row = dict[str, Any]
SLUG: Final = "calibration"
DESIGN: Final[Mapping[str, Any]] = json.loads((ROOT / "docs" / "findings" / f"{SLUG}.design.json").read_text())
KINDS: Final = ("whole", "shared")
PARTS: Final = {
    "hashing": {"part": "hashing"},
    "brackets": {"part": "brackets"},
    "uniform draws": {"part": "intervals"},
    "strata": {"part": "transformers"},
    "copies: hashing": {"part": "stress", "method": "hashing"},
    "copies: uniform draws": {"part": "stress", "method": "uniform"},
    "copies: strata": {"part": "stress", "method": "strata"},
}
"""Lines of the chart, and which rows they are."""
CAN_MISS: Final[Mapping[str, Callable[[Row], bool]]] = {
    "brackets": lambda row: row["confidence"] < 1,
    "uniform draws": lambda row: row["exact"] > 0,  # no draw of a network without a valid circuit is valid
}
"""Parts of which some intervals hold for certain, and rows of which they need not."""
_COLUMNS: Final = {
    **dict.fromkeys(("part", "method"), "VARCHAR"),
    "number": "BIGINT",
    **dict.fromkeys(("network", "shape", "activation", "task", "kind", "ablation", "state"), "VARCHAR"),
    **dict.fromkeys(("edges", "rows", "bits", "possible", "exact", "estimate", "intervals", "held"), "BIGINT"),
    **dict.fromkeys(("lows", "highs"), "BIGINT[]"),
    **dict.fromkeys(("confidence", "seconds"), "DOUBLE"),
}


@dataclass(frozen=True)
class Verdict:
    """Counts of the intervals of some networks that hold the exact number.

    Args:
        n: intervals.
        held: of them, by the number of their own network.
        control: by that of another one.
        promised: the least share that is to hold.
        seconds: of a network, the median.
    """

    name: str
    networks: int
    n: int
    held: int
    control: int
    promised: float
    seconds: float

    @property
    def share(self) -> tuple[float, float, float]:
        """Share that holds, with the ends of Clopper and Pearson's 95% interval."""
        low, high = share_interval(self.held, self.n, 0.95)
        return self.held / self.n, float(low), float(high)

    @property
    def cells(self) -> list[str]:
        """A line of the chapter's table."""
        share, low, high = (f"{100 * one:.1f}".removesuffix(".0") for one in self.share)
        shown = [
            f"{self.networks:,}",
            f"{self.promised:.0%}",
            f"{self.held:,} of {self.n:,}",
            f"{share}% ({low}–{high})",
        ]
        return [self.name, *shown, f"{self.control / self.n:.0%}", f"{self.seconds:.2g}"]


def table() -> list[Row]:
    """The rows of the finding."""
    found = ParquetTable([FOLDER / f"{SLUG}.parquet"])
    return [dict(zip(found.columns, row, strict=True)) for row in found.ask("SELECT * FROM {rows}")]


def chosen(rows: Sequence[Row], **where: str) -> list[Row]:
    """Rows with intervals; of hashing those with more models than are listed."""
    some = [row for row in rows if row["intervals"] and all(row[name] == to for name, to in where.items())]
    return [row for row in some if row["method"] != "hashing" or row["exact"] > DESIGN["threshold"]]


def holds(row: Row, exact: int) -> int:
    """Count the intervals of a row that hold a number."""
    return sum(low <= exact <= high for low, high in zip(row["lows"], row["highs"], strict=True))


def verdict(name: str, rows: Sequence[Row], alike: Sequence[str] = ()) -> Verdict:
    """Judge rows; their control is the number of the next row, if possible one alike in some columns."""
    groups, control = defaultdict(list), 0
    for row in rows:
        groups[tuple(row[name] for name in alike)].append(row)
    for some in groups.values():
        others = some if len(some) > 1 else rows
        control += sum(holds(row, others[(others.index(row) + 1) % len(others)]["exact"]) for row in some)
    n, held = sum(row["intervals"] for row in rows), sum(row["held"] for row in rows)
    promised, seconds = min(row["confidence"] for row in rows), median(row["seconds"] for row in rows)
    return Verdict(name, len(rows), n, held, control, promised, seconds)


def verdicts(rows: Sequence[Row]) -> Iterator[Verdict]:
    """The table of the chapter: each part, of hashing by shape, of copies by kind."""
    for name, where in PARTS.items():
        some = chosen(rows, **where)
        alike = ("shape", "activation") if where["part"] in ("hashing", "brackets", "intervals") else ()
        if not some:  # a part that was not reached
            continue
        yield verdict(name, some, alike)
        if name in CAN_MISS:
            yield verdict(f"{name} that can miss", [*filter(CAN_MISS[name], some)], alike)
        for shape in dict.fromkeys(row["shape"] for row in some) if name == "hashing" else ():
            yield verdict(f"{name}, {shape}", [row for row in some if row["shape"] == shape], alike)
        for kind in KINDS if where["part"] == "stress" else ():
            yield verdict(f"{name}, {kind}", [row for row in some if row["kind"] == kind])


def expected(rows: Sequence[Row]) -> tuple[float, float]:
    """The share of uniform samples that must hold by the binomial distribution, and p of the share that does."""
    mean = variance = 0.0
    for row in rows:
        low, high = (ends * row["possible"] for ends in _ends(DESIGN["samples"], row["confidence"]))
        inside = (np.floor(low) <= row["exact"]) & (row["exact"] <= np.ceil(high))
        p = float(inside @ binom.pmf(np.arange(len(low)), len(low) - 1, row["exact"] / row["possible"]))
        mean, variance = mean + row["intervals"] * p, variance + row["intervals"] * p * (1 - p)
    off = abs(sum(row["held"] for row in rows) - mean) / sqrt(variance)
    return mean / sum(row["intervals"] for row in rows), 2 * float(norm.sf(off))


@cache
def _ends(n: int, confidence: float) -> tuple[Any, Any]:
    ends = np.array([[float(end) for end in share_interval(k, n, confidence)] for k in range(n + 1)])
    return ends[:, 0], ends[:, 1]


def freeze(*paths: Path) -> None:
    """Write the table, its digest, and the table of the chapter where manifest and findings have them."""
    found, lines = [], [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    for line in sorted(lines, key=lambda line: (line["part"], line["number"])):
        for row in line["rows"]:
            ends = {"intervals": len(row["lows"]), "held": holds(row, row["exact"])} if "lows" in row else {}
            found.append({"part": line["part"], "number": line["number"], **row, **ends})
    file = FOLDER / f"{SLUG}.parquet"
    write_parquet(file, found, _COLUMNS, {})
    manifest, record = (json.loads((FOLDER / name).read_text()) for name in ("manifest.json", "findings.json"))
    digest = sha256(file.read_bytes()).hexdigest()
    manifest["tables"][SLUG] |= {"rows": len(found), "bytes": file.stat().st_size, "sha256": digest}
    (one,) = (one for one in record["findings"] if one["key"] == SLUG)
    one["studies"][SLUG]["rows"] = f"sha256:{digest}"
    one["chapter"]["rows"] = [one.cells for one in verdicts(table())]
    for name, document in (("manifest.json", manifest), ("findings.json", record)):
        (FOLDER / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    freeze(*map(Path, sys.argv[1:]))
