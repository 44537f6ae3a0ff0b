"""Without the libraries of the extras the core runs, and what needs one says in one sentence what to install."""

import os
import subprocess
import sys

import pytest
from fastapi.testclient import TestClient

from pluriscope.app.main import create_app
from tests import plain_wheel
from tests.app.cli.test_analyse import run
from tests.app.cli.test_every_format import as_onnx
from tests.app.routes.conftest import LOCAL
from tests.bad_files import good_document
from tests.checkout import ROOT
from tests.factories import XOR_SLUG, on_a_copy, stored_analysis

ONNX = "ONNX file: needs onnx, which is not installed. Install it: pip install 'pluriscope[onnx]'."
PDF = "a drawing as PDF: needs typst, which is not installed. Install it: pip install 'pluriscope[pdf]'."
PARQUET = "Parquet: needs duckdb, which is not installed. Install it: pip install 'pluriscope[parquet]'."
PLAIN = """
import sys
import pluriscope
from pluriscope.app.offline.kernel import answer, site_of

result = pluriscope.explain(sys.argv[1])
for below in ("", "/explanations?part=list-edges.plotly", "/drawing.png"):
    print(answer(site_of(result), result.address + below, {})[0]["status"])
try:
    result.save_tables("tables")
except ImportError as refusal:
    print(refusal)
"""


@pytest.fixture
def client(tmp_path):
    app = create_app(on_a_copy(data=tmp_path))
    with TestClient(app, base_url="http://127.0.0.1", client=LOCAL) as client:
        stored_analysis(app.state.store, real=True)
        yield client


@pytest.fixture
def onnx_file():
    return as_onnx(good_document(activation="relu", output_activation="linear", negative_slope=None))


@pytest.mark.slow
def test_pages_and_json_say_what_to_install(client, onnx_file, monkeypatch):
    for name in ("onnx", "typst"):
        monkeypatch.setitem(sys.modules, name, None)
    sent = client.post("/api/v2/networks", content=onnx_file)
    assert (sent.status_code, [one["message"] for one in sent.json()["errors"]]) == (501, [ONNX])
    form = client.post("/networks", files={"file": ("mine.onnx", onnx_file)})
    assert "ONNX file needs onnx, which is not installed" in form.text
    assert "Install it: pip install &#39;pluriscope[onnx]&#39;." in form.text
    address = f"/networks/{XOR_SLUG}/drawing.pdf"
    drawing = client.get(address, headers={"accept": "application/json"})
    assert (drawing.status_code, drawing.json()["errors"][0]["message"]) == (501, PDF)
    page = client.get(address, headers={"accept": "text/html"})
    assert page.status_code == 501
    assert "pip install &#39;pluriscope[pdf]&#39;" in page.text


@pytest.mark.slow
def test_commands_say_what_to_install(onnx_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnx", None)
    (tmp_path / "mine.onnx").write_bytes(onnx_file)
    assert run("analyse", tmp_path / "mine.onnx", "--output", "-") == 2
    assert ONNX in capsys.readouterr().err


@pytest.mark.slow
def test_the_core_alone_explains_a_network_and_shows_it(tmp_path):
    path = os.pathsep.join(map(str, (plain_wheel.site(tmp_path / "site"), ROOT)))
    environment = {**os.environ, "PYTHONPATH": path, "TESTS_MISSING": " ".join(plain_wheel.missing(""))}
    assert {"duckdb", "onnx", "pandas", "plotly", "pluriscope_methods", "typst"} <= plain_wheel.missing("")
    file = ROOT / "app" / "bundled" / "xor-pretrained.json"
    command = [sys.executable, "-c", PLAIN, file]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.stdout.splitlines(), done.returncode) == (["200", "200", "200", PARQUET], 0), done.stderr
