import pytest

from app.offline.markup import parse
from tests.checkout import ROOT

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>a &amp; b</title>
<script type="application/json">{"a": "<b>", "c": 1 < 2}</script></head>
<body><!-- why --><p>one &#8960; two<br>three
<svg viewBox="0 0 1 1"><path d="M0 0"/><title>x</title></svg>
<input name=q disabled><a href="/x?a=1&amp;b=2" title='it&#39;s'>link</a></p></body></html>
"""


@pytest.mark.parametrize("name", ["embed", "shell"])
def test_templates_of_ours_come_back_whole(name):
    text = (ROOT / "templates" / f"{name}.html").read_text()
    assert str(parse(text)) == text


def test_changed_elements_are_written_anew_and_escaped():
    tree = parse(PAGE)
    link = next(one for one in tree.elements() if one.tag == "a")
    assert link.get("href") == "/x?a=1&b=2"
    link.set("href", 'y?a=1&b="2"')
    assert '<a href="y?a=1&amp;b=&quot;2&quot;" title="it&#x27;s">link</a>' in str(tree)
    link.replace()
    assert "link" not in str(tree)
