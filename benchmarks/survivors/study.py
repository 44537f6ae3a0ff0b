"""What one trained network has of each kind of explanation, and how many survive each criterion, in two families.

The families are those of the protocols: ``complete`` has every circuit, ``paper`` leaves out the circuits in which
every hidden neuron is active. Whether a circuit passes depends on the family only where smaller circuits are asked for,
so minimality is judged in each family anew.

Training is that of the authors, every seed is taken as it comes, and a network that does not converge is a row like any
other, with the reason and without figures.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.candidates import Candidates, candidate_algorithms
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.search import search_alignments
from analysis.circuits.search import search_circuits
from analysis.criteria.alignments import valid_alignments
from analysis.criteria.circuits import outputs, parts
from analysis.criteria.criterion import Criterion
from analysis.criteria.interpretation_tallies import CountingReadings, tally_of_readings
from analysis.criteria.population import Population
from analysis.criteria.registry import criteria_for, criterion_named
from analysis.criteria.steps import parse_steps
from analysis.data import DataRecord, clean_data
from analysis.networks.mlp import batch_activations, forward, keep_matrices
from analysis.networks.network import Network
from analysis.networks.training import train_networks
from analysis.networks.training_course import TrainingOutcome
from analysis.networks.training_spec import TrainingSpec
from analysis.protocol import COMPLETE, PAPER
from analysis.question import ask
from analysis.tasks import Task
from analysis.validity import decide
from analysis.work import DEFAULT_WORK

FAMILIES: Final = ("paper", "complete")
_SAMPLE: Final = Path(__file__).resolve().parents[2] / "docs" / "survivors.csv"
INTERPRETATION_KEYS: Final = ("observed-class", "interchange", "interchange-joint")


def _asked() -> Iterator[Criterion]:
    """Criteria for circuits that the sample was judged by; studies of their own ask later ones of more networks."""
    columns = next(line for line in _SAMPLE.read_text().splitlines() if not line.startswith("#")).split(",")
    yield from (one for one in criteria_for("circuit") if f"complete {one.key}" in columns)


CIRCUIT_CRITERIA: Final = tuple(_asked())
Figures = dict[str, int]
"""Counts by name, e.g. "paper output-faithfulness": survivors of that criterion in that family."""

_RULES: Final = {"paper": PAPER, "complete": COMPLETE}
_ONE: Final = COMPLETE.model_copy(update={"name": "one direction", "interchange_pairs": "one_direction"})
_CONJUNCTIONS: Final = ("knockout-completeness", "output-faithfulness", "input-robust", "grid")


@dataclass(frozen=True)
class Row:
    """One seed.

    Args:
        seed: of its training.
        state: how training ended.
        epochs: it took.
        digest: of the network, "" if there is none.
        figures: counts by name; empty if it did not converge.
    """

    seed: int
    state: str
    epochs: int
    digest: str
    figures: Figures


def run_study(specs: Sequence[TrainingSpec], tell: Callable[[str], None], *, processes: int = 1) -> list[Row]:
    """Train and measure; one row for each spec, in the same order."""
    tell(f"training {len(specs)} networks")
    outcomes = train_networks(specs)
    converged = [outcome.network for outcome in outcomes if outcome.converged and outcome.network is not None]
    tell(f"{len(converged)} of {len(outcomes)} converged; their circuits")
    figures = iter(measure_all(converged, specs[0].resolved_tasks()[0], tell, processes=processes))
    return [_row(outcome, next(figures) if outcome.converged else {}) for outcome in outcomes]


def _row(outcome: TrainingOutcome, figures: Figures) -> Row:
    digest = "" if outcome.network is None else outcome.network.digest
    return Row(outcome.spec.seed, outcome.state, outcome.epochs, digest, figures)


def measure_all(
    networks: Sequence[Network], task: Task, tell: Callable[[str], None], *, processes: int = 1
) -> Iterator[Figures]:
    """The figures of each network."""
    if not networks:
        return
    questions = [ask(network, task=task) for network in networks]
    found = [search_circuits(question) for question in questions]
    by_mean = {}
    for family, rules in _RULES.items():
        mean = rules.model_copy(update={"ablation": "mean"})
        by_mean[family] = [search_circuits(replace(question, protocol=mean)) for question in questions]
    work = [
        (network, searched.masks, {family: by_mean[family][place].n_valid for family in FAMILIES})
        for place, (network, searched) in enumerate(zip(networks, found, strict=True))
    ]
    measure = partial(_measure, task, clean_data(networks[0].n_inputs))
    if processes == 1:
        results: Iterator[Figures] = map(measure, work)
    else:
        pool = ProcessPoolExecutor(processes, initializer=os.nice, initargs=(5,))
        results = pool.map(measure, work)
    for done, figures in enumerate(results, start=1):
        if done % 10 == 0:
            tell(f"{done} of {len(work)} networks measured")
        yield figures
    if processes > 1:
        pool.shutdown()


def _measure(task: Task, data: DataRecord, work: tuple[Network, NDArray[np.uint64], dict[str, int]]) -> Figures:
    network, masks, n_by_mean = work
    whole = Population("circuit", ask(network, task=task, data=data), masks)
    figures = {f"{family} mean-valid": n_by_mean[family] for family in FAMILIES}
    figures |= circuit_figures(whole)
    figures |= interpretation_figures(whole)
    figures |= alignment_figures(network, task, data)
    return figures


# ---- circuits --------------------------------------------------------------------------------------------------------


def all_active(population: Population) -> NDArray[np.bool_]:
    """``[circuits]``: in which every hidden neuron has an edge in."""
    keep = keep_matrices(population.items, population.question.layout)[:-1]
    active: NDArray[np.bool_] = np.all([matrix.any(axis=2).all(axis=1) for matrix in keep], axis=0)
    return active


def circuit_figures(whole: Population) -> Figures:
    """Survivors of every criterion for circuits, and of what the prototype asked besides, in both families."""
    families = {"paper": ~all_active(whole), "complete": np.ones(len(whole), dtype=bool)}
    passed = {key: judge(whole) for key, judge in _OF_ONE_CIRCUIT.items()}
    figures: Figures = {}
    for family, members in families.items():
        inside = replace(whole, items=whole.items[members])
        figures[f"{family} valid"] = len(inside)
        for criterion in CIRCUIT_CRITERIA:
            key = criterion.key
            if key.startswith("minimal"):
                figures[f"{family} {key}"] = criterion.judge(inside).tally.passed
                continue
            if key not in passed:
                verdicts = criterion.judge(whole)
                passed[key] = verdicts.passed
                figures["undecided circuits"] = figures.get("undecided circuits", 0) + verdicts.tally.undecided
            figures[f"{family} {key}"] = int(passed[key][members].sum())
        for key in _OF_ONE_CIRCUIT:
            figures[f"{family} {key}"] = int(passed[key][members].sum())
        for key in _CONJUNCTIONS:
            both = passed["all-ablations"] & passed[key]
            figures[f"{family} all-ablations + {key}"] = int(both[members].sum())
    return figures


def agrees_on_grid(population: Population, *, radius: float = 0.1, n: int = 5) -> NDArray[np.bool_]:
    """``[circuits]``: decided as the network on a grid of n points a side around every clean input."""
    steps = np.linspace(-radius, radius, n)
    offsets = np.stack(np.meshgrid(*[steps] * population.question.cut.n_inputs, indexing="ij"), axis=-1)
    around = population.question.clean_rows[:, None] + offsets.reshape(1, -1, population.question.cut.n_inputs)
    points = around.reshape(-1, population.question.cut.n_inputs)
    rule, absent = population.question.protocol.circuit_decision, population.question.absent
    expected = decide(forward(population.question.cut, points)[:, 0], rule)
    alike = np.zeros(len(population), dtype=bool)
    for part in parts(population, "grid", len(points)):
        alike[part] = (decide(outputs(population, part, points, absent), rule) == expected).all(axis=1)
    return alike


def knocked_out(network: Network, sites: Sequence[tuple[int, int]]) -> Network:
    """The network with nothing leaving these hidden neurons, each named by its layer from 1 and its place there."""
    weights = [matrix.copy() for matrix in network.weights]
    for layer, neuron in sites:
        weights[layer][:, neuron] = 0.0
    return Network.from_arrays(
        weights,
        network.biases,
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=network.negative_slope,
    )


def rounds_alike_under_knockouts(population: Population) -> NDArray[np.bool_]:
    """``[circuits]``: completeness as the prototype had it: equal rounded outputs, so −1 and 2 are not alike."""
    network, rows, absent = population.question.cut, population.question.clean_rows, population.question.absent
    sites = [(layer, n) for layer, width in enumerate(network.hidden_sizes, start=1) for n in range(width)]
    keep = keep_matrices(population.items, population.question.layout)
    alike = np.ones(len(population), dtype=bool)
    for number in range(1, 2 ** len(sites)):
        broken = knocked_out(network, [site for k, site in enumerate(sites) if number >> k & 1])
        damaged = batch_activations(broken, keep, rows, absent)[-1][:, 0]
        alike &= (np.round(damaged) == np.round(forward(broken, rows)[:, 0])).all(axis=1)
    return alike


_OF_ONE_CIRCUIT: Final = {"grid": agrees_on_grid, "knock-outs rounded": rounds_alike_under_knockouts}


# ---- interpretations -------------------------------------------------------------------------------------------------


def interpretation_figures(whole: Population) -> Figures:
    """All interpretations of all circuits, and how many survive, in both families; exact, never listed."""
    members = ~all_active(whole)
    steps, unknown = parse_steps(INTERPRETATION_KEYS), [0] * len(whole)
    counting = CountingReadings(ask(whole.question.cut, data=whole.question.data), whole.items, unknown, unknown, steps)
    counting.advance(DEFAULT_WORK)
    found = {step.key: readings for step, readings in counting.found().items()}
    figures: Figures = {}
    for family in FAMILIES:
        for key, readings in found.items():
            inside = [one for one, member in zip(readings, members, strict=True) if member or family == "complete"]
            figures[f"{family} interpretations"] = sum(reading.total for reading in inside)
            tally = tally_of_readings(inside)
            figures[f"{family} {key}"] = tally.passed
            figures["undecided interpretations"] = figures.get("undecided interpretations", 0) + tally.undecided
    return figures


# ---- alignments ------------------------------------------------------------------------------------------------------


def alignment_figures(network: Network, task: Task, data: DataRecord) -> Figures:
    """Alignments of the irredundant algorithms ("few") and of all candidates ("every"), in one and both directions."""
    every = candidate_algorithms(task, COMPLETE, network.n_hidden_layers)
    irredundant = tuple(a for a in every.algorithms if irredundancy(a)["irredundant-literals"])
    few = Candidates(irredundant, len(irredundant))
    figures: Figures = {"alignments beyond the limit": 0}
    for name, candidates in (("few", few), ("every", every)):
        for rules in (_ONE, COMPLETE):
            search = search_alignments(
                ask(network, protocol=rules.model_copy(update={"n_near_misses": 0}), data=data), candidates
            )
            population = Population("alignment", ask(network, protocol=rules, data=data), valid_alignments(search))
            figures |= _aligned(f"{name} {rules.interchange_pairs}", population, search.n_aligned)
            figures["alignments beyond the limit"] += search.n_valid_alignments - len(population)
    return figures


def _aligned(name: str, population: Population, n_algorithms: int) -> Figures:
    def passing(key: str) -> NDArray[np.bool_]:
        return criterion_named(key).judge(population).passed

    minimal, joint, causal = passing("minimal-alignment"), passing("joint-interchange"), passing("causal-order")
    figures = {
        f"{name} algorithms": n_algorithms,
        f"{name} alignments": len(population),
        f"{name} minimal": int(minimal.sum()),
        f"{name} joint": int(joint.sum()),
        f"{name} minimal joint": int((minimal & joint).sum()),
        f"{name} causal": int(causal.sum()),
    }
    if name == "few ordered":
        chance = passing("above-random")
        figures |= {
            f"{name} above-random": int(chance.sum()),
            f"{name} all": int((minimal & joint & causal & chance).sum()),
        }
    return figures
