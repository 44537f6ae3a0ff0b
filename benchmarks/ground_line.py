"""The line about the common ground: every interpretation of a small network on every intervention."""

from __future__ import annotations

from collections import Counter
from typing import Any

from analysis.circuits.search import search_circuits
from analysis.common_ground.survey import survey_common_ground
from analysis.interpretations.counting import count_interpretations
from analysis.question import ask
from analysis.report import Placed
from benchmarks.lines import subject
from benchmarks.table import Line, same_result
from benchmarks.timing import Effort, timed, timed_cold
from tests.oracles import brute_force_interchange as plain
from tests.oracles.brute_force_interpretations import interpretations

MIN_LISTED = 40  # interpretations that are asked plainly, of the circuits that have the fewest


def ground_line(effort: Effort) -> Line:
    """How all interpretations of the authors' pretrained XOR network are spread over numbers of right predictions."""
    one = subject("xor_pretrained" if effort.wide >= 4 else "xor_3-2")
    question = ask(one.network, task=one.task, data=one.data)
    masks = search_circuits(question).masks
    counts = count_interpretations(question, masks)
    whole = Placed((), (), (), counts.observed_by_circuit)
    seconds, found = timed_cold(lambda: survey_common_ground(question, masks, whole), effort.repetitions)
    few, listed = [], 0
    for number in sorted(range(len(masks)), key=lambda k: counts.by_circuit[k]):
        few.append(number)
        listed += counts.by_circuit[number]
        if listed >= MIN_LISTED:
            break

    def plainly() -> Counter[int]:
        right: Counter[int] = Counter()
        for number in few:
            mask = int(masks[number])
            scores: Any = plain.scores(one.network, mask, interpretations(one.network, mask)[0], "all")
            right.update(scores[1] if scores else [])
        return right

    part = Placed((), (), (), [counts.observed_by_circuit[k] for k in sorted(few)])
    plain_seconds, told = timed(plainly)
    work = f"{counts.total:,} interpretations on {found.space.n_interventions} interventions each"
    same = dict(told) == dict(survey_common_ground(question, masks[sorted(few)], part).spread or {})
    told_all = sum((found.spread or {}).values())
    note = (
        f"{same_result(work, same)} on the {listed:,} interpretations of {len(few)} circuits, whose time is scaled by "
        f"interpretations; {told_all:,} are in the spread of all"
    )
    return Line(work, plain_seconds * counts.total / listed, seconds, "scaled", note, target_seconds=5.0)
