"""A discovery method scored in Python, and the table that comes of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from pluriscope.arguments import FilePath, checked
from pluriscope.library.models import write_json
from pluriscope.objects.progress import Reader, reporting
from pluriscope.objects.showing import Row, Rows, aligned
from pluriscope_bench.methods import Limits


@checked
def bench(
    method: Callable[..., Any] | FilePath,
    suite: FilePath = "small",
    *,
    conditions: Literal["primary", "all"] = "primary",
    seconds: Annotated[float, Field(gt=0)] = 60.0,
    megabytes: Annotated[int, Field(ge=64)] = 2_048,
    workers: Annotated[int, Field(ge=1)] | None = None,
    report: Reader = None,
) -> Benchmark:
    """Score a method of circuit discovery by its regret against every valid circuit of many networks.

    Args:
        method: ``score(network, ablation, ask)``, or a Python file that has it; it runs in processes of its own.
        suite: "small", or the folder of a suite.
        conditions: that under which methods are ranked; or it and those that differ in one factor, where known.
        seconds: that it may take for a network.
        megabytes: that its process may take.
        workers: processes beside each other; one for each core if not given.
        report: called with how far it is, in words, at most once a second: ``print``. A notebook shows it by itself.

    Raises:
        AnalysisError: the method cannot be imported, is none, or has the name of one of ours; or there is no such
            suite. What goes wrong on one network is an outcome in the table.
    """
    from pluriscope_bench.run import benched
    from pluriscope_bench.suite_files import read_suite

    limits = Limits(seconds, megabytes << 20, workers or os.cpu_count() or 1)
    given = Path(method) if isinstance(method, str | Path) else method
    with reporting(report) as show:
        return Benchmark(benched(read_suite(suite), [given], conditions=conditions, limits=limits, report=show))


class Benchmark(Rows):
    """Methods, the least mean regret first, the one that was scored beside ours.

    A row has the ``method``, whether it is the one that was ``scored``, its ``track``, its mean ``regret`` with the
    ends ``low`` and ``high`` of a 95% interval, how often its own circuit is ``valid``, or ``valid_raw`` before loose
    ends are pruned, and on how many networks it ``answered``.

    Args:
        document: what ``pluriscope bench --json`` writes, with every score of every answer.
    """

    most = 1_000  # whichever row the scored one is

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        super().__init__(map(_row, document["methods"]), f"Regret on the suite {document['suite_name']}")

    @property
    def unanswered(self) -> Rows:
        """The networks on which the scored method did not answer, each with the outcome and its cause."""
        scored = {row["method"] for row in self if row["scored"]}
        columns = ("network", "condition", "outcome", "message")
        rows = [row for row in self.document["rows"] if row["method"] in scored and row["outcome"] != "answered"]
        return Rows([{name: row[name] for name in columns} for row in rows], "Not answered")

    @checked
    def save(self, path: FilePath) -> Path:
        """Write what ``pluriscope bench --json`` writes."""
        return write_json(path, self.document)

    def __repr__(self) -> str:
        return aligned(self, str(self.caption))


def _row(method: Mapping[str, Any]) -> Row:
    head = {"method": method["name"], "scored": method["source"] is not None, "track": method["track"]}
    ends = {"regret": method["regret"]["mean"], "low": method["regret"]["low"], "high": method["regret"]["high"]}
    shares = {name: method[name]["mean"] for name in ("valid", "valid_raw")}
    return {**head, **ends, **shares, "answered": method["outcomes"].get("answered", 0)}
