"""Do the field's scores predict the truth? The declared test, from the rows of a suite to the table of the finding.

python -m benchmarks.field_scores                     the table and its digest below the bundled findings
python -m benchmarks.field_scores FOLDER --first      what the stop rule says of another suite, and nothing else
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import duckdb

from benchmarks.lines import ROOT
from benchmarks.score_study import NEAR, SIGNS, Verdict, stops, verdicts_of
from pluriscope.tables.parquet import write_parquet
from pluriscope_bench.key.condition import Condition
from pluriscope_studies.pages.findings import FOLDER

SLUG: Final = "field-scores"
PUBLIC: Final = ROOT / "plugins" / "bench" / "pluriscope_bench" / "bundled" / "public"
"""What the rankings answer, as the suite of the finding has it."""
RANKINGS: Final = ("weights", "eap", "eap-ig", "mask-ig", "exact-edge")
"""Methods that give each edge a score without asking what is valid."""
ARMS: Final = {
    **{f"xor-{width}": f"XOR, width {width}" for width in (3, 4, 5)},
    "tables": "three inputs",
    "drawn": "drawn",
    "strict": "strict training",
    "heads": "transformers, heads",
    "qkv": "transformers, q/k/v",
    "mlp": "transformers, MLP",
}
"""What the finding calls the arms of a suite."""
CLASSES: Final = ("shared by less than a third", "by less than two thirds", "by more")
"""Networks by how much of a smallest circuit every valid circuit has."""
INTERVALS: Final = ("tau", "residual", "order", "gain", "far", "room", "leader")
_CONDITIONS: Final = (Condition("zero").key, Condition("mean").key, Condition("pairs").key)
_COLUMNS: Final = {
    **dict.fromkeys(("score", "group", "said", "truth", "methods", "constant"), "VARCHAR"),
    **dict.fromkeys(("n", "left_out"), "BIGINT"),
    **{f"{one}{end}": "DOUBLE" for one in INTERVALS for end in ("", "_low", "_high")},
    **dict.fromkeys(("p", "p_holm"), "DOUBLE"),
}
Row = Mapping[str, Any]


def rows_of_suite(folder: Path) -> list[dict[str, Any]]:
    """The rankings' answers about each network under three ablations, by the threshold and the strict rule."""
    networks, truths, answers = (f"'{folder}/{name}.parquet'" for name in ("networks", "truths", "answers"))
    query = f"""SELECT name AS network, n.arm, cell, a.condition, method, seed, E AS edges, smallest,
        bit_count(('0x' || backbone)::HUGEINT) AS backbone, {", ".join(("regret", *SIGNS))}
        FROM {answers} a JOIN {networks} n ON a.network = name
        JOIN {truths} t ON t.network = name AND t.condition = a.condition
        WHERE a.condition IN {_CONDITIONS} AND method IN {RANKINGS} AND smallest IS NOT NULL
        ORDER BY ALL"""  # noqa: S608  a query of ours
    return _records(query)


def _records(query: str) -> list[dict[str, Any]]:
    found = duckdb.execute(query)
    names = [name for name, *_ in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def arm_of(row: Row) -> str:
    """The group that is tested: an arm, and of planted networks a disguise."""
    disguise = str(row["cell"]).removeprefix("compile-").removeprefix("idle-")
    return f"planted: {disguise}" if row["arm"] == "disguised" else ARMS[row["arm"]]


def class_of(row: Row) -> str:
    """The class that is described, by the share of a smallest circuit that every valid circuit has."""
    share = 3 * row["backbone"] / max(row["smallest"], 1)
    return CLASSES[int(share >= 1) + int(share >= 2)]


def verdict_rows(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Rows of the table of verdicts: of arms, which are tested, and of classes, which are not."""
    yield from map(_verdict_row, verdicts_of(rows, arm_of))
    classed = (one for one in verdicts_of(rows, class_of) if one.said == one.truth)  # the class is of that condition
    yield from (_verdict_row(one) | {"p": None, "p_holm": None} for one in classed)


def _verdict_row(one: Verdict) -> dict[str, Any]:
    found: dict[str, Any] = {field.name: getattr(one, field.name) for field in fields(one)}
    for name in INTERVALS:
        found |= zip((name, f"{name}_low", f"{name}_high"), map(_short, found[name]), strict=True)
    found |= {name: " ; ".join(dict.fromkeys(found[name])) for name in ("methods", "constant")}
    return found | {"p": _short(one.p), "p_holm": _short(one.p_holm)}


def _short(value: float) -> float | None:
    return None if value != value else float(f"{value:.6g}")


def freeze(rows: Sequence[Row]) -> None:
    """Write the table, and its digest where the manifest and the finding name it."""
    path, found = FOLDER / f"{SLUG}.parquet", [*verdict_rows(rows)]
    write_parquet(path, found, _COLUMNS, {})
    documents = {path: json.loads(path.read_text()) for path in (FOLDER / "manifest.json", FOLDER / "findings.json")}
    manifest, record = documents.values()
    digest = sha256(path.read_bytes()).hexdigest()
    manifest["tables"][SLUG] |= {"rows": len(found), "bytes": path.stat().st_size, "sha256": digest}
    for one in record["findings"]:
        if SLUG in one["studies"]:
            one["studies"][SLUG]["rows"] = f"sha256:{digest}"
    for place, document in documents.items():
        place.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def look(rows: Sequence[Row]) -> str:
    """Apply the stop rule to the first tenth, and nothing else."""
    found = verdicts_of(rows, arm_of, fewest=5)
    off = sum(abs(one.gain[0]) > NEAR for one in found)
    what = f"{len(found)} of a score, an arm and two ablations; {off} are off the constant method by more than {NEAR}"
    return f"{what}: {'stop' if stops(found) else 'go on'}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=PUBLIC)
    parser.add_argument("--first", action="store_true")
    asked = parser.parse_args()
    rows = rows_of_suite(asked.folder)
    if asked.first:
        print(look(rows))
    else:
        freeze(rows)


if __name__ == "__main__":
    main()
