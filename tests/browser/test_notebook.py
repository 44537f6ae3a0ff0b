"""The live view of a notebook in a real browser: a page stands for the notebook, this process for its kernel."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from contextlib import ExitStack

import pytest

from pluriscope.resources import STATIC
from tests.browser.conftest import DESKTOP, PHONE, eventually

pytestmark = pytest.mark.browser
NOTEBOOK = """<body style="color:%(ink)s;background:%(ground)s"><div id="picture">A picture</div><div id="out"></div>
<script type="module">
const { default: widget } = await import("data:text/javascript;base64,%(code)s");
const callbacks = new Set();
const state = %(state)s;
const model = {
  get: (name) => state[name],
  on: (_, callback) => callbacks.add(callback),
  off: (_, callback) => callbacks.delete(callback),
  async send(content) {
    const [head, body] = await kernel(content);
    const bytes = Uint8Array.from(atob(body), (one) => one.charCodeAt(0));
    for (const callback of callbacks) callback({ id: content.id, ...head }, [new DataView(bytes.buffer)]);
  },
};
window.leave = widget.render({ model, el: document.getElementById("out") });
</script>"""
THEMES = {"light": ("#111", "#fff"), "dark": ("#eee", "#111")}


@pytest.fixture(scope="module")
def result():
    import pluriscope
    from tests.factories import pretrained_xor

    return pluriscope.explain(pretrained_xor())


@pytest.fixture(scope="module")
def kernel(result):
    from pluriscope.app.offline.kernel import answer, site_of

    site = site_of(result)

    def reply(asked):
        reply, body = answer(site, asked["url"], asked["headers"])
        return [reply, b64encode(body).decode()]

    return reply


@pytest.fixture
def notebook(lent, kernel, ear, result):
    """A notebook's page with the view of an address, and the frame in it; nothing of it asks any network."""
    used, asked = ExitStack(), []

    def opened(address="", *, theme="light", hear=kernel, **options):
        tab = used.enter_context(lent(accept_downloads=True, **options)).context.new_page()
        used.callback(tab.close)
        ear.listen(tab)
        tab.on("request", lambda request: asked.append(request.url))
        tab.expose_function("kernel", hear)
        state = {"address": address or result.address, "picture": "picture", "site": "https://a.example"}
        ink, ground = THEMES[theme]
        code = b64encode((STATIC / "widget.js").read_bytes()).decode()
        tab.set_content(NOTEBOOK % {"ink": ink, "ground": ground, "code": code, "state": json.dumps(state)})
        return tab, tab.frame_locator("iframe")

    with used:
        yield opened
    assert ear.heard == []
    assert [one for one in asked if not one.startswith(("data:", "about:", "blob:"))] == []


def test_the_pages_are_walked_as_on_a_server(notebook, expect, result):
    tab, frame = notebook(viewport={"width": 800, "height": 900})
    expect(frame.locator("h1")).to_have_text(result.name)
    expect(tab.locator("#picture")).to_have_count(0)
    back, forward = frame.get_by_role("button", name="Back"), frame.get_by_role("button", name="Forward")
    expect(back).to_be_disabled()

    # a list: its filters are exchanged with it, a chart is drawn, two are ticked
    frame.get_by_role("link", name="Sheet", exact=True).click()
    frame.get_by_role("link", name="list", exact=True).click()
    frame.locator(".filters > summary").click()
    frame.locator("input[name=kind][value=circuit]").check()
    expect(frame.locator("table .name").first).to_contain_text("c·")
    expect(frame.locator(".plot").first).to_be_visible()
    frame.get_by_label("any", exact=True).check()
    eventually(tab, lambda: "valid=any" in tab.frames[1].evaluate("frameLocation.search"), True)
    expect(back).to_be_enabled()
    for box in frame.locator("input[data-compare]").all()[:2]:
        box.check()
    frame.locator("[data-tray-go]").click()
    expect(frame.locator("h1")).to_contain_text("P")

    # back is the filtered list as it was, forward the comparison
    back.click()
    expect(frame.locator("h1")).to_have_text("Explanations")
    eventually(tab, lambda: "valid=any" in tab.frames[1].evaluate("frameLocation.search"), True)
    expect(frame.locator("input[data-compare]:checked")).to_have_count(2)
    forward.click()
    expect(frame.locator("h1")).to_contain_text("P")
    expect(forward).to_be_disabled()


def test_a_circuit_is_opened_with_keys_and_copied_as_any_server_has_it(notebook, expect, result):
    circuit = result.circuits[0]
    tab, frame = notebook(circuit.address)
    expect(frame.locator("main")).to_contain_text(f"c·{circuit.mask}")
    frame.locator("header.head details.menu summary").click()
    frame.locator("header.head [data-copy]").first.click()
    # this notebook may not use the clipboard, and shows what is to be copied
    expect(tab.get_by_role("status")).to_have_text(f"https://a.example{circuit.address}")
    with tab.expect_download() as saved:
        frame.get_by_role("link", name="SVG").first.click()
    assert saved.value.suggested_filename.endswith(".svg")
    frame.locator("body").press("/")
    tab.keyboard.type("interp")
    expect(frame.get_by_role("option").first).to_be_visible()


def test_play_exchanges_a_part_and_pointing_runs_the_drawing(notebook, expect):
    _, frame = notebook()
    frame.get_by_role("link", name="Play", exact=True).click()
    frame.get_by_role("group", name="Row", exact=True).get_by_role("link", name="01").click()
    expect(frame.locator("h1")).to_contain_text("It answers 1")
    frame.get_by_role("button", name="Back").click()
    expect(frame.locator("h1")).to_contain_text("It answers 0")
    frame.get_by_role("button", name="Back").click()
    stage = frame.locator("[data-stage]")
    stage.locator("tbody tr a").nth(1).focus()
    expect(stage.locator("tbody tr").nth(1)).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize(("theme", "size"), [("light", PHONE), ("dark", DESKTOP)])
def test_it_follows_the_notebook(notebook, expect, theme, size):
    tab, frame = notebook(theme=theme, **size)
    expect(frame.locator("html")).to_have_attribute("data-theme", theme)
    other = next(one for one in THEMES if one != theme)
    tab.evaluate("(ink) => { document.body.style.color = ink; }", THEMES[other][0])
    expect(frame.locator("html")).to_have_attribute("data-theme", other)
    expect(frame.locator("h1")).to_be_visible()
    inner = tab.frames[1]
    eventually(tab, lambda: inner.evaluate("document.documentElement.scrollWidth <= innerWidth"), True)
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_kernel_that_does_not_answer_is_waited_for_and_what_it_refuses_is_said(notebook, expect, result):
    def hear(_):
        expect(tab.get_by_role("status")).to_have_text(re.compile("^Waiting for the kernel"))
        return [{"error": "no room: is left"}, ""]

    tab, _ = notebook(hear=hear)
    expect(tab.get_by_role("status")).to_have_text("no room: is left")
    expect(tab.locator("#picture")).to_be_visible()


def test_what_a_result_is_called_runs_nothing(notebook, expect):
    import pluriscope
    from pluriscope.app.offline.kernel import answer, site_of
    from tests.factories import small_network

    name = "</script><img src=x onerror=alert(1)>"
    result = pluriscope.explain(small_network(), name=name)
    assert "<img src=x" not in result._repr_html_()

    def reply(asked):
        reply, body = answer(site_of(result), asked["url"], asked["headers"])
        return [reply, b64encode(body).decode()]

    _, frame = notebook(result.address, hear=reply)
    expect(frame.locator("h1")).to_have_text(name)
    expect(frame.locator("img[onerror]")).to_have_count(0)


def test_a_page_reaches_nothing_of_the_notebook(notebook, expect):
    tab, frame = notebook()
    expect(frame.locator("h1")).to_be_visible()
    inner = tab.frames[1]
    assert inner.evaluate("origin") == "null"
    rule = inner.evaluate("document.querySelector('meta[http-equiv]').content")
    assert rule.startswith("default-src 'none'")
    assert "unsafe-inline" not in rule.split("script-src")[1]
    assert inner.evaluate("[...document.scripts].filter((one) => !one.nonce && !one.type).length") == 0
    inner.evaluate("parent.postMessage({ kind: 'open', url: 'javascript:document.title=1' }, '*')")
    tab.wait_for_timeout(200)
    assert (len(tab.context.pages), tab.title()) == (2, "")  # with the one that is lent
