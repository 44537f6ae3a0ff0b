"""Chapters of the findings whose tables are made from their rows: what the programs of their questions share."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from benchmarks.lines import ROOT
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.tables.parquet import write_parquet
from pluriscope_studies.pages.findings import FOLDER

Lines = Sequence[Sequence[str]]
"""Cells of a table of Markdown, its head first."""


def design_of(slug: str) -> dict[str, Any]:
    """The declared design of a question."""
    design: dict[str, Any] = json.loads((ROOT / "docs" / "findings" / f"{slug}.design.json").read_text())
    return design


class LineFile:
    """A file with a line of JSON for each thing that was asked, to which more are added while its design allows it.

    Attributes:
        lines: those that are there.
        spent: seconds of the processor that all of them took.
    """

    def __init__(self, path: Path, design: Mapping[str, Any], **same: str) -> None:
        """Open a file, which need not be there.

        Args:
            path: of the file.
            design: the declared one; ``minutes`` ends the run.
            same: what every line has besides.

        Raises:
            SystemExit: the file has lines of another design.
        """
        self.path, self.same = path, {"design": sha256_hex(canonical_json(design)), **same}
        self.lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        if any(line[name] != value for line in self.lines for name, value in self.same.items()):
            raise SystemExit("the file has rows of another design")
        self.spent: float = sum(line["spent"] for line in self.lines)
        self._most, self._began = 60 * design["minutes"], time.process_time()

    @property
    def full(self) -> bool:
        """Whether the minutes of the design are over."""
        return bool(self.spent > self._most)

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line, with the time since the last one."""
        took = time.process_time() - self._began
        self._began, self.spent = self._began + took, self.spent + took
        with self.path.open("a") as file:
            file.write(json.dumps({**self.same, "spent": took, **line}) + "\n")


def share(k: int, n: int) -> str:
    """A share in percent with the ends of its 95% interval by Wilson."""
    low, high = binomtest(k, n).proportion_ci(method="wilson")
    return f"{k / n:.0%} ({100 * float(low):.0f}–{100 * float(high):.0f})"


def markdown(lines: Lines, texts: int) -> str:
    """A table; its first columns are texts, the others numbers."""
    head, *rest = lines
    ends = ["---"] * texts + ["--:"] * (len(head) - texts)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ends, *rest))


def freeze(
    slug: str,
    design: Mapping[str, Any],
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    *tables: str,
    chapter: str = "",
) -> None:
    """Write rows and their digest, and put each table in the place of the one with its head in the chapter."""
    file = FOLDER / f"{slug}.parquet"
    write_parquet(file, rows, columns, {})
    manifest, record = (json.loads((FOLDER / name).read_text()) for name in ("manifest.json", "findings.json"))
    facts = {"rows": len(rows), "bytes": file.stat().st_size, "sha256": sha256(file.read_bytes()).hexdigest()}
    manifest["designs"][slug] = design
    manifest["tables"].setdefault(slug, {}).update(facts, design=sha256_hex(canonical_json(design)))
    (one,) = (one for one in record["chapters"] if one["key"] == (chapter or slug))
    for text in tables:
        head = re.escape(text.partition("\n")[0])
        one["text"] = re.sub(rf"{head}.*?(?=\n\n)", lambda _, new=text: new, one["text"], flags=re.DOTALL)
    for name, document in (("manifest.json", manifest), ("findings.json", record)):
        (FOLDER / name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    (ROOT / "docs" / "findings" / f"{one['key']}.md").write_text(f"# {one['title']}\n\n{one['text']}\n")
