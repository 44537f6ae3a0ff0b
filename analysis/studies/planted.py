"""The source "planted": networks in which an algorithm is planted, compiled or trained, then disguised; loads torch.

The network of seed s carries the algorithm at place s of the design's list, counted round. Trained networks count as
converged if the sum of their losses ends below the target; compiled ones always do. Circuits and algorithms are left to
the measures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from analysis.algorithms.high_level_model import HighLevelModel
from analysis.networks.mlp import forward
from analysis.networks.training_spec import MESSAGES, TrainingState
from analysis.planting.disguises import disguised
from analysis.planting.interchange import InterchangeSpec, Learned, interchange_trained
from analysis.planting.recipes import read_recipe
from analysis.studies.boolean import analysed_alone
from analysis.studies.cells import Cell
from analysis.studies.source_options import compiled, planted_algorithms, planted_steps
from analysis.studies.sources import Order, Produced
from analysis.tasks import input_table
from analysis.validity import decide


def make_networks(cell: Cell, seeds: Sequence[int], order: Order) -> Iterator[Produced]:
    """Plant a cell's networks of some seeds.

    Yields:
        One for each seed, in order.

    Raises:
        Cancelled: the report asked to stop.
    """
    start = order.work.clock()
    algorithms, recipe = planted_algorithms(cell.design), read_recipe(cell.levels["planting"])
    found: dict[int, Learned] = {}
    for number, algorithm in enumerate(algorithms):
        own = [seed for seed in seeds if seed % len(algorithms) == number]
        found.update(zip(own, _planted(cell, algorithm, own, order), strict=True))
    each = (order.work.clock() - start) / max(1, len(seeds))
    for seed in seeds:
        one, begun = found[seed], order.work.clock()
        if one.planted is not None:
            planted = one.planted
            for text in recipe.disguises:
                planted = disguised(planted, text, seed)
            one = replace(one, planted=planted)
        yield _produced(seed, one, order, each + order.work.clock() - begun)


def _planted(cell: Cell, algorithm: HighLevelModel, seeds: Sequence[int], order: Order) -> Sequence[Learned]:
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
        steps=planted_steps(cell.design),
    )
    return interchange_trained(spec, seeds, order.work)


def _produced(seed: int, one: Learned, order: Order, seconds: float) -> Produced:
    state: TrainingState = "converged" if one.learned else "loss_above_target"
    if one.planted is None:
        return Produced(seed, "diverged", MESSAGES["diverged"], None, seconds=seconds)
    network, record = one.planted.network, one.planted.record
    decisions = decide(forward(network, input_table(network.n_inputs))[:, 0], "rounding")
    right = sum(int(said) == label for said, label in zip(decisions, record.task.truth_table, strict=True))
    analyses, problems, order = {}, {}, replace(order, circuits=False)
    if state == "converged":
        for protocol in order.protocols:
            outputs, problem = analysed_alone(network, (record.task,), protocol, order)
            if problem is None:
                analyses[protocol.name] = outputs
            else:
                problems[protocol.name] = problem
    return Produced(
        seed=seed,
        state=state,
        message=MESSAGES[state],
        network=network,
        tasks=(record.task,),
        analyses=analyses,
        problems=problems,
        training={"loss": one.loss, "accuracy": right / len(decisions)},
        seconds=seconds,
        planted=record,
    )
