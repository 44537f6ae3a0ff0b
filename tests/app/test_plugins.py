"""A plugin in the application: its addresses and jobs while it is there, and what is said of them when it is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import UTC, datetime
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import inspect, select, text

from pluriscope.analysis.plugins import VARIABLE
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.plugin_tables import PluginRow, keep_plugins
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.queue import cancel_unknown
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.factories import pretrained_xor
from tests.of_plugins import whole
from tests.plugin_files import write_plugin

TAKER = "class Criterion:\n    key = 'zero-ablation'\nONE = Criterion()\n"


@pytest.fixture
def settings(tmp_path):
    """Settings of a store that was once used with a plugin of a stranger, one job of which waits."""
    settings = Settings(data=tmp_path)
    with closing(open_store(settings)) as store:
        store.migrate()
        with store.write() as session:
            gone = PluginRow(name="of-stranger", version="1.0", paths=["/odd", "/odd/{name}"], kinds=["odd"])
            keep_plugins(session, [gone])
            save_network(session, pretrained_xor(), slug="xor")
            session.execute(text("CREATE TABLE odd_rows (id INTEGER PRIMARY KEY)"))
            for kind in ("odd", "never-heard-of"):
                job = JobRow(id=kind, kind=kind, arguments={}, title=kind, state="queued", created_at=datetime.now(UTC))
                session.add(job)
    return settings


@pytest.mark.slow
def test_of_a_plugin_that_is_gone_addresses_and_jobs_say_so_and_tables_stay(settings):
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        for path in ("/odd", "/odd/one"):
            page, twin = client.get(path), client.get(f"/api/v2{path}")
            assert page.status_code == twin.status_code == 404
            assert "needs of-stranger, which is not in use here" in page.text
            assert "pip install of-stranger" in twin.json()["error"]
        assert "needs of-stranger" not in client.get("/even").text
        analysis = client.get("/networks/xor/analyses/odd")
        assert (analysis.status_code, "needs of-stranger" in analysis.text) == (404, True)
        job = client.get("/api/v2/jobs/odd").json()
        assert (job["state"], job["needs_plugin"]) == ("queued", "of-stranger")
        assert "Needs of-stranger" in client.get("/jobs/odd").text
        assert "of-stranger" in client.get("/admin").text
    with closing(open_store(settings)) as store:
        with store.write() as session:
            assert cancel_unknown(session) == 1
            assert session.get(JobRow, "odd").state == "queued"
        with store.reader.connect() as connection:
            assert inspect(connection).has_table("odd_rows")


def test_what_cannot_be_loaded_of_a_plugin_is_still_its_own(settings):
    with closing(open_store(settings)) as store, store.write() as session:
        for broken, kinds in (({"of-stranger"}, ["even", "odd"]), ((), ["even"])):
            now = PluginRow(name="of-stranger", version="1.1", paths=[], kinds=["even"])
            keep_plugins(session, [now], broken)
            session.flush()
            row = session.get(PluginRow, "of-stranger", populate_existing=True)
            assert (row.version, row.kinds, "/odd" in row.paths) == ("1.1", kinds, bool(broken))
            job = session.get(JobRow, "odd")
            cancel_unknown(session)
            assert job.state == ("queued" if broken else "cancelled")


BAD = {  # name → what it brings, its file, what it needs, the sentence about it
    "of-broken": ({"lenses": {"x": "of_broken:ONE"}}, "1 / 0", "", "cannot be loaded from of_broken:ONE (ZeroDivision"),
    "of-exit": ({"routers": {"x": "of_exit:ONE"}}, "import sys; sys.exit()", "", "importing it raises SystemExit"),
    "of-five": ({"routers": {"y": "of_five:ONE"}}, "ONE = 5", "", "it has int where a APIRouter is taken"),
    "of-first": ({"commands": {"greet": "of_first:ONE"}}, "ONE = print", "", "in use: commands"),
    "of-old": ({"lenses": {"x": "of_old:ONE"}}, "", "==0.1.0", "needs pluriscope==0.1.0, and this is"),
    "of-second": ({"commands": {"greet": "of_second:ONE"}}, "", "", "'greet' has the name of what of-first brings"),
    "of-taker": ({"criteria": {"x": "of_taker:ONE"}}, TAKER, "", "'zero-ablation', which is there already"),
}


@pytest.mark.slow
def test_whatever_is_wrong_with_a_plugin_stands_on_the_page_of_the_installation_and_in_the_log(tmp_path):
    for name, (brings, module, needs, _) in BAD.items():
        write_plugin(tmp_path, name, brings, {f"{name.replace('-', '_')}.py": module}, f"pluriscope{needs}")
    code = """
        from fastapi.testclient import TestClient
        from pluriscope.app.main import create_app
        from pluriscope.app.logs import configure
        from pluriscope.app.settings import Settings
        configure()
        with TestClient(create_app(Settings()), base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
            page = client.get("/admin")
            assert page.status_code == client.get("/networks").status_code == 200
            print(page.text)
    """
    path = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {name: one for name, one in os.environ.items() if name != VARIABLE}
    environment |= {"PYTHONPATH": path, "PLURISCOPE_DATA": str(tmp_path / "data")}
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    for name, (*_, sentence) in BAD.items():
        assert sentence in unescape(done.stdout), name
        if not sentence.startswith("in use"):
            assert f"left out of plugin {name}: " in done.stderr
            assert sentence in done.stderr.replace('\\"', '"'), name


@whole
@pytest.mark.slow
def test_what_plugins_bring_is_kept_with_the_store(settings):
    with TestClient(create_app(settings)) as client, client.app.state.store.read() as session:
        kept = {row.name: row.paths for row in session.scalars(select(PluginRow))}
        assert "/bench/{method}" in kept["pluriscope-bench"]
        assert {"/networks/{network}/edit", "/networks/{network}/training"} <= {*kept["pluriscope-edits"]}
