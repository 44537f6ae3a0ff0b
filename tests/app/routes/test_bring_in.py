"""Networks of one's own through the browser's form and over HTTP."""

import json

import pytest
from sqlalchemy import func, select

from app.db.tables import DataRow, JobRow, NetworkRow
from tests.hostile.files import hostile_files


@pytest.mark.slow
def test_nothing_is_stored_whichever_way_they_come(client, store):
    for file in hostile_files(150, seed=7):
        for answer in (
            client.post("/api/v1/networks", content=file.raw, params={"task": "decisions", "protocols": "complete"}),
            client.post("/api/v1/networks/preview", content=file.raw),
            client.post("/networks", files={"file": ("../../x.json", file.raw)}, data={"task": "decisions"}),
        ):
            assert 400 <= answer.status_code < 500, (file.family, answer.status_code, file.raw[:100])
    with store.read() as session:
        for table in (NetworkRow, DataRow, JobRow):
            assert session.scalar(select(func.count()).select_from(table)) == 0
