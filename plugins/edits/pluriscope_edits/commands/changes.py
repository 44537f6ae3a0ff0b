"""`pluriscope changes`: which explanations two networks share, and which one of them has alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pluriscope.analysis.errors import AnalysisError
from pluriscope.app.cli.reading import declared, intake_at, limits_in_force, network_bytes, read_network, show_first
from pluriscope.app.cli.terminal import Shown, progress_bar

if TYPE_CHECKING:
    from pluriscope.analysis.subjects.question import SubjectQuestion


def changes(
    file: str,
    other: str,
    *,
    protocol: str = "complete",
    output_index: int = 0,
    task: str = "",
    encoding: str = "",
    output_is: Literal["value", "logit", "sign", "classes"] = "value",
    thorough: bool = False,
    quiet: bool = False,
) -> Shown:
    """Say which explanations two networks share, and which one of them has alone.

    Example: pluriscope changes xor.json edited.json --json

    Both are judged on the task of the first.

    Exit codes: 0 done, 2 bad input.

    Args:
        other: Another network file.
        protocol: Of perceptrons paper, complete or a protocol file; of transformers their rules, such as heads-mean.
        task: That both are judged on: a name, a truth table or a formula. Default: the first one's.
        encoding: Numbers that stand for 0 and 1, such as -1,1; default: 0 and 1.
        output_is: What their outputs are.
        thorough: Ask criteria that take long, too.
    """
    from pluriscope.analysis.network_files.declaration import Declaration
    from pluriscope.analysis.running.work import Work
    from pluriscope.library.models import questions_of, whole_subject
    from pluriscope_edits.changes import find_changes

    second: Any = None
    declaration = Declaration(tasks=task, encoding=encoding, output_is=output_is)
    questions: Sequence[SubjectQuestion] = ()
    for name in (file, other):
        raw = network_bytes(name)
        try:
            if whole := whole_subject(raw):
                network = declared(whole, declaration)
                second = network.file
                questions = questions or questions_of(network, [output_index], protocol)
                continue
            intake = intake_at(name, raw, declaration)
            second = intake.file().network
            if questions:
                show_first(intake, quiet=quiet)
            else:
                questions = read_network(intake, protocol, [output_index], quiet=quiet).questions
        except AnalysisError as error:
            error.item = f"{name}: {error.item}"
            raise
    with progress_bar(quiet) as report:
        work = Work(report, clock=time.perf_counter, limits=limits_in_force())
        found = find_changes(questions[0], second, work, thorough=thorough)
    return Shown(found.model_dump(mode="json", exclude_none=True), found.findings(questions[0]))
