"""What networks of the studies of lenses say together: who can tell two algorithms apart, and who tells which.

Every lens that answers with numbers is asked again of each network that carries one story, from the weights in the
result file; some minutes. Stories that lenses tell are measures of the studies and are only counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.lenses.lens import Lens
from analysis.lenses.registry import LENSES
from analysis.networks.training_spec import task_of_text
from analysis.question import Question, ask
from analysis.studies.cells import Cell, cells_of
from analysis.studies.outcome import StudyOutcome, network_of_outcome
from analysis.studies.statistics import share_of
from analysis.tasks import Task
from benchmarks.findings.lens_findings import STORIES, LensFindings, Networks, Shown, Story, Told
from benchmarks.findings.lens_numbers import numbers
from benchmarks.findings.results import FOLDER, results_of
from benchmarks.findings.telling import told

STUDIES: Final = ("who-can-tell", "who-can-tell-activation", "who-can-tell-task", "who-can-tell-learned")
_AGAIN: Final = "who-can-tell-learned"  # on networks that the other studies have as well
LEAST: Final = 10
"""Networks of each of two algorithms without which nothing is told."""
MOST_PRODUCTS: Final = 100_000
_CARRIED: Final = ("alice-or-bob", "irredundant-formulas")
_NAMED: Final[dict[str, Named]] = {
    "Alice only": frozenset({"Alice"}),
    "Bob only": frozenset({"Bob"}),
    "both": frozenset({"Alice", "Bob"}),
    "neither": frozenset(),
}
LENS_OF: Final = {
    "told-probes": "probes",
    "told-used": "probes",
    "probed-formulas": "probes",
    "used-formulas": "probes",
    "told-sae": "sae",
    "told-sae-written": "sae",
    "told-das": "das",
}
AT_ELEVEN: Final = "sum at 11"
FILE: Final = FOLDER.parent / "findings" / "who-can-tell.json"

Array = NDArray[np.float64]
Named = frozenset[str]
"""Algorithms by name or formula."""


def write_lens_figures(path: Path = FILE) -> None:
    """Make the file of figures anew."""
    found = LensFindings(groups=tuple(group for slug in STUDIES for group in groups_of(slug)))
    path.write_text(found.model_dump_json(indent=1) + "\n")


def groups_of(slug: str) -> Iterator[Networks]:
    """What the networks of each cell of one study say."""
    results = results_of(slug)
    for cell in cells_of(results.design):
        outcomes = [one for one in results.outcomes if one.cell == cell.key]
        yield group_of(slug, cell, outcomes)


def group_of(slug: str, cell: Cell, outcomes: list[StudyOutcome], lenses: Sequence[Lens] = LENSES) -> Networks:
    """What the networks of one cell say, through some lenses."""
    measure = next(key for key in _CARRIED if key in cell.design.measures)
    known = {one.seed: _value(one, measure) for one in outcomes if one.converged}
    pair = _told_apart(known.values())
    story = {seed: _story(value, pair) for seed, value in known.items()}
    single = [one for one in outcomes if story.get(one.seed) in STORIES[:2]]
    labels = np.array([story[one.seed] == STORIES[0] for one in single])
    few = min(labels.sum(), (~labels).sum()) < LEAST
    numbers = {} if few or slug == _AGAIN else rows_of_numbers([_question(cell, one) for one in single], lenses)
    return Networks(
        study=slug,
        task="".join(map(str, _task(cell).truth_table)),
        algorithms=pair,
        hidden=cell.levels["hidden"],
        activation=cell.levels["activation"],
        carried={name: sum(carried == name for carried in story.values()) for name in STORIES},
        failed=len(outcomes) - len(story),
        told=tuple(_told(numbers, labels)),
        shown=tuple(
            Shown(lens=LENS_OF[key], measure=key, counts=_counts(outcomes, story, key, pair))
            for key in cell.design.measures
            if key in LENS_OF
        ),
    )


def _told_apart(carried: Collection[Named]) -> tuple[str, str]:
    """The two algorithms of which most networks carry one without the other, the first of equals in order."""
    names = sorted(set().union(*carried))
    return max(combinations(names, 2), key=lambda pair: sum(_story(one, pair) in STORIES[:2] for one in carried))


def _story(carried: Named, pair: tuple[str, str]) -> Story:
    first, second = (name in carried for name in pair)
    return ("both" if second else "first only") if first else ("second only" if second else "neither")


def rows_of_numbers(questions: Sequence[Question], lenses: Sequence[Lens]) -> dict[tuple[str, str], Array]:
    """``[networks, numbers]`` what each lens says of some networks, by its key and by which numbers.

    All that it says under default settings, trained on few rows too; of gradients at the corners of two inputs the sum
    at 11 by itself as well.

    Raises:
        ValueError: a lens has numbers of some of the networks only.
    """
    found: dict[tuple[str, str], Array] = {}
    for lens in lenses:
        settings = lens.filled(lens.on_request)
        views = (lens.answer(question, settings).view for question in questions)
        rows = [row for view in views if view is not None and (row := numbers(lens, view)) is not None]
        if not rows:
            continue
        if len(rows) != len(questions):
            raise ValueError(f"lens {lens.key} has numbers of {len(rows)} of {len(questions)} networks")
        found[lens.key, "all"] = np.array(rows)
        if lens.key == "gradient-corners" and questions[0].cut.n_inputs == 2:
            found[lens.key, AT_ELEVEN] = found[lens.key, "all"][:, -2:].sum(axis=1, keepdims=True)
    return found


def _task(cell: Cell) -> Task:
    return task_of_text(cell.tasks(0)[0], cell.design.n_inputs)


def _question(cell: Cell, outcome: StudyOutcome) -> Question:
    network = network_of_outcome(cell, outcome)
    if network is None:
        raise ValueError(f"seed {outcome.seed} of {cell.name} has no weights")
    return ask(network, task=_task(cell), protocol=cell.design.protocols[0])


def _told(numbers: Mapping[tuple[str, str], Array], labels: NDArray[np.bool_]) -> Iterator[Told]:
    for (lens, which), rows in numbers.items():
        n_products = rows.shape[1] * (rows.shape[1] + 1) // 2
        for kind in ("linear", "quadratic") if which == "all" and n_products <= MOST_PRODUCTS else ("linear",):
            right = told(rows, labels, quadratic=kind == "quadratic") == labels
            share = share_of(int(right.sum()), len(right))
            yield Told(
                lens=lens,
                numbers=which,
                kind=kind,
                first=(int(right[labels].sum()), int(labels.sum())),
                second=(int(right[~labels].sum()), int((~labels).sum())),
                low=share.low,
                high=share.high,
            )


def _counts(
    outcomes: list[StudyOutcome], story: Mapping[int, Story], measure: str, pair: tuple[str, str]
) -> dict[Story, dict[Story, int]]:
    pairs = [(story[one.seed], _story(_value(one, measure), pair)) for one in outcomes if one.seed in story]
    return {carried: {name: sum(pair == (carried, name) for pair in pairs) for name in STORIES} for carried in STORIES}


def _value(outcome: StudyOutcome, measure: str) -> Named:
    """The algorithms that a measure names."""
    value = outcome.values["complete"][0][measure].value
    return _NAMED[value] if isinstance(value, str) else frozenset(value)
