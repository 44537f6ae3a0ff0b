"""Tests that each rule for pages finds what it is there for."""

from __future__ import annotations

import pytest

from tests.browser import rules
from tests.checkout import ROOT

pytestmark = pytest.mark.browser

STYLE = """
body { background: #fff; color: #000; font-size: 14px; } h1 { font-size: 32px; }
:is(input, button) { font-size: 14px; min-height: 24px; }
:is(nav, footer) a { display: inline-block; min-height: 24px; min-width: 24px; }
 .skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; }
main:focus { outline: none; } :focus-visible { outline: 2px solid #000; }
@media print { .bar nav, .bar form, .skip { display: none; } }
"""
PAGE = """<!doctype html><html lang="en"><head><title>In order · Pluriscope</title><style>{style}</style></head><body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar"><nav aria-label="Main"><a href="/a">Networks</a></nav></header>
<main id="main" tabindex="-1"><h1>A heading</h1><p>Some forty characters of content, so that paper is not empty.
<a href="/b">A link</a></p><form action="/c"><label>Name <input name="n"></label><button>Send</button></form>
<svg role="img" width="20" height="20"><title>A circle</title><circle r="9"/></svg>{more}</main>
<footer><a href="/d">End</a></footer></body></html>"""


@pytest.fixture(scope="module")
def tab(chromium):
    """Tab for all pages of ours: each is loaded anew."""
    context = chromium.new_context(viewport={"width": 1000, "height": 700}, color_scheme="light")
    tab = context.new_page()
    tab.add_init_script(rules.WATCH_SHIFTS)
    yield tab
    context.close()


@pytest.fixture
def look(tab):
    """Opens a page of ours and says what a rule finds there."""

    def at(rule, *, change=("", ""), more="", style=""):
        body = PAGE.format(style=STYLE + style, more=more).replace(*change)
        tab.unroute_all()
        tab.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
        tab.route(f"**{rules.LOW_FONT}", lambda route: route.fulfill(path=f"{ROOT}{rules.LOW_FONT}"))
        tab.emulate_media(media="screen", color_scheme="light")
        tab.goto("http://page.test/page")
        if rule is rules.no_layout_shift:
            tab.wait_for_timeout(300)  # only what moves late comes after a page of ours is there
        return list(rule(tab))

    return at


LATE = """<script>
const move = () => { document.querySelector("h1").style.marginTop = "300px" };
requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(move, 20)));
</script>"""
ROWS = (
    f"<table><tr><th>n</th></tr>{''.join(f'<tr><td>row {n}</td></tr>' for n in range(9))}</table><p class='odd'>Odd</p>"
)
WRONG = [
    (rules.no_layout_shift, {"more": LATE}),
    (rules.weight, {"more": f"<!--{'x' * 700_000}-->"}),
    (rules.title, {"change": ("In order · Pluriscope", "In order")}),
    (rules.not_wider_than_the_screen, {"more": "<div style='width: 1500px'>wide</div>"}),
    (rules.drawings_have_words, {"change": ("<title>A circle</title>", "")}),
    (rules.labels_can_be_read, {"more": "<svg viewBox='0 0 99 99' width='9' height='9'><text y='50'>x</text></svg>"}),
    (
        rules.labels_on_a_small_phone,
        {"more": "<svg viewBox='0 0 400 20'><text y='9'>x</text></svg>", "style": "text { font-size: 12px }"},
    ),
    (rules.sizes_of_type, {"style": "main p { font-size: 13px }"}),
    (rules.few_words, {"more": f"<p>{'word ' * 600}</p>"}),
    (rules.one_primary, {"more": "<button class='primary'>One</button><button class='primary'>Other</button>"}),
    (rules.light_html, {"more": f"<!--{'x' * 250_000}-->"}),
    (rules.targets_can_be_hit, {"style": "nav a { min-height: 0; line-height: 20px }"}),
    (rules.targets_can_be_hit, {"style": "nav a { min-height: 0; font-size: 22px; line-height: normal }"}),
    (rules.links_in_a_row_can_be_hit, {"more": "<p><a href='/x'>One</a> · <a href='/y'>Other</a></p>"}),
    (rules.motion_is_still, {"style": "h1 { animation: go 9s infinite } @keyframes go { to { opacity: .5 } }"}),
    (rules.accessible, {"more": "<img src='/x.png'>"}),
    (rules.accessible, {"style": "main a { color: #900; text-decoration: none }"}),
    (rules.accessible, {"more": ROWS.replace("<td>row 5", "<td style='color: #bbb'>row 5")}),
    (rules.accessible, {"more": "<div style='background: #444'><p style='position: relative'>On a dark one</p></div>"}),
    (rules.accessible_in_the_dark, {"style": "@media (prefers-color-scheme: dark) { main { color: #bbb } }"}),
    (
        rules.accessible_in_the_dark,
        {"style": "@media (prefers-color-scheme: dark) { main a { color: #060; text-decoration: none } }"},
    ),
    (rules.skip_link, {"change": ('href="#main"', 'href="#elsewhere"')}),
    (rules.focus_is_seen, {"style": "button:focus-visible { outline: none }"}),
    (rules.on_paper, {"style": "@media print { .bar nav { display: block } }"}),
    (rules.on_paper, {"style": "@media print { main { display: none } }"}),
    (rules.on_paper, {"style": "@media (prefers-color-scheme: dark) { body { background: #000; color: #fff } }"}),
    (rules.complete_without_scripts, {"change": ("<h1>", "<h1 style='visibility: hidden'>")}),
    (rules.complete_without_scripts, {"more": "<div hx-get='/part'>coming</div>"}),
    (rules.complete_without_scripts, {"change": ("<button>Send</button>", "")}),
    (rules.complete_without_scripts, {"more": "<button type='button'>Copy</button>"}),
]


@pytest.mark.parametrize(("rule", "page"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_a_rule_finds_what_it_is_there_for(look, rule, page):
    assert look(rule, **page), rule.__name__


def test_every_rule_is_tried_here():
    every = {*rules.AT_A_DESK, *rules.IN_THE_DARK, *rules.ON_A_PHONE, *rules.WITHOUT_SCRIPTS}
    assert {rule for rule, _ in WRONG} == every
