"""``python -m benchmarks.live_models [NAME…] [--write]``: units of live models of packages, asked for and found.

A model of :mod:`benchmarks.in_live_models` is asked for each kind of unit, in an environment that is made of packages:
there should be as many as its sizes say, and without all of them, and without its first head, it should answer what
plain torch gives. With ``--write`` all are asked, and docs/importing.md has the table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.in_live_models import HELD, KINDS
from benchmarks.other_packages import TORCH, python_of
from benchmarks.parity import ROOT, between_marks

DOCUMENT: Final = ROOT / "docs" / "importing.md"
NEEDS: Final = {
    "transformers": ("transformers==5.24.0", "nnsight==0.8.1", "peft==0.21.2"),
    "torch": ("timm==1.0.31", "torchvision==0.28.0", "x-transformers==2.31.10", "torchao==0.18.0"),
    "transformer-lens-3": ("transformer-lens==3.9.0",),
    "transformer-lens-4": ("transformer-lens==4.3.0",),
}
Result = dict[str, dict[str, dict[str, Any]]]


def results(folder: Path, names: list[str]) -> Iterator[tuple[str, Result]]:
    """By environment, what came of its models: of those with some names, or of all."""
    own = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    known = [one for one in own if not one.startswith(("torch", "numpy"))]
    path = os.pathsep.join(map(str, (ROOT, ROOT / "plugins" / "live")))
    environment = {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}
    for key, needs in NEEDS.items():
        if chosen := [one for one in HELD[key] if not names or one in names]:
            python, target = python_of(folder, key, [*needs, *known]), folder / f"{key}.json"
            program = (python, "-P", "-W", "ignore", "-m", "benchmarks.in_live_models", key, target)
            subprocess.run([*program, *chosen], check=True, env=environment)
            yield key, json.loads(target.read_text())


def table(found: dict[str, Result]) -> Iterator[str]:
    """A row for each model, a column for each kind of unit."""
    yield f"|{datetime.now(UTC):%Y-%m-%d}, {TORCH.replace('==', ' ')}|heads|MLPs|neurons|both|edges|modules|"
    yield f"|---|{'--:|' * len(KINDS)}"
    for environment, result in found.items():
        yield f"|**{', '.join(NEEDS[environment]).replace('==', ' ')}**|{'|' * len(KINDS)}"
        for name, row in result.items():
            yield f"|{name}|{'|'.join(cell(row[kind]) if kind in row else '' for kind in KINDS)}|"


def refusals(found: dict[str, Result]) -> Iterator[str]:
    """Every refusal or difference, with the models and kinds of unit that have it."""
    reasons = defaultdict[str, list[str]](list)
    for name, row in (one for result in found.values() for one in result.items()):
        for kind, one in row.items():
            if said := one["different"] or (one["said"].partition(": ")[2] if one["refused"] else ""):
                reasons[said].append(f"{name} ({kind})")
    yield from (f"- {said} {'; '.join(some)}" for said, some in reasons.items())


def cell(one: dict[str, Any]) -> str:
    """How many units were found, "?" where something was asked first, "–" for a refusal, "≠" for a fault."""
    if one["different"]:
        return "≠"
    return "–" if one["refused"] else f"{one['n']}{'?' if one['said'] else ''}"


def main(arguments: list[str] | None = None) -> int:
    """Ask the models, print the table, and write it if that is wanted."""
    parser = argparse.ArgumentParser(prog="benchmarks.live_models", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("names", nargs="*", help="of models; all without")
    parser.add_argument("--write", action="store_true", help=f"write the table in {DOCUMENT.relative_to(ROOT)}")
    default = Path(tempfile.gettempdir()) / "pluriscope-live-models"
    parser.add_argument("--folder", type=Path, default=default, help="where environments are made, or lie from before")
    given = parser.parse_args(arguments)
    found = dict(results(given.folder, [] if given.write else given.names))
    print("\n".join((*table(found), *refusals(found))))
    if given.write:
        DOCUMENT.write_text(between_marks(DOCUMENT.read_text(), "live models", table(found)))
    rows = (row for result in found.values() for row in result.values())
    return int(any(one["different"] for row in rows for one in row.values()))


if __name__ == "__main__":
    sys.exit(main())
