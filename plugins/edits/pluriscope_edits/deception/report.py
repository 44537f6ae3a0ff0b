"""Whether methods can be made to lie about a network, and which criteria accept the circuits that they then give.

A deceived method ranks first a neuron that can go as a whole: every answer stays right where it is 0
(:mod:`pluriscope_edits.rules.deceive`). Each method is deceived twice: where the output may hardly move without the
neuron, and where no more is asked than that answers stay as they are. What is claimed is the circuit that the method
gives under its usual settings. It is a lie if it is valid and keeps the neuron, and no smallest valid circuit does.
Beside it is what the same method gives of the network as it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from pydantic import Field

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.discovery.landscapes import landscape_of
from pluriscope.analysis.errors import BeyondLimits, InvalidEdit
from pluriscope.analysis.methods.report import Analysed, Mask, Part, Report, Settings
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope_edits.deception.descent import Deceiving, deceiving
from pluriscope_edits.deception.ranking import RANKINGS
from pluriscope_edits.rules.deceive import DECEIVE

STAGE: Final = "deceiving"
LIMITS: Final = {"silent": {"moves": 0.05, "room": 0.25}, "answers": {"moves": 1.0, "room": 0.45}}
"""What deceived networks have to keep, by a name: hardly any move of the output, or the answers alone."""
MAX_PARAMETERS: Final = 60
"""Weights and biases of a network; with more, one step takes seconds."""


class ClaimedCircuit(Part):
    """The circuit that a method gives."""

    mask: Mask
    edges: int
    keeps: bool = Field(description="Whether it keeps the neuron.")
    valid: bool
    criteria: dict[str, str] = Field(description="Outcome by criterion; empty where it is not valid.")


class MethodRanking(Part):
    """Numbers of a method on one network."""

    method: str
    limits: str = Field(description="What the network had to keep: silent or answers; empty: it is as it was.")
    first: bool = Field(description="Whether it puts the neuron first, ahead of each other of its layer by half.")
    fooled: bool = Field(description="Whether it does so within the limits.")
    steps: int = Field(description="Of the descent.")
    off: float = Field(description="How far an output is from 0 or 1, with the neuron or without it, at most.")
    move: float = Field(description="How far the output moves without the neuron, at most.")
    needed_edges: int = Field(description="Edges out of the neuron without which alone an answer changes.")
    numbers: list[float] = Field(description="What the method says of each neuron of the layer.")
    circuit: ClaimedCircuit | None = Field(None, description="That it gives; null where it gives none.")
    n_valid: int | None = Field(None, description="Valid circuits of this network; null where they are not all listed.")
    n_without: int | None = Field(None, description="Those of them without the neuron.")
    n_smallest: int | None = Field(None, description="Valid circuits with the fewest edges.")
    n_smallest_with: int | None = Field(None, description="Those of them with the neuron.")


class DeceptionReport(Report):
    """Lies about one neuron of a network."""

    protocol: str
    neuron: str = Field(description="As n1.2: its layer from 1, its number from 0.")
    seed: int = Field(description="Of the noise that descents begin with.")
    lies: list[MethodRanking]

    def of(self, limits: str) -> list[MethodRanking]:
        """Findings on the networks within these limits."""
        return [one for one in self.lies if one.limits == limits]

    def findings(self, question: SubjectQuestion | None = None) -> list[str]:
        found = []
        for limits, words in ABOUT.items():
            some = self.of(limits)
            labels = [RANKINGS[one.method].label for one in some if one.fooled]
            listed = f": {', '.join(labels)}" if labels else ""
            found.append(f"{len(labels)} of {len(some)} methods rank {self.neuron} first, {words}{listed}.")
        return found


ABOUT: Final = {
    "silent": "which can go as a whole and moves the output by at most 0.05",
    "answers": "which can go as a whole",
}


def find(of: Analysed[Question], _: Settings, work: Work = DEFAULT_WORK) -> DeceptionReport:
    """The lies about one network."""
    return deception_report(of.question, work)


def deception_report(question: Question, work: Work = DEFAULT_WORK, seed: int = 0) -> DeceptionReport:
    """Deceive every method about the neuron of the first layer that the output needs least.

    Args:
        question: about a perceptron on Boolean inputs.
        work: gets every step; may raise Cancelled.
        seed: of the noise that descents begin with.

    Raises:
        InvalidEdit: the network answers some input otherwise than the task, or its first layer has one neuron or more
            than eight.
        BeyondLimits: the network has too many weights and biases.
    """
    base = replace(question, subject=question.network, output=0)
    item = "deceiving methods"
    if (n := sum(array.size for array in base.network.parameters.values())) > MAX_PARAMETERS:
        cause = f"moves each of {n} weights and biases by itself, and the limit is {MAX_PARAMETERS}"
        raise BeyondLimits(item, cause, "use a smaller network")

    def asked_of(key: str, limits: str) -> Deceiving:
        given = {"method": key, "seed": seed, **LIMITS.get(limits, {})}
        return deceiving(base, DECEIVE.filled(given, base.kind))

    if not base.judge((1 << base.layout.n_edges) - 1).valid:
        cause = "begins with a network that is right on its task, and this one is not"
        raise InvalidEdit(item, cause, "use one that has learned it")
    lies = [_ranked(asked_of(key, ""), base, "", 0) for key in RANKINGS]
    jobs = [(key, limits) for limits in LIMITS for key in RANKINGS]
    for done, (key, limits) in enumerate(jobs):
        asked = asked_of(key, limits)
        for step, (parameters, _) in enumerate(asked.descended()):
            work.report_step(STAGE, done, len(jobs), f"{asked.ranking.label}, step {step}")
            last = parameters
        lies.append(_ranked(asked, asked.asked(last), limits, step))
    work.report_step(STAGE, len(jobs), len(jobs))
    return DeceptionReport(protocol=question.protocol.name, neuron=asked.name, seed=seed, lies=lies)


def needed_edges(question: Question, layer: int, neuron: int) -> int:
    """Count the edges out of a neuron that are needed: alone left out, each changes an answer."""
    whole, out_of = (1 << question.layout.n_edges) - 1, question.layout.edges_out_of[layer][neuron]
    edges = (1 << edge for edge in range(question.layout.n_edges) if out_of >> edge & 1)
    return sum(not question.judge(whole & ~edge).valid for edge in edges)


def _ranked(asked: Deceiving, question: Question, limits: str, steps: int) -> MethodRanking:
    """Compare the ranking of a method on a network with what its valid circuits need."""
    seen = asked.seen(question.network.parameters)
    row = MethodRanking(
        method=asked.ranking.key,
        limits=limits,
        first=seen.first,
        fooled=bool(limits) and asked.done(seen),
        steps=steps,
        off=seen.off,
        move=seen.move,
        needed_edges=needed_edges(question, asked.layer, asked.neuron),
        numbers=seen.numbers.tolist(),
    )
    if asked.ranking.method is None or (limits and not row.fooled):
        return row
    circuits = search_circuits(question)
    landscape = landscape_of(question, circuits)
    settings = asked.ranking.method.filled({})
    masked = landscape.under(settings["ablation"])
    raw = asked.ranking.method.answer(masked, settings).raw_mask
    out_of = question.layout.edges_out_of[asked.layer][asked.neuron]
    found: dict[str, Any] = {}
    if raw is not None:
        place = landscape.locate(raw, masked)
        mask = place.closed.mask
        found["circuit"] = ClaimedCircuit(
            mask=question.layout.to_hex(mask),
            edges=place.edges,
            keeps=bool(mask & out_of),
            valid=place.valid,
            criteria=dict(place.criteria or {}),
        )
    if landscape.complete:
        masks = landscape.known.masks
        sizes, keeps = np.bitwise_count(masks), (masks & masks.dtype.type(out_of)) != 0
        smallest = sizes == sizes.min(initial=np.uint8(255))
        found |= {"n_valid": len(masks), "n_without": int((~keeps).sum())}
        found |= {"n_smallest": int(smallest.sum()), "n_smallest_with": int((smallest & keeps).sum())}
    return row.model_copy(update=found)
