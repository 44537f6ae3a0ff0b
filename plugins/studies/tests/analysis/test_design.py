import json

import pytest

from plugins.studies.tests.study_factories import design, settings
from pluriscope.analysis.errors import InvalidStudy
from pluriscope_studies.analysis import reading
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.measures.registry import measures_of
from pluriscope_studies.analysis.reading import design_from_mapping, read_design, runnable


def test_the_digest_is_of_what_is_found_and_not_of_words_or_of_the_number_of_seeds():
    known = design()
    same = design(name="Another name", question="Another question?", seeds={"first": 0, "count": 900})
    assert same.digest == known.digest
    for changed in (
        {"hidden": [[2, 2]], "comparisons": []},
        {"seeds": {"first": 1, "count": 4}},
        {"loss_target": [0.001]},
        {"protocols": ["complete"], "comparisons": [], "references": []},
        {"criteria": ["mean-ablation"]},
        {"training": {"epochs": 7}},
    ):
        assert design(**changed).digest != known.digest


@pytest.mark.parametrize(
    "changes", [{"criteria": ["input-noise(radius=.2)"]}, {"activation": ["tanh"], "training": {"patience": 20}}]
)
def test_a_design_is_read_back_from_its_own_file(changes):
    known = design(**changes)
    again = read_design(known.model_dump_json().encode())
    assert again == known
    assert again.digest == known.digest
    assert set(StudyDesign.model_json_schema()["required"]) == {"slug", "name", "question", "measures"}
    assert set(settings()) <= set(StudyDesign.model_fields)


def test_a_design_with_unknown_measures_and_source_is_read_and_not_run():
    others = ["kind-of-das", "mood"]
    asked = {
        "source": "digits",
        "source_options": {"images": "mnist"},
        "tasks": [["one, not zero"]],
        "measures": [*settings()["measures"], *others],
        "methods": ["acdc"],
        "criteria": ["kindness"],
        "comparisons": [{"measure": "mood", "factor": "hidden", "test": test} for test in ("mann-whitney", "mercy")],
        "ladders": [{"label": "two", "measures": others}],
        "references": [{**settings()["references"][0], "measure": "mood"}],
    }
    known = design(**asked)
    assert list(measures_of(known.measures)) == settings()["measures"]
    with pytest.raises(InvalidStudy, match=r"'digits' is unknown.*'kind-of-das', 'mood' are unknown") as refusal:
        runnable(known)
    assert "criteria: 'kindness' is unknown; leave them out; tests: 'mercy' is unknown; use mann" in str(refusal.value)
    assert runnable(design()) == design()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"hidden": [[3, 3], [3, 3]]}, "'3-3' is there twice"),
        ({"tasks": [["XOR"], ["0110", "1"]]}, "tasks ('0110', '1')"),
        ({"hidden": [[3, 3], [99]]}, "hidden (99,): hidden layers must have 1 to 64 neurons"),
        ({"input_weights": [None, [1, 2]]}, "give 4 non-negative numbers"),
        ({"loss_target": [-1], "noise_std": [-2]}, "loss_target -1.0: Input should be greater than 0; noise_std -2"),
        ({"regularisation": ["l3"]}, "regularisation 'l3': "),
        ({"tasks": [["XOX"]]}, "tasks ('XOX',): task 'XOX' is not a known name"),
        ({"seeds": 5}, "seeds: 5 is no object of settings"),
        ({"hidden": 3}, "hidden: 3 is no list"),
        ({"activation": ["tanh"], "training": {"negative_slope": 0.2}}, "no activation of the grid is leaky_relu"),
        ({"measures": ["circuits"]}, "'circuits' is unknown"),
        ({"measures": ["Seed"]}, "'Seed' is the name of another column"),
        ({"measures": ["circuits-valid", "Circuits-Valid"]}, "'circuits-valid' is there twice"),
        ({"source_options": {"colour": 1}}, "source_options.colour: is unknown"),
        ({"hidden": [[3, 3]]}, "has one level of hidden layers, so there is nothing to compare"),
        (
            {"comparisons": [{"measure": "irredundant-formulas", "factor": "hidden", "test": "mann-whitney"}]},
            "mann-whitney compares numbers",
        ),
        (
            {"comparisons": [{"measure": "circuits-valid", "factor": "hidden", "where": {"hidden": "3-3"}}]},
            "cannot be compared and held fixed",
        ),
        (
            {"comparisons": [{"measure": "circuits-valid", "factor": "hidden", "protocol": "mine"}]},
            "protocol 'mine' is not one of",
        ),
        ({"ladders": [{"label": "x", "measures": ["circuits-valid", "alignments-valid"]}]}, "not among the study's"),
        ({"seeds": {"first": 0, "count": 100_000}, "hidden": [[2], [3], [4]]}, "300,000 in all"),
        ({"seeds": {"count": 0}}, "seeds.count"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"sorcery": True}, "sorcery"),
    ],
)
def test_contradictions_are_refused_with_the_reason(changed, reason):
    with pytest.raises(InvalidStudy) as refusal:
        design(**changed)
    assert reason in str(refusal.value)


def test_all_contradictions_are_named_at_once():
    with pytest.raises(InvalidStudy) as refusal:
        design(hidden=[[3, 3], [3, 3]], measures=["nothing"], criteria=["no"])
    assert refusal.value.cause.count(";") >= 3


def test_a_file_that_is_no_study_is_refused():
    for raw in (b"", b"[]", b"{", b"\x80pickle", json.dumps({"slug": 1}).encode()):
        with pytest.raises(InvalidStudy):
            read_design(raw)


def test_cells_are_every_combination_and_keep_their_keys_in_larger_grids():
    small = cells_of(design())
    large = cells_of(design(loss_target=[0.01, 0.001], noise_std=[0, 0.1]))
    assert [cell.name for cell in small] == ["2-2", "3-3"]
    assert len(large) == 8
    assert {cell.key for cell in small} < {cell.key for cell in large}
    assert small[1].sizes == (2, 3, 3, 1)
    assert small[1].spec(7).seed == 7
    assert small[1].spec(7).loss_target == 0.01


def test_a_changed_study_is_another_study():
    one = design()
    before = one.digest
    assert one.model_copy(update={"loss_target": [0.25]}).digest != before
    assert one.model_copy() == one


def test_a_design_is_read_without_the_plugin_of_its_methods_and_says_which_it_needs(monkeypatch):
    given = settings(
        methods=["brought", "brought(tau=0.1)", "weights"],
        measures=["audit-excess"],
        comparisons=[],
        ladders=[],
        references=[],
    )
    with pytest.raises(InvalidStudy, match="method 'brought': is unknown"):
        design_from_mapping(given)  # a slip, where the plugin is in use
    monkeypatch.setattr(reading, "plugins", tuple)
    asked = design_from_mapping(given)
    assert asked.methods == ("brought", "brought(tau=0.1)", "weights")
    with pytest.raises(InvalidStudy, match="methods: 'brought' need pluriscope-methods; install it"):
        runnable(asked)
