"""Calibration of numbers called guaranteed: the runs that ``docs/findings/calibration.design.json`` declares.

``python -m benchmarks.calibration FILE [PART]`` appends rows of all parts, or of one, to a file of JSON lines, going on
where it ends. A row is a network under one method: its intervals stand in ``lows`` and ``highs``, what they should hold
in ``exact``.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from math import ceil, floor
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Final

import numpy as np

from benchmarks.calibration_table import DESIGN, KINDS, Row
from pluriscope.analysis.circuit_sets.masks import find_masks
from pluriscope.analysis.circuit_sets.strata import count_by_strata
from pluriscope.analysis.circuits.counting import count_circuits
from pluriscope.analysis.circuits.estimating import estimate_circuits
from pluriscope.analysis.circuits.space import count_in_space
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.questions.protocol import COMPLETE, Protocol
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope.analysis.subjects.perceptron.training import train_networks
from pluriscope.analysis.subjects.perceptron.training_spec import TrainingSpec
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.subjects.transformer.model import AttentionModel
from pluriscope.analysis.subjects.transformer.training import train_attention
from pluriscope.analysis.subjects.transformer.training_spec import attention_spec
from pluriscope_large.formulas.encoding import encode
from pluriscope_large.formulas.hashing import bracket, hash_count
from pluriscope_large.formulas.rounding import rounded

_MEAN: Final = Protocol(name="mean", ablation="mean")


def trained(number: int, shape: list[int], activation: str, protocol: Protocol = COMPLETE) -> Question | None:
    """A perceptron that learned a truth table drawn by its number, or as much as it could; None if it diverged."""
    n_rows = 2 ** shape[0]
    text = f"{random.Random(number).randrange(1, 2**n_rows - 1):0{n_rows}b}"  # noqa: S311
    given = {"n_inputs": shape[0], "tasks": (text,), "hidden": tuple(shape[1:-1]), "seed": number}
    (outcome,) = train_networks([TrainingSpec(**given, activation=activation, output_activation="linear")])
    return outcome.network and ask(outcome.network, task=outcome.spec.resolved_tasks()[0], protocol=protocol)


def perceptron(number: int) -> Question | None:
    """The network of a number from 0."""
    cells, activations = [*product(DESIGN["small"], DESIGN["activations"])], DESIGN["activations"]
    turn, cell = divmod(number, len(cells) + 1)
    cells.append((DESIGN["large"][turn % 4], activations[turn % 4]))
    return trained(number, *cells[cell], (COMPLETE, _MEAN)[turn % 2])


def copied(network: Network, times: int, kind: str) -> Network:
    """A network with each hidden neuron so many times."""
    weights, biases, last = [], [], len(network.weights) - 1
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        read, made = (times if layer else 1), (times if layer < last else 1)
        weight = np.repeat(weight, read, axis=1) / (read if kind == "shared" else 1)
        weights.append(np.repeat(weight, made, axis=0))
        biases.append(np.repeat(bias, made))
    functions = {"activation": network.activation, "output_activation": network.output_activation}
    return Network.from_arrays(weights, biases, **functions, negative_slope=network.negative_slope)


def copied_heads(model: AttentionModel, kind: str) -> AttentionModel:
    """A transformer with each head twice."""
    layers = [[np.repeat(array, 2, axis=0) for array in layer] for layer in model.layers]
    halved = [(*read, output / (2 if kind == "shared" else 1)) for *read, output in layers]
    return replace(model, layers=tuple(halved))


def hashed(question: Question, seed: int, bits: int = DESIGN["bits"], kind: str = "") -> Row:
    """Count a rounded network by hashing, beside its exact number."""
    exact, factor, began = count_circuits(rounded(question, bits)).count, 1 + DESIGN["epsilon"], _seconds()
    formula = encode(question, bits, "rounded")
    found = hash_count(formula, epsilon=DESIGN["epsilon"], delta=DESIGN["delta"], seed=seed).count
    ends = [(ceil(found / factor), floor(found * factor))]
    more = {"kind": kind, "bits": bits, "estimate": found}
    return _perceptron_row("hashing", question, exact) | more | _ends(ends, 1 - DESIGN["delta"], began)


def sampled(question: Question, kind: str = "") -> Row:
    """Five samples of uniform draws."""
    exact, began, confidence = count_circuits(question).count, _seconds(), DESIGN["confidence"]
    asked = partial(estimate_circuits, question, n_samples=DESIGN["samples"], n_draws=1, confidence=confidence)
    ends = _ends([asked(seed=seed).interval for seed in range(5)], confidence, began)
    return _perceptron_row("uniform", question, exact) | {"kind": kind} | ends


def bracketed(question: Question, seed: int) -> Row:
    """The interval that people are shown."""
    exact, began = count_circuits(question).count, _seconds()
    found = bracket(question, seed=seed)
    ends = _ends([found.interval], found.confidence, began)
    return _perceptron_row("bracket", question, exact) | {"bits": found.bits} | ends


def stratified(model: AttentionModel, kind: str) -> Row:
    """Three counts by strata, and the exact number by search."""
    question = GraphQuestion(TRANSFORMER, model, TRANSFORMER.rules("qkv"))
    exact, began, confidence = find_masks(question, limit=1).n_valid, _seconds(), DESIGN["confidence"]
    found = [count_by_strata(question, most=DESIGN["draws"], confidence=confidence, seed=seed) for seed in range(3)]
    of = {"shape": f"2x{model.n_heads}", "task": model.task, "ablation": "zero", "edges": question.graph.n_bits}
    of |= {"method": "strata", "network": model.digest[:16], "rows": question.n_rows, "kind": kind}
    ends = _ends([(one.low, one.high) for one in found], confidence, began)
    return of | {"possible": question.space.possible, "exact": exact} | ends


def _perceptron_row(method: str, question: Question, exact: int) -> Row:
    network, protocol = question.network, question.protocol
    of = {"method": method, "network": network.digest[:16], "shape": "-".join(map(str, network.sizes)), "kind": ""}
    of |= {"activation": network.activation, "task": "".join(map(str, question.task.truth_table))}
    of |= {"ablation": protocol.ablation, "edges": question.layout.n_edges, "rows": question.n_rows}
    return of | {"possible": count_in_space(network.sizes, protocol), "exact": exact}


def _ends(found: list[tuple[int, int]], confidence: float, began: float) -> Row:
    lows, highs = map(list, zip(*found, strict=True))
    return {"lows": lows, "highs": highs, "confidence": confidence, "seconds": _seconds() - began}


def _seconds() -> float:
    """Seconds of processors, those of processes that ended included."""
    return sum(one.ru_utime + one.ru_stime for one in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN)))


def units() -> Iterator[tuple[str, int, Callable[[], Iterable[Row]]]]:
    """Part, number and what makes its rows, in the order of the design."""
    first = range(DESIGN["hashed"])
    yield from (("hashing", n, partial(_each, n, partial(hashed, seed=n))) for n in first)
    models = enumerate(product(DESIGN["tasks"], range(9)))
    yield from (("transformers", n, partial(_models, *of, 2, ("",))) for n, of in models)
    bases = enumerate(product(DESIGN["bases"], DESIGN["activations"][:2], range(2)), start=1_000)
    yield from (("stress", n, partial(_copies, n, *base, activation)) for n, (base, activation, _) in bases)
    yield from (("stress", n, partial(_models, task, 0, 1, KINDS)) for n, task in enumerate(DESIGN["tasks"], 2_000))
    yield from (("intervals", n, partial(_each, n, sampled)) for n in range(DESIGN["sampled"]))
    for n in range(21):
        yield "bits", n, partial(_each, n, *(partial(hashed, seed=n, bits=bits) for bits in (4, 8)))
    yield from (("brackets", n, partial(_each, n, partial(bracketed, seed=n))) for n in first)


def _each(number: int, *asked: Callable[[Question], Row]) -> Iterator[Row]:
    question = perceptron(number)
    yield from (one(question) for one in asked) if question else [{"state": "diverged"}]


def _copies(number: int, shape: list[int], times: int, activation: str) -> Iterator[Row]:
    base = trained(number, shape, activation)
    for kind in KINDS if base else ():
        question = replace(base, subject=copied(base.subject, times, kind))
        yield from (hashed(question, number, kind=kind), sampled(question, kind))


def _models(task: str, seed: int, heads: int, kinds: Iterable[str]) -> Iterator[Row]:
    outcome = train_attention(attention_spec({"task": task, "seed": seed, "heads": heads, "steps": 1_000}))
    for kind in kinds:
        made = copied_heads(outcome.model, kind) if kind else outcome.model
        yield stratified(made, kind) if outcome.converged else {"state": outcome.words}


def run(path: Path, *parts: str) -> None:
    """Append the rows of units that are not in the file yet, for as long as the design allows."""
    done = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    spent, known = sum(one["spent"] for one in done), {(one["part"], one["number"]) for one in done}
    with path.open("a") as file:
        for part, number, make in units():
            if (part, number) in known or (parts and part not in parts) or spent > 60 * DESIGN["minutes"]:
                continue
            began = _seconds()
            try:
                rows = [*make()]
            except BeyondLimits as refused:
                rows = [{"state": str(refused)}]
            spent += (took := _seconds() - began)
            file.write(json.dumps({"part": part, "number": number, "spent": took, "rows": rows}) + "\n")
            file.flush()


if __name__ == "__main__":
    run(Path(sys.argv[1]), *sys.argv[2:])
