"""Population files, `pluriscope-population/1`: what came of every network of a population, one JSON object a line.

The first line tells the rules, then one line for each network in the order of seeds, whatever became of it, and last a
summary whose every figure says of how many. A file without the last line is not whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median_low
from typing import Any, Final

from analysis import ENGINE_VERSION
from analysis.alignments.result import AlgorithmResult
from analysis.data import DataRecord
from analysis.network_files.files import task_json
from analysis.networks.training_course import training_json
from analysis.populations.population import PopulationMember
from analysis.protocol import Protocol
from analysis.result import OutputAnalysis
from analysis.result_file import exact, output_json, what_is_missing
from analysis.tasks import Task

POPULATION_FORMAT: Final = "pluriscope-population/1"


def header_json(
    protocol: Protocol, data: DataRecord, tasks: Sequence[Task], *, n_networks: int, device: str
) -> dict[str, Any]:
    """The first line: the rules that all figures stand under.

    Args:
        protocol: of the analyses.
        data: rows that they judge on.
        tasks: one for each output.
        n_networks: how many lines of networks follow.
        device: where it was computed; training depends on it, the analysis of a given network does not.
    """
    return {
        "format": POPULATION_FORMAT,
        "engine": ENGINE_VERSION,
        "protocol": {**protocol.model_dump(mode="json"), "digest": protocol.digest},
        "data": {"digest": data.digest, "clean": data.is_clean, "description": data.description},
        "tasks": [task_json(task) for task in tasks],
        "networks": n_networks,
        "device": device,
    }


def member_json(member: PopulationMember, *, file: str | None = None) -> dict[str, Any]:
    """One network's line.

    Args:
        member: the network and its outcome.
        file: where its network file is, if it was written.
    """
    line: dict[str, Any] = {}
    if member.training is not None:
        told = training_json(member.training, max_points=1)
        line = (
            {"seed": member.training.spec.seed}
            | {key: told[key] for key in _TRAINING_KEYS}
            | {"options": told["options"]}
        )
    return line | {
        "network": None if member.network is None else member.network.digest,
        "file": file,
        "analysed": member.analysed,
        "problem": None if member.problem is None else str(member.problem),
        "outputs": [_output_json(analysis) for analysis in member.analyses],
        "missing": [sentence for analysis in member.analyses for sentence in what_is_missing(analysis)],
        "seconds": {stage: round(spent, 6) for stage, spent in _seconds(member.analyses).items()},
    }


_TRAINING_KEYS: Final = ("state", "message", "epochs", "loss", "accuracy")


@dataclass
class PopulationSummary:
    """What many members have in common, gathered one by one so that none need be kept.

    Args:
        states: members by how their training ended, "given" without one.
        n_analysed: members with analyses.
        problems: members by the reason why they could not be analysed.
    """

    states: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    n_analysed: int = 0
    n_truncated: int = 0
    _outputs: dict[int, _OutputSummary] = field(default_factory=dict)

    def add(self, member: PopulationMember) -> None:
        """Take one more member into account."""
        self.states[member.training.state if member.training else "given"] += 1
        if member.problem is not None:
            self.problems[str(member.problem)] += 1
        if member.analysed:
            self.n_analysed += 1
            self.n_truncated += not all(analysis.exhaustive for analysis in member.analyses)
        for analysis in member.analyses:
            self._outputs.setdefault(analysis.question.output, _OutputSummary(analysis.question.task)).add(analysis)

    def as_json(self) -> dict[str, Any]:
        """The last line."""
        return {
            "summary": {
                "networks": self.states.total(),
                "states": dict(sorted(self.states.items())),
                "analysed": self.n_analysed,
                "stopped_at_a_limit": self.n_truncated,
                "problems": dict(self.problems),
                "outputs": [summary.as_json() for _, summary in sorted(self._outputs.items())],
            }
        }


@dataclass
class _OutputSummary:
    """One output over the networks that were analysed."""

    task: Task
    figures: dict[str, list[int]] = field(default_factory=dict)
    methods: Counter[str] = field(default_factory=Counter)
    aligned: Counter[str] = field(default_factory=Counter)
    algorithms: dict[str, AlgorithmResult] = field(default_factory=dict)

    def add(self, analysis: OutputAnalysis) -> None:
        self.methods[analysis.circuits.method] += 1
        for key, value in _figures(analysis).items():
            self.figures.setdefault(key, []).append(value)
        for result in analysis.algorithms.algorithms:
            if result.n_valid:
                self.aligned[result.algorithm.id] += 1
                self.algorithms.setdefault(result.algorithm.id, replace(result, alignments=()))

    def as_json(self) -> dict[str, Any]:
        n = len(next(iter(self.figures.values())))
        by_frequency = sorted(self.aligned.items(), key=lambda item: (-item[1], item[0]))
        return {
            "task": task_json(self.task),
            "of": n,
            "circuits_found": dict(sorted(self.methods.items())),
            **{key: _spread(values) for key, values in self.figures.items()},
            "algorithms": [
                {
                    "id": name,
                    "formula": self.algorithms[name].algorithm.formula,
                    "irredundant": dict(self.algorithms[name].irredundant),
                    "aligned": count,
                    "of": n,
                }
                for name, count in by_frequency
            ],
        }


def _figures(analysis: OutputAnalysis) -> dict[str, int]:
    search = analysis.algorithms
    return {
        "circuits_valid": analysis.circuits.n_valid,
        "interpretations_total": analysis.interpretations.total,
        "interpretations_observed": analysis.interpretations.observed,
        "algorithms_aligned": search.n_aligned,
        "algorithms_aligned_irredundant": sum(
            1 for result in search.algorithms if result.n_valid and result.irredundant.get("irredundant-literals")
        ),
        "alignments_valid": search.n_valid_alignments,
        "alignments_minimal": search.n_minimal_alignments,
    }


def _spread(values: Sequence[int]) -> dict[str, Any]:
    """Least, median (the lower of two in the middle) and most, and how many networks have none or exactly one."""
    return {
        "least": exact(min(values)),
        "median": exact(median_low(values)),
        "most": exact(max(values)),
        "none": values.count(0),
        "one": values.count(1),
    }


def _output_json(analysis: OutputAnalysis) -> dict[str, Any]:
    """An output as in a result file, but of the algorithms only the aligned ones, with how often."""
    search = analysis.algorithms
    bare = replace(analysis, algorithms=replace(search, algorithms=()))
    return output_json(bare, masks=False) | {
        "figures": {key: exact(value) for key, value in _figures(analysis).items()},
        "algorithms": [
            {"id": result.algorithm.id, "valid": exact(result.n_valid), "minimal": exact(result.n_minimal)}
            for result in search.algorithms
            if result.n_valid
        ],
    }


def _seconds(analyses: Sequence[OutputAnalysis]) -> Counter[str]:
    spent: Counter[str] = Counter()
    for analysis in analyses:
        spent.update(analysis.seconds)
    return spent
