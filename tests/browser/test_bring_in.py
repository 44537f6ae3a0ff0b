"""A stranger imports networks trained elsewhere, with nothing but the pages, and passes on what is found."""

from __future__ import annotations

import json
import re

import pytest

from analysis.network_files.formats.reading import read_draft
from app.pages.bring_in.form import HELP_FILE
from app.pages.prose import chapters

pytestmark = pytest.mark.browser
SNIPPETS = {title: [b for b in blocks if b.startswith("    ")] for title, blocks in chapters(HELP_FILE)}


@pytest.fixture
def expect(chromium):
    from playwright.sync_api import expect

    return expect


def run(folder, *snippets):
    """Run the document's snippets as a user would, in a folder of their own."""
    import subprocess
    import sys

    code = "\n".join(line[4:] for snippet in snippets for line in snippet.splitlines())
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, timeout=300)


@pytest.fixture(scope="module")
def by_scikit_learn(tmp_path_factory):
    """XOR by MLPClassifier, exported with the document's two lines."""
    folder = tmp_path_factory.mktemp("scikit-learn")
    run(folder, *SNIPPETS["From scikit-learn"])
    return folder / "sklearn.json"


@pytest.fixture(scope="module")
def by_pytorch(tmp_path_factory):
    """XOR on ±1 by plain PyTorch, exported with the document's two lines."""
    folder = tmp_path_factory.mktemp("pytorch")
    training = """
    X = torch.tensor([[-1., -1], [-1, 1], [1, -1], [1, 1]])
    y = torch.tensor([[0.], [1], [1], [0]])
    optimizer = torch.optim.Adam(net.parameters(), lr=.05)
    for _ in range(1500):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy(net(X), y).backward()
        optimizer.step()
    """
    train, export, _ = SNIPPETS["From PyTorch"]
    run(folder, train, training.strip("\n"), export)
    return folder / "net.safetensors"


def test_from_scikit_learn_to_a_shared_link(tab, expect, site, by_scikit_learn, visitor):
    tab.goto("/")
    tab.get_by_role("navigation", name="Main").get_by_role("link", name="Import").click()
    tab.get_by_label("Or the text of a network file").fill(by_scikit_learn.read_text())
    tab.get_by_label("What its outputs should compute").select_option("formula")
    tab.get_by_label("Names, truth tables or formulas").fill("A xor B")
    tab.locator("input#name").fill("XOR by scikit-learn")
    tab.get_by_role("button", name="Preview").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("XOR by scikit-learn")
    expect(tab.locator("main")).to_contain_text(re.compile(r"It computes\s*XOR"))
    expect(tab.locator("#plan")).to_contain_text("225")
    assert "xor-by-scikit-learn" not in json.dumps(site.twin("/networks"))  # nothing is stored yet
    tab.get_by_role("button", name="Import and analyse").click()
    expect(tab).to_have_url(re.compile("/networks/xor-by-scikit-learn$"))
    with site.worker():
        # the page renews itself; nobody reloads it
        expect(tab.locator("#main")).to_contain_text("of 225 possible", timeout=120_000)
    link = tab.evaluate("location.href")
    friend = visitor()
    friend.goto(link)
    expect(friend.get_by_role("heading", level=1)).to_have_text("XOR by scikit-learn")
    friend.locator(".facts").get_by_role("link").first.click()
    expect(friend.get_by_role("heading", level=1)).to_have_text("Explanations")
    expect(friend.locator("#list-kind-circuit")).to_be_checked()


@pytest.mark.slow
def test_from_pytorch_on_signs_with_a_mistake_on_the_way(tab, expect, ear, by_pytorch, site):
    ear.expect_status(422)
    tab.goto("/networks/new")
    tab.get_by_label("A file", exact=True).set_input_files(by_pytorch)
    tab.get_by_label("What its outputs should compute").select_option("name")
    tab.get_by_label("Names, truth tables or formulas").fill("EXOR")
    tab.get_by_role("button", name="Preview").click()
    expect(tab.locator(".field.err")).to_contain_text("is not a known name")
    # the file need not be chosen again
    tab.get_by_label("Names, truth tables or formulas").fill("XOR")
    tab.get_by_label("How inputs are encoded").fill("-1, 1")
    tab.get_by_role("button", name="Preview again").click()
    expect(tab.locator("main")).to_contain_text(re.compile(r"It computes\s*XOR"))
    expect(tab.locator("main")).to_contain_text("inputs encoded as -1 and 1")
    tab.get_by_role("button", name="Import and analyse").click()
    expect(tab).to_have_url(re.compile(r"/networks/net\?data="))
    assert site.twin("/networks/net")["network"]["digest"] == read_draft(by_pytorch.read_bytes()).network.digest
    with site.worker():
        expect(tab.locator("#main")).to_contain_text("of 49 possible", timeout=120_000)


def test_delete_and_undo(tab, expect, site, ear, by_scikit_learn):
    ear.expect_status(410)
    tab.goto("/networks/new")
    document = json.loads(by_scikit_learn.read_text())
    document["biases"][-1][0] += 0.001  # another network
    tab.get_by_label("Or the text of a network file").fill(json.dumps(document))
    tab.locator("input#name").fill("to be deleted")
    tab.get_by_role("button", name="Preview").click()
    tab.get_by_role("button", name="Import and analyse").click()
    tab.locator("summary", has_text="Share").first.click()
    tab.get_by_role("link", name="Delete", exact=True).click()
    tab.get_by_role("button", name="Delete to-be-deleted").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("to be deleted is deleted")
    tab.goto("/networks/to-be-deleted/explanations")
    expect(tab.locator("main")).to_contain_text("was deleted")
    tab.get_by_role("button", name="Undo deletion").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("to be deleted")
    tab.locator("summary", has_text="Share").first.click()
    tab.get_by_role("link", name="Delete", exact=True).click()
    tab.get_by_role("button", name="Delete to-be-deleted").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("to be deleted is deleted")
