"""Points of the common ground by position: the blocks that hold them give what whole columns give."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from analysis.pipeline import analyse_output
from analysis.question import ask
from app.db import common_ground_columns
from app.db.reads import common_ground as reads
from app.db.tables import CommonGroundRow
from app.db.writes import save_analysis, save_network
from tests.app.pages.test_common_ground import FILE, survey
from tests.factories import temporary_store

pytestmark = pytest.mark.slow


def test_some_points_are_read_from_their_blocks_alone(tmp_path, monkeypatch):
    for module in (common_ground_columns, reads):
        monkeypatch.setattr(module, "BLOCK", 8)
    store = temporary_store(tmp_path)
    with store.write() as session:
        save_network(session, FILE, slug="xor", origin="bundled", position=0)
        save_analysis(session, analyse_output(ask(FILE.network, task=FILE.tasks[0])))
    survey(store, "xor")
    with store.read() as session:
        row = session.scalars(select(CommonGroundRow)).one()
        columns = reads.point_columns(session, row)
        n = len(columns["kind"])
        by_position = {place: reads.points_at(session, row, [place])[0] for place in range(n)}
        for place, point in by_position.items():
            assert point.position == place
            assert (point.owner, point.predicted, point.right) == tuple(
                columns[name][place].item() for name in ("owner", "predicted", "right")
            )
        assert len(by_position) > 5 * 8, "several blocks"
        for positions in ([0], [len(by_position) - 1, 3], [7, 8, 9], sorted(by_position)):
            assert reads.points_at(session, row, positions) == [by_position[place] for place in positions]
        assert reads.points_at(session, row, []) == []
        sent: list[int] = []
        event.listen(store.reader, "after_cursor_execute", lambda *_: sent.append(1))
        reads.points_at(session, row, [0, 1])
        assert len(sent) <= 2
    store.close()
