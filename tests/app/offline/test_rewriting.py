import re

import pytest

from app.offline.markup import parse
from app.offline.rewriting import Rewriter, inline_parts
from app.offline.selection import Selection

CIRCUIT = "/networks/xor/circuits/081ff"
HERE = "networks/xor/circuits/081ff.html"


@pytest.fixture
def selection() -> Selection:
    found = Selection(limit=5, most_interpretations=5)
    found.add("front", "/")
    found.add("network", "/networks/xor")
    found.add("explanations", "/networks/xor/explanations", "/networks/xor/explanations?sort=margin")
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
        ("/networks/xor/explanations?sort=margin", "../explanations__sort=margin.html"),
        ("/api/v2/networks/xor", "../../../api/v2/networks/xor.json"),
        (
            "/api/v2/networks/xor/explanations?sort=margin",
            "../../../api/v2/networks/xor/explanations__sort=margin.json",
        ),
        ("/networks/xor/explanations.csv?sort=margin&order=desc", "../explanations.csv"),
        ("/networks/xor/explanations.csv?start=50&limit=50", "../explanations.csv"),
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
        "/networks/xor/explanations?sort=margin&order=desc",
        "/networks/xor/explanations.csv?edges_min=3",
        "/networks/xor/circuits/081ff/drawing.png",
        "/verified?url=/networks/xor/circuits/081ff",
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
        '<form id="filters" method="get" action="/networks/xor/explanations"><fieldset><legend>Kind</legend>'
        '<label><input type="checkbox" name="kind"><span>circuits</span><span class="n">197</span></label></fieldset>'
        '<fieldset><legend>Margin</legend><div class="range"><input name="m"> to</div></fieldset>'
        '<button>Apply</button></form><form method="post" action="/x"><button>Compute</button></form>'
        '<form role="search" action="/"><input name="q"></form>'
    )
    assert "197" in page
    assert "running Pluriscope" in page
    for gone in ("<form", "<input", "<button", "Margin", "Apply", "Compute", "<label"):
        assert gone not in page


@pytest.mark.parametrize("nav", ['aria-label="Main"', 'aria-label="Pluriscope"', 'class="net"'])
def test_around_a_page_only_links_of_the_copy_and_the_theme_stay(rewrite, nav):
    page = rewrite(
        f'<nav {nav}><a href="/networks/xor">Network</a><a href="/train">Train</a></nav>'
        '<form role="search" action="/"><input name="q"><a href="?theme=dark" data-theme-switch>Theme</a></form>'
        '<footer><a href="/jobs">Jobs</a></footer>'
    )
    assert 'href="../../xor.html"' in page
    assert re.search("<button[^>]*>Theme</button>", page)
    for gone in ("Train", "Jobs", "<input", "<form"):
        assert gone not in page


def test_the_head_names_nobody_else_and_loads_what_a_copy_needs(rewrite):
    page = rewrite(
        '<html><head><meta property="og:url" content="/x"><meta name="twitter:card" content="y">'
        '<link rel="canonical" href="/x">'
        f'<link rel="alternate" type="application/json" href="/api/v2{CIRCUIT}">'
        '<script src="/static/vendor/htmx-4.0.1.min.js?v=1"></script>'
        '<script src="/static/house.js?v=2" defer></script>'
        "</head><body></body></html>"
    )
    for gone in ("og:", "twitter", "canonical", "htmx"):
        assert gone not in page
    assert 'src="../../../static/house.js"' in page
    assert 'src="../../../static/offline.js"' in page
    assert 'href="../../../api/v2/networks/xor/circuits/081ff.json"' in page


def test_bars_of_a_plot_lead_within_the_copy_and_its_script_finds_the_library(rewrite):
    page = rewrite(
        '<figure><script type="application/json">{"data": [{"y": [1], "hovertext": ["</a"], '
        f'"customdata": ["{CIRCUIT}"]}}, {{"y": []}}]}}</script>'
        '<script src="/static/plots.js?v=2" data-plotly="/static/vendor/p.js?v=3" defer></script></figure>'
    )
    assert '"customdata": ["081ff.html"]' in page
    assert 'src="../../../static/plots.js" data-plotly="../../../static/vendor/p.js"' in page


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
