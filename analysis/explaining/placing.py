"""Where algorithms are placed in a network: the ways there are, and the analysis of those with finite variables.

There are two ways (spec §4). Formulas of Boolean inputs are placed on sets of neurons by *tables*: every interchange is
made once, and all candidates are looked up in its decisions, 250 of them in a tenth of a second. Algorithms with finite
variables, of which such a formula is one, are placed on *sites* of a network of any kind, each scored for itself. Both
decide interchanges by :mod:`pluriscope.analysis.placements.interchange`, and place a formula on the same sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.algorithms.candidates import Candidates
from pluriscope.analysis.algorithms.causal_model import CausalModel
from pluriscope.analysis.algorithms.enumerated import candidates
from pluriscope.analysis.algorithms.written import fitting
from pluriscope.analysis.errors import BeyondLimits, NotOffered
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.placements.formulas import search_formulas, untried
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion


def find(of: Analysed[Any], settings: Settings, work: Work) -> PlacementsReport:
    """Place the algorithms that settings write, then those of the vocabularies that apply.

    Args:
        of: about a network with sites.
        settings: with algorithms as texts.
        work: reports progress; may cancel.

    Raises:
        InvalidAlgorithm: a text is none, or reads what the task does not have.
    """
    own = [fitting(text, of.question) for text in settings.algorithms]
    others = candidates(of.question, work).models
    return place(of.question, own, [one.model for one in others], work)


def by_tables(question: Question, candidates: Candidates, work: Work) -> AlgorithmSearch:
    """Place every candidate formula on sets of neurons, or name the candidates alone where there are too many sets."""
    try:
        return search_formulas(question, candidates, work, max_aligned=work.limits.max_aligned)
    except BeyondLimits:
        alone = tuple(map(untried, candidates.algorithms))
        at = candidates.truncated_at if candidates.space is None else len(alone)
        return AlgorithmSearch(alone, candidates.n_candidates, at)


def place(
    question: SubjectQuestion, written: Sequence[CausalModel], others: Sequence[CausalModel], work: Work
) -> PlacementsReport:
    """Place algorithms on sites: those that somebody wrote, which are marked as such, then others."""
    from pluriscope.analysis.placements.search import find as on_sites

    models, ids = list({one.id: one for one in (*written, *others)}.values()), {one.id for one in written}
    found = on_sites(question, models, work)
    marked = [one.model_copy(update={"written": one.id in ids}) for one in found.algorithms]
    return found.model_copy(update={"algorithms": marked})


def check(question: SubjectQuestion, texts: Sequence[str]) -> None:
    """Refuse texts of algorithms that cannot be placed, before circuits are searched.

    Raises:
        NotOffered: networks of this kind have no sites, or rows stand for no Boolean inputs.
        InvalidAlgorithm: a text is none, or reads what the task does not have.
        BeyondLimits: its variables have too many combinations of values.
    """
    if texts:
        question.kind.require("sites", "algorithms that are written")
        if refusal := question.refuses("sites"):
            raise NotOffered("algorithms that are written", f"are not placed: {refusal}", "leave the rows out")
    for text in texts:
        fitting(text, question)


def add_to(output: dict[str, Any], question: SubjectQuestion, written: Sequence[str], work: Work) -> None:
    """Add to an output of a result file where written algorithms, and no others, are placed.

    Raises:
        InvalidAlgorithm: a text is none, or reads what the task does not have.
    """
    models = [fitting(text, question) for text in written]
    output["placements"] = place(question, models, (), work).model_dump(mode="json")


def milliseconds(question: Any) -> float:
    """The predicted duration: about four sets for each vector, each with as many values as there are rows; scores and
    lists take four times as long, and directions some seconds. Where formulas are placed already, nobody waits for it.
    """
    if not question.refuses("formulas"):
        return inf
    n_vectors = 0

    def count(_site: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal n_vectors
        n_vectors += values.shape[1]
        return values

    question.subject.run_sites(question.subject.inputs[:1], count)
    return float(3_000 + 20 * n_vectors * question.n_rows * question.space.run_milliseconds)
