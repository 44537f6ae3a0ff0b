"""Two to six explanations side by side: what each says in every trial, where they contradict, and who is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from pluriscope.analysis.answers import largest
from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.experiments import SILENT, NetworkAnswers
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.subjects.subject import gaps
from pluriscope.blocks import Figure
from pluriscope.explanations import Explanation
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.layout import node_name
from pluriscope.figures.svg.marks import quarters
from pluriscope.findings import Findings
from pluriscope.naming import LEAST, LETTERS, MOST
from pluriscope.records import PairRecord
from pluriscope.showing import Row, Rows, link


@dataclass(frozen=True, eq=False)
class Trials:
    """What several explanations say in some trials, and what happens: interventions, or rows of a task.

    Args:
        said: ``[explanation, trial]`` what each says, 0 or more; −1 for nothing.
        happens: ``[trial]``.
        margins: ``[trial]`` how telling each is.
        forced: ``[trial]`` how much is forced; None where nothing is.
        doubtful: ``[trial]`` whether something about it is open: a prediction that another completion of the same gates
            would not make, or an output that is near neither 0 nor 1; None where nothing is.
    """

    said: NDArray[Any]
    happens: NDArray[Any]
    margins: NDArray[np.float64]
    forced: NDArray[Any] | None = None
    doubtful: NDArray[np.bool_] | None = None

    @cached_property
    def spoken(self) -> NDArray[np.bool_]:
        """``[explanation, trial]``: who says anything."""
        found: NDArray[np.bool_] = self.said != SILENT
        return found

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """``[explanation, trial]``: who is right."""
        found: NDArray[np.bool_] = self.said == self.happens
        return found

    @cached_property
    def apart(self) -> NDArray[np.intp]:
        """The trials in which two contradict each other, who is right taking turns.

        Among those in which the same are right, those without doubt come first, then by what is forced, fewest first,
        then the most telling first, else in order.
        """
        said = np.where(self.spoken, self.said, np.iinfo(self.said.dtype).max)
        where = self._telling(np.any(self.spoken, axis=0) & (said.min(axis=0) < self.said.max(axis=0)))
        who = [one.tobytes() for one in self.right[:, where].T]
        seen, turn = Counter[bytes](), []
        for one in who:
            turn.append(seen[one])
            seen[one] += 1
        return where[np.argsort(turn, kind="stable")]

    @cached_property
    def wrong(self) -> NDArray[np.intp]:
        """The trials in which one says what does not happen, in the same order but for turns."""
        return self._telling(np.any(self.spoken & ~self.right, axis=0))

    def _telling(self, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Some trials, the most telling first."""
        where = np.flatnonzero(chosen)
        keys = [-self.margins, *(one for one in (self.forced, self.doubtful) if one is not None)]
        return where[np.lexsort([key[where] for key in keys])]

    def pair(self, first: int, second: int) -> PairRecord:
        """Two of them by their positions."""
        both = self.spoken[first] & self.spoken[second]
        one, other = self.right[first], self.right[second]
        return PairRecord(
            first=LETTERS[first],
            second=LETTERS[second],
            both=int(both.sum()),
            same=int((both & (self.said[first] == self.said[second])).sum()),
            both_right=int((one & other).sum()),
            first_right=int((one & ~other).sum()),
            second_right=int((other & ~one).sum()),
            neither=int((~one & ~other).sum()),
        )


def trials_of(
    predictions: NDArray[np.int8], answers: NetworkAnswers, forced: Sequence[int], settled: Sequence[NDArray[np.bool_]]
) -> Trials:
    """The interventions that count, as trials.

    Args:
        predictions: ``[explanation, set, source, base]``, −1 for nothing.
        answers: what the network does on each.
        forced: ``[set]`` how much each patches.
        settled: of each explanation ``[set, source, base]``, see
            :class:`pluriscope.analysis.explanations.explanation.Kind`.
    """
    counted, doubtful = answers.counted, ~(answers.clear & np.logical_and.reduce(settled))
    n_forced = np.broadcast_to(np.array(forced)[:, None, None], counted.shape)
    return Trials(
        predictions[:, counted],
        answers.decisions[counted],
        answers.margins[counted],
        n_forced[counted],
        doubtful[counted],
    )


def trials_on_rows(question: Any, outputs: Sequence[Any]) -> Trials:
    """The rows of a task as trials; each circuit answers its largest output, or nothing where two are.

    Args:
        question: about a network with several outputs.
        outputs: of each circuit ``[rows, outputs]``.
    """
    found, answered = np.array(outputs), largest(question.outputs((1 << question.graph.n_bits) - 1))
    apart = gaps(found, question.subject.answers)
    # nobody is right by saying nothing
    return Trials(largest(found), np.where(answered < 0, -2, answered), apart.max(axis=0) - apart.min(axis=0))


def who_is_right(counts: Sequence[int], unit: str, beside: str = "") -> Figure:
    """The bar of two explanations over all trials.

    Args:
        counts: of trials in which both are right, P alone, Q alone, neither.
        unit: how many trials there are, with their noun.
        beside: what is left out of them.
    """
    names = ("both right", "only P", "only Q", "neither")
    words = ", ".join(f"{exact(n)} {name}" for n, name in zip(counts, names, strict=True))
    part = Markup('<span style="flex:0 1 {:.1f}%"><b>{}</b> {}</span>').format
    shares = [100 * n / max(sum(counts), 1) for n in counts]
    below = Markup(" ").join(part(share, exact(n), name) for share, n, name in zip(shares, counts, names, strict=True))
    told = Markup('<span class="seg">{}</span>{}').format(below, f"{beside}." if beside else "")
    return Figure(quarters(counts, sentence=f"Of {unit}, from left to right: {words}"), told, id="right")


def compared(result: Findings, explanations: Sequence[Explanation]) -> Rows:
    """A row for each trial in which some of two to six explanations contradict each other, clearest first, who is right
    taking turns: who says what (P, Q, R … in their order), and what happens. A trial is an interchange intervention,
    with what is patched from which input to which; of networks without Boolean inputs it is a row of the task.

    Raises:
        InvalidIntervention: fewer than two, more than six, or of different networks, outputs or rows.
    """
    if not LEAST <= len(explanations) <= MOST:
        cause = f"has {noun(len(explanations), 'explanation')}"
        raise InvalidIntervention("comparison", cause, f"give {LEAST} to {MOST}")
    asked = result.question
    for one in explanations:
        other = one.result.question
        if (other.subject.digest, other.output, other.data_digest) != (
            asked.subject.digest,
            asked.output,
            asked.data_digest,
        ):
            cause = "is about another network, output or rows"
            raise InvalidIntervention(one.title, cause, "compare explanations of one output on the same rows")
    letters = LETTERS[: len(explanations)]
    found = list(
        _on_interventions(result, explanations) if result.offers("neurons") else _on_rows(result, explanations)
    )
    address = result.addresses.compare(result.network_key, [one.ref for one in explanations], result.scope)
    who = "; ".join(f"{letter}: {one.title}" for letter, one in zip(letters, explanations, strict=True))
    trials = noun(len(found), "intervention" if result.offers("neurons") else "row")
    return Rows(found, link(address, f"{trials} on which they contradict each other. {who}"))


def _on_interventions(result: Findings, explanations: Sequence[Explanation]) -> Iterator[Row]:
    answers, sets = result.decisions, result.interventions.sets
    predictions = np.stack([one.predictions for one in explanations])
    settled = [KIND_OF[one.kind].settled(one.value, result.interventions) for one in explanations]
    trials = trials_of(predictions, answers, list(map(len, sets)), settled)
    network, where = result.question.network, np.argwhere(answers.counted)
    sizes, n_inputs = network.sizes, network.n_inputs
    for number in trials.apart.tolist():
        members, source, base = where[number].tolist()
        each = zip(LETTERS, trials.said[:, number].tolist(), strict=False)
        yield {
            "patched": " + ".join(node_name(layer, neuron, sizes) for layer, neuron in sets[members]),
            "source": f"{source:0{n_inputs}b}",
            "base": f"{base:0{n_inputs}b}",
            **{letter: None if one < 0 else one for letter, one in each},
            "network": int(trials.happens[number]),
            "output": float(answers.outputs[members, source, base]),
        }


def _on_rows(result: Findings, explanations: Sequence[Explanation]) -> Iterator[Row]:
    """Of circuits, which masks name, under the same rules."""
    question, letters = result.question, LETTERS[: len(explanations)]
    for one in explanations:
        if one.result.question.digest != question.digest:
            raise InvalidIntervention(one.title, "is under other rules", "compare circuits under the same rules")
    trials = trials_on_rows(question, [question.outputs(int(one.ref.first, 16)) for one in explanations])
    for number in trials.apart.tolist():
        each = zip([*letters, "network"], [*trials.said[:, number], trials.happens[number]], strict=True)
        words = {name: None if answer < 0 else str(question.subject.outputs[answer]) for name, answer in each}
        yield {"row": question.subject.rows[number], **words}
