"""Live spaces of heads and MLPs against golden values, and what is refused."""

import copy
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import pluriscope
from plugins.live.tests.small_models import Llama, golden
from pluriscope.analysis.errors import AnalysisError
from pluriscope_live import listing


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
    (tmp_path / "list").write_text("[1]\n")
    for other in ("list", ""):
        with pytest.raises(AnalysisError, match="is no file of the format"):
            pluriscope.explain(space_of(llama, setting, file=tmp_path / other))


@pytest.mark.parametrize(("criterion", "threshold"), [("decisions", 0.7), ("kl", 0.01)])
def test_results_are_of_what_is_computed(tmp_path, criterion, threshold):
    """Parameters that another function uses are another model; and so is one that changed after its space was made."""

    class Net(nn.Module):
        def __init__(self, function):
            super().__init__()
            torch.manual_seed(5)
            self.up, self.down, self.function = nn.Linear(3, 4), nn.Linear(4, 2, bias=False), function

        def forward(self, x):
            return self.down(self.function(self.up(x)))

    def space(model, **more):
        return pluriscope.space(
            model, data=rows, units=units, criterion=criterion, threshold=threshold, output_is="classes", **more
        )

    torch.manual_seed(0)
    file, rows, units = tmp_path / "found.jsonl", 3 * torch.randn(10, 3), [f"up[{unit}]" for unit in range(4)]
    relu, tanh = Net(torch.relu), Net(torch.tanh)
    pluriscope.explain(space(relu, file=file))
    with pytest.raises(AnalysisError, match="computes something else from the same parameters"):
        pluriscope.explain(space(tanh, file=file))
    with pytest.raises(AnalysisError, match="computes something else than the space's model"):
        space(relu).circuit(1).hooks(tanh).__enter__()
    for ask in (pluriscope.explain, pluriscope.rivals):
        changed = Net(torch.relu)
        of = space(changed)
        changed.function = torch.tanh
        with pytest.raises(AnalysisError, match="Make the space anew"):
            ask(of)
    beside = space(relu, file=file, batch=3)  # what runs at once rounds otherwise
    assert pluriscope.explain(beside).numbers.tolist() == pluriscope.explain(space(relu)).numbers.tolist()


def test_time_that_is_up_and_a_later_run(llama, tmp_path, monkeypatch):
    setting, file = llama[1]["settings"][4], tmp_path / "found.jsonl"
    monkeypatch.setattr(listing, "_BLOCK", 100)
    space = space_of(llama, setting, file=file)
    valid = space.valid
    space.valid = lambda masks: (time.sleep(0.6), valid(masks))[1]
    part = pluriscope.explain(space, seconds=0.5)
    assert part.tested == 100
    assert part.counts["valid circuits"].bound == "at_least"
    with pytest.raises(AnalysisError, match="is not known"):
        _ = part.indispensable
    found = pluriscope.explain(space_of(llama, setting, file=file))
    assert (found.complete, len(found.circuits)) == (True, 136)
    assert len(file.read_text().splitlines()) == 12


def test_inert_units_are_named(llama):
    model, known = llama
    model = copy.deepcopy(model)
    model.model.layers[1].self_attn.o_proj.weight.data[:, 8:16] = 0
    space = pluriscope.space(model, data=known["rows"], units="heads")
    assert space.inert == ("1.1",)


ROWS = [[0, 1, 8, 0], [0, 2, 8, 0]]


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("does not exist", {"units": ["0.7"]}),
        ("does not exist", {"units": ["model.layers.0.mlp[4:4]"]}),
        ("beyond its 32 numbers", {"units": ["model.layers.0.mlp[30:33]"]}),
        ("one that is not finite: 0.1", {"units": {"0.1": float("nan"), "0.2": 1.0}, "top": 1}),
        ("units: are none", {"units": {"edges": {}}}),
        ("has 4 parts", {"held_out": (ROWS, [1, 2], ROWS, ROWS)}),
        ("is given twice", {"units": ["0.1", "0.1"]}),
        ("has numbers in common", {"units": ["0.1", "0"]}),
        ("another shape", {"ablation": "mean", "counterfactual": [[0, 1, 8]]}),
        ("is not given", {"ablation": "resample"}),
        ("is not given", {"criterion": "kl"}),
        ("missed by the whole", {"task": [3, 4]}),
        ("3 answers for 2 rows", {"task": [1, 2, 3]}),
        ("answers of 1 and 2 parts", {"task": [1, (2, 3)]}),
        ("0.5 is no whole number", {"task": [1, 0.5]}),
        ("no tokenizer", {"data": ["0 1", "0 2"]}),
        ("'a b' is 2 tokens", {"task": ["a b", "a"], "tokenizer": str.split}),
        ("is missed by", {"criterion": "logit-difference", "threshold": 2}),
        ("at most 1", {"criterion": "logit-difference", "threshold": 1.5, "two_sided": True}),
        ("'zero', 'mean' or 'resample'", {"ablation": "noise"}),
        ("9 outputs", {"task": [1, 9]}),
        ("no counterfactual rows", {"ablation": "resample", "counterfactual": ROWS, "held_out": (ROWS, [1, 2])}),
        ("row 1: is nothing but padding", {"data": {"input_ids": ROWS, "attention_mask": [[1] * 4, [0] * 4]}}),
        ("no rows", {"data": torch.zeros(0, 4)}),
        ("'kept' or 'ablated'", {"rest": "cut"}),
        ("greater than or equal to 1", {"batch": 0}),
        ("has no answers", {"held_out": ROWS}),
        ("labels for 2 rows", {"groups": ["a"]}),
    ],
)
def test_refusals(llama, words, options):
    given = {"task": [1, 2], "data": ROWS} | options
    with pytest.raises(AnalysisError, match=words):
        pluriscope.space(llama[0], **given)


def test_texts_of_several_lengths(llama):
    model, _ = llama
    texts = ["0 1 8 0", "8 0 2 8 0", "0 3 8 0"]

    def tokens(text):
        return [int(one) for one in text.split()]

    rules = {"units": "heads+mlps", "criterion": "kl", "threshold": 9, "tokenizer": tokens}
    masks = [5, 511, 1000]
    space = pluriscope.space(model, ["1", "2", "3"], texts, **rules)
    assert space.rows.answers.tolist() == [1, 2, 3]
    for number, text in enumerate(texts):
        alone = pluriscope.space(model, [str(number + 1)], [text], **rules)
        torch.testing.assert_close(space.run(masks)[:, number], alone.run(masks)[:, 0], atol=2e-5, rtol=0)


def test_means_count_positions_from_the_right(llama):
    model, _ = llama
    rows = [[0, 1, 8, 0], [8, 0, 2, 8, 0], [3, 8, 0]]
    space = pluriscope.space(model, data=rows, units=["0.mlp"], ablation="mean")
    seen = []
    hook = model.model.layers[0].mlp.register_forward_hook(lambda _module, _args, result: seen.append(result[0]))
    for row in rows:
        model(torch.tensor([row]))
    hook.remove()
    (absent,) = space._absent["rows"][0].values()
    last = torch.stack([one[-1] for one in seen]).mean(0)
    first = seen[1][0]
    torch.testing.assert_close(absent[0, 3], last, atol=1e-5, rtol=0)
    torch.testing.assert_close(absent[2, 2], last, atol=1e-5, rtol=0)
    torch.testing.assert_close(absent[1, 0], first, atol=1e-5, rtol=0)
    torch.testing.assert_close(absent[0, 0], (seen[0][0] + seen[1][1]) / 2, atol=1e-5, rtol=0)
    # rows held out carry the same means, whatever their length
    space = pluriscope.space(model, data=rows, held_out=[[1, 2, 3]] * 2, units=["0.mlp"], ablation="mean")
    (carried,) = space._absent["held-out"][0].values()
    torch.testing.assert_close(carried, absent[2:, :3].expand(2, 3, 32), atol=1e-5, rtol=0)
    assert space.judge([0], rows="held-out").valid.shape == (1,)


class Bag(nn.Module):
    """The mean of what tokens are so far; padding is left out, wherever it is."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.emb, self.a, self.out = nn.Embedding(9, 6), nn.Linear(6, 6), nn.Linear(6, 5, bias=False)

    def forward(self, input_ids, attention_mask):
        some = torch.tanh(self.a(self.emb(input_ids))) * attention_mask[..., None]
        return self.out(some.cumsum(1) / attention_mask.cumsum(1).clamp(min=1)[..., None])


@pytest.mark.parametrize("side", ["left", "right", "both", "lists"])
def test_padding_reaches_means_answers_and_shares(side):
    model, rows = Bag(), [[3], [4, 1], [7, 8, 2], [5, 1, 6, 2]]
    left = {"left": 4, "right": 0, "both": 2}.get(side)
    if left is None:
        data = rows
    else:
        data = {name: torch.zeros(4, 8, dtype=torch.long) for name in ("input_ids", "attention_mask")}
        for number, row in enumerate(rows):
            start = left and left + (4 - len(row)) // (3 - left // 2)
            data["input_ids"][number, start : start + len(row)] = torch.tensor(row)
            data["attention_mask"][number, start : start + len(row)] = 1
    space = pluriscope.space(model, data=data, units=[f"a[{one}]" for one in range(6)], ablation="mean")
    with torch.no_grad():
        own = [model.a(model.emb(torch.tensor(row))) for row in rows]
        means = [torch.stack([one[-1 - at] for one in own if len(one) > at]).mean(0) for at in range(4)]
        absent = [torch.stack([means[len(row) - 1 - at] for at in range(len(row))]) for row in rows]
        expected = torch.stack([model.out(torch.tanh(one).mean(0)) for one in absent])
        torch.testing.assert_close(space.run([0])[0], expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(space.whole_logits, torch.stack([model.out(torch.tanh(one).mean(0)) for one in own]))
        # of a dictionary that gives half of each value, padding would change what is left of the variance
        half = SimpleNamespace(encode=lambda value: value, decode=lambda value: value / 2)
        some = pluriscope.space(model, data=data, units=["a/0"], dictionary={"a": half}, batch=3)
        every = torch.cat(own)
        left_over = (every / 2).square().sum() / (every - every.mean(0)).square().sum()
        assert some.explained["a"] == pytest.approx(float(1 - left_over), abs=1e-6)
    if side != "lists":
        turned = {name: one.flip(1) for name, one in data.items()}
        with pytest.raises(AnalysisError, match="rows of other lengths"):
            pluriscope.space(model, data=data, counterfactual=turned, units=["a"], ablation="resample")


def test_held_out_rows_and_pairs_of_answers(llama):
    model, known = llama
    rows, answers = known["rows"], known["answers"]
    pairs = [(one, (one + 1) % 8) for one in answers]
    space = pluriscope.space(model, pairs[:20], rows[:20], held_out=(rows[20:], pairs[20:]), threshold=0.5)
    circuit = space.circuit(87 | 32)
    logits = space.run([119], rows="held-out")[0]
    right = [logits[row, good] > logits[row, bad] for row, (good, bad) in enumerate(pairs[20:])]
    assert circuit.held_out == sum(map(bool, right)) / 36
    space = pluriscope.space(model, lambda row: answers[rows.index(row)], rows[:20], held_out=rows[20:])
    assert space.held_out.answers.tolist() == answers[20:]


def test_model_that_is_not_deterministic_is_refused():
    class Noisy(Llama):
        def forward(self, input_ids, attention_mask=None):
            return super().forward(input_ids) + torch.rand(1)

    with pytest.raises(AnalysisError, match="answers differently when run twice"):
        pluriscope.space(Noisy(), data=ROWS)


def test_model_that_looks_at_a_batch_as_a_whole_is_refused():
    class Crowded(Llama):
        def forward(self, input_ids, attention_mask=None):
            return super().forward(input_ids) * len(input_ids)

    with pytest.raises(AnalysisError, match="other rows run beside"):
        pluriscope.space(Crowded(), data=ROWS)


@pytest.mark.parametrize("units", ["heads+mlps", "edges"])
def test_a_model_runs_in_its_own_precision(llama, units):
    model, known = llama
    half = copy.deepcopy(model).bfloat16()
    some = {"data": known["rows"], "units": units, "ablation": "mean", "criterion": "kl", "threshold": 9}
    space, exact = pluriscope.space(half, **some), pluriscope.space(model, **some)
    logits = space.run([5, 1000, 123])
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float(), exact.run([5, 1000, 123]), atol=0.5, rtol=0.1)


def test_masks_of_another_model_are_refused(llama):
    space = space_of(llama, llama[1]["settings"][0])
    with pytest.raises(AnalysisError, match="same shape and other parameters"), space.circuit(3).hooks(Llama()):
        pass
    with pytest.raises(AnalysisError, match="beyond the 8 units"):
        space.judge([256])
    with pytest.raises(AnalysisError, match="is not one of this space"):
        space.circuit(["2.0"])
    with pytest.raises(AnalysisError, match="other numbers than 0 and 1"):
        space.run(torch.full((1, 8), 0.5))
    for masks in ([[True] * 7], np.ones((1, 9), bool), torch.ones(2, 3), 3):
        with pytest.raises(AnalysisError, match="have the shape"):
            space.run(masks)
