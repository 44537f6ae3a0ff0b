from dataclasses import replace

import pytest

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.errors import AnalysisError, Cancelled, InvalidData, InvalidNetwork, InvalidProtocol
from pluriscope.analysis.explaining.pipeline import Limits, analyse_output
from pluriscope.analysis.explaining.preflight import preflight
from pluriscope.analysis.network_files.result_file import result_json, what_is_missing
from pluriscope.analysis.questions.data import clean_data
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER, protocol_from_mapping
from pluriscope.analysis.questions.tasks import named_task
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network

STAGES = ["circuits", "interpretations", "algorithms", "alignments", "criteria"]


@pytest.fixture(scope="module")
def pretrained():
    file = golden_network("xor_pretrained")
    ticks = iter(range(1000))
    return analyse_output(ask(file.network, task=file.tasks[0]), Work(clock=lambda: float(next(ticks))))


def test_lists_can_be_left_out(pretrained):
    (output,) = result_json([pretrained], masks=False)["outputs"]
    assert "masks" not in output["circuits"]
    assert "by_circuit" not in output["interpretations"]
    assert output["circuits"]["valid"] == 197


def test_only_analyses_of_one_thing_go_into_one_file(pretrained):
    with pytest.raises(ValueError, match="one network"):
        result_json([pretrained, replace(pretrained, question=replace(pretrained.question, protocol=PAPER))])
    with pytest.raises(ValueError, match="at least one"):
        result_json([])


def test_limits_are_named():
    file = golden_network("xor_pretrained")
    question = ask(file.network, task=file.tasks[0])
    early = search_circuits(question, max_valid=10)
    analysis = analyse_output(question, Work(limits=Limits(max_candidates=7)), circuits=early)
    assert not analysis.exhaustive
    assert what_is_missing(analysis) == [
        "output 0: circuits truncated at 10 valid ones",
        "output 0: algorithms truncated at 7 of 250",
    ]
    output = result_json([analysis])["outputs"][0]
    assert (output["circuits"]["exhaustive"], output["circuits"]["truncated_at"]) == (False, 10)
    assert (output["candidates"], len(output["algorithms"])) == (250, 7)
    tally = analysis.criteria["zero-ablation"]
    assert (tally.passed, tally.failed, tally.undecided, tally.of) == (10, 0, 9_615, 9_625)
    assert analysis.criteria["irredundant-gates"].undecided == 243


def test_listed_circuits_that_were_not_drawn_are_distinguished():
    file = golden_network("xor_pretrained")
    limits = Limits(max_possible=9_624, n_draws=3, n_smallest=5)
    analysis = analyse_output(ask(file.network, task=file.tasks[0]), Work(limits=limits))
    smallest = analysis.circuits.smallest
    assert smallest is not None
    n_more = len(smallest.undrawn)
    assert n_more > 0
    assert what_is_missing(analysis)[0].endswith(
        f"{3 + n_more} of them are listed, 3 drawn uniformly and {n_more} more for being the smallest known"
    )


@pytest.mark.slow
def test_a_space_too_large_to_list_is_counted_all_the_same():
    file = golden_network("xor_pretrained")
    limits = Limits(max_possible=9_624, n_draws=50, n_smallest=0)
    analysis = analyse_output(ask(file.network, task=file.tasks[0]), Work(limits=limits))
    assert (analysis.circuits.n_valid, analysis.circuits.truncated_at, analysis.exhaustive) == (197, 50, False)
    assert what_is_missing(analysis) == [
        "output 0: 197 circuits are valid, counted exactly without listing them; "
        "50 of them are listed, drawn uniformly",
        "output 0: interpretations are those of the 50 listed circuits alone",
    ]
    output = result_json([analysis])["outputs"][0]
    assert (output["circuits"]["valid"], len(output["circuits"]["masks"])) == (197, 50)
    assert (output["circuits"]["method"], output["circuits"]["tested"]) == ("counted", 9_625)
    assert output["circuits"]["distribution"]["of"] == 197
    assert "interval" not in output["circuits"]
    assert not output["interpretations"]["exhaustive"]
    tally = analysis.criteria["zero-ablation"]
    assert (tally.passed, tally.failed, tally.undecided) == (197, 9_428, 0)
    assert analysis.criteria["margin"].undecided == 147
    assert analysis.criteria["margin"].of == 197 + analysis.algorithms.n_valid_placements


@pytest.mark.slow
def test_a_space_too_large_to_count_is_sampled_and_marked_so():
    file = golden_network("xor_pretrained")
    limits = Limits(max_possible=9_624, max_seconds=0, n_draws=5, n_samples=3_000, n_smallest=0)
    analysis = analyse_output(ask(file.network, task=file.tasks[0]), Work(limits=limits))
    low, high = analysis.circuits.interval
    assert low <= 197 <= high
    answer = what_is_missing(analysis)[0]
    assert "from a uniform sample of 3,000" in answer
    assert f"guaranteed with 99% confidence: {low:,}–{high:,}" in answer
    output = result_json([analysis])["outputs"][0]["circuits"]
    assert (output["method"], output["certainty"]) == ("sampled", "guaranteed")
    assert (output["interval"], output["confidence"]) == ([low, high], 0.99)
    assert (output["tested"], output["exhaustive"]) == (3_000, False)
    tally = analysis.criteria["zero-ablation"]
    assert (tally.passed, tally.failed, tally.undecided) == (5, 0, 9_620)


def test_a_space_beyond_every_limit_says_so():
    file = golden_network("xor_pretrained")
    limits = Limits(max_possible=9_624, max_seconds=0, n_samples=0)
    analysis = analyse_output(ask(file.network, task=file.tasks[0]), Work(limits=limits))
    assert analysis.circuits.possible == 9_625
    assert (analysis.circuits.n_valid, analysis.circuits.truncated_at) == (0, 0)
    assert "9,625 circuits are possible" in result_json([analysis])["missing"][0]
    assert analysis.algorithms.n_aligned == 1


def test_preflight_names_every_refusal_at_once():
    network = Network.from_arrays([[[1.0, 1.0]]], [[0.0]])
    problems = preflight(ask(network, output=3, task=named_task("MAJORITY", 3), data=clean_data(3)))
    text = " ".join(map(str, problems))
    for said in ("no hidden layer", "output 3", "8 rows for 2 inputs", "[8, 3], not [4, 2]"):
        assert said in text
    with pytest.raises(InvalidNetwork, match="4 problems"):
        analyse_output(ask(network, output=3, task=named_task("MAJORITY", 3), data=clean_data(3)))


def test_labels_of_another_network_are_refused():
    file = golden_network("xor+and_3-3")
    record = replace(clean_data(2), validation_labels=clean_data(2).representatives[:, :1])
    with pytest.raises(InvalidData, match="validation_labels"):
        analyse_output(ask(file.network, output=1, task=file.tasks[1], protocol=PAPER, data=record))


@pytest.mark.slow
def test_every_stage_reports_and_can_be_stopped():
    file = golden_network("xor_pretrained")
    answer = []
    analyse_output(ask(file.network, task=file.tasks[0]), Work(report=answer.append))
    assert sorted({p.stage for p in answer}, key=STAGES.index) == STAGES
    for p in answer:
        assert 0 <= p.done <= p.total
        assert p.total >= 1
    for stage in STAGES:

        def stop(progress, stage=stage):
            if progress.stage == stage:
                raise Cancelled(stage)

        with pytest.raises(Cancelled):
            analyse_output(ask(file.network, task=file.tasks[0]), Work(report=stop))


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\u202eb", "x" * 65, "afe0add2d67c", "c0ffee"])
def test_a_protocols_name_can_be_shown_and_is_no_digest(name):
    with pytest.raises(InvalidProtocol, match="name"):
        protocol_from_mapping({"name": name, "ablation": "mean"})


def test_a_protocol_from_a_result_must_match_its_digest():
    settings = {**COMPLETE.model_dump(), "digest": COMPLETE.digest}
    assert protocol_from_mapping(settings) == COMPLETE
    with pytest.raises(AnalysisError, match="digest"):
        protocol_from_mapping(settings | {"name": "mine", "max_depth": 2})


def test_a_task_that_no_small_algorithm_computes():
    file = golden_network("majority_3-3")
    analysis = analyse_output(ask(file.network, task=named_task("PARITY", 3)))
    assert analysis.exhaustive
    assert (analysis.algorithms.n_candidates, analysis.algorithms.algorithms) == (0, ())
    assert analysis.criteria["both-directions"].of == 0
    assert result_json([analysis])["outputs"][0]["algorithms"] == []


def test_numbers_that_may_overflow_are_refused_before_the_work():
    network = Network.from_arrays([[[1e200, 1.0]], [[1.0]]], [[0.0], [0.0]], activation="relu")
    rows = clean_data(2).representatives
    task = named_task("OR", 2)
    assert preflight(ask(network, task=task)) == ()
    (problem,) = preflight(ask(network, task=task, data=replace(clean_data(2), interchange_rows=1e150 * rows)))
    assert "may exceed float64" in problem.cause
    bounded = Network.from_arrays([[[1e200, 1.0]], [[1.0]]], [[0.0], [0.0]], activation="tanh")
    assert preflight(ask(bounded, task=task, data=replace(clean_data(2), representatives=1e90 * rows))) == ()
