"""Who is fooled by what: what is used by a plain program, and what each claims of networks whose mechanism is known."""

from __future__ import annotations

from importlib import resources
from itertools import product

import pytest

from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.questions.protocol import PAPER
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app import bundled
from pluriscope_methods.lenses.frameworks import FRAMEWORKS
from tests.golden_files import golden_network
from tests.oracles.brute_force_circuits import bent, boolean_rows

CIRCUITS = "A smallest circuit", "Every valid circuit"
FOOLED = {
    "wrong-lesson": ({"A"}, {"n1.2"}, {"n1.0", "n1.1"}, (set(), set()), (set(), set())),
    "right-lesson": ({"B", "C"}, {"n1.3"}, set(), (set(), set()), (set(), set())),
    "half-a-lesson": (set(), {"n1.0", "n1.1"}, set(), (set(), {"n1.3"}), (set(), {"n1.3"})),
    "xor-pretrained": (set(), {"n1.2", "n2.2"}, set(), ({"n1.2"}, {"n2.1"}), (set(), {"n2.1"})),
    "alice-and-bob": (set(), set(), {"n1.2"}, (set(), set()), (set(), set())),
    "and-3-3": (set(), {"n1.1", "n2.0", "n2.1"}, set(), (set(), {"n1.0"}), (set(), {"n1.0"})),
}
"""Network → inputs that Shapley values and LIME claim and that are not used; neurons that probes claim so, and miss;
of a smallest circuit and of all circuits what is claimed so and what is missed.
"""


def question_of(slug):
    file = parse_network_file((resources.files(bundled) / f"{slug}.json").read_bytes())
    return ask(file.network, task=file.tasks[0])


def outputs(network, row, site=None, value=0.0):
    """Activations by layer in plain arithmetic, one neuron set to a value."""
    layers = [list(row)]
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        kind = network.output_activation if layer == len(network.weights) else network.activation
        sums = [
            b + sum(w * x for w, x in zip(one, layers[-1], strict=True)) for one, b in zip(weights, biases, strict=True)
        ]
        values = [bent(float(one), kind, network.negative_slope) for one in sums]
        layers.append([value if (layer, at) == site else one for at, one in enumerate(values)])
    return layers


@pytest.mark.parametrize("slug", FOOLED)
def test_what_is_claimed_stands_beside_what_a_plain_program_finds_used(slug):
    question = question_of(slug)
    network, rows = question.network, boolean_rows(question.network.n_inputs)
    seen = FRAMEWORKS.look(question, FRAMEWORKS.defaults, DEFAULT_WORK)
    given = {tuple(row): outputs(network, row)[-1][0] > 0.5 for row in rows}
    used = {"ABC"[at]: any(given[row] != given[(*row[:at], 1 - row[at], *row[at + 1 :])] for row in given)
            for at in range(network.n_inputs)}  # fmt: skip
    for layer, size in enumerate(network.hidden_sizes, start=1):
        for at in range(size):
            values = [0.0, *(outputs(network, row)[layer][at] for row in rows)]
            used[f"n{layer}.{at}"] = any(
                (outputs(network, row, (layer, at), value)[-1][0] > 0.5) != given[tuple(row)]
                for row, value in product(rows, values)
            )
    assert all(row["used"] == used[row["part"]] for row in seen.rows)
    wrong = {}
    for method in dict.fromkeys(row["method"] for row in seen.rows):
        some = [row for row in seen.rows if row["method"] == method]
        wrong[method] = [{row["part"] for row in some if row["claims"] is claims and row["used"] is not claims}
                         for claims in (True, False)]  # fmt: skip
    inputs, probes, missed, *circuits = FOOLED[slug]
    assert wrong["Shapley values"] == wrong["LIME"] == [inputs, set()]
    assert wrong["Probes"] == [probes, missed]
    assert [tuple(wrong[name]) for name in CIRCUITS] == circuits


def test_a_network_without_circuits_is_said_to_have_none():
    file = golden_network("xor_2-2")  # it needs all its neurons, which the authors' circuits never have
    asked = ask(file.network, task=file.tasks[0], protocol=PAPER)
    seen = FRAMEWORKS.look(asked, FRAMEWORKS.defaults, DEFAULT_WORK)
    assert (seen.rows, seen.notes) == ((), ("No circuit answers as the network does.",))


def test_its_sentence_names_who_is_fooled():
    question = question_of("right-lesson")
    said = FRAMEWORKS.says(question, FRAMEWORKS.look(question, FRAMEWORKS.defaults, DEFAULT_WORK))
    assert "LIME: B, C claimed and not used, nothing missed; Probes: n1.3 claimed" in said
