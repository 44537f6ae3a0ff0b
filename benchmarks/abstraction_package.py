"""``python -m benchmarks.abstraction_package FOLDER``: what the package causal-abstraction-eval says of placements.

It runs in an environment of its own in FOLDER, which is made if it is not there, and is given the placements of bundled
networks that the search keeps, wrong ones among them. What it says goes to ``tests/golden/abstraction.json``: its IIA
(there an error: the mean over inputs and variables of the share of interchanges that are predicted wrongly) of pairs of
inputs that it draws, and of each pair once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

ROOT: Final = Path(__file__).resolve().parents[1]
GOLDEN: Final = ROOT / "tests" / "golden" / "abstraction.json"
PACKAGE: Final = "causal_abstraction_eval==1.1.0"
NETWORKS: Final = ("xor-pretrained", "and-3-3")  # leaky ReLU of slope .01, which changes no decision of the output
N_CASES: Final = 6
PAIRS: Final = 2_000


def cases() -> list[dict[str, Any]]:
    """Placements of bundled networks, as many wrong as right ones, each with what the package has to know."""
    from analysis.algorithms.candidates import candidate_algorithms
    from analysis.alignments.search import search_alignments
    from analysis.protocol import COMPLETE
    from analysis.question import ask
    from app.bundled import bundled_networks

    found = []
    for file in (one.file for one in bundled_networks() if one.slug in NETWORKS):
        rules = COMPLETE.model_copy(update={"name": "shallow", "max_depth": 2, "n_near_misses": N_CASES})
        question = ask(file.network, task=file.tasks[0], protocol=rules)
        candidates = candidate_algorithms(question.task, rules, len(file.network.hidden_sizes))
        kept = search_alignments(question, candidates).algorithms
        pairs = [(one.algorithm, scored) for one in kept for scored in one.alignments if scored.alignment.places]
        right, wrong = ([pair for pair in pairs if pair[1].valid is valid] for valid in (True, False))
        for algorithm, scored in [*right[: N_CASES // 2], *wrong[: N_CASES // 2]]:
            found.append(
                {
                    "network": next(one.slug for one in bundled_networks() if one.file is file),
                    "weights": [one.tolist() for one in file.network.weights],
                    "biases": [one.tolist() for one in file.network.biases],
                    "algorithm": algorithm.text,
                    "alignment": scored.alignment.id,
                    "places": [[path, site.layer, list(site.neurons)] for path, site in scored.alignment.places],
                    "equations": equations(algorithm),
                }
            )
    return found


def equations(algorithm: Any) -> list[list[Any]]:
    """Each variable and at last the output: its path, the variables below it, and its value for each of theirs."""
    paths = sorted((one.path for one in algorithm.variables), key=len, reverse=True)
    full, told = (1 << (1 << algorithm.n_inputs)) - 1, []
    for path in [*paths, ""]:
        below = [one for one in paths if one != path and one.startswith(path)]
        values = product((0, 1), repeat=len(below))
        tables = [
            algorithm.output_given({b: full * v for b, v in zip(below, one, strict=True)}, path) for one in values
        ]
        told.append([path, below, tables])
    return told


# --- in the environment of the package


def said(case: dict[str, Any]) -> dict[str, Any]:
    """What the package says of one placement."""
    import causal_abstraction as ca

    weights, biases = ([np.array(one) for one in case[key]] for key in ("weights", "biases"))
    n_inputs, shapes = weights[0].shape[1], [weights[0].shape[1], *map(len, weights)]
    rows = np.array(list(product((0.0, 1.0), repeat=n_inputs)))

    class Model(ca.LowLevelModel):
        def forward_with_interventions(self, _, interventions: Any) -> Any:
            given = {key: np.asarray(value, dtype=float).reshape(-1, 1) for key, value in interventions.items()}
            n = max([len(value) for value in given.values()], default=1)
            layer, values = np.zeros((n, n_inputs)), {}
            for at, size in enumerate(shapes):
                if at:
                    layer = layer @ weights[at - 1].T + biases[at - 1]
                    layer = np.where(layer > 0, layer, 0.01 * layer) if at < len(weights) else layer
                layer = layer.copy()
                for neuron in range(size):
                    if (name := f"{at}.{neuron}") in given:
                        layer[:, neuron : neuron + 1] = given[name]
                    values[name] = layer[:, neuron : neuron + 1]
            return ca.SystemState(values)

    clean = Model().forward_with_interventions(None, {f"0.{i}": rows[:, i] for i in range(n_inputs)}).values
    cells = {f"x{i}": [f"0.{i}"] for i in range(n_inputs)}
    cells |= {f"v{path}": [f"{layer}.{neuron}" for neuron in neurons] for path, layer, neurons in case["places"]}
    cells["y"] = [f"{len(weights)}.0"]
    point, graph, specs = ca.RectSubspace, ca.CausalGraph(), {}
    for i in range(n_inputs):
        graph.add_variable(f"x{i}", lambda: 0)
        specs[f"x{i}"] = {value: point((value, value)) for value in (0, 1)}
    for path, below, tables in case["equations"]:
        parents = [f"x{i}" for i in range(n_inputs)] + [f"v{one}" for one in below]

        def value(*, below: Any = below, tables: Any = tables, **given: int) -> int:
            row = sum(given[f"x{i}"] << (n_inputs - 1 - i) for i in range(n_inputs))
            which = sum(given[f"v{one}"] << (len(below) - 1 - at) for at, one in enumerate(below))
            return tables[which] >> row & 1

        graph.add_variable(f"v{path}" if path else "y", value, parents=parents)
        if path:
            held = np.concatenate([clean[name] for name in cells[f"v{path}"]], axis=1)
            labels = np.array(
                [graph.predict({f"x{i}": int(row[i]) for i in range(n_inputs)})[f"v{path}"] for row in rows]
            )
            known = {label: {tuple(one) for one in held[labels == label].tolist()} for label in (0, 1)}
            union = {
                label: [point(*zip(one, one, strict=True)) for one in sorted(some)] for label, some in known.items()
            }
            specs[f"v{path}"] = {label: ca.UnionSubspace(*some) for label, some in union.items()}
    specs["y"] = {0: point((-np.inf, np.nextafter(0.5, 0))), 1: point((0.5, np.inf))}
    names = [f"{at}.{neuron}" for at, size in enumerate(shapes) for neuron in range(size)]
    mapped = {name for some in cells.values() for name in some}
    schema = ca.MicroVariableSchema([ca.Variable(name) for name in names])
    mapping = ca.CoarseGrainingMap(schema, cells, internal_variables=[*{*names} - mapped])
    values = ca.ValueMap(mapping, specs)
    config = ca.EvaluationConfig(metric="hard", seed=0)
    engine = ca.EvaluationEngine(graph, Model(), values, mapping, config)
    found = {"iia": engine.run_analytical_metrics([ca.IIAMetric()], n_samples=PAIRS)["IIAMetric"]}
    return found | {"each pair": of_every_pair(ca, engine, rows)}


def of_every_pair(ca: Any, engine: Any, rows: Any) -> float:
    """The IIA where draws of two inputs are each pair of them once."""
    drawn = iter([one for pair in product(rows, repeat=2) for one in pair])

    def each(_: Any, variables: Any, **__: Any) -> dict[str, Any]:
        row = next(drawn)
        return {
            one.name: {"labels": [int(value)], "micro_values": np.array([[value]])}
            for one, value in zip(variables, row, strict=True)
        }

    kept, ca.BottomUpSampler.sample_intervention = ca.BottomUpSampler.sample_intervention, each
    try:
        return float(engine.run_analytical_metrics([ca.IIAMetric()], n_samples=len(rows) ** 2)["IIAMetric"])
    finally:
        ca.BottomUpSampler.sample_intervention = kept


def main(folder: Path) -> None:
    """Make the environment and the cases, ask, and write what is said."""
    python = folder / "abstraction" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PACKAGE], check=True)
    given = cases()
    told = subprocess.run([python, "-P", __file__], input=json.dumps(given), capture_output=True, text=True, check=True)
    about = {"package": PACKAGE, "draws": PAIRS}
    kept = ("network", "algorithm", "alignment", "places")
    said_of = [{key: case[key] for key in kept} | one for case, one in zip(given, json.loads(told.stdout), strict=True)]
    GOLDEN.write_text(json.dumps({**about, "cases": said_of}) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        print(json.dumps([said(case) for case in json.load(sys.stdin)]))
