"""The source "drawn": networks drawn from a prior until one computes the tasks, and trained ones beside them.

A cell whose level of ``prior`` is empty is trained as the source "boolean" trains; loads torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.networks.drawing import Drawing, Drawn, draw_network, largest_rate, read_prior
from analysis.networks.training_spec import MESSAGES
from analysis.studies import boolean
from analysis.studies.cells import Cell
from analysis.studies.source_options import most_draws
from analysis.studies.sources import Order, Produced

NONE_ACCEPTED = "none_accepted"
"""The state of a network whose budget of draws ran out."""


def make_networks(cell: Cell, seeds: Sequence[int], order: Order) -> Iterator[Produced]:
    """Draw or train a cell's networks of some seeds, and analyse those that compute the tasks.

    Yields:
        One for each seed, in order.

    Raises:
        Cancelled: the report asked to stop.
    """
    if not cell.levels["prior"]:
        yield from boolean.make_networks(cell, seeds, order)
        return
    drawing, found = drawing_of(cell), []
    for seed in seeds:
        start = order.work.clock()
        found.append((draw_network(drawing, seed, order.work), order.work.clock() - start))
    good = [(drawn.network, drawing.tasks) for drawn, _ in found if drawn.network is not None]
    walks = {protocol.name: boolean.analysed(good, protocol, order) for protocol in order.protocols}
    for seed, (drawn, seconds) in zip(seeds, found, strict=True):
        analysed = {name: next(walk) for name, walk in walks.items()} if drawn.network is not None else {}
        yield _produced(drawing, seed, drawn, analysed, seconds)


def drawing_of(cell: Cell) -> Drawing:
    """What is drawn in a cell with a prior.

    Raises:
        InvalidStudy: the prior cannot be read; that of a checked design can.
    """
    spec = cell.spec(0)
    return Drawing(
        prior=read_prior(cell.levels["prior"]),
        hidden=spec.hidden,
        tasks=spec.resolved_tasks(),
        activation=spec.activation,
        output_activation=spec.output_activation or spec.activation,
        negative_slope=spec.negative_slope,
        loss_target=spec.loss_target,
        most_draws=most_draws(cell.design),
    )


def _produced(
    drawing: Drawing, seed: int, drawn: Drawn, found: dict[str, boolean.Analysed], seconds: float
) -> Produced:
    if drawn.network is None:
        return Produced(seed, NONE_ACCEPTED, _none_accepted(drawing, drawn.draws), None, seconds=seconds)
    analyses = {name: outputs for name, (outputs, problem) in found.items() if problem is None}
    spent = sum(sum(analysis.seconds.values()) for outputs in analyses.values() for analysis in outputs)
    return Produced(
        seed=seed,
        state="converged",
        message=MESSAGES["converged"],
        network=drawn.network,
        tasks=drawing.tasks,
        analyses=analyses,
        problems={name: problem for name, (_, problem) in found.items() if problem is not None},
        training={"loss": drawn.loss, "accuracy": 1.0},
        seconds=seconds + spent,
        draws=drawn.draws,
    )


def _none_accepted(drawing: Drawing, draws: int) -> str:
    names = " + ".join(task.name or "".join(map(str, task.truth_table)) for task in drawing.tasks)
    return (
        f"none of {draws:,} networks drawn computes {names} with a loss below {drawing.loss_target:g}: an acceptance "
        f"rate of at most {largest_rate(draws):.1e} (95%); take another prior, a higher target or more draws"
    )
