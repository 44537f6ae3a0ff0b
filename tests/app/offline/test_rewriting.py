import json
import re

import pytest

from app.offline.markup import parse
from app.offline.rewriting import Rewriter, inline_parts
from app.offline.selection import Selection, is_variant

CIRCUIT = "/networks/xor/circuits/081ff"
HERE = "networks/xor/circuits/081ff.html"


@pytest.fixture
def selection() -> Selection:
    found = Selection(limit=5, most_interpretations=5)
    found.add("front", "/")
    found.add("network", "/networks/xor")
    found.add("circuits", "/networks/xor/circuits", "/networks/xor/circuits?sort=margin")
    found.add("circuit", CIRCUIT)
    found.add("comparison", "/compare?network=xor&e=c-1&e=c-2")
    found.add("site", "/glossary")
    return found


@pytest.fixture
def rewrite(selection):
    def go(markup: str, *, live: str = "", address: str = CIRCUIT) -> str:
        rewriter = Rewriter(selection, live, lambda address, texts: f"<p>panel of {address}: {texts['bibtex']}</p>")
        return rewriter.rewrite(parse(markup), address, HERE)

    return go


@pytest.mark.parametrize(
    ("href", "link"),
    [
        ("/", "../../../index.html"),
        ("/networks", "../../../index.html"),
        ("/glossary#margin", "../../../glossary.html#margin"),
        ("/networks/xor?theme=dark#counts", "../../xor.html#counts"),
        ("/networks/xor/circuits?sort=margin", "../circuits__sort=margin.html"),
        ("/api/v1/networks/xor", "../../../api/v1/networks/xor.json"),
        ("/networks/xor/circuits.csv?sort=margin&order=desc", "../circuits.csv"),
        ("/networks/xor/circuits/081ff/interpretations.csv", "081ff/interpretations.csv"),
        ("/networks/xor/circuits/081ff/drawing.svg", "081ff/drawing.svg"),
        ("/networks/xor/figures/edge-use.svg", "../figures/edge-use.svg"),
        ("/api/v1/networks/xor/result?output=0", "../../../api/v1/networks/xor/result.json"),
        ("/compare?e=c-1&e=c-2&network=xor", "../../../compare__e=c-1__e=c-2__network=xor.html"),
        ("/compare?network=xor", "../../../index.html#comparisons"),
        ("#main", "#main"),
        ("https://arxiv.org/abs/1", "https://arxiv.org/abs/1"),
    ],
)
def test_links_lead_to_files(rewrite, href, link):
    found = re.search(r'href="([^"]*)"', rewrite(f'<a href="{href}">x</a>'))
    assert found
    assert found[1] == link
    assert "off-copy" not in rewrite(f'<a href="{href}">x</a>')


@pytest.mark.parametrize(
    "href",
    [
        "/networks/other",
        f"{CIRCUIT}?protocol=paper",
        "/networks/xor/circuits?sort=margin&order=desc",
        "/networks/xor/circuits.csv?edges_min=3",
        "/networks/xor/circuits/081ff/drawing.png",
        "/networks/xor/circuits/081ff/verify",
        "/networks/other/circuits/081ff/drawing.svg",
        "/api/v1/networks/xor/result?protocol=paper",
        "/jobs/1",
    ],
)
def test_links_out_of_the_copy_are_marked_and_explained(rewrite, href):
    marked = rewrite(f'<a class="btn" href="{href}" download>x</a>')
    assert f'href="../../../not-included.html#{href.replace("&", "&amp;")}"' in marked
    assert 'class="btn off-copy"' in marked
    assert "(not in this copy)" in marked
    assert "download" not in marked
    there = rewrite(f'<a href="{href}">x</a>', live="https://host/p")
    assert f'href="https://host/p{href.replace("&", "&amp;")}"' in there
    assert "(on the live site)" in there


def test_forms_go_and_counts_stay(rewrite):
    page = rewrite(
        '<form id="filters" method="get" action="/networks/xor/circuits"><fieldset><legend>Kind</legend>'
        '<label><input type="checkbox" name="kind"><span>circuits</span><span class="n">197</span></label></fieldset>'
        '<fieldset><legend>Margin</legend><div class="range"><input name="m"> to</div></fieldset>'
        '<button>Apply</button></form><form method="post" action="/x"><button>Compute</button></form>'
        '<form role="search" action="/"><input name="q"></form>'
    )
    assert "197" in page
    assert "running Pluriscope" in page
    for gone in ("<form", "<input", "<button", "Margin", "Apply", "Compute", "<label"):
        assert gone not in page


def test_controls_that_need_no_server_stay(rewrite):
    slider = '<label>A<input type="range" data-input="A"></label>'
    switch = '<label><input type="checkbox" data-local> Show all weights</label>'
    assert rewrite(slider + switch + '<label>B<input type="range"></label>') == slider + switch


def test_lists_within_forms_stay(rewrite):
    page = rewrite(
        '<form method="get" action="/compare"><table><tr><td><input type="checkbox" data-compare="c-1"></td>'
        f'<td><a href="{CIRCUIT}">081ff</a></td></tr></table></form>'
        '<label class="btn"><input type="checkbox" data-compare="c-1"> Compare</label><aside data-tray>tray</aside>'
    )
    assert 'href="081ff.html"' in page
    for gone in ("<form", "<input", "Compare", "tray", "running Pluriscope"):
        assert gone not in page


def test_the_head_names_nobody_else_and_loads_what_a_copy_needs(rewrite):
    page = rewrite(
        '<html><head><meta property="og:url" content="/x"><meta name="twitter:card" content="y">'
        '<link rel="canonical" href="/x"><link rel="alternate" type="application/json+oembed" href="/oembed?url=x">'
        f'<link rel="alternate" type="application/json" href="/api/v1{CIRCUIT}">'
        '<script src="/static/vendor/htmx-4.0.1.min.js?v=1"></script>'
        '<script src="/static/app.js?v=2" data-plotly="/static/vendor/p.js?v=3" defer></script>'
        "</head><body></body></html>"
    )
    for gone in ("og:", "twitter", "canonical", "oembed", "htmx"):
        assert gone not in page
    assert 'src="../../../static/app.js" data-plotly="../../../static/vendor/p.js"' in page
    assert 'src="../../../static/offline.js"' in page
    assert 'href="../../../api/v1/networks/xor/circuits/081ff.json"' in page


def test_links_on_every_page_that_lead_nowhere_are_left_out(rewrite):
    page = rewrite(
        '<nav aria-label="Main"><a href="/jobs">Jobs</a><a href="/glossary">Glossary</a></nav>'
        '<nav class="sections"><a href="/networks/xor/sandbox">Sandbox</a></nav>'
        '<footer><a href="/lessons">Lessons</a></footer>'
        '<details class="take-files"><ul><li><a href="/networks/xor/drawing.png">PNG</a></li></ul></details>'
    )
    assert "Glossary" in page
    for gone in ("Jobs", "Sandbox", "Lessons", "PNG", "<li>"):
        assert gone not in page


def test_addresses_within_figures_lead_to_files_too(rewrite):
    figure = {"data": [{"customdata": [{"url": CIRCUIT, "label": "</script>&"}, {"url": "/networks/xor/circuits/1"}]}]}
    text = json.dumps(figure).replace("<", "\\u003c")
    page = rewrite(f'<script type="application/json">{text}</script>')
    inside = re.fullmatch(r'<script type="application/json">(.*)</script>', page)
    assert inside
    assert "<" not in inside[1]
    first, second = json.loads(inside[1])["data"][0]["customdata"]
    assert first == {"url": "081ff.html", "label": "</script>&"}
    assert second["url"] == "../../../not-included.html#/networks/xor/circuits/1"


def test_the_theme_switch_is_a_button_that_scripts_show(rewrite):
    page = rewrite('<a class="btn theme" href="?theme=dark" data-theme-switch>◐</a>')
    assert page == '<button class="btn theme" data-theme-switch type="button" hidden>◐</button>'


def test_what_only_a_server_keeps_up_to_date_is_left_out(rewrite):
    assert rewrite('<p id="at-work" data-live data-poll hx-get="/x">What is found appears here by itself.</p>') == ""


def test_the_panel_is_the_copys_own(rewrite):
    page = rewrite('<details class="share"><textarea id="share-bibtex">@misc{a &amp; b}</textarea></details>')
    assert page == f"<p>panel of {CIRCUIT}: @misc{{a & b}}</p>"


def test_copy_buttons_copy_an_address_or_are_gone(rewrite):
    button = f'<button type="button" data-copy="{CIRCUIT}" hidden>Copy link</button>'
    assert rewrite(button) == ""
    assert f'data-copy="https://host{CIRCUIT}"' in rewrite(button, live="https://host")


def test_parts_that_would_be_fetched_are_put_in_place():
    asked = []

    def fetch(address: str) -> str:
        asked.append(address)
        return "" if "missing" in address else "<p>part</p>"

    page = parse(
        '<section hx-get="/a" hx-trigger="revealed" hx-swap="outerHTML">later</section>'
        '<div hx-get="/b" hx-trigger="near, newer" hx-swap="innerHTML">later</div>'
        '<div hx-get="/missing" hx-trigger="load"><a href="/missing">a link</a></div>'
        '<a hx-get="/c" href="/c">clicked</a><div hx-get="/d" hx-trigger="every 2s">polled</div>'
    )
    inline_parts(page, fetch)
    assert asked == ["/a", "/b", "/missing"]
    text = str(page)
    assert text.startswith('<p>part</p><div hx-get="/b"')
    assert text.count("<p>part</p>") == 2
    assert "a link" in text
    assert "later" not in text


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ("sort=margin", True),
        ("sort=margin&order=desc", True),
        ("view=grid", True),
        ("edges_min=3&edges_max=3", True),
        ("kind=circuit", True),
        ("protocol=paper&sort=margin", False),
        ("view=grid&sort=margin", False),
        ("kind=circuit&sort=margin", False),
        ("kind=circuit&edges_min=3", False),
        ("after=x", False),
        ("algorithm=0123456789abcdef", False),
        ("", False),
    ],
)
def test_of_lists_the_other_orders_and_single_filters(options, taken):
    bare = "/networks/xor/explanations"
    assert is_variant(f"{bare}?{options}", bare) is taken


def test_the_common_ground_is_taken_in_other_orders_only():
    bare = "/networks/xor/common-ground"
    assert is_variant(f"{bare}?sort=best", bare)
    assert not is_variant(f"{bare}?kind=valid", bare)
