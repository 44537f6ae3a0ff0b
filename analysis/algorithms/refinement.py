"""Values of a causal model's variables that nothing tells apart, and models that are one.

If a variable v is a function of w and everything reads w through it, w has the score of v on every site: no interchange
tells a running count from a running parity. Two values of a variable are told apart if on some row, under some setting
of the other variables, the answer differs; a setting fixes each other variable to a value that it has on some row, or
leaves it to be computed. A model whose values are all told apart is irredundant in its values
(``irredundant-values``); of another one the values that are not are folded. Two models whose folded variables have the
same values on the rows up to their names, and the same answers under all settings, are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.causal_model import CausalModel, Inputs, Integers
from pluriscope.analysis.values.digest import sha256_hex

MAX_ANSWERS: Final = 1 << 21
"""Answers of a model under all settings; of one with more, settings are drawn, so that values may be told apart that
none of those drawn does.
"""
_DRAWN: Final = 1 << 14
"""Answers for each value and each choice of what is fixed."""


@dataclass(frozen=True)
class Folded:
    """A causal model with values of its variables folded.

    Args:
        alike: of each variable the values that nothing tells apart, in groups of two and more.
        unread: variables of which no value is told apart from another.
        key: equal for two models that are one.
        exact: whether all settings were tried.
    """

    alike: Mapping[str, tuple[tuple[int, ...], ...]]
    unread: tuple[str, ...]
    key: str
    exact: bool

    @property
    def irredundant(self) -> bool:
        """Whether all values are told apart."""
        return not any(self.alike.values())


def folded(model: CausalModel, inputs: Inputs) -> Folded:
    """Fold the values of a model that no row and no setting of the others tells apart."""
    itself = model.run(inputs)
    values = {name: np.unique(itself[name]) for name in model.variables}
    n_settings = int(np.prod([float(len(some) + 1) for some in values.values()]))
    exact = n_settings * len(inputs.values) <= MAX_ANSWERS
    classes, alike = dict[str, Integers](), dict[str, tuple[tuple[int, ...], ...]]()
    for name, own in values.items():
        others = {other: some for other, some in values.items() if other != name}
        digests = [b""] * len(own)
        for settings in _settings(others, len(inputs.values), exact):
            n = len(next(iter(settings.values()), (0,)))
            fixed = {name: np.repeat(own, n)} | {other: np.tile(some, len(own)) for other, some in settings.items()}
            answers = _answers(model, inputs, fixed).reshape(len(inputs.values), len(own), n)
            digests = [sha256_hex(before, answers[:, k].tobytes()).encode() for k, before in enumerate(digests)]
        groups = [
            tuple(int(v) for v, one in zip(own, digests, strict=True) if one == d) for d in dict.fromkeys(digests)
        ]
        alike[name] = tuple(group for group in groups if len(group) > 1)
        least = {value: group[0] for group in groups for value in group}
        classes[name] = np.array([least[value] for value in itself[name].tolist()])
    read = [name for name in model.variables if len(np.unique(classes[name])) > 1]
    # values are named by the first row that has them, and variables ordered by these names
    first = {name: first_rows(classes[name]) for name in read}
    read.sort(key=lambda name: first[name].tolist())
    parts = [first[name].tobytes() for name in read]
    folds = {name: classes[name][np.unique(first[name])] for name in read}
    settings_of_all = _settings(folds, len(inputs.values), exact)
    parts += [_answers(model, inputs, settings).tobytes() for settings in settings_of_all if settings]
    unread = tuple(name for name in model.variables if name not in read)
    return Folded(alike, unread, sha256_hex(itself[model.answer].tobytes(), *parts), exact)


def _settings(values: Mapping[str, Integers], n_rows: int, exact: bool) -> Iterator[dict[str, Integers]]:
    """For every choice of what is fixed the settings ``[settings]`` of each variable, all or drawn."""
    for size in range(len(values) + 1):
        for chosen in combinations(values, size):
            sizes = [len(values[name]) for name in chosen]
            n = int(np.prod(sizes))
            if exact:
                at: Sequence[NDArray[np.intp]] = [*np.indices(sizes).reshape(size, n)]
            else:
                random = np.random.default_rng(size)
                at = [random.integers(0, k, max(1, _DRAWN // n_rows)) for k in sizes]
            yield {name: values[name][one] for name, one in zip(chosen, at, strict=True)}


def _answers(model: CausalModel, inputs: Inputs, fixed: Mapping[str, Integers]) -> Integers:
    n = len(next(iter(fixed.values())))
    found = model.run(inputs, fixed)[model.answer]
    return np.ascontiguousarray(np.broadcast_to(found, (len(inputs.values), n)))


def first_rows(values: Integers) -> Integers:
    """The first row that has the value of each row: the same for two variables that split the rows alike."""
    _, first, which = np.unique(values, return_index=True, return_inverse=True)
    return np.asarray(first[which.ravel()], dtype=np.int64)
