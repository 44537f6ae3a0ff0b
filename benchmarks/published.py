"""``python -m benchmarks.published FOLDER``: scores published programs' answers and bundles them for the small suite.

FOLDER holds the ``PROGRAM-METHOD.json`` that ``python -m benchmarks.other_packages --suite small`` wrote. The file has
rows under the primary condition without what answers do not say (calls and seconds), and in its metadata the answers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from pluriscope.tables.parquet import write_parquet
from pluriscope_bench.answers import read_answers
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.reading import submission_of
from pluriscope_bench.key.submission import Submission
from pluriscope_bench.key.summary import summary_of
from pluriscope_bench.suite_files import PUBLISHED, TABLES, Suite, read_suite

PACKAGES: Final[dict[str, dict[str, str]]] = {
    "auto-circuit 1.0.1": {"source": "UFO-101/auto-circuit", "licence": "not stated in its package"},
    "EAP-IG 62f83cd": {"source": "hannamw/EAP-IG", "licence": "MIT"},
}
_ZERO: Final = "zero ablation"
PROGRAMS: Final = {
    "auto-circuit-acdc": ("ACDC", "auto-circuit 1.0.1", "another row's activations, or of transformers no token"),
    "auto-circuit-eap": ("EAP", "auto-circuit 1.0.1", _ZERO),
    "auto-circuit-mask-ig": ("Mask gradient", "auto-circuit 1.0.1", _ZERO),
    "eap-ig-eap": ("EAP", "EAP-IG 62f83cd", _ZERO),
    "eap-ig-eap-ig": ("EAP-IG", "EAP-IG 62f83cd", "another row's activations"),
    "eap-ig-exact-edge": ("Exact edge effects", "EAP-IG 62f83cd", _ZERO),
}
"""By file: the method, its package with the version, and what edges carried that were ablated."""
UNKNOWN: Final = ("calls", "calls_gradients", "calls_runs", "calls_validity", "seconds", "seconds_ratio")
"""Columns that answers say nothing about."""


def rows_of(suite: Suite, name: str, track: str, answers: dict[str, Any], networks: list[str]) -> list[dict[str, Any]]:
    """The rows of some networks."""
    found = []
    for network in networks:
        known, answer = suite.known(network), answers[network]
        refused = Submission("not-offered", "The program takes no such network.")
        one = refused if answer is None else submission_of(known.network.question.graph, answer)
        found += [{**row, **dict.fromkeys(UNKNOWN)} for row in known.rows(name, track, {PRIMARY: (one,)})]
    return found


def main(folder: Path) -> None:
    """Score and write."""
    suite, rows, packages, every = read_suite(), list[dict[str, Any]](), {}, {}
    for file, (method, package, asked) in PROGRAMS.items():
        raw = (folder / f"{file}.json").read_bytes()
        given = read_answers(raw, file, suite.digest, suite.by_name)
        name = f"{method} ({package})"
        packages[name] = {"name": package, **PACKAGES[package], "asked": asked}
        every[name] = given.answers
        rows += rows_of(suite, name, given.track, given.answers, list(suite.by_name))
    methods = [one | {"package": packages[one["name"]]} for one in summary_of(rows)]
    metadata = {"suite": suite.digest, "methods": json.dumps(methods), "answers": json.dumps(every)}
    write_parquet(PUBLISHED, rows, TABLES["answers.parquet"], metadata)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
