"""`pluriscope check`: what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from app.cli.terminal import DONE, TROUBLE, write_text


def check(
    as_json: Annotated[bool, typer.Option("--json", help="Write the findings as JSON.")] = False,
    sample: Annotated[
        int, typer.Option("--sample", min=0, max=100_000, help="Analyses whose digests are computed again.")
    ] = 5,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Check every index, also of a database beyond 2 GB.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings count as problems.")] = False,
) -> int:
    """Look at store, settings, versions, disk and clock, and say what to do; nothing is changed.

    Example: [bold]pluriscope check --json[/bold]

    Exit codes: 0 healthy, 1 a problem was found (with --strict: or a warning).
    """
    from app.doctor.full import examine

    diagnosis = examine(os.environ, sample=sample, thorough=thorough)
    if as_json:
        write_text("-", json.dumps(diagnosis.model_dump(), ensure_ascii=False) + "\n")
    else:
        lines = []
        for finding in diagnosis.findings:
            lines.append(f"{finding.level:<8} {finding.check:<20} {finding.found}")
            if finding.cure:
                lines.append(f"{'':<29} → {finding.cure}")
        counts = {level: sum(f.level == level for f in diagnosis.findings) for level in ("problem", "warning", "note")}
        told = ", ".join(f"{n} {level}{'s' if n != 1 else ''}" for level, n in counts.items())
        write_text("-", "\n".join([*lines, f"{'healthy' if diagnosis.healthy else 'NOT healthy'}: {told}"]) + "\n")
    levels = {finding.level for finding in diagnosis.findings}
    return TROUBLE if "problem" in levels or (strict and "warning" in levels) else DONE
