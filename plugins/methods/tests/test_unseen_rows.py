"""Unseen rows: what circuits use and predict against a plain program, and what follows where all is wrong or right."""

from __future__ import annotations

from importlib import resources
from itertools import product

import numpy as np
import pytest
from fastapi.testclient import TestClient

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.errors import NotOffered
from pluriscope.analysis.methods.report import Analysed, Settings
from pluriscope.analysis.network_files.files import parse_network_file
from pluriscope.analysis.questions.data import parse_data_file
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app import bundled
from pluriscope.app.bundled import bundled_networks
from pluriscope.app.db.writes import save_data_record, save_network
from pluriscope.app.main import create_app
from pluriscope_methods.unseen_rows import UNSEEN, find
from tests.factories import analyse_output, found_out, on_a_copy, save_analysis
from tests.oracles.brute_force_circuits import edges_of, possible_masks, run

FOLDER = resources.files(bundled)
DATA = parse_data_file((FOLDER / "wrong-lesson.data.json").read_bytes(), 3, 1)


def asked(slug):
    file = parse_network_file((FOLDER / f"{slug}.json").read_bytes())
    return ask(file.network, task=file.tasks[0], data=DATA)


def looked(question):
    return find(Analysed(question, search_circuits(question)), Settings())


def answers(network, mask):
    """What a circuit answers on each Boolean input, in plain arithmetic."""
    kept = {edge for bit, edge in enumerate(edges_of(network)) if mask >> bit & 1}
    return {row: int(run(network, kept, row)[-1][0] > 0.5) for row in product((0.0, 1.0), repeat=3)}


def flips(given, at):
    """Whether an answer changes on some row when one input is flipped."""
    return any(given[row] != given[(*row[:at], 1 - row[at], *row[at + 1 :])] for row in given)


@pytest.mark.parametrize("slug", ["wrong-lesson", "half-a-lesson", "right-lesson"])
def test_what_circuits_use_and_predict_is_what_a_plain_program_counts(slug):
    question = asked(slug)
    report, network = looked(question), question.network
    rows = [*product((0.0, 1.0), repeat=3)]
    seen = [row for row in rows if row[0] == row[2]]
    unseen = [row for row in rows if row not in seen]
    every = [answers(network, mask) for mask, _ in possible_masks(network)]
    valid = [given for given in every if all(given[row] == row[0] for row in seen)]
    whole = answers(network, (1 << 16) - 1)
    assert len(valid) == report.circuits
    assert [one.used for one in report.inputs] == [sum(flips(given, at) for given in valid) for at in range(3)]
    assert report.kept == sum(all(given[row] == whole[row] for row in unseen) for given in valid)
    assert report.by_right == [sum(sum(g[row] == row[0] for row in unseen) == n for g in valid) for n in range(5)]
    assert [one.ones for one in report.rows] == [sum(given[row] for given in valid) for row in rows]
    assert [one.agreement for one in report.inputs] == [1, 0, 1]
    assert [one.network for one in report.inputs] == [flips(whole, at) for at in range(3)]


def test_the_share_that_uses_the_shortcut_is_1_where_all_unseen_rows_are_wrong_and_0_where_all_are_right():
    wrong, half, right = (looked(asked(slug)) for slug in ("wrong-lesson", "half-a-lesson", "right-lesson"))
    assert [sum(one.network == one.right for one in report.unseen) for report in (wrong, half, right)] == [0, 2, 4]
    shares = [report.inputs[2].used / report.circuits for report in (wrong, half, right)]
    assert shares == pytest.approx([1, 0.696, 0], abs=5e-4)
    null = [report.inputs[1].used / report.circuits for report in (wrong, half, right)]
    assert null == pytest.approx([0.181, 0, 0], abs=5e-4)  # of the input that agrees with nothing
    assert (wrong.inputs[2].kept_used, right.inputs[2].kept_used) == (wrong.kept, 0)
    assert half.by_right == [744, 0, 960, 0, 744]  # as many predict the shortcut everywhere as the rule


def test_neurons_that_look_clean_are_told_by_a_threshold():
    question = asked("wrong-lesson")
    found = {(one.neuron, one.input): one.right for one in looked(question).clean}
    values, rows = question.clean_activations[1], [*product((0, 1), repeat=3)]
    for neuron, (at, name) in product(range(4), enumerate("ABC")):
        best = [0]
        for mark, up in product([*values[:, neuron], np.inf], (True, False)):
            told = [(value >= mark) == up for value in values[:, neuron]]
            right = [told[k] == bool(row[at]) for k, row in enumerate(rows)]
            best += [sum(right)] * all(right[k] for k, row in enumerate(rows) if row[0] == row[2])
        assert found.get((f"n1.{neuron}", name), 0) == max(best), (neuron, name)


def test_without_unseen_rows_it_is_refused():
    xor = next(one for one in bundled_networks() if one.slug == "xor-pretrained")
    questions = [ask(xor.file.network), ask(xor.file.network, task=xor.file.tasks[0], data=xor.data)]
    assert all("leaves some out has unseen rows" in UNSEEN.refuses(question) for question in questions)
    assert not UNSEEN.refuses(asked("wrong-lesson"))
    with pytest.raises(NotOffered, match="no unseen rows"):
        looked(questions[0])


def test_the_page_and_that_of_a_circuit(tmp_path):
    app = create_app(on_a_copy(data=tmp_path))
    one = next(one for one in bundled_networks() if one.slug == "wrong-lesson")
    with TestClient(app) as client:
        with app.state.store.write() as session:
            save_network(session, one.file, slug=one.slug)
            save_data_record(session, one.data)
            analysis = save_analysis(session, analyse_output(asked(one.slug)))
            found_out(session, analysis, "unseen")
        data = f"data={one.data.digest[:12]}"
        page = client.get(f"/networks/wrong-lesson/analyses/unseen?{data}").text
        for words in ("Of 4 unseen rows the network answers 4 wrong", "1,546 of 1,546 valid circuits use it", "602"):
            assert words in page
        assert "Of minimal ones there are 8, 3, 23, 0 and 0" in page
        refused = client.get("/networks/wrong-lesson/analyses/unseen")
        assert "leaves some out has unseen rows" in refused.text
        page = client.get(f"/networks/wrong-lesson/explanations/c-300f?{data}").text
        parts = page.split('hx-get="')[1:]
        shown = page + "".join(client.get(part.split('"')[0].replace("&amp;", "&")).text for part in parts)
        assert "Unseen rows predicted" in shown
