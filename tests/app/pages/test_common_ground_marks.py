"""Too many places for a mark each: cells of a grid that say what is in them, and lists that hold exactly that."""

from __future__ import annotations

import json
import re
from html import unescape

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from analysis.common_ground.points import AlignmentPoints, ClassPoints
from analysis.common_ground.survey import CommonGround
from analysis.experiments import intervention_space
from analysis.networks.circuit import EdgeLayout
from analysis.pipeline import analyse_output
from analysis.question import ask
from app.bundled import bundled_networks
from app.db.cloud_marks import MOST_MARKS, marks_of
from app.db.common_ground import save_common_ground
from app.db.common_ground_columns import Stored, prepare_common_ground
from app.db.reads.common_ground import CloudPoint
from app.db.tables import AnalysisRow
from app.db.writes import save_analysis, save_network
from app.main import create_app
from tests.factories import on_a_copy

OF = 756
pytestmark = pytest.mark.slow
PAGE = "/networks/xor/common-ground"
FILE = next(file for file in bundled_networks() if file.slug == "xor-2-2-2")


def places(n: int, *, of: int = OF, seed: int = 0) -> list[CloudPoint]:
    """So many distinct places of three kinds, with some explanations each."""
    random = np.random.default_rng(seed)
    found = {}
    while len(found) < n:
        kind = int(random.integers(0, 3))
        predicted = of if kind == 0 else int(of * 10.0 ** random.uniform(-2.5, 0)) + 1
        right = int(random.integers(0, predicted + 1))
        found[kind, predicted, right] = int(random.integers(1, 9))
    keys = sorted(found)
    return [CloudPoint(*key, found[key], 10 * k, found[key] if key[0] == 0 else 0) for k, key in enumerate(keys)]


def inside(cell, points: dict[str, np.ndarray], of: int) -> np.ndarray:
    """Which places lie in a cell, as the list's filters read its bounds."""
    chosen = points["kind"] == cell.kind
    if cell.accuracy is None:
        return chosen & (points["predicted"] == cell.place.predicted) & (points["right"] == cell.place.right)
    for span, share in (
        (cell.accuracy, points["right"] / points["predicted"]),
        (cell.coverage, points["predicted"] / of),
    ):
        chosen &= (share >= span.low) & (share < (np.inf if span.below is None else span.below))
    for predicted, right in cell.besides:
        chosen &= (points["predicted"] != predicted) | (points["right"] != right)
    return chosen


@pytest.mark.parametrize(("n", "of"), [(801, OF), (4_000, OF), (8_000, 1_000_000)])
def test_many_places_are_parted_among_bounded_marks(n, of):
    many = places(n, of=of)
    marks = marks_of(many, of)
    assert marks.grid is not None
    assert MOST_MARKS / 8 < len(marks.cells) <= MOST_MARKS
    assert sum(cell.places for cell in marks.cells) == n
    assert sum(cell.count for cell in marks.cells) == sum(one.count for one in many)
    assert sum(cell.interpretations for cell in marks.cells) == sum(one.interpretations for one in many)
    columns = {name: np.array([getattr(one, name) for one in many]) for name in ("kind", "predicted", "right", "count")}
    numbers = {one: k for k, one in enumerate(many)}
    homes = np.zeros(n, dtype=int)
    for cell in marks.cells:
        within = inside(cell, columns, of)
        assert (within.sum(), columns["count"][within].sum()) == (cell.places, cell.count)
        assert within[numbers[cell.place]]
        homes += within
    assert (homes == 1).all()


def test_extremes_stay_marks_of_their_own():
    many = places(4_000)
    alone = {cell.place for cell in marks_of(many, OF).cells if cell.places == 1}
    for kind in range(3):
        here = [one for one in many if one.kind == kind]
        for key in (lambda one: one.accuracy, lambda one: one.predicted):
            for extreme in (min, max):
                value = key(extreme(here, key=key))
                assert any(one.kind == kind and key(one) == value for one in alone)


def test_bounds_hold_even_where_nothing_coincides():
    # every kind at every accuracy and over ten powers of ten of coverage: the coarsest grid must do
    many = [
        CloudPoint(kind, predicted, predicted * step // 40, 1, 0, 0)
        for kind in range(3)
        for predicted in sorted({int(10 ** (k / 8)) for k in range(73)})
        for step in range(41)
    ]
    distinct = list({(one.kind, one.predicted, one.right): one for one in many}.values())
    marks = marks_of(distinct, 10**9)
    assert len(marks.cells) <= MOST_MARKS
    assert sum(cell.count for cell in marks.cells) == len(distinct)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A stored analysis with a survey of alignments that is made up: one of each place."""
    app = create_app(on_a_copy(data=tmp_path_factory.mktemp("marks")))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000)) as client:
        with app.state.store.write() as session:
            save_network(session, FILE, slug="xor", origin="bundled", position=0)
            save_analysis(session, analyse_output(ask(FILE.network, task=FILE.tasks[0])))
            analysis = session.scalars(select(AnalysisRow)).one()
            save_common_ground(session, analysis, made_up(places(3_000, seed=1)))
        yield client


def made_up(points: list[CloudPoint]):
    space = intervention_space(FILE.network.hidden_sizes, 2)
    assert space.n_interventions == OF
    layout = EdgeLayout(FILE.network.for_output(0).sizes)
    each = [one for one in points for _ in range(one.count)]
    classes = [one for one in each if one.kind == 0]
    aligned = [one for one in each if one.kind != 0]
    right = np.array([one.right for one in classes])
    n = len(classes)
    found = CommonGround(
        space=space,
        classes=ClassPoints(np.zeros(n, np.int64), tuple(range(n)), (1,) * n, np.full(n, OF), right, right, right),
        n_classes=n,
        drawn=True,
        seed=0,
        circuit_best=np.array([-1]),
        circuit_worst=np.array([-1]),
        best=None,
        worst=None,
        spread=None,
        n_perfect=None,
        alignments=AlignmentPoints(
            np.zeros(len(aligned), np.int64),
            np.arange(len(aligned)),
            np.array([one.predicted for one in aligned]),
            np.array([one.right for one in aligned]),
        ),
        n_alignments=len(aligned),
    )
    stored = Stored(
        masks=np.array([(1 << layout.n_edges) - 1], np.uint64),
        n_hex=layout.n_hex_digits,
        positions=[0],
        ids=[[f"{k:016x}" for k in range(len(aligned))]],
        valid=[[one.kind == 1 for one in aligned]],
    )
    return prepare_common_ground(found, stored, thorough=False, seconds=0.0, engine_version="0")


def test_the_page_stays_small_and_its_lists_hold_what_marks_say(client):
    page = client.get(f"/api/v1{PAGE}").json()
    assert len(page["cloud"]) <= MOST_MARKS < page["places"] == 3_000
    assert sum(one["places"] for one in page["cloud"]) == 3_000
    assert sum(one["count"] for one in page["cloud"]) == page["total"] == sum(page["kinds"].values())
    assert sum(bar["count"] for bar in page["representatives"]) == page["kinds"]["interpretation"]
    together = [one for one in page["cloud"] if one["cell"]]
    besides = [one for one in together if one["cell"]["besides"]]
    assert besides
    for one in [*together[::60], *besides[:3], *[one for one in page["cloud"] if not one["cell"]][::60]]:
        address = one["list_url"].removesuffix("#list")
        listed = client.get(f"/api/v1{address}").json()
        assert listed["total"] == one["count"], address
        assert {item["kind"] for item in listed["items"]} == {one["kind"]}
    text = unescape(client.get(PAGE).text)
    assert "stand at 3,000 different places, too many for a mark each" in text
    (figure,) = re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)
    marks = [trace for trace in json.loads(figure)["data"] if trace["type"] == "scatter"]
    assert sum(len(trace["x"]) for trace in marks) == len(page["cloud"])
    words = [line for trace in marks for line in trace["text"]]
    assert sum("between accuracy" in line for line in words) > 10


def test_a_bad_place_to_leave_out_is_named(client):
    answer = client.get(f"/api/v1{PAGE}", params={"besides": "12"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "besides")
