"""The makers of the sources: networks trained on Boolean tasks, planted, and drawn from priors; loads torch.

Trained ones are trained together. A planted network of seed s carries the algorithm at place s of the design's list,
counted round; it counts as converged if it decides every input right in its disguise and, where it is trained, the sum
of its losses ends below the target. A drawn one is the first of its seed that computes the tasks; a cell whose level of
``prior`` is empty is trained instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from pluriscope.analysis.algorithms.high_level_model import HighLevelModel
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.training import train_networks
from pluriscope.analysis.subjects.perceptron.training_spec import MESSAGES, TrainingState
from pluriscope_edits.planting.disguises import disguised
from pluriscope_edits.planting.interchange import InterchangeSpec, Learned, interchange_trained
from pluriscope_edits.planting.recipes import read_recipe
from pluriscope_methods.drawing import Drawing, draw_network, largest_rate
from pluriscope_studies.analysis.cells import Cell
from pluriscope_studies.analysis.sources import CONVERGED, Produced, compiled, options_of, planted_algorithms, prior_of

NONE_ACCEPTED: Final = "none_accepted"
"""The state of a network whose budget of draws ran out."""


def trained_networks(cell: Cell, seeds: Sequence[int], work: Work) -> Iterator[Produced]:
    """Train a cell's networks of some seeds together."""
    if not seeds:
        return
    start = work.clock()
    outcomes = train_networks([cell.spec(seed) for seed in seeds], work)
    each = (work.clock() - start) / len(seeds)
    for seed, outcome in zip(seeds, outcomes, strict=True):
        loss = outcome.losses[-1] if outcome.losses and math.isfinite(outcome.losses[-1]) else None
        tasks, epochs = outcome.spec.resolved_tasks(), len(outcome.losses)
        make = partial(Produced, outcome.network, tasks, state=outcome.state, message=outcome.message)
        yield make(seed=seed, epochs=epochs, loss=loss, accuracy=outcome.accuracy, seconds=each)


# --- planted


def planted_networks(cell: Cell, seeds: Sequence[int], work: Work) -> Iterator[Produced]:
    """Plant a cell's networks of some seeds, then disguise them."""
    start = work.clock()
    algorithms, recipe = planted_algorithms(cell.design), read_recipe(cell.levels["planting"])
    found: dict[int, Learned] = {}
    for number, algorithm in enumerate(algorithms):
        own = [seed for seed in seeds if seed % len(algorithms) == number]
        found.update(zip(own, _planted(cell, algorithm, own, work), strict=True))
    each = (work.clock() - start) / max(1, len(seeds))
    for seed in seeds:
        planted, loss = found[seed].planted, found[seed].loss
        if planted is None:
            yield Produced(None, seed=seed, state="diverged", message=MESSAGES["diverged"], seconds=each)
            continue
        for text in recipe.disguises:
            planted = disguised(planted, text, seed)
        network, record = planted.network, planted.record
        state: TrainingState = "converged" if found[seed].learned else "loss_above_target"
        message, n_rows, n_wrong = MESSAGES[state], len(record.task.truth_table), planted.n_wrong
        if n_wrong and state == "converged":  # which speaks of the network before its disguises
            state = "accuracy_too_low"
            message = f"decides {n_wrong} of {n_rows} inputs wrong in its disguise; take another, or less noise"
        make = partial(Produced, network, (record.task,), None, record, state=state, message=message)
        yield make(seed=seed, loss=loss, accuracy=1 - n_wrong / n_rows, seconds=each)


def _planted(cell: Cell, algorithm: HighLevelModel, seeds: Sequence[int], work: Work) -> Sequence[Learned]:
    """The networks before their disguises."""
    made = compiled(cell, algorithm)
    if made is not None:
        return [Learned(made, 0.0, learned=True)] * len(seeds)
    mode, levels = read_recipe(cell.levels["planting"]).mode, cell.levels
    spec = InterchangeSpec.of(
        algorithm,
        levels["hidden"],
        mode=mode or "plain",
        activation=levels["activation"],
        output_activation=levels["output_activation"],
        steps=options_of(cell.design).steps,
    )
    return interchange_trained(spec, seeds, work)


# --- drawn


def drawn_networks(cell: Cell, seeds: Sequence[int], work: Work) -> Iterator[Produced]:
    """Draw a cell's networks of some seeds, or train them where it has no prior."""
    if not cell.levels["prior"]:
        yield from trained_networks(cell, seeds, work)
        return
    drawing = drawing_of(cell)
    names = " + ".join(task.label for task in drawing.tasks)
    for seed in seeds:
        start = work.clock()
        drawn = draw_network(drawing, seed, work)
        seconds = work.clock() - start
        if drawn.network is None:
            rate = f"an acceptance rate of at most {largest_rate(drawn.draws):.1e} (95%)"
            words = f"none of {drawn.draws:,} networks drawn computes {names} with a loss below {drawing.loss_target:g}"
            words += f": {rate}; take another prior, a higher target or more draws"
            yield Produced(None, seed=seed, state=NONE_ACCEPTED, message=words, seconds=seconds)
            continue
        make = partial(Produced, drawn.network, drawing.tasks, state=CONVERGED, message=MESSAGES["converged"])
        yield make(seed=seed, loss=drawn.loss, accuracy=1.0, seconds=seconds, draws=drawn.draws)


def drawing_of(cell: Cell) -> Drawing:
    """Drawing of the networks of a cell with a prior, of a checked design."""
    spec = cell.spec(0)
    return Drawing(
        prior=prior_of(cell.design, cell.levels["prior"], spec.hidden),
        hidden=spec.hidden,
        tasks=spec.resolved_tasks(),
        activation=spec.activation,
        output_activation=spec.output_activation or spec.activation,
        negative_slope=spec.negative_slope,
        loss_target=spec.loss_target,
        most_draws=options_of(cell.design).most_draws,
    )
