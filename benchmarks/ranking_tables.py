"""The tables of finding 8, from the rows of its rankings.

python -m benchmarks.ranking_tables FILES      rows from lines of both halves, and the tables of the chapter
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from benchmarks import chapters
from benchmarks import ranking_study as study
from benchmarks.ranking_rows import COLUMNS, DESIGN, DIGEST, SLUG, table
from pluriscope_studies.analysis.comparisons import holm
from pluriscope_studies.pages.findings import FOLDER

HALVES: Final = ("public", "secret")
FILE: Final = FOLDER / f"{SLUG}.parquet"
WORDS: Final = {
    "H1": "drawn, without exact effects: gain",
    "H2": "strict training, the same",
    "H3": "transformers, q/k/v, the same",
    "H4": "XOR of all widths, all five: gain",
    "H5": "XOR of width 3, without exact effects: CMD’s leader less largest weights",
    "H6": "cells where CMD names the best of all five; misses saturate",
    "H7": "all five, mean over groups: gain",
    "H8": "groups where CMD names the best without exact effects",
    "H9": "correlation of dominance and gain",
    "H10": "regret by sign less by magnitude",
    "H11": "circuits of mean ablation that are valid under zero",
    "H12": "orders with the best CMD less exact effects: regret",
    "H13": "gains of H1 to H3 below 0 under other truths",
}
_HEAD: Final = ("", "n", "public", "p", "public half", "n, secret", "secret", "p, secret", "secret half")
_TRUTHS: Final = dict(
    zip(study.TRUTHS, ("regret", "regret while valid", "distance", "1 − backbone AUC", "1 − validity"), strict=True)
)


@cache
def both() -> dict[tuple[str, str], study.Half]:
    """Rows by half and ablation."""
    return {(half, ablation): study.half_of(FILE, half, ablation) for half in HALVES for ablation in ("zero", "mean")}


def number(value: float, digits: int = 3) -> str:
    """A number as tables write it."""
    return re.sub(r"^(-?)0\.", r"\1.", f"{round(value, digits) + 0.0:.{digits}f}").replace("-", "−")


def _three(found: study.Interval, digits: int = 3) -> str:
    middle, *ends = (number(one, digits) for one in found)
    return middle if np.isnan(found[1]) else f"{middle} ({' to '.join(ends)})"


def _p(value: float | None) -> str:
    return "" if value is None else "< .001" if value < 0.001 else number(value)


def declared() -> Iterator[list[str]]:
    """A line for each declared statement: both halves."""
    found = [[*study.statements(both()[half, "zero"], both()[half, "mean"])] for half in HALVES]
    verdicts = {True: "holds", False: "fails", None: "open"}
    for some in zip(*found, strict=True):
        parts = ([f"{one.n:,}", _three(one.value), _p(one.p), verdicts[one.holds]] for one in some)
        yield [f"{some[0].key} {WORDS[some[0].key]}", *(cell for part in parts for cell in part)]


def of_pools() -> Iterator[list[str]]:
    """A line for each pool: where CMD names its best method, and what its choice gains."""
    for name, pool in study.POOLS.items():
        line = [name]
        for half in HALVES:
            zero = both()[half, "zero"]
            found = [one for group in study.groups(zero) if (one := study.answers_of(zero, zero.within(group), pool))]
            hits, gains = [hit for _, hit in study.cells(zero, pool)], [one.gain for one in found]
            ps = holm([study.flip_p(one) for one in gains])
            shown = [np.sign(one.mean()) for one, p in zip(gains, ps, strict=True) if p < 0.05]
            same = sum(study.equivalent(study.interval(one, 90)) for one in gains)
            line += [f"{sum(hits)} of {len(hits)}", f"{sum(one.named for one in found)} of {len(found)}"]
            line += [_three(study.over_parts(gains)), f"{shown.count(-1)} / {shown.count(1)} / {same}"]
        yield line


def of_truths() -> Iterator[list[str]]:
    """A line for each truth: cells where CMD names the best method of two pools, and gains."""
    for truth, words in _TRUTHS.items():
        line = [words]
        for half in HALVES:
            zero = both()[half, "zero"]
            for pool in ("all five", "without exact effects"):
                hits = [hit for _, hit in study.cells(zero, study.POOLS[pool], truth)]
                found = (
                    study.answers_of(zero, zero.within(group), study.POOLS[pool], truth) for group in study.groups(zero)
                )
                line += [f"{sum(hits)} of {len(hits)}", _three(study.over_parts([one.gain for one in found if one]))]
        yield line


def of_orders() -> Iterator[list[str]]:
    """A line for each order that is made for a score: CMD and regret at XOR of width 3."""
    names = {f"climb-%-{n}": f"{n:,} proposals" for n in (0, 100, 1000)}
    for pattern, words in names.items():
        line = [words]
        for half in HALVES:
            some = both()[half, "zero"]
            at = some.within("XOR, width 3")
            for start in ("exact", "drawn"):
                line += [
                    number(float(np.nanmean(some.of(pattern.replace("%", start), one)[at])))
                    for one in ("cmd", "regret")
                ]
        yield line
    for score in ("cmd", "cpr"):
        line = [f"best {score.upper()} of all"]
        for half in HALVES:
            some = both()[half, "zero"]
            at = some.within("XOR, width 3")
            value, *ends = (
                number(float(np.nanmean(some.of(f"{score}-best-{which}", one)[at])))
                for which, one in (("least", score), ("least", "regret"), ("most", "regret"))
            )
            line += [value, " to ".join(ends), "", ""]
        yield line


def tables() -> list[list[list[str]]]:
    """The tables within the method of the chapter, the head first."""
    gains = ["cells", "groups", "gain", "better / worse / none"]
    by_truth = ["all five: cells", "gain", "without exact: cells", "gain"]
    orders = ["from exact: CMD", "regret", "from drawn: CMD", "regret"]
    return [
        [["pool", *gains, *(f"secret: {one}" for one in gains)], *of_pools()],
        [["truth", *by_truth, *(f"secret: {one}" for one in by_truth)], *of_truths()],
        [["order", *orders, *(f"secret: {one}" for one in orders)], *of_orders()],
    ]


def freeze() -> None:
    """Write what the table of rows says into the record and the manifest."""
    record, manifest = (json.loads((FOLDER / name).read_text()) for name in ("findings.json", "manifest.json"))
    (one,) = (one for one in record["findings"] if one["key"] == SLUG)
    digest = sha256(FILE.read_bytes()).hexdigest()
    one["studies"][SLUG] = {"rows": f"sha256:{digest}", "design": DIGEST}
    one["chapter"] |= {"head": [*_HEAD], "rows": [*declared()]}
    for lines in tables():
        text = chapters.markdown(lines, 1)
        head = re.escape(text.partition(" |")[0])
        method = one["chapter"]["method"]
        one["chapter"]["method"] = re.sub(rf"{head} \|.*?(?=\n\n|\Z)", text, method, flags=re.DOTALL)
    ((rows,),) = duckdb.execute(f"SELECT count(*) FROM '{FILE}'").fetchall()  # noqa: S608  ours
    facts = {"rows": rows, "bytes": FILE.stat().st_size, "sha256": digest, "design": DIGEST, "columns": [*COLUMNS]}
    manifest["tables"][SLUG] |= facts
    manifest["designs"][SLUG] = DESIGN
    for name, document in (("findings.json", record), ("manifest.json", manifest)):
        (FOLDER / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def main(paths: Sequence[str]) -> None:
    if paths:
        table([*map(Path, paths)], FILE)
    freeze()


if __name__ == "__main__":
    main(sys.argv[1:])
