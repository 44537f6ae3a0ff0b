"""An analysis that time ended is written, read back and gone on with, and ends as one without an end."""

import json
from dataclasses import replace
from itertools import count

import pytest

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.explaining.pipeline import analyse_outputs
from pluriscope.analysis.network_files.result_file import read_unfinished, result_json
from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.subjects.perceptron.question import ask
from tests.golden_files import golden_network

COUNTED = Limits(max_possible=9_624, n_draws=40, n_smallest=5)


def questions_of(name, protocol):
    file = golden_network(name)
    return [ask(file.network, output=k, task=task, protocol=protocol) for k, task in enumerate(file.tasks)]


def analysed(questions, limits, looks=0, so_far=()):
    """The result file of what is done within so many looks at a clock on which each takes a hundredth of a second."""
    ticks = count()
    work = Work(clock=lambda: next(ticks) / 100, limits=limits)
    found = analyse_outputs(questions, work.for_seconds(looks / 100) if looks else work, so_far=so_far)
    return json.loads(json.dumps(result_json(found)))


@pytest.fixture(scope="module")
def unfinished():
    questions = questions_of("xor_pretrained", COMPLETE)
    return questions, analysed(questions, COUNTED, 30)


def first(**fields):
    return lambda answer: answer["outputs"][0].update(fields)


CHANGES = {
    "no result": (
        lambda answer: answer.update(format="pluriscope-network/1"),
        "is not of the format 'pluriscope-result/1'",
    ),
    "another version": (lambda answer: answer.update(engine="0.1"), "is of other engine, 0.1"),
    "another network": (lambda answer: answer.update(network="0" * 64), "is of other network, 000000000000"),
    "another protocol": (lambda answer: answer["protocol"].update(digest="0" * 64), "is of other protocol"),
    "other rows": (lambda answer: answer["data"].update(digest="0" * 64), "is of other data record"),
    "other outputs": (first(output=1), "is of other outputs, [1], and this is [0]"),
    "another task": (first(task={"truth_table": [1, 0, 0, 1]}), "is of other tasks"),
    "a finished one": (lambda answer: answer["outputs"][0].pop("stops"), "is finished"),
    "one without masks": (lambda answer: answer["outputs"][0]["circuits"].pop("masks"), "lists no circuits"),
    "one that was changed": (first(candidates=7), "was changed after it was written"),
    "one whose seconds are odd": (lambda answer: answer.update(seconds={"circuits": "long"}), "is damaged: ValueError"),
    "one without seconds": (lambda answer: answer.update(seconds=None), "is damaged: AttributeError"),
    "one cut short": (lambda answer: answer.pop("seconds"), "is damaged: KeyError 'seconds'"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_cannot_be_gone_on_with_is_refused(unfinished, change):
    questions, answer = unfinished
    answer, (spoil, words) = json.loads(json.dumps(answer)), CHANGES[change]
    spoil(answer)
    with pytest.raises(InvalidNetwork) as refused:
        read_unfinished(answer, questions)
    assert str(refused.value).startswith(f"result file: {words}")


def test_what_is_asked_now_must_be_the_same(unfinished):
    (question,), answer = unfinished
    with pytest.raises(InvalidNetwork, match="is of other protocol"):
        read_unfinished(answer, [replace(question, protocol=PAPER)])
