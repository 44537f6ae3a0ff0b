"""Criteria of ablation: whether a circuit still decides right, whatever its absent edges carry, and how far its output
moves.

An absent edge is one into an active neuron that the circuit does not keep; edges that leave an inactive neuron are
absent too. Active neurons keep their biases.

Sources: zero ablation is the validity test of Méloux et al. (ICLR 2025); mean and resample ablation are compared by
Miller et al. (2024), who show that circuits found under one kind often fail under another. One source for all absent
edges is also what Hadad et al. (2026) quantify over in their patching domain, here over the clean inputs and judged
against labels; causal scrubbing resamples node by node and is a criterion of its own. Faithfulness of the output is
Wang et al.'s (2023), here as a largest difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.criteria import circuits, cuts
from pluriscope.analysis.criteria.criterion import Criterion, Judge, Parameter, Settings
from pluriscope.analysis.criteria.population import Population, PopulationOf
from pluriscope.analysis.criteria.verdict import NOT_APPLICABLE, Verdicts, Witness, verdicts_of
from pluriscope.analysis.questions.decisions import decide
from pluriscope.analysis.subjects.perceptron.mlp import Ablation


def _valid_under(ablation: Ablation) -> Judge:
    """Make the judge of whether circuits are valid where missing edges carry what an ablation says."""

    def judge(population: Population, _: Settings) -> Verdicts:
        n_right, n_rows = circuits.n_right(population, ablation), len(population.question.judged[1])

        def explain(position: int) -> tuple[str, Witness]:
            wrong = _wrong_row(population.alone(position), population.question.carried(ablation))
            return f"With {ablation} ablation {n_right[position]} of {n_rows} rows are decided right.", wrong

        return verdicts_of(circuits.enough(population, n_right), explain, numerators=n_right, denominators=n_rows)

    return judge


def _wrong_row(alone: Population, absent: Sequence[NDArray[np.float64]]) -> dict[str, Any]:
    """The first judged row that the only circuit decides wrong, if there is one."""
    rows, labels = alone.question.judged
    outputs = circuits.outputs(alone, slice(0, 1), rows, absent)[0]
    wrong = np.flatnonzero(decide(outputs, alone.question.protocol.circuit_decision) != labels)
    if not len(wrong):
        return {}
    row = int(wrong[0])
    return {"input": rows[row].tolist(), "output": float(outputs[row]), "label": int(labels[row])}


def _valid_on_every_source(population: Population, _: Settings) -> Verdicts:
    by_source = circuits.n_right_by_source(population)
    n_right, n_pairs = by_source.sum(axis=1), by_source.shape[1] * len(population.question.judged[1])

    def explain(position: int) -> tuple[str, Witness]:
        reason = f"Of {n_pairs} pairs of a base and a source {n_right[position]} are decided right."
        for source in np.argsort(by_source[position], kind="stable").tolist():
            wrong = _wrong_row(population.alone(position), population.question.activations_on(source))
            if wrong:
                return reason, {**wrong, "source": population.question.clean_rows[source].tolist()}
        return reason, {}

    passed: NDArray[np.bool_] = np.all(circuits.enough(population, by_source), axis=1)
    return verdicts_of(passed, explain, numerators=n_right, denominators=n_pairs)


def _valid_under_all(population: PopulationOf[Any], _: Settings) -> Verdicts:
    asked = {"zero": ZERO_ABLATION, "mean": MEAN_ABLATION, "resample": RESAMPLE_ABLATION}
    verdicts = {kind: criterion.judge(population) for kind, criterion in asked.items()}
    n_passed = np.sum([one.passed for one in verdicts.values()], axis=0, dtype=np.int64)
    fails, unknown, beside = (
        np.any([one.having(outcome) for one in verdicts.values()], axis=0)
        for outcome in ("failed", "undecided", "not_applicable")
    )

    def explain(position: int) -> tuple[str, Witness]:
        failed = {kind: one for kind, one in verdicts.items() if one.having("failed")[position]}
        if failed:
            kind, first = next(iter(failed.items()))
            return f"Fails under {' and '.join(failed)} ablation.", {"ablation": kind, **first.at(position).witness}
        others = (one.at(position) for one in verdicts.values() if not one.passed[position])
        return next((one.reason for one in others), "Decides right under zero, mean and resample ablation."), {}

    found = verdicts_of(
        n_passed == len(asked), explain, numerators=n_passed, denominators=len(asked), undecided=unknown & ~fails
    )
    found.outcomes[beside & ~fails] = NOT_APPLICABLE
    return found


def _outputs_close(population: Population, settings: Settings) -> Verdicts:
    network = population.question.clean_activations[-1][:, 0]
    with np.errstate(invalid="ignore"):  # inf − inf where weights are huge: NaN, which is not close
        differences = np.abs(circuits.clean_outputs(population) - network)
    largest = differences.max(axis=1)

    def explain(position: int) -> tuple[str, Witness]:
        row = int(np.argmax(differences[position]))
        witness = {
            "input": population.question.clean_rows[row].tolist(),
            "circuit": float(circuits.clean_outputs(population)[position, row]),
            "network": float(network[row]),
        }
        return f"The outputs differ by up to {largest[position]:.3g} on the clean inputs.", witness

    return verdicts_of(largest <= settings["tolerance"], explain, scores=largest)


ZERO_ABLATION: Final = Criterion(
    key="zero-ablation",
    label="Zero ablation",
    definition="The circuit decides right when its absent edges carry 0.",
    formula="share of rows x with d(f_C(x; absent = 0)) = y(x)  >  threshold of the protocol",
    source="Méloux et al., ICLR 2025 (arXiv:2502.20914): validity of a circuit",
    judges={"circuit": _valid_under("zero"), "cut": cuts.once(cuts.valid_under("zero"))},
    direction="higher",
    score="share of rows decided right",
    term="ablation",
)
MEAN_ABLATION: Final = Criterion(
    key="mean-ablation",
    label="Mean ablation",
    definition="The circuit decides right when each absent edge carries its source neuron's mean activation "
    "in the full network over the clean inputs.",
    formula="share of rows x with d(f_C(x; absent from u = mean over D of h_u)) = y(x)  >  threshold",
    source="Wang et al., ICLR 2023 (arXiv:2211.00593); Miller et al., 2024 (arXiv:2407.08734)",
    judges={"circuit": _valid_under("mean"), "cut": cuts.once(cuts.valid_under("mean"))},
    direction="higher",
    score="share of rows decided right",
    term="ablation",
)
RESAMPLE_ABLATION: Final = Criterion(
    key="resample-ablation",
    label="Resample ablation",
    definition="The circuit decides right when all absent edges carry the full network's activations on one source, "
    "whichever clean input that is.",
    formula="for every s in D: share of rows b with d(f_C(b; absent from u = h_u(s))) = y(b)  >  threshold",
    source="Miller et al., 2024 (arXiv:2407.08734); the patching domain of Hadad, Katz and Bassan, ICLR 2026 "
    "(arXiv:2602.16823), judged against labels",
    judges={"circuit": _valid_on_every_source, "cut": cuts.once(cuts.valid_on_every_source)},
    of_models="Each edge left out carries what its source does in the whole model on one row of the task, position by "
    "position, whichever row that is.",
    direction="higher",
    score="share of pairs of base and source decided right",
)
ALL_ABLATIONS: Final = Criterion(
    key="all-ablations",
    label="All ablations",
    definition="The circuit passes zero, mean and resample ablation.",
    formula="zero-ablation and mean-ablation and resample-ablation",
    source="Miller et al., 2024 (arXiv:2407.08734): the kind of ablation defines the task",
    judges={"circuit": _valid_under_all, "cut": _valid_under_all},
    direction="higher",
    score="share of the three passed",
    term="ablation",
)
OUTPUT_FAITHFULNESS: Final = Criterion(
    key="output-faithfulness",
    label="Output faithfulness",
    definition="On no clean input does the circuit's output differ from the full network's by more than the tolerance.",
    formula="max over x in D of |f_C(x) − f(x)|  ≤  tolerance",
    source="after Wang et al., ICLR 2023 (arXiv:2211.00593), with the largest difference of outputs",
    judges={"circuit": _outputs_close, "cut": cuts.outputs_close},
    of_models="On no row of the task does any output of the circuit differ from the whole model's by more than the "
    "tolerance.",
    direction="lower",
    parameters=(Parameter("tolerance", 0.1, 0.0, 1e6, "largest difference of outputs allowed"),),
    score="largest difference of outputs",
    term="faithfulness",
)
