"""Whether a network has one explanation, in one sentence: every state, for networks with all kinds and with circuits
alone.
"""

import pytest

import pluriscope
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.results.unlearned import doubt_of
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.objects.counts import Count
from pluriscope.objects.verdict import Verdict
from tests.checkout import ROOT
from tests.factories import pretrained_xor

AT_LEAST, DRAWN = Count(2, "at_least"), Count(149_469, "about", 110_749, 196_626, 0.99)
ONE, UNKNOWN = Count(1), Count(0, "unknown")
CONTRADICT = (
    "Some explanations contradict each other: each predicts correctly an intervention that the other gets wrong."
)
KEPT = {"kept": ("A-n1.2", "n2.2-y")}


@pytest.mark.parametrize(
    ("valid", "more", "state", "sentence"),
    [
        (None, {}, "not_known", "Not known yet. 9,625 circuits are possible."),
        (UNKNOWN, {"why": "The analysis failed."}, "not_known", "Not known yet. The analysis failed."),
        (Count(1, "at_least"), {}, "not_known", "Not known yet: at least 1 valid circuit, of 9,625 possible."),
        (AT_LEAST, {}, "not_unique", "Not the only one: at least 2 valid circuits, of 9,625 possible."),
        (
            Count(2, "at_least", 2, 9_625),
            {},
            "not_unique",
            "Not the only one: at least 2 valid circuits, of 9,625 possible.",
        ),
        (
            Count(2, "at_least", 2, 600),
            {"why": "The analysis failed."},
            "not_unique",
            "Not the only one: between 2 and 600 valid circuits, of 9,625 possible. The analysis failed.",
        ),
        (
            DRAWN,
            {"possible": 5_559_519, **KEPT},
            "not_unique",
            "Not the only one: between 110,000 and 197,000 valid circuits (99%), of 5,559,519 possible. "
            "All keep the same 2 edges.",
        ),
        (
            Count(10**30, "about", 0, 10**31, 0.95),
            {"possible": 10**31},
            "not_known",
            "Not known yet: between 0 and 1.00 × 10³¹ valid circuits (95%), of 1.00 × 10³¹ possible.",
        ),
        (Count(197), {}, "not_unique", "Not unique. 197 of 9,625 circuits are valid."),
        (
            Count(197),
            {"contradict": True, **KEPT},
            "not_unique",
            f"Not unique. 197 of 9,625 circuits are valid; all keep the same 2 edges. {CONTRADICT}",
        ),
        (Count(2), {"kept": ()}, "not_unique", "Not unique. 2 of 9,625 circuits are valid; no edge is in all."),
        (Count(2), {"kept": ("A-y",)}, "not_unique", "Not unique. 2 of 9,625 circuits are valid; all keep A→y."),
        (
            ONE,
            {"readings": ONE, "classes": ONE},
            "unique",
            "Unique. 1 of 9,625 circuits is valid, and it has one interpretation.",
        ),
        (
            ONE,
            {"readings": Count(32), "classes": ONE},
            "unique",
            "Unique. 1 of 9,625 circuits is valid, and inputs cannot tell its interpretations apart.",
        ),
        (
            ONE,
            {"readings": Count(32), "classes": Count(8)},
            "not_unique",
            "Not unique. 1 of 9,625 circuits is valid, and inputs tell 8 classes of its interpretations apart.",
        ),
        (
            ONE,
            {"classes": Count(8, "at_least"), "contradict": True},
            "not_unique",
            "Not unique. 1 of 9,625 circuits is valid, and inputs tell at least 8 classes of its interpretations "
            f"apart. {CONTRADICT}",
        ),
        (
            ONE,
            {"classes": Count(1, "at_least")},
            "not_known",
            "Not known yet. 1 of 9,625 circuits is valid; its interpretations are not counted.",
        ),
        (ONE, {"only_circuits": True}, "unique", "Unique. 1 of 9,625 circuits is valid."),
        (Count(0), {}, "none_valid", "No circuit is valid: 0 of 9,625 circuits decide right."),
        (
            Count(0),
            {"placements": ONE, "empty": 1},
            "none_valid",
            "No circuit is valid: 0 of 9,625 circuits decide right.",
        ),
        (
            Count(0),
            {"placements": ONE},
            "none_valid",
            "No circuit is valid: 0 of 9,625 circuits decide right, but 1 placement passes its interchanges.",
        ),
        (
            AT_LEAST,
            {"doubt": doubt_of(1, 4, {1})},
            "not_unique",
            "It did not learn its task: it is wrong on 1 of 4 rows, and answers 1 on every row. "
            "Not the only one: at least 2 valid circuits, of 9,625 possible.",
        ),
        (
            Count(343),
            {"doubt": doubt_of(0, 8, {1})},
            "not_unique",
            "It answers 1 on every row, so there is next to nothing to be explained. "
            "Not unique. 343 of 9,625 circuits are valid.",
        ),
    ],
)
def test_every_state_is_said_in_one_sentence(valid, more, state, sentence):
    found = Verdict(valid, **{"possible": 9_625, **more})
    assert (found.state, str(found)) == (state, sentence)
    assert str(found.__html__()).replace("<b>", "").replace("</b>", "") == sentence
    assert f"<b>{found.words}</b>" in str(found.__html__())
    assert found.learned == ("doubt" not in more)
    assert found.in_short == ", ".join([*([more["doubt"].word] if "doubt" in more else []), state.replace("_", " ")])


def test_results_of_networks_of_any_kind_say_it_first():
    xor = pluriscope.explain(pretrained_xor())
    rule = "Rows are decided at ½, wrong below −½ and from 1½ on."
    assert str(xor.verdict) == f"Not unique. 197 of 9,625 circuits are valid; all keep the same 6 edges. {rule}"
    assert repr(xor).startswith(f"{xor.verdict}\n")
    assert xor._repr_html_().find("<b>Not unique.</b>") < xor._repr_html_().find("<table")
    zeros = pluriscope.explain(ROOT / "app" / "bundled" / "alice-and-bob.json")
    same = "all keep the same 7 edges; they differ only in edges of weight 0, so all are one function."
    assert str(zeros.verdict) == f"Not unique. 4 of 49 circuits are valid; {same} {rule}"
    answered = pluriscope.explain(pretrained_xor(), protocol={"circuit_decision": "threshold"})
    assert str(answered.verdict).endswith(" Rows are decided at ½.")
    paper = pluriscope.explain(pretrained_xor(), protocol="paper")
    assert str(paper.verdict).startswith("Not unique. 32 of ")
    convolution = pluriscope.explain(ROOT / "app" / "bundled" / "models" / "bars-4x4-conv.json")
    rule = "Rows are decided by the largest of 2 outputs."
    assert str(convolution.verdict) == f"Not unique. 50 of 999 circuits are valid; all keep the same 6 edges. {rule}"
    layers = {"weights": [[[1, 1], [1, 1]], [[1, -1]]], "biases": [[0, -1], [0]]}
    half = Network.from_arrays(**layers, activation="relu", output_activation="linear")  # A ∨ B
    wrong = pluriscope.explain(NetworkFile("half", half, (Task((0, 0, 1, 1), "A"),)))
    answer = "It did not learn its task: it is wrong on 1 of 4 rows. Unique. 1 of 9 circuits is valid"
    assert str(wrong.verdict).startswith(answer)


@pytest.mark.parametrize(
    ("bias", "table", "word", "sentence"),
    [
        (0.2, (0, 1, 1, 1), "", "circuits are valid"),
        (0.2, (1, 1, 1, 0), "not learned", "2 of 4 rows. Read backwards the truth table is right on every row"),
        (0.45, (0, 1, 1, 1), "unclear answers", "on input 00 its output is 0.4500, and 0.5 divides 0 from 1."),
        (0.7, (1, 1, 1, 1), "one answer", "It answers 1 on every row, so there is next to nothing to be explained."),
        (0.7, (0, 1, 1, 1), "not learned", "It did not learn its task: it is wrong on 1 of 4 rows, and answers 1 on "),
    ],
)
def test_a_network_whose_answers_say_nothing_says_that_first(bias, table, word, sentence):
    layers = {"weights": [[[1, 1], [1, 1]], [[0.6, -0.6]]], "biases": [[0, -1], [bias]]}
    half = Network.from_arrays(**layers, activation="relu", output_activation="linear")  # A ∨ B
    found = pluriscope.explain(NetworkFile("half", half, (Task(table, ""),))).verdict
    assert (found.doubt.word, found.learned) == (word, not word)
    assert sentence in str(found)[:140]
    if not word:
        rules = {"accuracy_threshold": 0.7}
        loose = pluriscope.explain(NetworkFile("half", half, (Task(table, ""),)), protocol=rules).verdict
        assert str(loose).startswith("Always answering 1 is right on 3 of 4 rows, which is enough by these rules. ")
