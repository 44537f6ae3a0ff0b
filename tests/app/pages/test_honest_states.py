"""Every page of results in every state that its analysis can be in: what is said, and what must never be said."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from pluriscope.analysis.circuits.search import search_circuits
from pluriscope.analysis.criteria.steps import parse_steps
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.questions.protocol import COMPLETE, protocol_from_mapping
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.results.result import CriterionTally
from pluriscope.analysis.running.progress import KnownCircuits
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.tables import AnalysisRow, VerdictRow
from pluriscope.app.db.verdicts import PreparedVerdicts, save_verdicts
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs import queue
from pluriscope.app.jobs.definitions import analyse_arguments
from tests.clients import served
from tests.factories import pretrained_xor, save_analysis, small_network

pytestmark = pytest.mark.slow  # the everyday run has one state of each kind among all pages
UNKNOWN = {
    "queued": (
        "<b>Not known yet.</b> 9 circuits",
        "Waiting for a worker until this machine has nothing else to do.",
        'aria-label="1 of 5 steps done"',
    ),
    "running": ("<b>Not known yet.</b> 9 circuits", "algorithms, 12 valid so far", "See the job"),
    "failed": (
        "<b>Not known yet.</b> The analysis failed",
        "The analysis under complete failed",
        "memory: too little. Add some.",
        "Try again",
    ),
    "cancelled": (
        "<b>Not known yet.</b> The analysis was cancelled",
        "The analysis under complete was cancelled",
        "Try again",
    ),
    "untouched": ("<b>Not known yet.</b> Nobody asked for its analysis yet.", ">Analyse<"),
}
"""State without a stored analysis → what every page says of it."""
CERTAIN = (
    *(
        "None exist",
        "No circuit is valid",
        "No placement is valid",
        "none of them can be placed",
        "This will not change",
    ),
    *("The search was exhaustive", 'data-empty="none"', 'data-empty="truncated"', "0 explanations", "0 valid"),
    *("0 candidate", "stopped at a limit"),
)
"""What may be said only of an analysis that is stored."""
CUT = protocol_from_mapping({"name": "cut", "max_alignments": 2_000})


@pytest.fixture(scope="module")
def store_and_client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("states"), local=True) as client:
        store = client.app.state.store
        with store.write() as session:
            for seed, state in enumerate(UNKNOWN, start=20):
                row = save_network(session, small_network(seed), slug=state)
                if state == "untouched":
                    continue
                made = queue.enqueue(session, "analyse", analyse_arguments(row.digest, 0, COMPLETE), f"Analyse {state}")
                job = session.get(JobRow, made.id)
                job.state = state
                job.error = "memory: too little. Add some." if state == "failed" else ""
                if state == "running":
                    job.stage, job.found, job.done, job.total = "algorithms", "12 valid so far", 30, 40
            none = small_network(4)
            save_network(session, none, slug="none")
            save_analysis(session, analyse_output(ask(none.network, task=none.tasks[0])))
            layers = {"weights": [[[1, 1], [1, 1]], [[1, -1]]], "biases": [[0, -1], [0]]}
            half = Network.from_arrays(**layers, activation="relu", output_activation="linear")  # A ∨ B
            save_network(session, NetworkFile("half", half, (Task((0, 0, 1, 1), "A"),)), slug="half")
            save_analysis(session, analyse_output(ask(half, task=Task((0, 0, 1, 1), "A"))))
            xor = pretrained_xor()
            save_network(session, xor, slug="xor")
            question = ask(xor.network, task=xor.tasks[0], protocol=CUT)
            save_analysis(session, analyse_output(question, circuits=search_circuits(question, max_valid=50)))
        yield store, client


@pytest.fixture
def shown(store_and_client):
    """The words of a page's main part, with its markup for what is no word."""

    def fetch(address: str) -> str:
        answer = store_and_client[1].get(address)
        assert answer.status_code == 200
        main = answer.text.partition("<main")[2].partition("</main>")[0]
        return unescape(re.sub(r"\s+", " ", main))

    return fetch


@pytest.mark.parametrize("state", UNKNOWN)
def test_what_is_not_known_is_never_said_to_be_none(shown, state):
    text = shown(f"/networks/{state}")
    for words in UNKNOWN[state]:
        assert words in text
    others = {words[0] for name, words in UNKNOWN.items() if words[0] != UNKNOWN[state][0]}
    assert [words for words in (*others, *CERTAIN) if words in text] == []
    # renewed as long as somebody works, or the page itself asks for it, no longer
    assert ("data-poll" in text) == (state in ("queued", "running", "untouched"))


def test_a_search_that_gave_way_keeps_what_it_found_in_sight_and_says_why_it_waits(store_and_client, shown):
    store, _ = store_and_client
    with store.write() as session:
        job = session.scalar(select(JobRow).where(JobRow.title == "Analyse queued"))
        job.so_far = {"circuits": KnownCircuits(9, 2, 2, 8, masks=(15, 7)).as_json()}
    text = shown("/networks/queued")
    with store.write() as session:
        session.get(JobRow, job.id).so_far = {}
    assert "It let others have a first answer, and goes on then." in text
    assert text.count("not counted yet") == 3
    assert "Two that do the same" in text


def test_a_placement_without_variables_is_called_empty(shown):
    assert "1 minimal; 1 is empty, with nothing to test" in shown("/networks/half")
    assert "an empty placement, of which nothing is tested" in shown("/networks/half/explanations")


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_what_failed_can_be_tried_again(store_and_client, shown, state):
    store, client = store_and_client
    target = re.search(r'action="(/jobs/[0-9a-f]+/retry)"', shown(f"/networks/{state}"))[1]
    with store.read() as session:
        before = session.get(JobRow, target.split("/")[2]).state
    answer = client.post(target)
    assert (before, answer.status_code) == (state, 303)
    assert "See the job" in shown(f"/networks/{state}")
    with store.write() as session:
        session.get(JobRow, target.split("/")[2]).state = state


def test_what_nobody_asked_for_can_be_asked_for(store_and_client, shown):
    assert 'action="/networks/untouched/analyses"' in shown("/networks/untouched/analyses/funnel")


def test_where_none_exist_the_page_says_that_all_was_searched(shown):
    text = shown("/networks/none")
    for words in (
        "No circuit is valid",
        "All 9 possible circuits",
        "The whole network itself fails: it is wrong on ",
        "--task decisions",
        "Train another",
    ):
        assert words in text
    assert "may exist" not in text
    assert "stopped" not in text
    assert "See the job" not in text


def test_where_a_network_did_not_learn_its_task_the_page_says_so_before_it_counts(shown):
    first, learned = shown("/networks/half"), shown("/networks/xor")
    reply = [first.index(words) for words in ("it answers A on 3 of 4 inputs", "did not learn", "wrong on 1 of 4 rows")]
    assert max(reply) < first.index("Valid circuits")
    assert "did not learn" not in learned


def test_the_funnel_offers_to_go_on_where_a_shorter_budget_ended_a_criterion(store_and_client, shown):
    store, _ = store_and_client
    address = f"/networks/xor/analyses/funnel/chosen?protocol={CUT.digest[:12]}&criteria=necessity"
    with store.write() as session:
        analysis = session.scalars(select(AnalysisRow).where(AnalysisRow.protocol_digest == CUT.digest)).one()
        step = parse_steps(["necessity"])[0]
        note = "Not decided within the budget of 5 seconds for each criterion."
        one = PreparedVerdicts("circuit", step, n=50, letters="U" * 50, tally=CriterionTally(0, 0, 50, 0), note=note)
        (row,) = save_verdicts(session, analysis, [one])
    text = shown(address)
    assert "Some are undecided" in text
    assert "within the budget of 5 seconds" in text
    assert ">Go on<" in text
    with store.write() as session:
        session.get(VerdictRow, row.id).note = note.replace("5 seconds", "60 seconds")
    assert "Ended by the budget" not in shown(address)
