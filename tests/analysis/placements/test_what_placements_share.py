"""What placed algorithms share, which interchanges part them, and what criteria say, beside a count of one's own."""

import re
from functools import cache
from itertools import combinations, permutations, product

import numpy as np
import pytest

from pluriscope.analysis.algorithms.causal_model import read_causal_model
from pluriscope.analysis.algorithms.written import inputs_of
from pluriscope.analysis.common_ground.on_sites import shared_ground
from pluriscope.analysis.criteria import placement_structure
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.on_sites import MODEL, SITES
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.registry import EVERY, ON_SITES
from pluriscope.analysis.placements.families import Bounds
from pluriscope.analysis.placements.interchange import AskedModel, Interchange
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.placements.search import find, placed_on
from pluriscope.analysis.readings.circuit_readings import CircuitReadings, PlaceReadings, VariableGroup
from pluriscope.analysis.readings.report import InterpretationsReport
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.app.bundled import bundled_models
from tests.graph_questions import asked

TEXTS = {
    "parity": "p1 = a; p2 = (p1 + b) % 2; y = (p2 + c) % 2",
    "count": "n1 = a; n2 = n1 + b; y = (n2 + c) % 2",
    "first alone": "f = a; y = (f + b + c) % 2",
    "at the end": "e = (a + b + c) % 2; y = e",
    "last": "l = b; y = (a + l + c) % 2",
    "wrong": "y = a",
}


@cache
def report() -> PlacementsReport:
    question = question_in(bundled_models()["parity-3-elman"])
    models = [*map(read_causal_model, TEXTS.values())]
    return find(question, models, bounds=Bounds(runs=1 << 17, angles=0))


def model(name):
    return report().algorithms[[*TEXTS].index(name)]


def answers(name):
    """What each variable of an algorithm answers on every pair of rows: the row that runs, then the one that gives."""
    question = question_in(bundled_models()["parity-3-elman"])
    asked = AskedModel(read_causal_model(TEXTS[name]), inputs_of(question))
    own = {one.name: asked.itself[one.name] for one in model(name).variables}
    n = len(asked.right)
    return {
        name: {(b, s): int(asked.answers({name: values[s : s + 1]})[b, 0]) for b, s in permutations(range(n), 2)}
        for name, values in own.items()
    }


def test_what_parts_two_algorithms_is_an_interchange_that_no_variable_of_the_other_answers_alike():
    found = {frozenset((one.first, one.second)): one for one in report().apart}
    placed = [name for name in TEXTS if model(name) in report().placed]
    assert placed == ["parity", "first alone", "at the end"]
    assert len(found) == 3
    for one, other in combinations(placed, 2):
        apart = found[frozenset((model(one).id, model(other).id))]
        first, second = (one, other) if apart.first == model(one).id else (other, one)
        theirs = answers(second)
        differ = {  # exchanged in its place, the variable of the other that is most alike
            (name, each): sum(own[pair] != theirs[each][pair] for pair in own)
            for name, own in answers(first).items()
            for each in theirs
        }
        alike = {name: min(differ[name, each] for each in theirs) for name in answers(first)}
        assert apart.differ == max(alike.values()) == differ[apart.variable, apart.other]
        pair = (apart.base, apart.source)
        assert apart.says == [answers(first)[apart.variable][pair], theirs[apart.other][pair]]
        assert apart.says[0] != apart.says[1]
        assert apart.of == 56


def test_on_the_sites_of_what_parts_them_the_network_does_what_its_algorithm_says():
    question = question_in(bundled_models()["parity-3-elman"])
    there = Interchange(question.subject, inputs_of(question))
    one = next(each for each in report().apart if each.first == model("parity").id)
    sites = next(p.sites for each in model("parity").valid for p in each.places if p.variable == one.variable)
    decided = there.table(tuple(map(there.read, sites.split()))).pairs[one.base, one.source]
    assert int(decided) == one.says[0]


def test_shared_sites_and_variables_are_those_of_the_listed_placements():
    shared = shared_ground(report(), None)
    assert shared.algorithms == [model(name).id for name in ("parity", "first alone", "at the end")]
    sites = {one.site: (one.algorithms, one.coordinates) for one in shared.sites}
    assert sites == {"h1": (2, ["1"]), "h2": (1, ["1"]), "h3": (1, [])}  # there directions, too
    variables = {tuple(one.names): (one.algorithms, one.sites[:1]) for one in shared.variables}
    assert variables == {("p1", "f"): (2, ["h1[1]"]), ("p2",): (1, ["h2[1]"]), ("e",): (1, ["h3[0,1]"])}
    assert not shared.readings_asked


def test_a_node_is_read_as_what_all_circuits_read_it_as():
    def place(*classes, changed=1):
        more = {"width": 1, "dimensions": 1, "n_activations": 2, "of": 2, "n_read_out": 2, "gap": 1.0}
        n = len(classes)
        return PlaceReadings(place="h", changed=changed, classes=[*classes], fits=[0.0] * n, cuts=[1] * n, **more)

    names = ("a", "b", "c")
    classes = [VariableGroup(names=[one], definitions=[""], n_values=2) for one in names]
    circuits = [[place(0, 1)], [place(1, 2)], [place(changed=0)]]
    found = InterpretationsReport(
        n_circuits=3,
        classes=classes,
        circuits=[CircuitReadings(mask=str(n), places=places) for n, places in enumerate(circuits)],
    )
    (one,) = shared_ground(report(), found).readings
    assert (one.place, one.circuits, one.variables, one.unread) == ("h", 2, ["b"], 0)


# --- criteria


def verdict(key, name, placement=None, **settings):
    items = [model(name)] if placement is None else [(model(name), placement)]
    population = PopulationOf(MODEL if placement is None else SITES, asked("parity-3-elman", "complete"), items)
    return EVERY[key].judge(population, settings).at(0)


def changed(placement, **more):
    return placement.model_copy(update=more)


def test_a_refinement_fails_irredundant_values_and_what_it_refines_passes():
    assert verdict("irredundant-values", "parity").outcome == "passed"
    count = verdict("irredundant-values", "count")
    assert (count.outcome, count.numerator, count.denominator) == ("failed", 1, 2)
    assert "n2: 0 and 2" in count.reason
    assert verdict("irredundant-values", "wrong").outcome == "not_applicable"


def test_a_variable_that_changes_no_answer_is_not_said_to_be_right_alone():
    one = model("parity").valid[0]
    assert verdict("both-directions", "parity", one).outcome == "passed"
    silent = [p.model_copy(update={"score": p.score.model_copy(update={"changed_of": 0})}) for p in one.places]
    found = verdict("both-directions", "parity", changed(one, places=silent))
    assert found.outcome == "not_applicable"
    assert "none of p1, p2 alone" in found.reason
    wrong = changed(one, places=silent, score=one.score.model_copy(update={"agreed": 3}))
    assert verdict("both-directions", "parity", wrong).outcome == "failed"


def test_a_placement_on_the_whole_state_says_no_more_than_accuracy():
    whole = [one for one in model("parity").valid if one.follows]
    assert verdict("beyond-accuracy", "parity", whole[0]).outcome == "failed"
    assert "goes through h1[0,1], h2[0,1]" in verdict("beyond-accuracy", "parity", whole[0]).reason
    assert verdict("beyond-accuracy", "parity", model("parity").valid[0]).outcome == "passed"


def test_minimal_joint_and_firm_placements_are_judged_by_what_was_searched():
    one = model("parity").valid[0]
    for key in ("minimal-alignment", "joint-interchange", "margin"):
        assert verdict(key, "parity", one).outcome == "passed"
    assert verdict("minimal-alignment", "parity", changed(one, minimal=None)).outcome == "undecided"
    assert verdict("minimal-alignment", "parity", changed(one, minimal=False)).outcome == "failed"
    assert verdict("joint-interchange", "parity", changed(one, joint=None)).outcome == "undecided"
    assert verdict("joint-interchange", "parity", changed(one, joint_exact=False)).outcome == "undecided"
    gap = min(p.gap for p in one.places)
    assert verdict("margin", "parity", one, least=min(1.0, np.nextafter(gap, 2))).outcome == (
        "failed" if gap < 1 else "passed"
    )


@pytest.mark.parametrize("kind", ON_SITES)
def test_every_criterion_on_sites_judges_none_and_all(kind):
    items = {MODEL: report().algorithms, SITES: [(one, each) for one in report().algorithms for each in one.placements]}
    for criterion in ON_SITES[kind]:
        assert isinstance(criterion, Criterion)
        question = asked("parity-3-elman", "complete")
        assert len(criterion.judge(PopulationOf(kind, question, []))) == 0
        assert criterion.judge(PopulationOf(kind, question, items[kind])).tally.of == len(items[kind])


def step_of(place):
    """The steps whose states a variable is on."""
    return [int(site[1]) for site in place.sites.split()]


def test_variables_lie_at_earlier_steps_than_those_that_read_them():
    parity = next(one for one in model("parity").valid if [*map(step_of, one.places)] == [[1], [2]])
    assert verdict("causal-order", "parity", parity).outcome == "passed"
    first, second = parity.places
    pairs = {"p1": first, "p2": second}
    for p1, p2 in permutations([first, second]):
        places = [
            pairs["p1"].model_copy(update={"sites": p1.sites}),
            pairs["p2"].model_copy(update={"sites": p2.sites}),
        ]
        found = verdict("causal-order", "parity", changed(parity, places=places))
        assert (found.outcome, found.numerator, found.denominator) == (
            ("passed", 1, 1) if max(step_of(p1)) < min(step_of(p2)) else ("failed", 0, 1)
        )
    same = [one.model_copy(update={"sites": f"h1[{k}]"}) for k, one in enumerate(parity.places)]
    found = verdict("causal-order", "parity", changed(parity, places=same))
    assert found.outcome == "failed"
    assert found.witness == {"variable": "p2", "computed_from": "p1"}
    alone = model("last").placements[0]
    assert "any layers will do" in verdict("causal-order", "last", alone).reason


def test_names_that_a_helper_reads_are_what_its_reader_is_computed_from():
    below = placement_structure._below("p = a; _h = p + b; q = _h % 2; r = c; y = (q + r) % 2")
    assert below == {"p": set(), "_h": {"p"}, "q": {"_h", "p"}, "r": set(), "y": {"q", "r", "_h", "p"}}


def test_heads_of_a_layer_lie_side_by_side():
    order = placement_structure._order(asked("indirect-object-2x2", "nodes"))
    assert order["1.0"] == order["1.1"] < order["2.0"] == order["2.1"]
    assert order["1.0.q"] < order["1.1"]


def test_one_direction_is_right_where_both_are_and_minimal_jointly_asks_for_both_kinds_of_interchange():
    one = model("parity").valid[0]
    assert {verdict(key, "parity", one).outcome for key in ("one-direction", "minimal-joint-alignment")} == {"passed"}
    wrong = changed(one, score=one.score.model_copy(update={"agreed": 3}))
    assert verdict("one-direction", "parity", wrong).outcome == "undecided"
    assert verdict("minimal-joint-alignment", "parity", wrong).outcome == "failed"
    refuted = changed(one, joint=one.joint.model_copy(update={"agreed": one.joint.of - 1}))
    outcomes = [
        ("failed", refuted),
        ("undecided", changed(one, joint=None)),
        ("undecided", changed(one, joint_exact=False)),
        ("undecided", changed(one, minimal=False)),
        ("undecided", changed(one, minimal=None)),
    ]
    for outcome, other in outcomes:
        assert verdict("minimal-joint-alignment", "parity", other).outcome == outcome
    assert verdict("one-direction", "parity", refuted).outcome == "passed"


def test_what_passes_as_minimal_jointly_has_nothing_within_it_that_is_right_jointly():
    question = asked("parity-3-elman", "complete")
    for name in ("parity", "last"):
        for one in model(name).valid:
            if verdict("minimal-joint-alignment", name, one).outcome != "passed":
                continue
            units = [[re.findall(r"[0-9]+", site) for site in place.sites.split()] for place in one.places]
            sets = [
                [
                    f"h{step}[{','.join(some)}]"
                    for ((step, *own),) in [place]
                    for size in range(1, len(own) + 1)
                    for some in combinations(own, size)
                ]
                for place in units
                if len(place) == 1
            ]
            for chosen in product(*sets) if len(sets) == len(units) else ():
                sites = {place.variable: text for place, text in zip(one.places, chosen, strict=True)}
                if [*sites.values()] != [place.sites for place in one.places]:
                    smaller = placed_on(question, read_causal_model(TEXTS[name]), sites)
                    assert smaller.placed == "" or smaller.joint.agreed < smaller.joint.of
