"""Interface by which rules edit a transformer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from pluriscope.analysis.edits.edit import Array, Backward, Numbers, Parameters
from pluriscope.analysis.errors import InvalidEdit, one_of
from pluriscope.analysis.numerics.fixed_order import exp_of_negative
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.sites import run
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.runs import MILLISECONDS, in_portions
from pluriscope_edits.rules.gradients import matrix_reads, parameter_slopes

_PER_RUN: Final = 6.0  # what a step of a descent takes, in runs
SURE: Final = 0.75
"""The probability of a wanted answer from which on a descent ends."""


@dataclass(frozen=True, eq=False)
class EditedTransformer:
    """A transformer, as rules see it; its loss is the cross-entropy."""

    question: GraphQuestion
    output = 0
    adaptive = True

    @property
    def kind(self) -> SubjectKind:
        return self.question.kind

    @property
    def subject(self) -> AttentionModel:
        found: Any = self.question.subject
        return found  # type: ignore[no-any-return]

    @property
    def names(self) -> Sequence[str]:
        """The tokens of each row."""
        return self.subject.rows

    def answers(self, subject: AttentionModel) -> list[int]:
        portions = in_portions(subject, self.subject.tokens)
        return [int(one) for tokens in portions for one in largest(run(subject, tokens).logits)]

    @cached_property
    def answers_now(self) -> list[int]:
        """Answers of the subject on each row; −1 for nothing."""
        return self.answers(self.subject)

    def answer_named(self, text: str) -> int:
        texts = self.subject.outputs
        if text not in texts:
            raise InvalidEdit(f"target {text[:40]!r}", "is no token", one_of(text, texts))
        return texts.index(text)

    @property
    def row_milliseconds(self) -> float:
        model = self.subject
        return len(model.layers) * (model.n_heads * model.per_row + model.per_mlp) * MILLISECONDS * _PER_RUN

    @property
    def tokens(self) -> list[str]:
        return list(self.subject.outputs)

    def other_answer(self, row: int) -> int:
        """The one whose logit is the next largest; the first of several."""
        logits = run(self.subject, self.subject.tokens[row : row + 1]).logits[0].copy()
        logits[self.answers_now[row]] = -np.inf
        return int(logits.argmax())

    @property
    def parameters(self) -> Parameters:
        return self.subject.parameters

    def remade(self, parameters: Parameters) -> AttentionModel:
        """Subject with other parameters; where it answers nothing, its task keeps the answer."""
        found = self.subject.with_parameters(parameters)
        said = np.array(self.answers(found))
        answers = np.where(said < 0, found.answers, said)
        name = found.task if np.array_equal(answers, found.answers) else ""
        return replace(found, answers=answers, task=name)

    def tasks(self, subject: AttentionModel) -> list[dict[str, Any]]:
        return [subject.task_document]

    def run(self, parameters: Parameters, rows: Numbers) -> tuple[Array, Backward]:
        model, portions = self.subject.with_parameters(parameters), in_portions(self.subject, rows)
        runs = [run(model, self.subject.tokens[some]) for some in portions]

        def back(slopes: Array) -> Parameters:
            total: dict[str, Array] = {}
            for some, found, by in zip(portions, runs, in_portions(self.subject, slopes), strict=True):
                for name, one in parameter_slopes(model, self.subject.tokens[some], found, by).items():
                    total[name] = total[name] + one if name in total else one
            return total

        return np.concatenate([one.logits for one in runs]), back

    def reads(self, matrix: str) -> Array:
        """Input of a matrix on every row, ``[rows, positions, n_in]``; of the unembedding at the last position."""
        model = self.subject
        portions = in_portions(model, model.tokens)
        return np.concatenate([matrix_reads(model, tokens, run(model, tokens))[matrix] for tokens in portions])

    def position(self, matrix: str, text: str) -> int:
        """Read a position in the input of a matrix: "last", or a number from 1.

        Raises:
            InvalidEdit: there is no such position, or the matrix does not read it.
        """
        context, item = self.subject.tokens.shape[1], f"position {text[:40]!r}"
        if text not in ("last", *map(str, range(1, context + 1))):
            raise InvalidEdit(item, f"does not exist; rows have {context}", f"use 1 to {context}, or last")
        if matrix == "unembedding":
            if text not in ("last", str(context)):
                raise InvalidEdit(item, "is not read by the unembedding", "use last")
            return 0
        return context - 1 if text == "last" else int(text) - 1

    def slopes(self, outputs: Array, answers: Numbers) -> Array:
        found = _chances(outputs)
        found[np.arange(len(outputs)), answers] -= 1.0
        return found

    def lacks(self, outputs: Array, answers: Numbers) -> str:
        least = float(_chances(outputs)[np.arange(len(outputs)), answers].min())
        return "" if least >= SURE else f"an answer has a probability of {least:.3f}, where at least {SURE:g} is asked"

    def leaving(self, outputs: Array, answer: int) -> tuple[Array, str]:
        """Derivatives of the unlikelihood −log(1 − p) (Welleck et al. 2020, arXiv:1908.04319): log p is flat where p is
        near 1.
        """
        chances, others = _chances(outputs), np.delete(outputs, answer)
        slopes = np.insert(-chances[answer] * _chances(others), answer, chances[answer])
        if chances[answer] <= 1.0 - SURE and others.max() > outputs[answer]:
            return slopes, ""
        asked = f"where at most {1.0 - SURE:g} and a likelier answer are asked"
        return slopes, f"the answer has a probability of {chances[answer]:.3f}, {asked}"


def _chances(outputs: Array) -> Array:
    """The softmax over the last axis, the same bits on every machine."""
    found = exp_of_negative(outputs - outputs.max(axis=-1, keepdims=True))
    return np.asarray(found / np.add.accumulate(found, axis=-1)[..., -1:])
