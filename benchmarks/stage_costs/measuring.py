"""One case in a process of its own: ``python -m benchmarks.stage_costs.measuring`` reads a request, prints figures.

The seconds are the processor's. A stage that takes longer than it is given is stopped, and what it took by then is at
least what it takes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from analysis.algorithms.candidates import Candidates
from analysis.common_ground.points import Subject as SurveySubject
from analysis.common_ground.survey import survey_common_ground
from analysis.criteria.judged import Subject
from analysis.criteria.judging import judge_analysis
from analysis.criteria.steps import default_steps
from analysis.data import clean_data
from analysis.directions.findings import CLOSED_FORM, find_directions
from analysis.directions.table import DirectionTable
from analysis.errors import Cancelled
from analysis.network_files.files import parse_network_file
from analysis.pipeline import analyse_output
from analysis.progress import Progress
from analysis.protocol import named_protocol
from analysis.question import ask
from analysis.result import OutputAnalysis
from analysis.work import Work
from benchmarks.stage_costs.cases import Case

ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass
class Figures:
    """What one case took.

    Args:
        seconds: of the processor, by stage.
        stopped: stages that were stopped before their end.
        by_part: the seconds of single criteria ("kind key") and of classes of directions.
        counts: what was found, in numbers.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    by_part: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def measure_alone(case: Case, seconds: float) -> Figures:
    """Measure a case in a process of its own.

    Args:
        case: the case.
        seconds: for each stage at most.

    Raises:
        RuntimeError: the process failed; with what it said.
    """
    request = {"document": case.document, "output": case.output, "protocol": case.protocol, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.stage_costs.measuring"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the measurement of {case.name} failed:\n{done.stderr.strip()}")
    return Figures(**json.loads(done.stdout))


class _Stages:
    """Runs stages, each for some seconds at most."""

    def __init__(self, seconds: float) -> None:
        self.most, self.figures, self._until = seconds, Figures(), 0.0

    def report(self, _progress: Progress, /) -> None:
        if time.process_time() > self._until:
            raise Cancelled

    def run(self, name: str, work: Callable[[], Any]) -> Any:
        """What the work returns, None if it was stopped."""
        begun = time.process_time()
        self._until = begun + self.most
        try:
            return work()
        except Cancelled:
            self.figures.stopped.append(name)
            return None
        finally:
            self.figures.seconds[name] = time.process_time() - begun


def _measure(request: dict[str, Any]) -> Figures:
    file = parse_network_file(json.dumps(request["document"]).encode())
    output, protocol = request["output"], named_protocol(request["protocol"])
    data = clean_data(file.network.n_inputs)
    stages = _Stages(request["seconds"])
    figures = stages.figures
    stage, begun = "circuits", time.process_time()

    def report(progress: Progress, /) -> None:
        nonlocal stage
        stages.report(progress)
        stage = progress.stage

    analysis: OutputAnalysis | None = stages.run(
        "analysis",
        lambda: analyse_output(
            ask(file.network, output=output, task=file.tasks[output], protocol=protocol, data=data),
            Work(report=report, clock=time.process_time),
        ),
    )
    del figures.seconds["analysis"]
    if analysis is None:
        figures.seconds[stage], figures.stopped = time.process_time() - begun, [stage]
        return figures
    figures.seconds |= {
        name: analysis.seconds[name] for name in ("circuits", "interpretations", "algorithms", "alignments")
    }
    figures.counts |= {
        "valid": min(analysis.circuits.n_valid, 2**62),
        "listed": analysis.circuits.n_listed,
        "observed": min(analysis.interpretations.observed, 2**62),
        "candidates": analysis.algorithms.n_candidates,
        "kept alignments": sum(len(result.alignments) for result in analysis.algorithms.algorithms),
        "valid alignments": min(analysis.algorithms.n_valid_alignments, 2**62),
    }
    _criteria(stages, analysis)
    _directions(stages, analysis)
    _common_ground(stages, analysis)
    return figures


def _criteria(stages: _Stages, analysis: OutputAnalysis) -> None:
    wanted = [(kind, step) for step in default_steps() for kind in step.kinds]
    spent: dict[str, float] = defaultdict(float)

    def judge() -> None:
        subject = Subject.of(analysis)
        for block in judge_analysis(subject, wanted, Work(report=stages.report, clock=time.process_time)):
            spent[f"{block.kind} {block.step}"] += block.seconds

    stages.run("criteria", judge)
    stages.figures.by_part |= spent


def _directions(stages: _Stages, analysis: OutputAnalysis) -> None:
    network = analysis.question.model.for_output(analysis.question.output)
    listed = Candidates(
        tuple(result.algorithm for result in analysis.algorithms.algorithms), analysis.algorithms.n_candidates
    )
    table = DirectionTable(analysis.question)

    def search() -> None:
        for direction_class in CLOSED_FORM:
            begun = time.process_time()
            find_directions(
                ask(network, protocol=analysis.question.protocol, data=analysis.question.data),
                listed,
                direction_class,
                Work(report=stages.report),
                table=table,
            )
            stages.figures.by_part[f"directions {direction_class}"] = time.process_time() - begun

    stages.run("directions", search)


def _common_ground(stages: _Stages, analysis: OutputAnalysis) -> None:
    with_places = [result for result in analysis.algorithms.algorithms if result.alignments]
    subject = SurveySubject(
        question=analysis.question,
        masks=analysis.circuits.masks,
        observed=analysis.interpretations.observed_by_circuit,
        algorithms=[result.algorithm for result in with_places],
        placements=[[list(scored.alignment.places) for scored in result.alignments] for result in with_places],
    )
    stages.run("common ground", lambda: survey_common_ground(subject, Work(report=stages.report)))


def main() -> int:
    figures = _measure(json.loads(sys.stdin.read()))
    print(json.dumps(figures.__dict__))
    return 0


if __name__ == "__main__":
    sys.exit(main())
