"""What is carried along a sequence of inputs: sums, remainders, all inputs so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from pluriscope.analysis.algorithms.causal_model import Inputs, Integers
from pluriscope.analysis.algorithms.vocabulary import Vocabulary, Words
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.subjects.question import SubjectQuestion

_LONGEST, _LARGEST = 8, 128


def varying(inputs: Inputs) -> dict[str, Integers]:
    """The inputs that are not the same on every row, by how an algorithm calls them, in order."""
    return {name: one for name, one in inputs.columns.items() if np.ptp(one) > 0}


def _has_running(question: SubjectQuestion) -> bool:
    inputs = inputs_of(question)
    few = 2 <= len(varying(inputs)) <= _LONGEST and 0 <= inputs.values.min() <= inputs.values.max() < _LARGEST
    return few and inputs.name != "im"


def _running(question: SubjectQuestion) -> list[Words]:
    """The sum so far, its remainder by the number of answers and by twice as many, the input, and of steps all so
    far.
    """
    inputs = inputs_of(question)
    read, n_answers, base = [*varying(inputs)], len({*question.examples.answers.tolist()}), int(inputs.values.max()) + 1
    last = len(read)

    def of(name: str, step: Callable[[str, str], str], *answers: str, first: Callable[[str], str] = str) -> Words:
        lines = [f"{name}1 = {first(read[0])}"]
        lines += [f"{name}{k} = {step(f'{name}{k - 1}', read[k - 1])}" for k in range(2, last + 1)]
        return Words("; ".join(lines), answers, reads=2)

    def remainder(name: str, modulus: int, answer: str) -> Words:
        first = str if base <= modulus else lambda one: f"{one} % {modulus}"
        return of(name, lambda a, b: f"({a} + {b}) % {modulus}", answer, first=first)

    found = [
        remainder("rest", n_answers, f"rest{last}"),
        of("sum", lambda a, b: f"{a} + {b}", f"sum{last} % {n_answers}"),
        remainder("twice", 2 * n_answers, f"twice{last} % {n_answers}"),
        of("one", lambda _, b: b, f"({' + '.join(f'one{k}' for k in range(1, last + 1))}) % {n_answers}"),
    ]
    if inputs.values.ndim == 3 and base**last <= 1 << 16:
        digits = " + ".join(f"all{last} // {base**k} % {base}" if k else f"all{last} % {base}" for k in range(last))
        found.append(of("all", lambda a, b: f"{base} * {a} + {b}", f"({digits}) % {n_answers}"))
    return found


RUNNING: Final = Vocabulary("running", "Sums and inputs so far", _has_running, _running, most=3)
