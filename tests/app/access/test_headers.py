"""Tests of the headers of every answer."""

import re

import pytest

from tests.of_plugins import joined

PAGES = ("/", "/login", "/nowhere", "/api/v2/login", "/static/house.js")
POLICY = (
    "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_its_headers(visit, path):
    answer = visit().get(path)
    assert answer.headers["content-security-policy"] == POLICY
    if "html" in answer.headers["content-type"]:
        inline = [one for one in re.findall(r"<script\b[^>]*>", answer.text) if " src=" not in one]
        assert [one for one in inline if "application/" not in one] == []  # data is no script
        assert not re.search(r"<[^>]+\son\w+=|javascript:|<style", answer.text)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    shared = path.startswith("/static/")
    assert answer.headers["cross-origin-resource-policy"] == ("cross-origin" if shared else "same-origin")
    assert "strict-transport-security" not in answer.headers


def test_refusals_of_the_gate_have_them_too(visit):
    refused = visit().post("/networks/new", headers={"origin": "https://evil.example"})
    assert refused.status_code == 403
    assert refused.headers["content-security-policy"] == POLICY
    assert refused.headers["x-request-id"]
    assert "max-age" in visit(base_url="https://lab.example").get("/glossary").headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("path", "compressed"),
    [
        ("/glossary", True),
        *joined("COMPRESSED").items(),
        ("/static/house.js", True),
        pytest.param("/findings/reported/figure.png", False, marks=pytest.mark.slow),
        ("/static/fonts/STIXGeneral-Regular.otf", False),
        ("/health", False),  # a few bytes
    ],
)
def test_text_travels_compressed_to_whoever_takes_it(visit, path, compressed):
    as_it_is = visit().get(path, headers={"accept-encoding": "identity"})
    answer = visit().get(path)
    assert as_it_is.status_code == answer.status_code == 200
    assert answer.content == as_it_is.content
    assert answer.headers.get("content-encoding") == ("gzip" if compressed else None)
    assert "content-encoding" not in as_it_is.headers
    if compressed:
        assert "Accept-Encoding" in as_it_is.headers["vary"] == answer.headers["vary"]
    if "etag" in answer.headers:  # one for both, so it promises no more than that the content is the same
        again = visit().get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == as_it_is.headers["etag"] == answer.headers["etag"]
        assert again.headers["vary"] == "Accept-Encoding"
        assert answer.headers["etag"].startswith("W/")
