"""Rivals of a circuit: what searches find against the complete list, the published loss, refusals, stability."""

import numpy as np
import pytest
import torch
from torch import nn

import pluriscope
from plugins.live.tests.small_models import golden
from pluriscope.analysis.errors import AnalysisError
from pluriscope.errors import InvalidOption
from pluriscope_live import stability as stabilities
from pluriscope_live.attribution import attributed
from pluriscope_live.groups import Asked, Groups, attributions, by_rows, valid_on
from pluriscope_live.learned import Learned, drawn, kept
from pluriscope_live.rivals import nothing_spared, rivals
from pluriscope_live.searches import WAYS, Acdc, Start, by_use, deletion, jaccard, reduced, together
from pluriscope_live.stability import stability


@pytest.fixture(scope="module")
def llama():
    return golden("llama-2x4-heads")


def space_of(llama, **more):
    model, known = llama
    given = {"task": known["answers"], "data": known["rows"], "units": "heads+mlps", "ablation": "mean", **more}
    return pluriscope.space(model, **given)


@pytest.fixture(scope="module")
def listed(llama):
    """A space of which every mask was run, and what that found."""
    space = space_of(llama)
    return space, pluriscope.explain(space)


@pytest.mark.parametrize(
    "way", ["mixed", "deletion", "used first", "regrowth", "ACDC", "groups", Learned(steps=6, batch=8), Acdc(tau=1.0)]
)
def test_every_way_ends_with_circuits_of_which_nothing_can_be_spared(listed, way):
    space, every = listed
    found = rivals(space, way=way, searches=8)
    exist = {int(one) for one in nothing_spared(np.sort(every.numbers), space.n_units)}
    assert {one.number for one in found.found} <= exist
    assert all(one.spare == () and one.is_valid for one in found)
    assert set(every.indispensable) <= set(found.kept_by_all)
    dispensable = {name for name, n in every.use.items() if n < len(every.numbers)}
    assert set(found.dispensable) <= dispensable
    assert found.runs > 8


def test_nothing_spared_is_what_single_removals_say(listed):
    space, every = listed
    found = set(nothing_spared(np.sort(every.numbers), space.n_units).tolist())
    assert found == {one.number for one in every.circuits if one.spare == ()}


def test_the_same_seed_gives_the_same_and_another_one_others(listed):
    space, _ = listed
    again = space_of((space.model, {"answers": space.rows.answers, "rows": space.rows.inputs["input_ids"]}))
    first, second = (rivals(one, seed=3, searches=7) for one in (space, again))
    assert (first.attempts, first.rows(), first.overlaps) == (second.attempts, second.rows(), second.overlaps)
    assert (len(first.existing), second.existing) == (17, None)
    assert [one.circuit for one in rivals(again, seed=4, searches=7).attempts] != [
        one.circuit for one in first.attempts
    ]


def test_overlaps_are_counted_from_names_of_units(listed):
    found = rivals(listed[0], 3)
    assert len(found) == 3
    for row in found.overlaps:
        one, other = (found[int(number) - 1] for number in row["circuits"].split(" and "))
        shared, either = set(one.units) & set(other.units), set(one.units) | set(other.units)
        assert (row["shared"], row["Jaccard"]) == (len(shared), pytest.approx(len(shared) / len(either)))
        assert row["of the smaller"] == len(shared) / min(one.size, other.size)
        assert row["by chance"] == one.size * other.size / 10
    least = min(row["Jaccard"] for row in found.overlaps)
    assert least == pytest.approx(jaccard(np.array([one.bits for one in found.found])).min())
    assert [row["rest valid"] for row in found.rows()] == [bool(one.complement.valid[0]) for one in found]


def test_trust_is_that_of_the_same_way_with_the_nearest_number_of_searches(listed):
    found = rivals(listed[0], searches=21)
    assert [(row["searches"], row["networks"]) for row in found.trust] == [(20, 60)]
    found = rivals(listed[0], searches=6, way="regrowth").trust
    (row,) = found[:1]
    assert (row["searches"], row["networks"], row["with several circuits"]) == (5, 993, 570)
    assert "570 networks whose valid circuits are all known, 5 such searches came within 0.17" in found.caption
    assert row["least Jaccard above what exists"] == "0.17 (0.15 to 0.18)"
    assert {row["tau"] for row in rivals(listed[0], way=Acdc(0.2), searches=20).trust} == {0.01, 0.03, 0.1}
    assert "was not tried" in rivals(listed[0], way=lambda *asked: deletion(*asked), searches=2).trust.caption


def test_fewer_than_were_asked_for_is_an_answer(llama, listed):
    """With how many there are, where every mask was run; what was found is not lost."""
    found = rivals(listed[0], 50, searches=40)
    assert len(found) == len(found.found) > 5
    assert "50 were asked for; 17 exist." in found.verdict
    assert "9 were asked for; more searches may find more." in rivals(space_of(llama), 9, searches=10).verdict
    assert len(rivals(space_of(llama, units=["0.mlp", "1.mlp"]))) == 2  # of at most 5
    assert "least Jaccard" in repr(rivals(listed[0], 1, searches=5))


def test_the_only_circuit_has_no_rivals():
    rows = torch.linspace(-2, 2, 8)[:, None] * torch.tensor([[1.0, 0.0]])
    space = pluriscope.space(TwoWays(), data=rows, units=["up[0:2]", "up[2:4]"])
    words = "No rivals were found: 4 searches (18 runs) ended with one circuit of 1 of 2 units. 2 were asked for; more"
    found = rivals(space, 2, searches=4)
    assert found.verdict.startswith(words), found.verdict
    pluriscope.explain(space)
    found = rivals(space, 2, searches=4)
    words = (
        "No rivals: this is the only circuit of which nothing can be spared, with 1 of 2 units; all 4 masks were run. "
        f"Valid by {space.protocol}."
    )
    assert found.verdict == words
    assert (len(found), len(found.rows()), list(found.overlaps)) == (1, 1, [])


def test_refusals(llama, listed):
    for options, words in (
        ({"count": 0}, "equal to 1"),
        ({"count": 1.5}, "of type float"),
        ({"searches": 0}, "equal to 1"),
        ({"seed": -1}, "equal to 0"),
        ({"way": None}, "is None"),
        ({"way": "magic"}, "is unknown. Give 'mixed'"),
    ):
        with pytest.raises(InvalidOption, match=words):
            rivals(listed[0], **options)
    with pytest.raises(AnalysisError, match=r"is met without any unit, which has 0\.\d+"):
        rivals(space_of(llama, threshold=0.02))
    with pytest.raises(AnalysisError, match="is missed by the whole model"):
        space_of(llama, task=[(one + 1) % 9 for one in llama[1]["answers"]], units="heads")
    with pytest.raises(InvalidOption, match="of type int"):
        rivals(3)


def test_a_group_whose_rows_the_model_gets_wrong_is_refused():
    size = torch.linspace(-1.5, 1.6, 24)
    rows, answers = torch.stack([size, size], 1), (size > 0).int().tolist()
    answers[0] = 1
    units = [f"up[{k}]" for k in range(4)]
    space = pluriscope.space(TwoWays(), answers, rows, units=units, threshold=0.9, groups=np.arange(24) // 4)
    with pytest.raises(AnalysisError, match=r"group '0': is not valid by .* on its 4 rows"):
        rivals(space, way="groups")
    with pytest.raises(AnalysisError, match="none were found in"):
        rivals(space, seconds=1e-6)


def test_a_function_is_a_way(listed):
    asked = []

    def from_nothing(target, found, number, rng):
        asked.append((len(found), number))
        return Start(np.zeros(target.n_units, dtype=np.bool_), rng.permutation(target.n_units))

    found = rivals(listed[0], way=from_nothing, searches=4)
    assert asked == [(0, 0), (0, 1), (0, 2), (3, 3)]
    assert {one.way for one in found.attempts} == {"test_a_function_is_a_way.<locals>.from_nothing"}
    assert found.valid_as_they_were == 0


def half(target, found, number, rng):
    """A way of somebody's own that looks at what was found."""
    return Start(np.arange(target.n_units) % 2 == 0, by_use(target, found, rng))


@pytest.mark.parametrize("way", [*WAYS, "groups", Learned(steps=6, batch=8), Acdc(tau=1.0), half])
def test_searches_that_go_on_from_a_file_are_those_of_one_run(llama, tmp_path, way):
    file, groups = tmp_path / "found.jsonl", [row % 4 for row in range(len(llama[1]["rows"]))]
    straight = rivals(space_of(llama, groups=groups), way=way, searches=8)
    for searches in (1, 5, 8):
        after = rivals(space_of(llama, groups=groups, file=file), way=way, searches=searches)
        lines = file.read_text().splitlines()
        file.write_text("\n".join([*lines[:-1], lines[-1][:20]]))  # it was ended as it wrote
    assert (after.attempts, after.runs) == (straight.attempts, straight.runs)
    file.write_text("\n".join([*lines, *lines[2:4], ""]))  # another program wrote the same file
    again = rivals(space_of(llama, groups=groups, file=file), way=way, searches=8)
    assert again.attempts == straight.attempts


def test_searches_of_another_function_of_the_same_name_are_none_of_its_own(llama):
    space = space_of(llama)

    def named(order):
        def way(target, found, number, rng):
            return Start(np.ones(target.n_units, dtype=np.bool_), np.arange(target.n_units)[::order])

        return way

    first, second = (rivals(space, way=named(order), searches=1) for order in (1, -1))
    assert first.attempts != second.attempts
    assert second.attempts == rivals(space_of(llama), way=named(-1), searches=1).attempts


def test_groups_are_valid_on_their_rows(llama):
    n = len(llama[1]["rows"])
    labels = [number % 3 for number in range(n)]
    space = space_of(llama, groups=labels)
    found = rivals(space, way="groups")
    assert [one.label for one in found.attempts] == ["0", "1", "2"]
    for label, one in enumerate(found.attempts):
        rows = torch.tensor([number for number in range(n) if labels[number] == label])
        gates = torch.from_numpy(space.circuit(one.raw).bits[None])
        assert bool((space.gaps(space.logits(gates, rows), at=rows) > 0).all())
    assert not all(one.raw_valid for one in found.attempts)  # a circuit of some rows may be too small for all


def test_attributions_of_rows_add_up_to_those_of_all(llama):
    space = space_of(llama)
    np.testing.assert_allclose(attributions(space).mean(0), list(attributed(space).values()), rtol=1e-4, atol=1e-4)


# ------------------------------------------------------------ the published loss


class Sums(nn.Module):
    """A small network in double precision whose hidden neurons are units."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.up, self.down = nn.Linear(3, 6).double(), nn.Linear(6, 4).double()

    def forward(self, x):
        return self.down(torch.tanh(self.up(x)))


def plain_losses(model, rows, answers, others, logits, noises, found, done, way):
    """The loss of Overlap-Aware Sheaf Repulsion, written with numbers and loops alone, and its derivatives by finite
    differences of the mask's probability, as a straight-through estimator has them.
    """
    up, bias, down, out = (one.detach().numpy() for one in model.parameters())
    good, bad = answers, others

    def choices(mask):
        values = []
        for x, g, b in zip(rows, good, bad, strict=True):
            hidden = [np.tanh(sum(up[j, i] * x[i] for i in range(3)) + bias[j]) * mask[j] for j in range(6)]
            outputs = [sum(down[k, j] * hidden[j] for j in range(6)) + out[k] for k in range(4)]
            top = max(outputs[g], outputs[b])
            total = np.exp(outputs[g] - top) + np.exp(outputs[b] - top)
            values.append((np.exp(outputs[g] - top) / total, np.exp(outputs[b] - top) / total))
        return values

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    masks = [[float(sigmoid(a + g) > 0.5) for a, g in zip(logits, noise, strict=True)] for noise in noises]
    n = len(logits)
    ramp = 1 + (20 - 1) * (done / 0.8) if done < 0.8 else 20 - (20 - 0.01) * ((done - 0.8) / 0.2)
    fidelity = np.mean([-np.log(p) for p, _ in choices(masks[0])])
    sparsity = (way.pull * n) * ramp * np.mean([sigmoid(a) for a in logits])  # the coefficient of the mean
    counts = np.sum(found, axis=0)
    overlap = way.repulsion * sum(c * sigmoid(a) for c, a in zip(counts, logits, strict=True)) / sum(counts)
    rest = [1 - one for one in masks[1]]
    second = way.completeness * np.mean([-0.5 * np.log(p) - 0.5 * np.log(q) for p, q in choices(rest)])
    return fidelity + sparsity + overlap, second


@pytest.mark.parametrize("done", [0.0, 0.3, 0.8, 0.95])
def test_loss_is_that_of_a_plain_program(done):
    model, rng = Sums(), np.random.default_rng(1)
    rows = torch.tensor(rng.normal(size=(9, 3)))
    answers = model(rows).argmax(-1).tolist()
    others = [(one + 1) % 4 for one in answers]
    space = pluriscope.space(model, list(zip(answers, others, strict=True)), rows, units=[f"up[{k}]" for k in range(6)])
    way, target = Learned(pull=0.02), Asked(space)
    found = rng.random((3, 6)) < 0.5
    logits = torch.tensor(rng.normal(size=6), requires_grad=True)
    noises = [drawn(np.random.default_rng(seed), 6) for seed in (5, 6)]
    at = torch.arange(9)
    first = way.first(logits, target.gaps(kept(logits, noises[0])[None], at), torch.tensor(found.sum(0)).double(), done)
    second = way.second(target.gaps((1 - kept(logits, noises[1]))[None], at))
    # a cut neuron carries 0 before tanh here, which is 0 behind it as well
    given = (rows.numpy(), answers, others, logits.detach().numpy(), [one.numpy() for one in noises], found, done, way)
    np.testing.assert_allclose([first.item(), second.item()], plain_losses(model, *given), rtol=1e-13)
    # derivatives: of the two sums by hand, of the choice through the sigmoid alone
    (slope,) = torch.autograd.grad(first, logits, retain_graph=True)
    gates = kept(logits, noises[0]).detach().requires_grad_()
    (through,) = torch.autograd.grad(nn.functional.softplus(-target.gaps(gates[None], at)).mean(), gates)
    soft, likely = torch.sigmoid(logits + noises[0]), torch.sigmoid(logits)
    ramp = 1 + 19 * done / 0.8 if done < 0.8 else 20 - 19.99 * (done - 0.8) / 0.2
    counts = torch.tensor(found.sum(0)).double()
    by_hand = through * soft * (1 - soft)
    by_hand = by_hand + (way.pull * ramp + way.repulsion * counts / counts.sum()) * likely * (1 - likely)
    torch.testing.assert_close(slope, by_hand, rtol=1e-12, atol=1e-14)


# ------------------------------------------------------------ parts of searches


def test_blocks_of_many_units_end_where_single_removals_do():
    needed = np.zeros(200, dtype=np.bool_)
    needed[[3, 77, 150]] = True
    asked = []

    def valid(bits):
        asked.append(len(bits))
        return (bits | ~needed).all(1)

    (found,) = together([reduced(np.ones(200, dtype=np.bool_), np.random.default_rng(0).permutation(200))], valid)
    assert (found == needed).all()
    assert sum(asked) < 100  # not one for each unit


def test_used_first_removes_what_is_used():
    class Two:
        n_units, n_rows = 4, 1

    found = [np.array([True, True, False, False])] * 3
    order = by_use(Two(), found, np.random.default_rng(0), noise=0.0)
    assert set(order[:2].tolist()) == {0, 1}


# ------------------------------------------------------------ stability


class TwoWays(nn.Module):
    """Two hidden neurons for each of two inputs; the sum decides."""

    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(2, 4, bias=False), nn.Linear(4, 1, bias=False)
        self.up.weight.data = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
        self.down.weight.data = torch.ones(1, 4)

    def forward(self, x):
        return self.down(torch.tanh(self.up(x)))


def test_changed_circuits_are_told_from_changed_rows():
    """Rows of two kinds need different neurons; a random division of all rows does not."""
    size = torch.linspace(0.5, 1.5, 12) * torch.tensor([1.0, -1.0]).repeat(6)
    rows = torch.cat([torch.stack([size, 0 * size], 1), torch.stack([0 * size, size], 1)])
    space = pluriscope.space(TwoWays(), (rows.sum(1) > 0).int().tolist(), rows, units=[f"up[{k}]" for k in range(4)])
    different = stability(space, ["first"] * 12 + ["second"] * 12, permutations=99)
    valid = different.rows[0]  # 12 of 16 masks on each kind of rows, 9 of them on both
    assert (valid["within"], valid["between"], valid["p"]) == (1.0, 9 / 15, 0.01)
    assert different.changed
    assert different.verdict.startswith("Circuits differ more between groups than within them: Jaccard 1.00")
    even = stability(space, np.arange(24) // 2 % 2, permutations=99)
    assert not even.changed
    assert "no more than random parts" in even.verdict


def test_stability_of_more_units_asks_what_searches_found(llama, monkeypatch):
    monkeypatch.setattr(stabilities, "_MOST_LISTED", 4)
    space = space_of(llama, units="heads", groups=[one % 2 for one in range(len(llama[1]["rows"]))])
    found = stability(space, permutations=19, searches=6)
    assert 1 < found.n_masks <= 6
    assert [row["circuits"] for row in found.rows] == ["found circuits that are valid"]
    assert found.rows == stability(space, permutations=19, searches=6).rows
    with pytest.raises(AnalysisError, match="two or more, each of at least four rows"):
        stability(space, ["a"] * len(space.rows))


def test_minimal_masks_of_sets_are_those_of_each():
    valid = np.random.default_rng(0).random((64, 3)) < 0.3
    found = stabilities.minimal(valid)
    for column in range(3):
        some = [mask for mask in range(64) if valid[mask, column]]
        least = [one for one in some if not any(other != one and other & one == other for other in some)]
        assert np.flatnonzero(found[:, column]).tolist() == least


@pytest.mark.parametrize("criterion", [("decisions", 0.9), ("logit-difference", 0.8), ("kl", 1.0)])
def test_parts_of_rows_are_judged_by_the_criterion(llama, criterion):
    space = space_of(llama, criterion=criterion[0], threshold=criterion[1])
    bits = np.random.default_rng(0).random((40, 10)) < 0.8
    assert (Asked(space, np.arange(len(space.rows))).valid(bits) == space.judge(bits).valid).all()
    rows = np.arange(3, 17)
    sets = np.zeros((len(space.rows), 1))
    sets[rows] = 1
    assert (valid_on(space, by_rows(space, bits), sets)[:, 0] == Asked(space, rows).valid(bits)).all()
    assert isinstance(Groups(("a",)).every, list)
