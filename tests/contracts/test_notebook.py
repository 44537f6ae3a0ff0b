"""The notebooks beside the documents run from top to bottom, and show the kinds of output that are stored in them."""

import os
import re

import nbformat
import pytest

from tests.checkout import ROOT

PATHS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def outputs(notebook) -> list[list[set[str]]]:
    """The forms of each output of each code cell."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [[set(out.data) for out in cell.outputs if out.output_type == "execute_result"] for cell in cells]


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture(scope="module")
def stored(path):
    return nbformat.read(path, as_version=4)


def test_it_is_stored_whole_and_without_traces_of_a_machine(path, stored):
    nbformat.validate(stored)
    for cell in stored.cells:
        if cell.cell_type == "code":
            assert cell.outputs or cell.source.startswith(("import", "def")), cell.source
            assert all(out.output_type in ("execute_result",) for out in cell.outputs)
    text = path.read_text()
    assert len(text) < 300_000
    assert not re.search(r"/(home|tmp|root|work)/", text)


@pytest.mark.slow
@pytest.mark.release
def test_as_html_it_has_every_drawing_and_no_script_of_ours(stored):
    from nbconvert import HTMLExporter  # half a second that the everyday check need not wait

    html, _ = HTMLExporter(template_name="basic").from_notebook_node(stored)
    ours = "".join(out.data.get("text/html", "") for cell in stored.cells for out in cell.get("outputs", ()))
    assert html.count("data:image/svg+xml;base64,") == ours.count("<img")
    assert "<script" not in ours


@pytest.mark.slow
@pytest.mark.release
@pytest.mark.filterwarnings("ignore")  # those of the kernel's own libraries
def test_it_runs(stored, tmp_path, monkeypatch):
    from nbclient import NotebookClient

    if any("from transformers" in cell.source for cell in stored.cells):
        pytest.importorskip("transformers")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, [ROOT, *(ROOT / "plugins").iterdir()])))
    run = nbformat.from_dict(stored)
    for cell in run.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    NotebookClient(run, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert outputs(run) == outputs(stored)
