"""The table of the finding on training, and what becomes of the number of valid circuits in each phase of it.

``python -m benchmarks.over_training_table FILE`` makes it from the rows of :mod:`benchmarks.over_training`.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wilcoxon

from benchmarks.over_training import DESIGN, SLUG, Row
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.tables.parquet import ParquetTable, write_parquet
from pluriscope_studies.analysis.comparisons import holm
from pluriscope_studies.pages.findings import FOLDER

PHASES: Final = {
    "before the rise": ("F", "B"),
    "with the rise": ("B", "G"),
    "after the rise": ("G", "end"),
    "from first to last": ("F", "end"),
}
ABLATIONS: Final = ("zero", "mean")
_HELD_OUT: Final = 7
_COLUMNS: Final = {
    **dict.fromkeys(("arm", "ablation", "judged"), "VARCHAR"),
    **dict.fromkeys(("seed", "step", "learned", "held_out", "circuits", "smallest"), "BIGINT"),
    **dict.fromkeys(("loss", "held_out_loss", "restricted_loss", "excluded_loss"), "DOUBLE"),
    **dict.fromkeys(("gini", "one_frequency", "squared_weights"), "DOUBLE"),
}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """Rows of one training; ``rows`` by what they are judged on, ablation and step."""

    rows: dict[tuple[str, str, int], Row]

    def at(self, step: int, ablation: str = "zero", judged: str = "training rows") -> Row:
        return self.rows[judged, ablation, step]

    def log2(self, step: int, ablation: str, judged: str = "training rows") -> float:
        """Binary logarithm of the number of valid circuits, 0 where there is none."""
        return float(np.log2(max(1, self.at(step, ablation, judged)["circuits"])))

    @cached_property
    def moments(self) -> dict[str, int]:
        """The steps of the design's moments; none of a network that does not grok."""
        steps = DESIGN["checkpoints"]
        right = [self.at(step)["learned"] for step in steps]
        found = [self.at(step)["held_out"] for step in steps]
        full = max(right)
        first = next((at for at in range(len(steps)) if min(right[at:]) == full == 49 - _HELD_OUT), None)
        if first is None or found[first] > 1:
            return {}
        rise = next((at for at in range(first, len(steps)) if 2 * found[at] > _HELD_OUT), None)
        all_right = next((at for at in range(first, len(steps)) if found[at] == _HELD_OUT and right[at] == full), None)
        if rise is None or all_right is None or steps[all_right] < 2 * steps[first]:
            return {}
        return {"F": steps[first], "B": steps[rise - 1], "G": steps[all_right], "end": steps[-1]}


@dataclass(frozen=True)
class Change:
    """Change of the number of valid circuits in a phase, over networks that grok.

    Args:
        ratios: ``[networks]`` log2 of the number at its end by that at its start.
        null: ``[networks]`` the same of the partners with shuffled answers.
        p: of Wilcoxon's signed-rank test, after Holm.
    """

    phase: str
    ablation: str
    ratios: Floats
    null: Floats
    p: float = 1.0

    @property
    def verdict(self) -> str:
        _, low, high = interval(self.ratios)
        if self.p >= 0.05 or low <= 0 <= high:
            return "not enough to say"
        return "grows" if low > 0 else "shrinks"

    @property
    def cells(self) -> list[str]:
        """A line of the chapter's table."""
        falls, same, rises = (int((np.sign(self.ratios) == sign).sum()) for sign in (-1, 0, 1))
        p = "< .001" if self.p < 0.001 else f"{self.p:.3f}".removeprefix("0")
        counts = f"{falls} / {same} / {rises}"
        null, more = _words(self.null), _words(self.ratios - self.null)
        return [f"{self.phase}, {self.ablation}", counts, _words(self.ratios), p, self.verdict, null, more]


def interval(values: Floats) -> tuple[float, float, float]:
    """The mean with its 95% bootstrap interval."""
    taken = np.random.default_rng(0).integers(len(values), size=(10_000, len(values)))
    low, high = np.percentile(values[taken].mean(axis=1), (2.5, 97.5))
    return float(values.mean()), float(low), float(high)


def _words(values: Floats) -> str:
    mean, low, high = (f"{one:+.2f}".replace("-", "−") for one in interval(values))
    return f"{mean} ({low} to {high})"


def table() -> list[Row]:
    """The rows of the finding."""
    found = ParquetTable([FOLDER / f"{SLUG}.parquet"])
    return [dict(zip(found.columns, row, strict=True)) for row in found.ask("SELECT * FROM {rows}")]


def courses(rows: Sequence[Row]) -> dict[str, dict[int, Course]]:
    """Group rows by arm and seed."""
    found: dict[tuple[str, int], dict[tuple[str, str, int], Row]] = defaultdict(dict)
    for row in rows:
        found[row["arm"], row["seed"]][row["judged"], row["ablation"], row["step"]] = row
    return {arm: {seed: Course(one) for (name, seed), one in found.items() if name == arm} for arm in DESIGN["arms"]}


def changes(rows: Sequence[Row]) -> list[Change]:
    """The table of the chapter: each phase under each ablation."""
    by_arm, found = courses(rows), list[Change]()
    grok = {seed: one for seed, one in by_arm["learned"].items() if one.moments}
    for ablation in ABLATIONS:
        for phase, (start, end) in PHASES.items():
            both: list[list[float]] = [[], []]
            for seed, one in grok.items():
                for some, course in zip(both, (one, by_arm["shuffled"][seed]), strict=True):
                    ends = (course.log2(one.moments[at], ablation) for at in (end, start))
                    some.append(next(ends) - next(ends))
            found.append(Change(phase, ablation, np.array(both[0]), np.array(both[1])))
    tested = [wilcoxon(one.ratios).pvalue if one.ratios.any() else 1.0 for one in found]
    corrected = holm(tested)
    return [Change(one.phase, one.ablation, one.ratios, one.null, p) for one, p in zip(found, corrected, strict=True)]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    yield from sorted(map(json.loads, path.read_text().splitlines()), key=lambda line: int(line["seed"]))


def freeze(path: Path) -> None:
    """Write the table, its digest, and the table of the chapter where manifest and findings have them."""
    rows = [row for line in _lines(path) for row in line["rows"]]
    file = FOLDER / f"{SLUG}.parquet"
    write_parquet(file, rows, _COLUMNS, {})
    manifest, record = (json.loads((FOLDER / name).read_text()) for name in ("manifest.json", "findings.json"))
    digest, design = sha256(file.read_bytes()).hexdigest(), sha256_hex(canonical_json(DESIGN))
    manifest["designs"][SLUG] = DESIGN
    manifest["tables"][SLUG] |= {"rows": len(rows), "bytes": file.stat().st_size, "sha256": digest, "design": design}
    (one,) = (one for one in record["findings"] if one["key"] == SLUG)
    one["studies"][SLUG] = {"rows": f"sha256:{digest}", "design": design}
    one["chapter"]["rows"] = [one.cells for one in changes(table())]
    for name, document in (("manifest.json", manifest), ("findings.json", record)):
        (FOLDER / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    freeze(Path(sys.argv[1]))
