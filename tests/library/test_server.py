"""Pages of a server give the same objects as a run here; whatever goes wrong says what, why and what to do."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import pluriscope
from pluriscope import AnalysisError, ServerError
from pluriscope.app.bundled import bundled_models
from pluriscope.app.db.engine import open_store
from tests.factories import XOR_SLUG, searched


@pytest.fixture(scope="module")
def page(served):
    return f"{served.url}/networks/{XOR_SLUG}"


@pytest.mark.slow
def test_what_is_stored_is_what_a_run_here_finds(page, xor):
    result = pluriscope.fetch(page)
    assert result.counts == xor.counts
    assert [one.mask for one in result.circuits] == [one.mask for one in xor.circuits]
    assert result.circuits[3].draw() == xor.circuits[3].draw()
    assert result.alignments[0].row() | {"address": ""} == xor.alignments[0].row() | {"address": ""}
    assert result.circuits[0].address == f"{page}/explanations/c-081ff"
    assert f'href="{result.circuits[0].address}"' in result.circuits._repr_html_()
    assert [one.formula for one in result.algorithms.aligned] == [one.formula for one in xor.algorithms.aligned]
    assert result.alignments.minimal[0].id == xor.alignments.minimal[0].id


@pytest.mark.slow
def test_the_address_of_a_page_gives_what_it_shows(page, served, xor):
    circuit, alignment = pluriscope.fetch(page).circuits[4], pluriscope.fetch(page).alignments[0]
    for one in (circuit, circuit.interpretation(3), alignment.algorithm, alignment):
        fetched = pluriscope.fetch(one.address)
        assert (type(fetched), fetched.address) == (type(one), one.address)
    assert pluriscope.fetch(served.url + xor.circuits[0].address).mask == xor.circuits[0].mask  # by the digest
    assert pluriscope.fetch(f"{page}/explanations/c-081ff/").mask == "081ff"


@pytest.mark.slow
def test_a_page_of_a_transformer_gives_what_a_run_here_finds(served):
    raw = bundled_models()["tracr-induction"]
    store = open_store(served.settings)
    with store.write() as session:
        searched(session, raw, "heads", slug="induction")
    store.close()
    page, here = f"{served.url}/networks/induction?protocol=heads", pluriscope.explain(raw, protocol="heads")
    there = pluriscope.fetch(page)
    assert (there.counts, there.name, there.protocol.name) == (here.counts, here.name, "heads")
    assert [one.mask for one in there.circuits] == [one.mask for one in here.circuits]
    assert there.margins.tolist() == here.margins.tolist()
    circuit = pluriscope.fetch(there.circuits[0].address)
    assert (circuit, circuit.verdicts) == (here.circuits[0], here.circuits[0].verdicts)
    assert circuit.draw() == here.circuits[0].draw()
    assert there.compare(*there.circuits[:2]) == here.compare(*here.circuits[:2])
    with pytest.raises(ServerError, match="is not stored: this analysis has not been made"):
        pluriscope.fetch(f"{served.url}/networks/induction?protocol=nodes")


REFUSED = {
    "{site}/glossary": "no page that there is a value for",
    "localhost:8000/networks/x": "no page that there is a value for",
    "file:///networks/x": "no page that there is a value for",
    "{page}?output=x": "is no number",
    "{page}?protocol=paper": "is not stored: this analysis has not been made",
    "{page}?protocol=no-such-rules": "protocol 'no-such-rules': is unknown. Use complete or paper",
    "{page}?output=3": "output 3: the network has one output. Use output 0.",
    "{site}/networks/no-such-network": "network 'no-such-network': is not stored here",
    "{page}/explanations/c-00000": "mask 00000",
    "{page}/explanations/g-0123456789abcdef": "is not among those that are listed",
    "{page}/explanations/nothing": "cannot be read",
}


@pytest.mark.parametrize("address", REFUSED)
def test_what_cannot_be_fetched_is_refused_in_the_words_of_whoever_refuses(address, page, served):
    with pytest.raises(AnalysisError, match=REFUSED[address]):
        pluriscope.fetch(address.format(site=served.url, page=page))


def test_a_refusal_has_the_status_of_the_answer(page):
    with pytest.raises(ServerError) as refusal:
        pluriscope.fetch(f"{page}?output=3")
    assert refusal.value.status == 404


@pytest.mark.parametrize(("status", "body"), [(200, "<html>"), (404, "nothing"), (200, "[]"), (404, '{"detail": 1}')])
def test_another_kind_of_server_is_refused_with_its_cause(status, body):
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_): ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.handle_request).start()
        with pytest.raises(ServerError, match="not as Pluriscope does"):
            pluriscope.fetch(f"http://127.0.0.1:{server.server_port}/networks/x")
