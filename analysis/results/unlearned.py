"""Sentences about a perceptron that did not learn its task: where it is wrong, and what it computes instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.questions.decisions import NEITHER, decide, decided_right, max_wrong
from pluriscope.analysis.questions.tasks import Task, name_of
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.question import Question

_CLEAR: Final = 0.1
"""An output nearer to 0.5 says little of which answer was learned."""
_NAMED: Final = 2
"""Rows that are named of those that are wrong."""
_LOOKS: Final = {
    "logit": "Its output looks like a logit: what it decides at 0",
    "classes": "Its outputs look like two classes: the larger",
}


class Doubt(NamedTuple):
    """The doubt whether a network has learned anything.

    Args:
        word: "not learned", "one answer", "one answer suffices" or "unclear answers"; "" where nothing speaks against
            it.
        sentence: the same with what shows it; "" likewise.
    """

    word: str = ""
    sentence: str = ""


NO_DOUBT: Final = Doubt()


def wrong_rows(question: Question, outputs: NDArray[np.float64]) -> str:
    """The rows that outputs decide wrong, the first by name, as a clause; "" where all are right.

    Args:
        question: which rows, labels and rule.
        outputs: ``[rows]`` of the network or a circuit on the rows that circuits are judged on.
    """
    rows, labels = question.judged
    clean = question.data.boolean and question.data.validation_inputs is None
    wrong = np.flatnonzero(~decided_right(outputs, labels, question.protocol.circuit_decision)).tolist()
    names = (_input(row, question) if clean else f"row {row}" for row in wrong)
    values = ((_number(outputs[row]), f"{labels[row]:.0f}") for row in wrong)
    return wrong_clause(len(rows), wrong, zip(names, values, strict=True))


def instead_of(question: Question) -> str:
    """Write where a network is wrong itself and what it computes instead, in sentences; "" where it is right."""
    wrong = wrong_rows(question, forward(question.network, question.judged[0])[:, 0])
    fails = f"The whole network itself fails: {wrong}."
    if not wrong or not question.data.boolean:
        return wrong and fails
    outputs, rule = forward(question.network, question.clean_rows)[:, 0], question.protocol.circuit_decision
    table = tuple(decide(outputs, rule).tolist())
    if neither := [row for row, value in enumerate(table) if value == NEITHER]:
        shown = ", ".join(f"{_input(row, question)} ({_number(outputs[row])})" for row in neither[:_NAMED])
        more = f" and {len(neither) - _NAMED} more" if len(neither) > _NAMED else ""
        return f"{fails} It computes no Boolean function: by {rule} it is neither 0 nor 1 on {shown}{more}."
    if len(set(table)) == 1:
        return f"{fails} It computes {table[0]} on every input."
    digits = "".join(map(str, table))
    return f"{fails} It computes {Task(table, name_of(table)).label} ({digits}, inputs in binary order)."


@lru_cache(maxsize=32)
def doubt(question: Question) -> Doubt:
    """Return what speaks against a perceptron having learned its task."""
    rows, labels = question.judged
    protocol, outputs = question.protocol, forward(question.network, rows)[:, 0]
    wrong = int((~decided_right(outputs, labels, protocol.circuit_decision)).sum())
    allowed = max_wrong(len(rows), protocol.accuracy_threshold)
    few = 0 if question.data.validation_inputs is None else allowed
    answers = set(decide(outputs, protocol.circuit_decision).tolist()) - {NEITHER}
    if found := doubt_of(wrong if wrong > few else 0, len(rows), answers, labels.astype(int).tolist(), allowed):
        table = question.task.truth_table
        if found.word == "not learned" and question.data.boolean and table != table[::-1]:
            decided = decide(forward(question.network, question.clean_rows)[:, 0], protocol.circuit_decision)
            if tuple(decided.tolist()) == table[::-1]:
                said = f"{found.sentence} Read backwards the truth table is right on every row: its first digit is for "
                return found._replace(sentence=f"{said}inputs that are all 0.")
        return found
    if not question.data.boolean:
        return NO_DOUBT
    clean = forward(question.network, question.clean_rows)[:, 0]
    nearest = int(np.abs(clean - 0.5).argmin())
    if abs(clean[nearest] - 0.5) >= _CLEAR:
        return NO_DOUBT
    answer = f"on input {_input(nearest, question)} its output is {_number(clean[nearest])}, and 0.5 divides 0 from 1"
    return Doubt("unclear answers", f"Its answers are not clear: {answer}.")


def doubt_of(
    wrong: int, n: int, answers: Collection[Any], labels: Sequence[Any] = (), allowed: int = 0
) -> Doubt | None:
    """Return what speaks against a network that answers wrong, or always the same, or a task for which one answer will
    do; None where nothing does.

    Args:
        wrong: rows that are answered wrong, if they are too many.
        n: rows.
        answers: every answer that is given on them.
        labels: of the rows; none where one answer for all is not asked about.
        allowed: rows on which a valid circuit may be wrong.
    """
    every = f"answers {next(iter(answers))} on every row" if len(answers) == 1 else ""
    if wrong:
        rows = f"{wrong:,} of {n:,} row{'' if n == 1 else 's'}"
        also = f", and {every}" if every else ""
        return Doubt("not learned", f"It did not learn its task: it is wrong on {rows}{also}.")
    if every:
        return Doubt("one answer", f"It {every}, so there is next to nothing to be explained.")
    for often, times in Counter(labels).most_common(1):
        if n - times <= allowed:
            rows = f"right on {times:,} of {n:,} rows, which is enough by these rules"
            return Doubt("one answer suffices", f"Always answering {often} is {rows}.")
    return None


def not_learned(question: Question) -> str:
    """Write what comes first about a network that did not learn its task, in sentences; "" of one that did."""
    if doubt(question).word != "not learned":
        return ""
    rows, labels = question.judged
    outputs, protocol = forward(question.network, rows)[:, 0], question.protocol
    whole, model = forward(question.subject, rows), question.subject
    ways = {"logit": outputs} | ({"classes": whole[:, 1] - whole[:, 0]} if model.n_outputs == 2 else {})
    fitting = (way for way, value in ways.items() if np.array_equal(value > 0, labels > 0))
    way = next(fitting, "") if model.output_activation == "linear" else ""
    offer = f"{_LOOKS[way]} is right on every row. If so, say output_is={way!r} (--output-is {way}). " if way else ""
    if model.output_activation == "tanh" and np.array_equal(outputs > 0, labels > 0):
        offer = "Its output looks like −1 for 0: with sigmoid for tanh on the last layer it is right on every row. "
    share = f"are right on more than {protocol.accuracy_threshold:g} of all rows"
    return f"{offer}{instead_of(question)} What is counted are circuits that {share}, whatever the whole network does."


def wrong_clause(n: int, wrong: list[int], each: Iterable[tuple[str, tuple[str, str]]]) -> str:
    """A clause; of each wrong row its name, what is given and what should be."""
    if not wrong:
        return ""
    answer = [f"{name} gives {given} and should give {wanted}" for name, (given, wanted) in islice(each, _NAMED)]
    more = len(wrong) - len(answer)
    after = f", and {more:,} more row{'' if more == 1 else 's'}" if more else ""
    return f"it is wrong on {len(wrong):,} of {n:,} row{'' if n == 1 else 's'}. {'; '.join(answer)}{after}"


def _input(row: int, question: Question) -> str:
    return f"{row:0{question.network.n_inputs}b}"


def _number(value: float) -> str:
    return f"{value:.4f}".replace("-", "−")
