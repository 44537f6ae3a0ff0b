"""The search for placements on sites finds what an exhaustive search of its own found, and says what that is worth."""

import json
from functools import cache
from itertools import combinations, product

import numpy as np
import pytest

from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.errors import BeyondLimits
from pluriscope.analysis.placements import scores as scoring
from pluriscope.analysis.placements.families import Bounds, Family, families
from pluriscope.analysis.placements.interchange import AskedModel, Interchange, Place, places_text
from pluriscope.analysis.placements.recombination import Recombination, untrained
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.placements.scores import ScoredSet, Search, footprint
from pluriscope.analysis.placements.search import Choices, Variable, apart, find
from pluriscope.analysis.placements.subspaces import direction_families
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.app.bundled import bundled_models
from tests.analysis.placements.test_on_sites import single
from tests.golden_files import FOLDER

TEXTS = {
    slug: one["algorithms"] for slug, one in json.loads((FOLDER / "sites" / "interchange.json").read_text()).items()
}
PARITY, COUNT, LAST, BOTH = (
    TEXTS["parity-3-elman"][name] for name in ("running parity", "running count", "last bit", "two bits")
)
TEXTS["tracr-induction"]["all previous at once"] = (
    "P = ((t[1] * 8 + t[2]) * 8 + t[3]) * 8 + t[4]; _3 = P // 512 == t[5]; _4 = P // 64 % 8 == t[5];"
    "_5 = P // 8 % 8 == t[5]; _6 = P % 8 == t[5];"
    "y = (t[2] if _3 else t[3] if _4 else t[4] if _5 else t[5]) if _3 + _4 + _5 + _6 == 1 else none"
)
FEW = Bounds(runs=1 << 17, angles=0)


@cache
def question(slug):
    return question_in(bundled_models()[slug])


@cache
def network(slug):
    return Interchange(question(slug).subject, inputs_of(question(slug)))


@cache
def report(slug, bounds=FEW):
    return find(question(slug), [*map(read_causal_model, TEXTS[slug].values())], bounds=bounds)


def found(slug, name, bounds=FEW):
    return report(slug, bounds).algorithms[[*TEXTS[slug]].index(name)]


def read(there, text):
    return tuple(map(there.read, text.split()))


def counts(model):
    return {one.name: (one.n_placed, one.n_minimal, one.n_paths) for one in model.variables}


@pytest.mark.slow
def test_running_parity_is_on_one_unit_after_each_step_and_jointly():
    parity = found("parity-3-elman", "running parity")
    assert (parity.wrong, parity.n_placed, parity.n_minimal, parity.n_paths) == ("", 4, 1, 1)
    first, *others = parity.placements
    assert (first.sites, first.score.text, first.joint.text, first.joint_exact) == (
        "p1: h1[1]; p2: h2[1]",
        "112/112",
        "512/512",
        True,
    )
    assert [one.minimal for one in parity.placements] == [True, False, False, False]
    # the whole state after a step is one in any recurrent network
    assert [one.follows for one in parity.placements] == [False, False, False, True]
    assert others[-1].sites == "p1: h1[0,1]; p2: h2[0,1]"
    assert not any(one.fragile for one in parity.placements)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "alike", "onto"),
    [
        ("running parity", [[], []], ""),
        ("running count", [[], [[0, 2]]], "running parity"),
        ("two bits", [[], [[0, 3], [1, 2]]], "running parity"),
        ("count mod 4", [[], [[0, 2]], [[0, 2], [1, 3]]], ""),  # whose third variable is the answer
        ("last bit", [[], [], []], ""),
    ],
)
def test_values_that_nothing_tells_apart_are_folded(name, alike, onto):
    model = found("parity-3-elman", name)
    assert [one.alike for one in model.variables] == alike
    assert model.folded_onto == (onto and found("parity-3-elman", onto).id)
    assert model.irredundant_values == (not any(alike))
    if onto:  # a refinement has the scores of what it refines
        assert [*counts(model).values()] == [*counts(found("parity-3-elman", onto)).values()]
        assert [one.score for one in model.placements] == [
            one.score for one in found("parity-3-elman", onto).placements
        ]


@pytest.mark.slow
def test_two_models_that_agree_on_the_rows_alone_are_two():
    # one reads the row's own bit, the other the variable: they differ where an interchange sets it
    texts = ("v = x[0][0]; y = (v + x[1][0] + x[2][0]) % 2", "v = x[0][0]; y = (x[0][0] + x[1][0] + x[2][0]) % 2")
    one, other = find(question("parity-3-elman"), [*map(read_causal_model, texts)], bounds=FEW).algorithms
    assert not other.folded_onto
    assert one.unread == []
    assert other.unread == ["v"]
    assert (one.n_placed, other.n_placed, other.placements) == (2, 0, [])
    assert "Nothing reads v" in other.remarks[0]


@pytest.mark.slow
def test_last_bit_is_on_no_set_of_units():
    last = found("parity-3-elman", "last bit")
    assert counts(last)["l1"] == (2, 1, 1)
    best = last.variables[1].best[0]
    assert (best.sites, best.score.text, best.map) == ("h3[0]", "28/56", "coordinates")
    assert not last.valid
    assert len(last.placements) == 1
    assert last.placements[0].placed == ""


def searched(slug, name, wanted, bounds=FEW):
    """The variables of a model, with the sets of the families of some names scored."""
    there = network(slug)
    search = Search(there, [read_causal_model(TEXTS[slug][name])], bounds, Work())
    search.score([one for one in families(there, search.parts, bounds) if one.name in wanted])
    return {name: Variable(search, number) for number, (_, name) in enumerate(search.columns)}


LETTERS = " ".join(f"x0~{at}[11,12,13,14,15]" for at in (2, 3, 4, 5))
PREVIOUS = [
    " ".join(f"{site}~{at}" for at in range(first, first + 4))
    for site, first in (("1.0", 3), ("1.0.v", 2), ("2.0.k", 3))
]
SIX = ["1.0.a~5", "1.0~5", "x1.mid~5", "1.neurons~5", "1.mlp~5", "x1~5"]


@pytest.mark.parametrize(
    ("slug", "name", "variable", "family", "tried", "placed", "minimal"),
    [
        ("tracr-histogram", "compiled: width", "c", "vectors", 22, 6, SIX),
        ("tracr-histogram", "compiled: width", "c", "coordinates of x1.mid~5", 696, 121, ["x1.mid~5[5]"]),
        pytest.param(
            "tracr-histogram",
            "compiled: width",
            "c",
            "neurons of 1.neurons~5",
            1023,
            16,
            ["1.neurons~5[1,2,3,4,5,6]"],
            marks=pytest.mark.release,
        ),
        (
            "tracr-histogram",
            "compiled: width",
            "c",
            "compiled variables",
            64,
            4,
            ["x1.mid~5[5]", "x1~5[0,1,2,3,4]", LETTERS],
        ),
        ("tracr-histogram", "letters", "u1", "compiled variables", 64, 2, ["x0~2[11,12,13,14,15]"]),
        ("tracr-histogram", "equalities", "e1", "vectors", 22, 0, []),
        ("tracr-induction", "match position", "m", "vectors", 57, 1, ["2.0.a~6"]),
        ("tracr-induction", "all previous at once", "P", "nodes", 13, 3, ["1.0", "1.0.v", "2.0.k"]),
        pytest.param(
            *("tracr-induction", "all previous at once", "P", "positions", 473, 9, PREVIOUS), marks=pytest.mark.release
        ),
        ("bars-4x4-conv", "horizontal bar", "h", "channels of c1", 3, 1, ["c1[0,1]"]),
        ("bars-4x4-conv", "horizontal bar", "h", "channels of c2", 7, 2, ["c2[1,2]"]),
        ("bars-4x4-conv", "which row", "w", "units of m", 7, 2, ["m[1,2]"]),
        ("parity-3-elman", "running parity", "p2", "units of h2", 3, 2, ["h2[1]"]),
    ],
)
@pytest.mark.slow
def test_placed_and_minimal_sets_of_a_family_are_the_golden_ones(slug, name, variable, family, tried, placed, minimal):
    one = searched(slug, name, [family], Bounds())[variable]
    assert len(one.search.scored) == tried
    assert (len(one.placed), {places_text(s.places) for s in one.minimal}) == (placed, {*minimal})


@pytest.mark.slow
def test_a_set_of_positions_is_not_minimal_where_one_of_them_does():
    last = searched("tracr-histogram", "letters", ["vectors", "positions", "nodes"])["q"]
    assert {places_text(one.places) for one in last.minimal} == {"x0~5"}
    assert {places_text(one.places) for one in last.placed} == {"x0~5", "x0~1 x0~5"}


@pytest.mark.slow
def test_vectors_one_after_another_are_one_path():
    width = searched("tracr-histogram", "compiled: width", ["vectors"])["c"]
    assert len(width.placed) == 6
    assert len(width.paths) == 1
    follow = {places_text(one.places): width.search.parts.is_cut(one.places) for one in width.placed}
    assert [site for site, cut in follow.items() if cut] == ["x1.mid~5", "x1~5"]  # the whole stream at the end


@pytest.mark.parametrize(
    ("slug", "texts"),
    [
        ("parity-3-elman", ["x1", "h1", "h2", "h3", "h1 h2"]),
        ("bars-4x4-conv", ["im", "c1", "c2", "m"]),
        ("tracr-induction", ["x0~3", "x2~6", "x1", "x1~1"]),  # at position 1 every row has the same token
    ],
)
@pytest.mark.slow
def test_cuts_are_the_same_exchange_as_that_of_their_inputs_in_any_network(slug, texts):
    there = network(slug)
    parts = Recombination(there)
    others = [Interchange(untrained(there.subject, seed), there.inputs) for seed in range(2, 5)]
    for text in texts:
        places = read(there, text)
        assert parts.is_cut(places), text
        for other in others:
            assert other.table(places).digest == other.table(parts.inputs_of(places)).digest


@pytest.mark.parametrize(
    ("slug", "text"),
    [
        ("parity-3-elman", "h1[1]"),  # where it makes no difference in the trained network
        ("tracr-histogram", "1.0~5"),  # the stream goes past a head
        ("tracr-induction", "2.0.a~6"),
    ],
)
@pytest.mark.slow
def test_parts_of_what_a_network_passes_on_are_no_cuts(slug, text):
    there = network(slug)
    assert not Recombination(there).is_cut(read(there, text))


def test_an_untrained_network_has_another_state_and_the_golden_scores():
    parity, known = (
        read_causal_model(PARITY),
        {1: ((24, 12), (28, 16)), 2: ((27, 12), (27, 16)), 3: ((21, 12), (27, 18))},
    )
    for seed, scores in known.items():
        there = Interchange(untrained(network("parity-3-elman").subject, seed), network("parity-3-elman").inputs)
        found = (single(there, parity, read(there, f"h{step}[0]"))[f"p{step}"] for step in (1, 2))
        assert tuple((one.agreed, one.changed_agreed) for one in found) == scores


@pytest.mark.slow
def test_the_ceiling_is_the_exchange_of_the_input_and_rows_of_the_task_alone_are_right():
    there = network("induction-attention")
    model = AskedModel(
        read_causal_model("q = t[4]; " + TEXTS["induction-attention"]["each previous token"].replace("t[4]", "q")),
        there.inputs,
    )
    parts, places = Recombination(there), read(there, "x0~5")
    assert [*map(str, parts.inputs_of(places))] == ["x0~5"]
    table = there.table(places)
    whole, closed = (model.score("q", table, among) for among in (None, parts.closed(places)))
    assert (whole.agreed, whole.of, whole.undefined) == (59940, 61884, 42768)
    assert (closed.agreed, closed.of) == (49248, 49248)


@pytest.mark.slow
def test_variables_that_cannot_be_asked_alone_are_placed_jointly():
    text = TEXTS["tracr-induction"]["compiled: previous, then match"].replace("b6", "_b6")
    there = network("tracr-induction")
    vectors = [read(there, f"{site}~{at}") for at in (3, 4, 5) for site in ("1.0", "2.0.k", "x1")]
    bounds, own = Bounds(sets=0), Family("heads and streams", "some", tuple(vectors), 9, 0)
    report = find(question("tracr-induction"), [read_causal_model(text)], bounds=bounds, more=[own])
    (model,) = report.algorithms
    assert [(one.asked, one.n_placed) for one in model.variables] == [(False, 0)] * 3
    on = {one.sites: (one.placed, one.joint_exact, one.joint.text) for one in model.valid}
    known = ("joint", True, "13685760/13685760")
    assert on["b3: 1.0~3; b4: 1.0~4; b5: 1.0~5"] == on["b3: 2.0.k~3; b4: 2.0.k~4; b5: 2.0.k~5"] == known
    assert not any("x1~" in sites for sites in on)  # which holds the letter itself, too


@pytest.mark.release
def test_two_detectors_are_not_placed_jointly():
    bars = found("bars-4x4-conv", "two detectors")
    (failing,) = bars.placements
    assert (failing.placed, failing.sites, failing.joint.text) == ("", "h: m[1]; v: m[2]", "560040/562432")


def test_what_does_not_compute_the_task_is_refused_with_the_row_and_what_is_cut_off_is_said():
    wrong = read_causal_model("v = x[0][0]; y = v")
    found = find(
        question("parity-3-elman"), [wrong, read_causal_model(PARITY)], bounds=Bounds(sets=2, runs=100, angles=0)
    )
    assert found.algorithms[0].wrong == "gives 0 (even) on row 2, 0 0 1, where 1 (odd) is right"
    assert found.algorithms[0].placements == []
    sizes = {one.name: (one.n_tried, one.n_sets, one.cut_off) for one in found.families}
    assert sizes["units of h1"] == (2, 3, True)
    assert not found.all_there_is
    said = " ".join(found.findings(question("parity-3-elman")))
    assert "units of h1 at 2 of 3" in said
    assert "1 of 1 algorithms" in said
    assert PlacementsReport.model_validate_json(found.model_dump_json()) == found


def test_when_time_is_up_what_was_scored_is_what_was_tried():
    times = iter(range(1000))
    work = Work(clock=lambda: float(next(times)), deadline=12.0)
    found = find(question("parity-3-elman"), [read_causal_model(PARITY)], work, bounds=FEW)
    assert work.ended == {"placements": "time"}
    assert 0 < sum(one.n_tried for one in found.families) < 45
    assert found.algorithms[0].valid
    assert not found.all_there_is


def test_choices_of_sets_that_do_not_overlap_are_counted_as_by_trying_all():
    there, random = network("tracr-histogram"), np.random.default_rng(1)
    some = [
        [
            (Place("x0", None if k == 9 else int(k % 5), tuple(sorted({*map(int, c)}))),)
            for k, c in zip(range(10), random.integers(0, 6, (10, 3)), strict=True)
        ]
        for _ in range(3)
    ]
    family = Family("", "", (), 0, 0)
    sets = [
        [
            ScoredSet(family, one, np.zeros(0), np.zeros(0), 1.0, str(k % 3), footprint(there, one))
            for k, one in enumerate(part)
        ]
        for part in some
    ]
    tuples = [chosen for chosen in product(*sets) if not any(a.mask & b.mask for a, b in combinations(chosen, 2))]
    choices = Choices(sets, 10_000)
    assert choices.count == len(tuples) < 1000
    assert choices.classes(lambda one: one.digest) == len({tuple(one.digest for one in chosen) for chosen in tuples})
    assert Choices(sets, 10).count is None


@pytest.mark.slow
def test_last_bit_is_on_an_oblique_direction_and_on_no_orthogonal_one():
    bounds = Bounds()
    last = found("parity-3-elman", "last bit", bounds).variables[1]
    best = {one.map: one for one in last.best}
    assert (best["orthogonal"].score.text, best["oblique"].score.text) == ("48/56", "56/56")
    assert best["oblique"].orthogonal.agreed < 56
    assert best["oblique"].condition > 1.5
    assert not best["oblique"].follows
    families = {one.name: one for one in report("parity-3-elman", bounds).families}
    assert not families["angles of h2"].exact
    # both bits of the state, along each other's class means
    two = read_causal_model("l1 = x[0][0]; l2 = x[1][0]; y = (l1 + l2 + x[2][0]) % 2")
    there = network("parity-3-elman")
    search = Search(there, [two], FEW, Work())
    direction_families(search)
    means = [one for one in search.scored if one.family.name == "class means" and one.places[0].site == "h2"]
    dual = [one for one in means if one.map == "oblique"]
    assert len(dual) == 2
    assert apart(*dual)
    assert not apart(*(one for one in means if one.map == "orthogonal"))
    placed = [one.places for one in dual]
    for name, one in zip(("l1", "l2"), placed, strict=True):
        assert single(there, two, one)[name].agreed == 56
        assert one[0].condition == pytest.approx(4.867, abs=1e-3)
        assert there.read(str(one[0])) == one[0]
    assert there.joint(two, {"l1": placed[0], "l2": placed[1]}).agreed == 512


@pytest.mark.slow
def test_angles_carry_parity_about_as_often_as_a_finer_grid_says():
    search = Search(network("parity-3-elman"), [read_causal_model(PARITY)], Bounds(), Work())
    direction_families(search)
    of = [one for one in search.scored if one.family.name == "angles of h2" and one.map == "orthogonal"]
    assert len(of) == 180
    assert sum(one.agreed[1] == 56 for one in of) / 180 == pytest.approx(0.0639, abs=0.006)


@pytest.mark.slow
def test_a_descent_finds_parity_on_a_state_that_no_class_mean_shows():
    model = read_causal_model("p2 = (x[0][0] + x[1][0]) % 2; y = (p2 + x[2][0]) % 2")
    search = Search(network("parity-3-elman"), [model], Bounds(angles=0, descent=150), Work())
    direction_families(search)
    found = [one for one in search.scored if one.places[0].site == "h2"]
    assert [(one.family.name, one.agreed[0]) for one in found] == [("class means", 24), ("learned directions", 56)]


def test_more_predictions_than_memory_holds_are_refused(monkeypatch):
    monkeypatch.setattr(scoring, "MAX_PREDICTIONS", 200)
    with pytest.raises(BeyondLimits, match="more than 3 behaviours on 8 rows"):
        find(question("parity-3-elman"), [read_causal_model(LAST), read_causal_model(PARITY)], bounds=FEW)


def test_a_variable_that_no_interchange_asks_is_placed_nowhere_by_itself():
    only = read_causal_model(
        "v = x[0][0] + 2 * x[1][0]; y = (v % 2 + v // 2 + x[2][0]) % 2 if v == x[0][0] + 2 * x[1][0] else none"
    )
    (model,) = find(question("parity-3-elman"), [only], bounds=FEW).algorithms
    assert [(one.changed_of, one.undefined > 0, one.n_placed, one.best) for one in model.variables] == [
        (0, True, 0, [])
    ]
    assert model.placements == []
    assert model.remarks == ["No interchange of v changes the answer, so it cannot be asked on these rows."]


def test_without_an_algorithm_that_computes_the_task_nothing_is_searched():
    found = find(question("parity-3-elman"), [read_causal_model("v = x[0][0]; y = v")], bounds=FEW)
    assert (found.families, found.all_there_is, [one.n_placed for one in found.algorithms]) == ([], True, [0])


@pytest.mark.release
def test_both_patterns_of_a_layer_carry_the_match_best_of_all_heads():
    one = searched("induction-attention", "match position", ["heads"], Bounds())["m"]
    best = one.score(one.best[0])
    assert places_text(one.best[0].places) == "2.0.a 2.1.a"  # as at position 5, which alone is read
    assert (best.agreed, best.of, best.changed_agreed) == (89705, 104652, 44355)


def test_of_two_that_are_one_stands_the_one_whose_values_are_told_apart():
    shown = find(question("parity-3-elman"), [*map(read_causal_model, (COUNT, PARITY, BOTH))], bounds=FEW).algorithms
    assert [one.folded_onto for one in shown] == [shown[1].id, "", shown[1].id]
    shown = find(question("parity-3-elman"), [*map(read_causal_model, (COUNT, BOTH))], bounds=FEW).algorithms
    assert [one.folded_onto for one in shown] == ["", shown[0].id]
