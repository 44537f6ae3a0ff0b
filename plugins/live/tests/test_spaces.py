"""Live spaces of heads and MLPs against golden values, and what is refused."""

import numpy as np
import pytest
import torch

import pluriscope
from plugins.live.tests.small_models import Llama, golden
from pluriscope.analysis.errors import AnalysisError


@pytest.fixture(scope="module")
def llama():
    return golden("llama-2x4-heads")


def space_of(llama, setting, **more):
    model, known = llama
    rest = {"cut": "ablated"}.get(setting["rest"], setting["rest"])
    same = {name: setting[name] for name in ("units", "ablation", "criterion", "threshold")}
    same |= {"rest": rest, "counterfactual": known["counterfactual"], **more}
    return pluriscope.space(model, task=known["answers"], data=known["rows"], **same)


@pytest.mark.parametrize("number", range(8))
def test_golden_settings(llama, number):
    setting = llama[1]["settings"][number]
    space = space_of(llama, setting)
    found = pluriscope.explain(space)
    assert (len(found.circuits), found.strict, found.lax) == tuple(
        setting[name] for name in ("valid", "valid_if_margins_below_1e_4_fail", "valid_if_they_pass")
    )
    assert sorted(found.smallest.numbers.tolist()) == setting["smallest_masks"]
    assert len(found.minimal) == setting["minimal"]
    assert found.smallest[0].size == setting["smallest"]
    assert list(found.indispensable) == setting["kept_by_all_valid"]
    assert list(found.fails_without) == setting["whole_minus_one_invalid"]
    assert sum(one.complement.valid[0] for one in found.circuits) == setting["valid_complement"]
    masks = setting["masks_with_verdicts"]
    verdicts = space.judge([one["mask"] for one in masks])
    assert verdicts.valid.tolist() == [one["valid"] for one in masks]
    np.testing.assert_allclose(verdicts.score, [one["score"] for one in masks], atol=2e-6)
    np.testing.assert_allclose(verdicts.least_gap, [one["least_gap"] for one in masks], atol=2e-5)


def test_model_is_left_as_it_was(llama):
    model, known = llama
    setting = known["settings"][0]
    before = model(torch.tensor(known["rows"]))
    model.train()
    space = space_of(llama, setting)
    with pytest.raises(RuntimeError), space.circuit(3).hooks():
        model(torch.zeros(1, 0, dtype=torch.long).float())
    assert model.training
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in model.modules())
    assert torch.equal(model.eval()(torch.tensor(known["rows"])), before)


def test_hooks_run_the_model_as_a_circuit(llama):
    model, known = llama
    space = space_of(llama, known["settings"][1])
    rows = torch.tensor(known["rows"])
    with space.circuit(151).hooks(model):
        logits = model(rows)[:, -1]
    assert torch.equal(logits, space.run([151])[0])
    with space.circuit(151).hooks(), pytest.raises(AnalysisError, match="runs as a circuit already"):
        space.run([1])


def test_circuit(llama):
    space = space_of(llama, llama[1]["settings"][0])
    circuit = space.circuit(["0.0", "0.1", "0.2", "1.0", "1.2"])
    assert (circuit.number, circuit.size, circuit.is_valid, circuit.spare) == (87, 5, True, ())
    assert space.circuit(255).spare == space.units
    assert circuit.faithfulness == 1.0


def test_derivatives_reach_gates(llama):
    space = space_of(llama, llama[1]["settings"][0])
    gates = torch.full((2, 8), 0.5, requires_grad=True)
    space.logits(gates, torch.arange(4)).sum().backward()
    assert gates.grad.abs().min() > 0


def test_results_in_a_file_go_on(llama, tmp_path):
    setting, file = llama[1]["settings"][4], tmp_path / "found.jsonl"
    whole = pluriscope.explain(space_of(llama, setting, file=file))
    with file.open("a") as torn:
        torn.write('{"kind": "block", "to":')
    again = space_of(llama, setting, file=file)
    again.valid = None  # nothing is run again
    assert pluriscope.explain(again).numbers.tolist() == whole.numbers.tolist()
    with pytest.raises(AnalysisError, match="another model"):
        pluriscope.explain(space_of(llama, llama[1]["settings"][0], file=file))


ROWS = [[0, 1, 8, 0], [0, 2, 8, 0]]


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("does not exist", {"units": ["0.7"]}),
        ("is given twice", {"units": ["0.1", "0.1"]}),
        ("has numbers in common", {"units": ["0.1", "0"]}),
        ("another shape", {"ablation": "resample", "counterfactual": [[0, 1, 8]] * 2}),
        ("is not given", {"ablation": "resample"}),
        ("is not given", {"criterion": "kl"}),
        ("missed by the whole", {"task": [3, 4]}),
        ("3 answers for 2 rows", {"task": [1, 2, 3]}),
        ("different lengths", {"data": [[0, 1], [0]]}),
        ("no rows", {"data": torch.zeros(0, 4)}),
        ("unknown", {"rest": "cut"}),
        ("labels for 2 rows", {"groups": ["a"]}),
    ],
)
def test_refusals(llama, words, options):
    given = {"task": [1, 2], "data": ROWS} | options
    with pytest.raises(AnalysisError, match=words):
        pluriscope.space(llama[0], **given)


def test_model_that_is_not_deterministic_is_refused():
    class Noisy(Llama):
        def forward(self, input_ids):
            return super().forward(input_ids) + torch.rand(1)

    with pytest.raises(AnalysisError, match="answers differently when run twice"):
        pluriscope.space(Noisy(), data=ROWS)


def test_masks_of_another_model_are_refused(llama):
    space = space_of(llama, llama[1]["settings"][0])
    with pytest.raises(AnalysisError, match="same shape and other parameters"), space.circuit(3).hooks(Llama()):
        pass
    with pytest.raises(AnalysisError, match="beyond the 8 units"):
        space.judge([256])
    with pytest.raises(AnalysisError, match="is not one of this space"):
        space.circuit(["2.0"])
