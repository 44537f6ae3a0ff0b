"""Causal models enumerated from the vocabularies of plugins: those that compute the task of a question.

A way to the answer is an expression of a vocabulary, or a table over a few of its variables and the inputs, fitted to
the rows. Every variable that it reads, itself or by way of others, may be a variable of an algorithm or a helper; each
choice of at most so many variables is tried. Of algorithms that no interchange on the rows tells apart
(:attr:`pluriscope.analysis.algorithms.causal_model.Unfolded.digest`) the first is kept, and none with a variable on
which its answer does not depend.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb, prod
from typing import Final

import numpy as np

from pluriscope.analysis.algorithms.causal_model import NONE, CausalModel, Inputs, Integers, Unfolded, read_causal_model
from pluriscope.analysis.algorithms.vocabulary import Vocabulary, Words
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.plugins import joined
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.question import SubjectQuestion

VOCABULARIES: Final[tuple[Vocabulary, ...]] = joined("vocabularies", (), lambda one: one.key)
MAX_SIZE: Final = 100_000
"""Algorithms of one vocabulary that may be tried."""
MAX_TABLE: Final = 64
"""Entries of a fitted table."""
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Candidate:
    """A causal model that computes the task.

    Args:
        model: it.
        vocabulary: the key of the one that it comes from.
    """

    model: CausalModel
    vocabulary: str


@dataclass(frozen=True)
class Candidates:
    """The causal models of vocabularies that compute a task.

    Args:
        models: those with the fewest variables first, that go together counted once; then in the order of vocabularies.
        of: how many algorithms were to be tried, by vocabulary.
        refused: why a vocabulary was left out, or how many of its algorithms, a sentence, by its key.
    """

    models: tuple[Candidate, ...]
    of: Mapping[str, int]
    refused: Mapping[str, str]


def candidates(question: SubjectQuestion, work: Work = DEFAULT_WORK) -> Candidates:
    """Enumerate the algorithms of every vocabulary that compute the task of a question; none where its inputs are no
    integers.

    Args:
        work: reports "vocabularies"; may cancel there. Ended, those found until then are returned.

    Raises:
        InvalidAlgorithm: the inputs of the task are too large.
        Cancelled: the report stopped the work.
    """
    inputs, right = inputs_of(question), question.examples.answers
    parts, of, refused = dict[str, list[_Part]](), dict[str, int](), dict[str, str]()
    for one in VOCABULARIES if inputs.values.dtype.kind == "i" else ():
        if one.applies(question):
            parts[one.key] = [_Part(words, inputs, right, one.most) for words in one.variables(question)]
            of[one.key] = size = sum(part.size for part in parts[one.key])
            if size > MAX_SIZE:
                del parts[one.key]
                refused[one.key] = f"It has {size:,} algorithms to try, and {MAX_SIZE:,} are the most."
    kept, left_out = dict[str, Candidate](), Counter[str]()
    stages = [(n, key) for n in range(1, 1 + max((one.most for one in VOCABULARIES), default=0)) for key in parts]
    with work.ending("vocabularies"):
        for n, key in work.each("vocabularies", stages):
            for text in (text for part in parts[key] for text in part.texts(n)):
                work.check()
                try:
                    model = read_causal_model(text)
                    found = model.unfold(inputs) if (model.run(inputs)[model.answer] == right).all() else None
                except AnalysisError:
                    left_out[key] += 1
                    continue
                if found and not found.idle:
                    kept.setdefault(found.digest, Candidate(_fitting(model, found), key))
    refused |= {
        key: f"{n:,} of its algorithms are too long, or have too many combinations." for key, n in left_out.items()
    }
    return Candidates(tuple(kept.values()), of, refused)


def _fitting(model: CausalModel, found: Unfolded) -> CausalModel:
    """A model whose tables have an entry for each value of their index: more are never read, and beyond is none."""
    if all(n_values == len(table.elts) for table, n_values in found.tables.items()):
        return model
    for table, n_values in found.tables.items():
        table.elts = [*table.elts, *[ast.Name("none")] * n_values][:n_values]
    return read_causal_model("; ".join(f"{name} = {ast.unparse(one)}" for name, one in model.statements))


def defined(words: Words, inputs: Inputs) -> tuple[dict[str, str], dict[str, Integers]]:
    """The definition of each word; and ``[rows]`` the values of words and inputs, of those that have one on every row
    and more than one on all.
    """
    body = [one for one in ast.parse(words.text).body if isinstance(one, ast.Assign)]
    whole = CausalModel(words.text, tuple((ast.unparse(one.targets[0]), one.value) for one in body))
    known = whole.run(inputs)
    items = {name: known[name] for name, _ in whole.statements if not name.startswith("_")} | {**inputs.columns}
    values = {name: one for name, one in items.items() if NONE not in one and np.ptp(one) > 0}
    return {**whole.definitions}, values


class _Part:
    """The algorithms that some words make."""

    def __init__(self, words: Words, inputs: Inputs, right: Integers, most: int) -> None:
        self._words, self._right, self._most = words, right, most
        self._definitions, self._items = defined(words, inputs)
        self._inputs = inputs.columns

    @cached_property
    def size(self) -> int:
        """The number of algorithms to be tried at most."""
        reach = {item: frozenset(self._families(self._needed(item))) for item in self._items}
        sets = (chosen for n in range(1, self._words.reads + 1) for chosen in combinations(self._items, n))
        families = [
            *(frozenset().union(*map(reach.__getitem__, chosen)) for chosen in sets),
            *(self._families(self._needed(answer)) for answer in self._words.answers),
        ]
        return sum(comb(len(one), n) for one in families for n in range(1, self._most + 1))

    def texts(self, n: int) -> Iterator[str]:
        """The algorithms of so many variables that have an answer on every row, or may have."""
        for answer, families in self._answers:
            for chosen in combinations(families, n) if n <= self._most else ():
                yield self._text({name for family in chosen for name in families[family]}, answer)

    @cached_property
    def _answers(self) -> list[tuple[str, dict[str, list[str]]]]:
        answers = (*self._words.answers, *self._tables())
        return [(one, self._families(self._needed(one))) for one in answers]

    def _text(self, variables: Collection[str], answer: str) -> str:
        """The text of an algorithm; inputs and the answer stand where helpers that are no more would."""
        called, lines = dict[str, str](), list[str]()

        def renamed(text: str) -> str:
            return _NAME.sub(lambda one: called.get(one[0], one[0]), text)

        while answer in self._definitions and answer not in variables:
            answer = self._definitions[answer]
        for name in self._needed(answer):
            text = renamed(self._definitions[name])
            called[name] = name if name in variables else text if text in self._inputs else f"_{name.lstrip('_')}"
            if called[name] != text:
                lines.append(f"{called[name]} = {text}")
        return "; ".join([*lines, f"y = {renamed(answer)}"])

    def _tables(self) -> Iterator[str]:
        """Tables for the answer over variables and inputs, none of which can be left out."""
        right, enough = self._right, list[set[str]]()
        for n in range(1, self._words.reads + 1):
            for chosen in combinations(self._items, n):
                if any(one <= {*chosen} for one in enough) or self._in_series(chosen):
                    continue
                sizes = [int(np.ptp(self._items[name])) + 1 for name in chosen]
                if prod(sizes) > MAX_TABLE:
                    continue
                code = np.ravel_multi_index([self._items[name] - self._items[name].min() for name in chosen], sizes)
                table = np.full(prod(sizes), NONE)
                table[code] = right
                if (table[code] == right).all():
                    enough.append({*chosen})
                    yield self._written(chosen, table.reshape(sizes))

    def _written(self, chosen: Sequence[str], table: Integers) -> str:
        """A table within each entry of a table, so that what is beyond one of them is none."""
        if not chosen:
            return "none" if table == NONE else str(table)
        name, least = chosen[0], int(self._items[chosen[0]].min())
        entries = ("none" if (one == NONE).all() else self._written(chosen[1:], one) for one in table)
        return f"({', '.join(entries)})[{name}{f' - {least}' if least > 0 else f' + {-least}' if least else ''}]"

    def _in_series(self, chosen: Sequence[str]) -> bool:
        return any(one != other and other in self._needed(one) for one in chosen for other in chosen)

    def _needed(self, text: str) -> list[str]:
        """The names that an expression reads, and those that these read, in the order of their definitions."""
        read = {*_NAME.findall(text)}
        for name in reversed(self._definitions):
            if name in read:
                read |= {*_NAME.findall(self._definitions[name])}
        return [name for name in self._definitions if name in read]

    def _families(self, names: Sequence[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in names:
            if not name.startswith("_"):
                family = next((one for one in self._words.together if name.startswith(one)), name)
                found.setdefault(family, []).append(name)
        return found
