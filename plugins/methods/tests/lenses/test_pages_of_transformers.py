"""Pages of lenses on transformers: cells lead to Play, and settings are those of the address."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from pluriscope.analysis.subjects.sites import pairs_of, run
from pluriscope.app.db.writes import save_network
from tests.analysis.subjects.transformer.test_attention_blocks import with_blocks
from tests.app.pages.test_play_on_transformers import DOCUMENT, MODEL
from tests.clients import served

LENSES = "/networks/induction/analyses/lenses"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("lenses")) as client:
        with client.app.state.store.write() as session:
            save_network(session, json.dumps(DOCUMENT).encode(), slug="induction")
            blocks = with_blocks(1, (2, 2, 4, 2, 3, 2), mlp="relu", norm=True)
            save_network(session, json.dumps(blocks).encode(), slug="blocks")
        yield client


@pytest.mark.parametrize("direction", ["denoising", "noising"])
def test_each_cell_of_a_lens_leads_to_play_with_that_patch_set(client, direction):
    address, pair = f"{LENSES}/patching-table?pairs=1&direction={direction}", pairs_of(MODEL, 1)
    grid = client.get(f"/api/v2{address}").json()["grids"][1]
    url = re.search(r'href="([^"]*change=2\.0~5(?:&[^"]*)?)"', client.get(address).text)[1]
    played = client.get("/api/v2" + unescape(url)).json()
    right, wrong = (MODEL.outputs[MODEL.answers[rows[0]]] for rows in (pair.clean, pair.corrupt))
    source = pair.clean if direction == "denoising" else pair.corrupt
    patched_from = dict(zip(MODEL.outputs, run(MODEL, MODEL.tokens[source]).logits[0], strict=True))
    ends = (played["before"]["values"], patched_from, played["after"]["values"])
    low, high, now = (one[right] - one[wrong] for one in ends)
    value = grid["values"][grid["rows"].index("2.0")][grid["columns"].index("5")]
    assert value == pytest.approx((now - low) / (high - low))


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("logit-lens?row=3", 200, "Likeliest tokens on"),
        ("logit-lens?row=999", 200, "Row 999 is beyond the 324 rows of the task; use 0 to 323."),
        ("superposition", 200, "Single neurons of transformers are not read"),
        ("sae", 200, "An answer under these settings takes long."),
        ("patching-table?metric=cosine", 422, "use logit-difference, probability, kl"),
        ("nothing", 422, "is unknown"),
    ],
)
def test_a_lens_answers_or_says_why(client, path, status, words):
    answer = client.get(f"{LENSES}/{path}")
    assert (answer.status_code, words.lower() in unescape(answer.text).lower()) == (status, True)


@pytest.mark.parametrize("key", ["patching-table", "attribution-patching", "probes", "direct-attribution"])
def test_lenses_answer_about_models_with_all_blocks(client, key):
    reply = client.get(f"/api/v2/networks/blocks/analyses/lenses/{key}").json()
    assert reply["outcome"] == "found" or "one answer" in client.get(f"/networks/blocks/analyses/lenses/{key}").text
