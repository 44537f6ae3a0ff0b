"""What every answer tells the browser."""

import re

import pytest

PAGES = (
    "/",
    "/login",
    "/networks/new",
    "/glossary",
    "/jobs",
    "/nowhere",
    "/api/v2/login",
    "/static/house.js",
    "/static/favicon.svg",
)
POLICY = (
    "default-src 'none'; script-src 'self'; "
    "style-src 'self'; style-src-attr 'unsafe-inline'; "
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
