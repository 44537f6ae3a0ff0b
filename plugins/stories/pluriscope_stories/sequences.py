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


def _symbols(inputs: Inputs) -> dict[str, Integers]:
    """What stands at each place of a sequence, where that is not the same on every row: a number, or which of several
    inputs is 1.
    """
    columns, values = inputs.columns, inputs.values
    each = [size for size in range(2, len(columns)) if len(columns) % size == 0 and _is_one_of(values, size)]
    size = values.shape[2] if values.ndim == 3 else next(iter(each), 1)
    names, found = [*columns], dict[str, Integers]()
    for at in range(0, len(names), size):
        base = 0 if _is_one_of(values, size) else int(values.max()) + 1
        factors = [base**k if base else k for k in range(size)]
        parts = [f"{n} * {name}" if n > 1 else name for n, name in zip(factors, names[at:], strict=False) if n]
        total = np.sum([n * columns[name] for n, name in zip(factors, names[at:], strict=False)], axis=0)
        if np.ptp(total) > 0:
            found[f"({' + '.join(parts)})" if len(parts) > 1 else parts[0]] = total
    return found


def _is_one_of(values: Integers, size: int) -> bool:
    """Whether of every so many inputs one is 1 and the others are 0."""
    parts = values.reshape(len(values), -1, size)
    return size > 1 and bool((parts.sum(axis=2) == 1).all() and (parts >= 0).all())


def _has_running(question: SubjectQuestion) -> bool:
    inputs = inputs_of(question)
    if inputs.name == "im" or inputs.values.min() < 0:
        return False
    symbols = _symbols(inputs)
    return 2 <= len(symbols) <= _LONGEST and max(int(one.max()) for one in symbols.values()) < _LARGEST


def _running(question: SubjectQuestion) -> list[Words]:
    """The sum so far, its remainder by the number of answers and by twice as many, what stands at a place, and of
    steps all so far.
    """
    inputs = inputs_of(question)
    symbols, n_answers = _symbols(inputs), len({*question.examples.answers.tolist()})
    read, last, base = [*symbols], len(symbols), max(int(one.max()) for one in symbols.values()) + 1

    def of(name: str, step: Callable[[str, str], str], *answers: str, first: Callable[[str], str] = str) -> Words:
        lines = [f"{name}1 = {first(read[0])}"]
        lines += [f"{name}{k} = {step(f'{name}{k - 1}', read[k - 1])}" for k in range(2, last + 1)]
        return Words("; ".join(lines), answers, reads=2)

    def remainder(name: str, modulus: int, answer: str) -> Words:
        first = str if base <= modulus else lambda one: f"{one} % {modulus}"
        return of(name, lambda a, b: f"({a} + {b}) % {modulus}", answer, first=first)

    ones = [f"one{k}" for k in range(1, last + 1)]
    found = [
        remainder("rest", n_answers, f"rest{last}"),
        of("sum", lambda a, b: f"{a} + {b}", f"sum{last} % {n_answers}"),
        remainder("twice", 2 * n_answers, f"twice{last} % {n_answers}"),
        of("one", lambda _, b: b, f"({' + '.join(ones)}) % {n_answers}", *ones, f"({', '.join(ones)})[{ones[-1]}]"),
    ]
    if inputs.values.ndim == 3 and base**last <= 1 << 16:
        digits = [f"all{last} // {base**k} % {base}" if k else f"all{last} % {base}" for k in range(last)]
        found.append(of("all", lambda a, b: f"{base} * {a} + {b}", f"({' + '.join(digits)}) % {n_answers}", *digits))
    return found


RUNNING: Final = Vocabulary("running", "Sums and inputs so far", _has_running, _running, most=3)
