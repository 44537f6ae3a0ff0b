"""A run of ``pluriscope bench``: methods asked about the networks of a suite, and their answers scored beside ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, Literal

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.running.progress import Progress, Report, silent
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope_bench.answers import Answers
from pluriscope_bench.key.baselines import ANSWERED, DELETION, baseline_rows
from pluriscope_bench.key.condition import PRIMARY, Condition
from pluriscope_bench.key.reading import submission_of
from pluriscope_bench.key.submission import TRACKS, Submission
from pluriscope_bench.key.suite import SuiteNetwork
from pluriscope_bench.key.summary import difference, summary_of
from pluriscope_bench.methods import Limits, MethodRecord, Task, method_of, run_method
from pluriscope_bench.result import result_of
from pluriscope_bench.suite_files import Suite, read_suite

Row = dict[str, Any]
Given = Path | Callable[..., Any] | Answers
"""What is scored: a method's file, a function, or answers."""
Asked = tuple[SuiteNetwork, Condition]
Answered = Mapping[Condition, Sequence[Submission]]
REFERENCE: Final = "minimum"
"""Of ours, that which is no method: nothing can be better."""
_ALONE: Final = Work(clock=time.perf_counter)


def benched(
    suite: Suite,
    given: Sequence[Given] = (),
    *,
    limits: Limits,
    conditions: Literal["primary", "all"] = "primary",
    executor: Executor | None = None,
    report: Report = silent,
) -> dict[str, Any]:
    """Ask and score; the content of a result file.

    Args:
        suite: whose networks.
        given: the methods; without any ours are run, which else have the suite's rows if this engine wrote them.
            Published programs have those that come with Pluriscope.
        limits: of a method's process.
        conditions: that under which methods are ranked; or it and those that differ in one factor, where known.
        executor: scores networks beside each other; None for one after the other.
        report: gets the number of networks done.

    Raises:
        InvalidMethod: a method that cannot be run at all, or has the name of another.
    """
    chosen = (PRIMARY,) if conditions == "primary" else ANSWERED
    texts = [_source(one) for one in given]  # before anything runs that could change them
    heads = [one if isinstance(one, Answers) else method_of(one, limits) for one in given]
    packages = {one["name"]: one["package"] for one in suite.published}
    taken = {row["method"] for row in suite.answers} | {*packages}
    for name in (one.name for one in heads):
        if name in taken:
            raise InvalidMethod(f"method {name!r}", "has the name of another one", "give it a NAME of its own")
        taken.add(name)
    asked = [(one, each) for one in suite.networks for each in chosen if each in suite.conditions(one.name)]
    found = [_answers(one, head, asked, limits, report) for one, head in zip(given, heads, strict=True)]
    again = not given or suite.manifest["made"]["engine"] != ENGINE_VERSION
    keys = {one.key for one in chosen}
    rows = [] if again else [dict(row) for row in suite.answers if row["condition"] in keys]
    answered = (
        [(head.name, track, answers[name]) for head, (track, answers) in zip(heads, found, strict=True)]
        for name in suite.by_name
    )
    score, spread = partial(_rows, str(suite.folder.resolve()), chosen, again), executor.map if executor else map
    for done, scored in enumerate(spread(score, suite.by_name, answered), start=1):
        report(Progress("scores", done, len(suite.networks), f"{done} of {len(suite.networks)} networks"))
        rows += scored
    rows += [dict(row) for row in suite.published_answers]
    methods, sources = summary_of(rows), dict(zip((one.name for one in heads), texts, strict=True))
    for one in methods:
        one |= {"source": sources.get(one["name"]), "package": packages.get(one["name"])}
    for one in methods:
        one["difference"] = _difference(one, methods, rows)
    methods.sort(key=lambda one: (not one["regret"]["n"], one["regret"]["mean"] or 0.0))  # the least mean first
    head = {"suite": suite.digest, "suite_name": suite.manifest["name"], "condition": PRIMARY.key}
    settings = {"conditions": conditions, "limits": {"seconds": limits.seconds, "bytes": limits.n_bytes}}
    return result_of({**head, **settings, "methods": methods, "rows": rows})


def _answers(
    given: Given, head: Answers | MethodRecord, asked: Sequence[Asked], limits: Limits, report: Report
) -> tuple[str, Mapping[str, Answered]]:
    """The track of a method, and what it answers about each network under each condition that is asked about."""
    if isinstance(given, Answers):
        missing = Submission("unreadable", "The file has no answer about this network.")
        refused = Submission("not-offered", "The file says that the method takes no such network.")
        graphs = {network.name: network.question.graph for network, _ in asked}
        read = {
            name: (refused if one is None else submission_of(graphs[name], one),) for name, one in given.answers.items()
        }
        found: list[tuple[Submission, ...]] = [read.get(network.name, (missing,)) for network, _ in asked]
    else:
        judged = head.track in (None, TRACKS[-1])  # else only the ablation makes a difference to its input
        kinds = [(network.name, condition if judged else condition.ablation) for network, condition in asked]
        tasks = {kind: Task(*one) for kind, one in zip(kinds, ((n.name, n.question, c) for n, c in asked), strict=True)}
        by_kind = dict(zip(tasks, run_method(given, list(tasks.values()), limits, report), strict=True))
        found = [by_kind[kind] for kind in kinds]
    answers: dict[str, dict[Condition, Sequence[Submission]]] = {}
    for (network, condition), some in zip(asked, found, strict=True):
        answers.setdefault(network.name, {})[condition] = some
    return head.track or max((one.calls.track for some in found for one in some), key=TRACKS.index), answers


def _source(given: Given) -> dict[str, str]:
    """Source that a method was run from, as a result file has it."""
    form, file, text = "function", "", ""
    if isinstance(given, Answers):
        form, text = "answers", given.model_dump_json()
    elif isinstance(given, Path):
        try:
            form, file, text = "method", given.name, given.read_bytes().decode(errors="replace")
        except OSError as error:
            cause = f"cannot be read ({error.strerror})"
            raise InvalidMethod(f"method {given.name!r}", cause, "give the path of a Python file") from None
    return {"form": form, "file": file, "text": text, "sha256": sha256_hex(text.encode())}


def _difference(
    one: Mapping[str, Any], methods: Sequence[Mapping[str, Any]], rows: Sequence[Row]
) -> dict[str, Any] | None:
    """Difference of a method's regret from that of the first of ours that may ask no more, paired by networks."""
    may = TRACKS[: TRACKS.index(one["track"]) + 1]
    ours = (
        other["name"]
        for other in methods
        if other["source"] is other["package"] is None
        and other["track"] in may
        and other["name"] not in (one["name"], REFERENCE)
    )
    best = next(ours, None)
    if best is None:
        return None
    main = [row for row in rows if row["condition"] == PRIMARY.key]
    own, other = ([row for row in main if row["method"] == name] for name in (one["name"], best))
    return {"from": best, **difference(own, other)}


@lru_cache(maxsize=2)
def _suite(folder: str) -> Suite:
    return read_suite(folder)


def _rows(
    folder: str,
    chosen: Sequence[Condition],
    again: bool,
    network: str,
    answered: Sequence[tuple[str, str, Answered]],
    work: Work = _ALONE,
) -> list[Row]:
    """The rows about one network: those of ours, if they are wanted again, and those of methods with their answers."""
    known = _suite(folder).known(network, chosen)
    rows = list(baseline_rows(known.network, known.truths, work)) if again else []
    if answered:
        timed = ((one, DELETION.answer(known.judge(one), truth, work)) for one, truth in known.truths.items())
        known = replace(known, deletion_seconds={one: found[0].seconds for one, found in timed})
    for name, track, answers in answered:
        rows += known.rows(name, track, answers)
    return rows
