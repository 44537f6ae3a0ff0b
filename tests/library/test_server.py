"""A server's networks give the same objects as a run here; whatever goes wrong says what, why and what to do."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import pluriscope
from analysis import ENGINE_VERSION
from pluriscope import OtherVersion, ServerError
from tests.factories import XOR_SLUG


@pytest.fixture(scope="module")
def site(served):
    return pluriscope.connect(served.url + "/")


@pytest.fixture
def answering():
    """Starts servers of another kind: each answers everything with one status and body."""
    running = []

    def start(status: int, body: str) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_): ...

        server = HTTPServer(("127.0.0.1", 0), Answer)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.slow
def test_its_networks_are_listed_and_found(site):
    assert site.version == ENGINE_VERSION
    (network,) = [one for one in site.networks("xor") if one.slug == XOR_SLUG]
    assert (network.shape, network.tasks) == ("2-3-3-1", ("XOR",))
    assert site.network(network.digest[:12]).slug == XOR_SLUG
    assert site.networks("no such network") == ()
    assert network._repr_html_()
    assert repr(network)


@pytest.mark.slow
def test_what_is_stored_is_what_a_run_here_finds(site, served, xor):
    result = site.network(XOR_SLUG).result()
    assert result.counts == xor.counts
    assert [one.mask for one in result.circuits] == [one.mask for one in xor.circuits]
    assert result.circuits[3].draw() == xor.circuits[3].draw()
    assert result.alignments[0].row() | {"address": ""} == xor.alignments[0].row() | {"address": ""}
    assert result.circuits[0].address == f"{served.url}/networks/{XOR_SLUG}/explanations/c-081ff"
    assert f'href="{result.circuits[0].address}"' in result.circuits._repr_html_()
    assert [one.formula for one in result.algorithms.aligned] == [one.formula for one in xor.algorithms.aligned]
    assert result.alignments.minimal[0].id == xor.alignments.minimal[0].id


@pytest.mark.slow
def test_the_address_of_a_page_is_opened(site, served, xor):
    result = site.network(XOR_SLUG).result()
    circuit, alignment = result.circuits[4], result.alignments[0]
    values = [result, circuit, circuit.interpretation(3), alignment.algorithm, alignment]
    for one in values:
        for address in (one.address, one.address.removeprefix(served.url)):
            opened = site.open(address)
            assert (type(opened), opened.address) == (type(one), one.address)
    comparison = result.compare(*values[1:])
    assert site.open(comparison.address).experiments == comparison.experiments
    assert site.open(xor.circuits[0].address).mask == xor.circuits[0].mask  # by the digest
    refused = {
        "/glossary": "no page that there is a value for",
        "http://127.0.0.1:1/networks/x": "another server",
        f"/networks/{XOR_SLUG}?output=x": "is no number",
        f"/networks/{XOR_SLUG}?protocol=paper": "is not stored",
        f"/networks/{XOR_SLUG}/circuits/00000": "mask 00000",
        f"/networks/{XOR_SLUG}/algorithms/0123456789abcdef": "is not among those that are listed",
        f"/compare?network={XOR_SLUG}&e=nothing": "cannot be read",
        f"/compare?network={XOR_SLUG}&e=p-1.6": "no values",
        f"/compare?network={XOR_SLUG}": "names no explanation",
        f"/compare?network={XOR_SLUG}&e=c-081ff": "has 1 explanation",
    }
    for address, words in refused.items():
        with pytest.raises(pluriscope.AnalysisError, match=words):
            site.open(address)


def test_its_refusals_are_passed_on_in_its_own_words(site):
    network = site.network(XOR_SLUG)
    cases = (
        (lambda: network.result("paper"), 404, "is not stored: this analysis has not been made"),
        (lambda: network.result("no-such-rules"), 404, "protocol 'no-such-rules': is unknown. Use complete or paper"),
        (lambda: network.result(output=3), 404, "output 3: the network has one output. Use output 0."),
        (lambda: site.network("no-such-network"), 404, "network 'no-such-network': is not stored here"),
        (lambda: site.networks("x" * 200), 400, "q"),
    )
    for call, status, words in cases:
        with pytest.raises(ServerError) as refusal:
            call()
        assert refusal.value.status == status
        assert words in str(refusal.value)


def test_no_server_is_one_line():
    with pytest.raises(ServerError) as refusal:
        pluriscope.connect("http://127.0.0.1:9")
    words = str(refusal.value)
    assert words.startswith("server http://127.0.0.1:9: does not answer: ")
    assert words.endswith("Start one with the command pluriscope, or use pluriscope.explain(model), which needs none.")
    for wrong in ("localhost:8000", "file:///etc/passwd", ""):
        with pytest.raises(ServerError, match="is no address of a server"):
            pluriscope.connect(wrong)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "<html>"), (404, "nothing"), (200, "[]"), (200, '{"version": 3}'), (404, '{"detail": 1}')],
)
def test_another_kind_of_server_is_told(answering, status, body):
    with pytest.raises(ServerError, match="not as Pluriscope does"):
        pluriscope.connect(answering(status, body))


def test_a_server_of_another_version_says_both_and_what_to_do(answering):
    url = answering(200, json.dumps({"ready": True, "version": "9.9.1"}))
    with pytest.raises(OtherVersion) as refusal:
        pluriscope.connect(url)
    words = str(refusal.value)
    assert f"is version 9.9.1, and this library is version {ENGINE_VERSION}" in words
    assert "pluriscope-9.9.1-py3-none-any.whl" in words
    assert pluriscope.connect(url, any_version=True).version == "9.9.1"
