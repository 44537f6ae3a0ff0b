"""`pluriscope check`: what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import os
from collections import Counter
from typing import Annotated

import typer

from app.cli.terminal import DONE, TROUBLE, write_json, write_text


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
    """Look at store, settings and disk, and say what to do; nothing is changed.

    Example: [bold]pluriscope check --json[/bold]

    Exit codes: 0 healthy, 1 a problem was found (with --strict: or a warning).
    """
    from analysis import ENGINE_VERSION
    from app.check import examine

    findings = list(examine(os.environ, sample=sample, thorough=thorough))
    counts = Counter(finding.level for finding in findings)
    if as_json:
        told = {
            "version": ENGINE_VERSION,
            "healthy": not counts["problem"],
            "findings": [finding.model_dump() for finding in findings],
        }
        write_json("-", told)
    else:
        lines = []
        for finding in findings:
            lines.append(f"{finding.level:<8} {finding.check:<20} {finding.found}")
            if finding.cure:
                lines.append(f"{'':<29} → {finding.cure}")
        lines.append("NOT healthy" if counts["problem"] else "healthy")
        write_text("-", "\n".join(lines) + "\n")
    return TROUBLE if counts["problem"] or (strict and counts["warning"]) else DONE
