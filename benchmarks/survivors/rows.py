"""The figures of every network as a CSV file: some lines of comment, a heading, one line for each seed."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from benchmarks.survivors.study import Row

_FIRST = ("seed", "state", "epochs", "network")


@dataclass(frozen=True)
class Sample:
    """One run of the study.

    Args:
        told: how it was made, by name: loss target, machine, seconds.
        rows: one for each seed.
    """

    told: dict[str, str]
    rows: tuple[Row, ...]

    @property
    def converged(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.figures)

    def counts(self, figure: str) -> list[int]:
        """One count over the networks that converged."""
        return [row.figures[figure] for row in self.converged]


def write_rows(path: Path, sample: Sample) -> None:
    """Write a sample; the comments begin with "# "."""
    text = io.StringIO()
    names = list(sample.converged[0].figures) if sample.converged else []
    text.writelines(f"# {name}: {value}\n" for name, value in sample.told.items())
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_FIRST, *names])
    for row in sample.rows:
        told = [row.figures.get(name, "") for name in names]
        writer.writerow([row.seed, row.state, row.epochs, row.digest, *told])
    path.write_text(text.getvalue())


def read_rows(path: Path) -> Sample:
    """Read a sample back."""
    lines = path.read_text().splitlines()
    comments = [line[2:].split(": ", 1) for line in lines if line.startswith("# ")]
    table = list(csv.DictReader(line for line in lines if not line.startswith("# ")))
    rows = [
        Row(
            int(line["seed"]),
            line["state"],
            int(line["epochs"]),
            line["network"],
            {name: int(value) for name, value in line.items() if name not in _FIRST and value},
        )
        for line in table
    ]
    return Sample(dict(comments), tuple(rows))
