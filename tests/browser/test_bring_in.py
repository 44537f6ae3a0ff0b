"""A stranger imports networks trained elsewhere, with nothing but the pages, and passes on what is found."""

from __future__ import annotations

import json
import re

import pytest

from pluriscope.app.pages.bring_in.form import HELP_FILE
from pluriscope.app.pages.prose import chapters
from tests.browser.conftest import PHONE
from tests.browser.rules import accessible, accessible_in_the_dark, not_wider_than_the_screen, one_primary

pytestmark = pytest.mark.browser
SNIPPETS = {title: [b for b in blocks if b.startswith("    ")] for title, blocks in chapters(HELP_FILE)}


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


def test_from_scikit_learn_to_a_shared_link(tab, expect, ear, site, by_scikit_learn, visitor):
    ear.expect_status(422)
    tab.goto("/")
    tab.get_by_role("banner").get_by_role("link", name="Your network").click()
    expect(tab.locator("main")).to_contain_text("Layers in the order read")  # of an example, before anything is given
    tab.get_by_label("Or paste its text").fill(by_scikit_learn.read_text())
    tab.get_by_role("button", name="See what it computes").click()
    expect(tab.locator("main")).to_contain_text(re.compile(r"It computes\s*XOR"))
    tab.get_by_text("Finer options").click()
    tab.get_by_label("How inputs are encoded").fill("1, 1")
    tab.get_by_label("How inputs are encoded").press("Tab")  # nothing needs to be pressed
    expect(tab.locator(".field.err")).to_contain_text("the same number for 0 and for 1")
    tab.get_by_label("How inputs are encoded").fill("")
    tab.get_by_label("How inputs are encoded").press("Tab")
    tab.locator("input#k-name").fill("XOR by scikit-learn")
    tab.locator("input#k-name").press("Tab")
    expect(tab.get_by_role("heading", level=1)).to_have_text("XOR by scikit-learn")
    expect(tab.locator("main")).to_contain_text(re.compile(r"It computes\s*XOR"))
    expect(tab.locator("#plan")).to_contain_text("225")
    assert "xor-by-scikit-learn" not in json.dumps(site.twin("/networks"))  # nothing is stored yet
    tab.get_by_role("button", name="Import and analyse").click()
    expect(tab).to_have_url(re.compile("/networks/xor-by-scikit-learn$"))
    site.work("analyse")  # the page renews itself; nobody reloads it
    expect(tab.locator("#main")).to_contain_text("of 225 possible, exact")
    link = tab.evaluate("location.href")
    friend = visitor()
    friend.goto(link)
    expect(friend.get_by_role("heading", level=1)).to_have_text("XOR by scikit-learn")
    friend.locator(".answer .facts").get_by_role("link").first.click()
    expect(friend.get_by_role("heading", level=1)).to_have_text("Explanations")
    expect(friend.locator("#list-kind-circuit")).to_be_checked()


STATE = json.dumps(
    {
        "hidden.weight": [[1.0, 1.0], [1.0, 1.0]],
        "hidden.bias": [0.0, -1.0],
        "out.weight": [[1.0, -2.0]],
        "out.bias": [0.0],
    }
)
FILE = {"name": "mine.json", "mimeType": "application/json", "buffer": STATE.encode()}


def brought(tab):
    tab.goto("/networks/new")
    tab.get_by_label("Choose a file").set_input_files(FILE)
    tab.get_by_role("button", name="See what it computes").click()


def test_what_a_file_leaves_open_is_answered_and_seen_at_once(visitor, expect, ear):
    ear.expect_status(422)
    tab = visitor(**PHONE)
    brought(tab)
    activation = tab.get_by_label("Activation of its hidden layers")
    expect(activation).to_have_value("")
    expect(tab.locator(".notice").first).to_contain_text("Several fit (relu and leaky_relu)")
    tab.get_by_role("button", name="Import and analyse").click()
    expect(tab).to_have_url(re.compile("/networks/new$"))  # the browser asks for the choice
    activation.focus()
    activation.select_option("sigmoid")
    expect(tab.locator(".notice").first).to_contain_text("sigmoid contradicts its answers")
    expect(activation).to_be_focused()
    activation.select_option("relu")
    expect(tab.locator(".notice")).to_have_count(0)
    expect(tab.locator("main")).to_contain_text(re.compile(r"It computes\s*XOR"))
    rules = (accessible, accessible_in_the_dark, not_wider_than_the_screen, one_primary)
    assert [found for rule in rules for found in rule(tab)] == []


def test_it_is_answered_without_scripts(visitor, expect, ear):
    ear.expect_status(422)
    tab = visitor(java_script_enabled=False)
    brought(tab)
    tab.get_by_label("Activation of its hidden layers").select_option("sigmoid")
    tab.get_by_role("button", name="Show again").click()
    expect(tab.locator(".notice").first).to_contain_text("sigmoid contradicts its answers")
    expect(tab.get_by_label("Activation of its hidden layers")).to_have_value("sigmoid")


def test_a_file_that_is_too_large_is_not_sent(tab, expect):
    tab.goto("/networks/new")
    chosen = tab.get_by_label("Choose a file")
    chosen.set_input_files({"name": "huge.pt", "mimeType": "application/octet-stream", "buffer": bytes(4_000_001)})
    assert "huge.pt has 5 MB; 4 MB are the most." in chosen.evaluate("one => one.validationMessage")
    expect(tab.locator(".field.err")).to_contain_text("Save its weights alone")
    tab.get_by_role("button", name="See what it computes").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Your network")
    chosen.set_input_files(FILE)
    assert chosen.evaluate("one => one.validationMessage") == ""
