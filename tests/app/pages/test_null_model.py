"""Trained and drawn networks beside one network's figures, and the study that draws some where nobody has yet."""

import json
from dataclasses import replace

import pytest

from analysis.protocol import COMPLETE, PAPER
from analysis.studies.cells import cells_of
from analysis.studies.reading import design_from_mapping
from analysis.tasks import task_from_table
from app.addressing import Addresses
from app.db.studies import save_results
from app.db.writes import save_network
from app.errors import NotFound
from app.jobs.study_queue import start
from app.naming import Scope
from app.pages.null_model import Asked, null_model
from app.pages.place import locate
from app.pages.studies.form import NewStudyOptions, build_new_study
from tests.factories import pretrained_xor, small_network
from tests.study_factories import design, results

pytestmark = pytest.mark.one_database

AT = Addresses()
ASKED = [Asked("circuits-valid", "Valid circuits", 85), Asked("one-irredundant-algorithm", "One algorithm")]
DRAWN = {"source": "drawn", "prior": ["", "normal 2"], "comparisons": [], "references": []}


@pytest.fixture
def session(store):
    with store.write() as writer:
        save_network(writer, pretrained_xor(), slug="xor")
        yield writer


def beside(session, protocol="paper"):
    return null_model(session, locate(session, AT, "xor", Scope(0, protocol)), AT, ASKED)


def test_studies_of_this_server_are_a_null_model_too(session):
    assert beside(session).rows == []
    study = design(**DRAWN)
    known = results(study)
    save_results(session, known)
    view = beside(session)
    assert (view.arms, view.url, view.draw_url) == (["trained", "normal 2"], "/studies/xor-width", "")
    assert "Study xor-width: of 4 seeds each, 3 networks converged where they are trained, and 3 compute" in view.note
    shares = {(row.measure, row.what): [(share.hits, share.of) for share in row.shares] for row in view.rows}
    told = {cell.key: cell.labels for cell in cells_of(study)}
    for arm in view.arms:
        values = [
            one.values["paper"][0]["circuits-valid"].value
            for one in known.outcomes
            if one.converged and (told[one.cell]["prior"], told[one.cell]["hidden"]) == (arm, "3-3")
        ]
        at = view.arms.index(arm)
        assert shares["circuits-valid", "any"][at] == (sum(value > 0 for value in values), len(values))
        assert shares["circuits-valid", "exactly one"][at] == (values.count(1), len(values))
    assert ("one-irredundant-algorithm", "yes") in shares


def test_a_study_that_has_only_begun_is_none_yet(session):
    start(session, design(**DRAWN))
    view = beside(session)
    assert (view.rows, view.draw_url) == ([], "/studies/new?network=xor&protocol=paper#file")


def test_studies_that_come_with_pluriscope_are_shown_first(session):
    save_results(session, results(design(**DRAWN)))
    view = beside(session, "complete")
    assert view.arms == ["trained", "normal 1", "normal 2", "fan-in 3"]
    assert {row.measure for row in view.rows} == {"circuits-valid"}, "shares of other arms have no column"


@pytest.mark.parametrize(
    "changed",
    [
        {"protocols": ["complete"]},
        {"hidden": [[2, 2]]},
        {"tasks": [["AND"]]},
        {"activation": ["tanh"]},
        {"loss_target": [0.1, 0.01]},
        {"noise_std": [0.1]},
        {"tasks": [["XOR", "AND"]]},
    ],
)
def test_networks_of_another_kind_are_none(session, changed):
    save_results(session, results(design(**{**DRAWN, **changed})))
    assert beside(session).rows == []


@pytest.mark.slow
def test_where_there_is_none_the_form_for_a_study_that_draws_some_is_filled_in(session):
    view = beside(session)
    assert view.draw_url == "/studies/new?network=xor&protocol=paper#file"
    page = build_new_study(session, AT, NewStudyOptions(network="xor", protocol="paper"))
    study = design_from_mapping(json.loads(page.file))
    (cell,) = (one for one in cells_of(study) if not one.levels["prior"])
    assert (cell.sizes, cell.tasks(0), study.protocols) == ((2, 3, 3, 1), ("XOR",), (PAPER,))
    assert study.labels("prior") == ("trained", "normal 1", "normal 2", "fan-in 3")
    save_results(session, results(study))
    assert build_new_study(session, AT, NewStudyOptions(network="xor", protocol="paper")).file != page.file, (
        "a new slug"
    )
    own = beside(session)
    assert own.draw_url == ""
    assert own.url == f"/studies/{study.slug}"


def test_a_task_without_a_name_is_written_out(session):
    rare = replace(small_network(sizes=(3, 2, 1)), tasks=(task_from_table([0, 0, 1, 1, 1, 0, 0, 1], 3),))
    save_network(session, rare, slug="three")
    page = build_new_study(session, AT, NewStudyOptions(network="three"))
    study = design_from_mapping(json.loads(page.file))
    assert (study.n_inputs, study.protocols) == (3, (COMPLETE,))
    assert study.tasks == (("00111001",),)


def test_a_network_of_several_outputs_says_why_none_is_drawn(session):
    save_network(session, small_network(sizes=(2, 2, 2)), slug="two")
    assert null_model(session, locate(session, AT, "two", Scope()), AT, ASKED).draw_url == ""
    with pytest.raises(NotFound, match="has 2 outputs"):
        build_new_study(session, AT, NewStudyOptions(network="two"))
