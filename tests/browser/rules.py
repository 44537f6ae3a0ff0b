"""Rules for every page: each looks at an open page and yields what breaks it.

A visit opens one page once and tries its rules one after the other, so that a failing page says everything that is
wrong with it: the page, the rule, the place. A rule may change the page (focus, theme, paper), so their order counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

Rule = Callable[[Any], Iterator[str]]

WEIGHT_BYTES: Final = 600_000  # of everything transferred but the plotting library
MEDIA: Final = {"assets": ["media"]}  # of what axe fetches before it looks
LABEL: Final = 11.9  # px; 12 is what the smallest texts of pages have
SIZES: Final = {"desk": (12, 14, 20, 32), "phone": (12, 14, 20, 28)}
"""Of type, in px, on ordinary pages."""
WORDS: Final = 600  # in main, before anything is unfolded
HTML_BYTES: Final = 250_000
PICTURE_BYTES: Final = 2_000  # of each picture on a sheet, beside those
TARGET: Final = 24  # px, each way; links in a run of text may be lower
LOW_FONT: Final = "/static/fonts/STIXGeneral-Regular.otf"
DRAWN: Final = re.compile(r"/(story/.*|learn.*|findings.*)?")
"""Paths of pages whose sizes of type are drawn one by one: story, lessons, slides, findings."""
LONG: Final = re.compile(
    r"/(glossary|api/docs|paper|findings.*|learn/hand-outs|studies/new|networks/[^/]+/analyses/lenses)"
)
"""Paths of pages that things are looked up in, of findings, of what is printed; the form of a study and the lenses
have still to be shortened."""
SHIFT: Final = 0.02  # cumulative layout shift; 0.1 is commonly called good
SEE_COLOURS: Final = """async ({ passed, options }) => {
  const silent = ".vh, .skip, [aria-disabled=true], :disabled, svg";
  const fields = "input:not([type=hidden], [type=checkbox], [type=radio], [type=range]), select, textarea";
  const grounds = new Map([[null, ""]]), looks = new Map();
  const ground = (e) => {  // all that is painted beneath the element's words, and whether they shine through
    if (!grounds.has(e)) {
      const { backgroundColor: colour, backgroundImage: image, opacity, position } = getComputedStyle(e);
      const paints = colour !== "rgba(0, 0, 0, 0)" || image !== "none" || opacity !== "1" || position !== "static";
      const beneath = ground(e.parentElement), own = paints ? [colour, image, opacity, position, ""].join("|") : "";
      // what an opaque colour covers counts no longer, unless something shows through all of it
      const covers = colour.startsWith("rgb(") && opacity === "1" && !beneath.includes("shown through");
      grounds.set(e, (covers ? "" : beneath) + own + (opacity === "1" ? "" : "shown through|"));
    }
    return grounds.get(e);
  };
  const words = (e) => [...e.childNodes].map((n) => (n.nodeType === Node.TEXT_NODE ? n.data.trim() : "")).join("");
  const written = (e) => words(e).length > 1 || e.matches(fields);
  for (const e of document.body.querySelectorAll("*"))
    if (written(e) && e.checkVisibility() && !e.closest(silent)) {
      const { color, fontSize, fontWeight, textShadow } = getComputedStyle(e);
      const size = parseFloat(fontSize) < 18 ? "small" : [fontSize, fontWeight];  // bold words are large from 18.66 px
      const look = [color, size, textShadow, ground(e)].join(), [longest] = looks.get(look) ?? [e];
      looks.set(look, [words(e).length > words(longest).length ? e : longest, e]);
    }
  if (!passed) return [...looks.keys()];
  for (const look of passed) looks.delete(look);
  const marked = new Map();  // a page that renews itself may take marks off again, and put them on what is new
  for (const e of document.querySelectorAll("[data-look]")) delete e.dataset.look;
  for (const [look, both] of looks) for (const e of both) marked.set(e, (e.dataset.look = look));
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-look]" }] });
  const only = { resultTypes: ["violations", "passes"], elementRef: true, preload: false };
  const found = await axe.run(document, { ...options, ...only, runOnly: ["color-contrast"] });
  return {
    violations: JSON.parse(JSON.stringify(found.violations, (key, e) => (key === "element" ? null : e))),
    passed: found.passes
      .filter((rule) => rule.id === "color-contrast")
      .flatMap((rule) => rule.nodes.map((node) => marked.get(node.element) ?? [])),
  };
}"""
"""The looks on a page, or what axe says of those that have not passed: of elements alike in what decides their contrast
(their ink, whether they are large, what lies beneath them), the one with most words and the last. All in one go, for a
page may renew itself at any moment. Left out is what axe says nothing about: single letters, words in drawings, and
what cannot be seen or used.
"""
SEE_ALL: Final = "async (options) => ({ violations: (await axe.run(document, options)).violations })"
"""What is wrong; to pass on all that is in order as well takes a tenth of the whole."""
LINKS_DIFFER_IN_STYLE: Final = """
axe.configure({ rules: [{ id: "link-in-text-block", any: ["link-in-text-block-style"] }] });
"""
"""Colours alone, however far apart, do not tell our links from the text around them. To compare the colours of every
link with those of its text would take axe as long as all other rules together.
"""

WATCH_SHIFTS: Final = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const nodes = entry.sources.map(({ node }) => {
      const e = node?.nodeType === 1 ? node : node?.parentElement;
      return e ? `${e.localName}${e.id ? "#" + e.id : ""}.${e.getAttribute("class") ?? ""}` : "gone";
    });
    window.shifts.push([entry.value, nodes.join(", ")]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
"""Put into a tab before it goes anywhere; `no_layout_shift` reads what it saw."""


HEADINGS: Final = """() => [...document.querySelectorAll("h1:not([role]), [role=heading][aria-level='1']")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest("[aria-hidden=true]")).length"""
"""How many headings of the first level a page has for everybody, asked of the page itself: playwright's way to find a
role brings a large script into each page.
"""
SETTLED: Final = """async (headings) => {
  const late = performance.now() + 20_000;
  const frame = () => new Promise(requestAnimationFrame);
  const until = async (done, what) => {
    while (!done()) {
      if (performance.now() > late) throw new Error(`not there after 20 s: ${what.outerHTML.slice(0, 200)}`);
      await frame();
    }
  };
  await until(() => headings() === 1, document.body);
  for (let coming; (coming = document.querySelector(".lazy")); ) {
    // not by scrollIntoView, from which the next Tab would go on
    scrollBy({ top: coming.getBoundingClientRect().bottom - innerHeight, behavior: "instant" });
    await until(() => !coming.isConnected, coming);
    await frame(), await frame();  // a reader goes on when it stands
  }
  window.scrollTo(0, 0);
  const near = ({ height, top, bottom }) => height && top < innerHeight && bottom > 0;
  for (const chart of document.querySelectorAll("[data-chart]"))
    if (chart.checkVisibility() && near(chart.getBoundingClientRect()))
      await until(() => chart.querySelector(".plot .main-svg"), chart);
}"""


def settle(tab: Any) -> None:
    """Wait until figures are drawn and everything that is fetched when a reader comes to it has been fetched."""
    tab.evaluate(f"() => ({SETTLED})({HEADINGS})")


def no_layout_shift(tab: Any) -> Iterator[str]:
    shifts = tab.evaluate("() => window.shifts")
    total = sum(value for value, _ in shifts)
    if total > SHIFT:
        yield f"moved by {total:.3f} while loading: " + "; ".join(f"{value:.3f} {where}" for value, where in shifts[:5])


def weight(tab: Any) -> Iterator[str]:
    parts = tab.evaluate(
        """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
             .map((entry) => [entry.transferSize, entry.name])"""
    )
    total = sum(size for size, _ in parts)
    if total > WEIGHT_BYTES:
        heaviest = ", ".join(f"{size:,} {name}" for size, name in sorted(parts, reverse=True)[:3])
        yield f"{total:,} bytes transferred, {WEIGHT_BYTES:,} allowed: {heaviest}"


def title(tab: Any) -> Iterator[str]:
    words = tab.title()
    if not words.endswith(" · Pluriscope") or words == " · Pluriscope":
        yield f"the title is {words!r}"


def not_wider_than_the_screen(tab: Any) -> Iterator[str]:
    wider, screen, culprits = tab.evaluate(
        """() => {
          const root = document.documentElement, width = root.clientWidth;
          if (root.scrollWidth <= width) return [root.scrollWidth, width, []];
          const out = [...document.querySelectorAll("main *, header *, footer *")]
            .filter((e) => e.getBoundingClientRect().right > width + 1 && !e.closest(".scroll-x, .vh"));
          return [root.scrollWidth, width, out.slice(0, 3).map((e) => e.outerHTML.slice(0, 120))];
        }"""
    )
    if wider > screen:
        yield f"{wider} px wide on {screen}: {culprits}"


def accessible(tab: Any, **options: Any) -> Iterator[str]:
    """Whatever axe looks at; ``options`` are further ones of its own."""
    _bring_axe(tab)
    # by default it fetches all styles once more, which only a rule reads that it leaves out by default
    besides = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": False}}, "preload": MEDIA}
    yield from _problems(tab.evaluate(SEE_ALL, {**besides, **options}))
    yield from _colours(tab, **options)


def accessible_in_the_dark(tab: Any, **options: Any) -> Iterator[str]:
    """Yield what colours break in the dark."""
    _bring_axe(tab)
    tab.emulate_media(color_scheme="dark")
    yield from _colours(tab, **options)
    links = {"resultTypes": ["violations"], "runOnly": ["link-in-text-block"], "preload": False}
    yield from _problems(tab.evaluate(SEE_ALL, {**options, **links}))


_passed: Final[set[str]] = set()


def _colours(tab: Any, **options: Any) -> Iterator[str]:
    """Contrasts take axe ten times as long as all the rest: it sees each look until it has passed once, wherever."""
    looks = tab.evaluate(SEE_COLOURS, {})
    if _passed.issuperset(looks):
        return
    found = tab.evaluate(SEE_COLOURS, {"passed": sorted(_passed.intersection(looks)), "options": options})
    _passed.update(found.pop("passed"))
    yield from _problems(found)


@cache
def axe_script() -> str:
    """Script that brings axe into a page; a tab of which every page is asked has it from the start, which takes half as
    long as to send it anew each time.
    """
    from axe_playwright_python.sync_playwright import Axe

    script: str = Axe().axe_script
    return script + LINKS_DIFFER_IN_STYLE


def _bring_axe(tab: Any) -> None:
    if tab.evaluate("() => !window.axe"):
        tab.evaluate(axe_script())


def _problems(response: dict[str, Any]) -> Iterator[str]:
    from axe_playwright_python.sync_playwright import AxeResults

    found = AxeResults(response)
    if found.violations_count:
        yield found.generate_report()


def drawings_have_words(tab: Any) -> Iterator[str]:
    """Yield drawings without a name of their own that are not hidden because words beside them have it; one with links
    in it is a group of them, since nothing inside an image is there for everybody.
    """
    yield from tab.evaluate(
        """() => [...document.querySelectorAll("main svg")]
          .filter((svg) => !svg.parentElement.closest("svg, [aria-hidden=true]"))
          .filter((svg) => svg.getAttribute("aria-hidden") !== "true")
          .filter((svg) => svg.getAttribute("role") !==
              (svg.querySelector("a[href], [role=button], [tabindex]") ? "group" : "img") ||
            !(svg.getAttribute("aria-label") ?? svg.querySelector(":scope > title")?.textContent ?? "").trim())
          .map((svg) => svg.outerHTML.slice(0, 160))"""
    )


def labels_can_be_read(tab: Any) -> Iterator[str]:
    """Texts in drawings are as large as the smallest of a page; one of class "shrinks" is for its shape alone."""
    yield from _labels_below(tab, LABEL)


def labels_on_a_small_phone(tab: Any) -> Iterator[str]:
    """Yield labels that are too small where a screen is 360 px wide, with half a pixel less."""
    before = tab.viewport_size
    tab.set_viewport_size({"width": 360, "height": 740})
    yield from _labels_below(tab, LABEL - 0.5)
    tab.set_viewport_size(before)


def _labels_below(tab: Any, least: float) -> Iterator[str]:
    yield from tab.evaluate(
        """(least) => [...document.querySelectorAll("main svg:not(.shrinks) text")]
          .filter((text) => text.getBoundingClientRect().width && text.checkVisibility({ visibilityProperty: true }))
          .map((text) => {
            const { a, b } = text.getScreenCTM();
            return [parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b), text];
          })
          .filter(([size]) => size < least)
          .map(([size, text]) => `${size.toFixed(1)} px: ${text.outerHTML.slice(0, 120)}`)""",
        least,
    )


def sizes_of_type(tab: Any) -> Iterator[str]:
    """Four sizes on an ordinary page, words in drawings apart."""
    if DRAWN.fullmatch(_path(tab)):
        return
    sizes = SIZES["phone" if tab.evaluate("() => innerWidth < 700") else "desk"]
    yield from tab.evaluate(
        """(sizes) => {
          const odd = new Map(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const e = walk.currentNode.parentElement;
            if (!walk.currentNode.data.trim() || e.closest("svg, script, style, select, .vh, .skip, sup")) continue;
            const size = parseFloat(getComputedStyle(e).fontSize);
            if (sizes.some((one) => Math.abs(one - size) < 0.05) || !e.checkVisibility()) continue;
            odd.set(size, e.outerHTML.slice(0, 120));
          }
          return [...odd].map(([size, html]) => `${size} px: ${html}`);
        }""",
        sizes,
    )


def few_words(tab: Any) -> Iterator[str]:
    """Count the words of a page before something on it is unfolded, without what can be chosen from a list."""
    if LONG.fullmatch(_path(tab)) or "part=" in tab.url:
        return
    n = tab.evaluate(
        """() => {
          let n = 0;
          const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const e = walk.currentNode.parentElement;
            if (e.closest("script, style, select, svg, .vh, .pic") || !e.checkVisibility()) continue;
            n += (walk.currentNode.data.match(/[\\p{L}\\p{N}][^\\s]*/gu) ?? []).length;
          }
          return n;
        }"""
    )
    if n > WORDS:
        yield f"{n} words"


def one_primary(tab: Any) -> Iterator[str]:
    found = tab.evaluate(
        "() => [...document.querySelectorAll('.primary')].filter((e) => e.checkVisibility()).map((e) => e.innerText)"
    )
    if len(found) > 1:
        yield f"{len(found)} primary buttons: {found}"


def light_html(tab: Any) -> Iterator[str]:
    n = tab.evaluate("() => performance.getEntriesByType('navigation')[0].decodedBodySize")
    allowed = HTML_BYTES + PICTURE_BYTES * tab.locator(".pic").count()
    if n > allowed:
        yield f"{n:,} bytes of HTML, {allowed:,} allowed"


def targets_can_be_hit(tab: Any) -> Iterator[str]:
    """Whatever can be clicked, but for links in a run of text and parts of drawings and histograms."""
    yield from _in_fonts(
        tab,
        """(least) => [...document.querySelectorAll("a[href], button, select, summary, input:not([type=hidden])")]
          .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest("svg, .vh, .skip, .hist"))
          .filter((e) => {
            let block = e.parentElement;
            while (getComputedStyle(block).display === "inline") block = block.parentElement;
            const inText = getComputedStyle(e).display === "inline" && block.innerText.trim() !== e.innerText.trim();
            if (inText) return false;
            const parts = [e, e.closest("label") ?? e, ...e.children].map((one) => one.getBoundingClientRect());
            return !parts.some((box) => box.width >= least - 0.5 && box.height >= least - 0.5);
          })
          .slice(0, 6)
          .map((e) => {
            const { width, height } = e.getBoundingClientRect();
            return `${width.toFixed(0)} × ${height.toFixed(0)} px: ${e.outerHTML.slice(0, 120)}`;
          })""",
    )


def links_in_a_row_can_be_hit(tab: Any) -> Iterator[str]:
    """Links in text, but for those in a sentence of three words and more."""
    yield from _in_fonts(
        tab,
        """(least) => [...document.querySelectorAll("a[href]")]
          .filter((e) => e.checkVisibility() && !e.closest("svg, .vh, .skip"))
          .filter((e) => getComputedStyle(e).display === "inline")
          .filter((e) => {
            let block = e.parentElement;
            while (getComputedStyle(block).display === "inline") block = block.parentElement;
            const linked = [...block.querySelectorAll("a[href]")].map((a) => a.innerText ?? "");
            const others = linked.reduce((text, one) => text.replace(one, " "), block.innerText);
            const { width, height } = e.getBoundingClientRect();
            return (others.match(/[\\p{L}\\p{N}]+/gu) ?? []).length < 3 && Math.min(width, height) < least - 0.5;
          })
          .slice(0, 6)
          .map((e) => `${e.getBoundingClientRect().height.toFixed(0)} px high: ${e.outerHTML.slice(0, 120)}`)""",
    )


def _in_fonts(tab: Any, missed: str) -> Iterator[str]:
    """Yield targets that are too small in the fonts that are there, and in a low and narrow one."""
    yield from tab.evaluate(
        """async ([least, font]) => {
          const low = new FontFace("low", `url(${font})`, {
            ascentOverride: "75%", descentOverride: "20%", lineGapOverride: "0%", sizeAdjust: "85%",
          });
          document.fonts.add(await low.load());
          const sheet = new CSSStyleSheet(), before = [...document.adoptedStyleSheets], missed = MISSED;
          sheet.replaceSync("* { font-family: low !important; }");
          const found = missed(least);
          document.adoptedStyleSheets = [...before, sheet];
          found.push(...missed(least).map((one) => `in a low font ${one}`));
          document.adoptedStyleSheets = before;
          return found;
        }""".replace("MISSED", missed),
        [TARGET, LOW_FONT],
    )


def _path(tab: Any) -> str:
    return urlsplit(tab.url).path


def motion_is_still(tab: Any) -> Iterator[str]:
    """Yield what moves for a visitor who asked for reduced motion."""
    for moving in tab.evaluate(
        """() => document.getAnimations().filter((a) => a.playState === "running")
             .map((a) => a.effect?.target?.outerHTML?.slice(0, 120) ?? "?")"""
    ):
        yield f"moves: {moving}"
    if tab.evaluate("() => getComputedStyle(document.documentElement).scrollBehavior") == "smooth":
        yield "scrolls smoothly"


def skip_link(tab: Any) -> Iterator[str]:
    tab.evaluate("() => { document.activeElement?.blur?.(); window.scrollTo(0, 0) }")
    tab.keyboard.press("Tab")
    first = tab.evaluate(
        """() => {
          const e = document.activeElement, box = e.getBoundingClientRect();
          return [e.className, box.left >= 0 && box.top >= 0 && box.width > 20];
        }"""
    )
    if first != ["skip", True]:
        yield f"the first stop is not a visible skip link: {first}"
        return
    tab.keyboard.press("Enter")
    if not tab.evaluate("() => document.activeElement?.id === 'main'"):
        yield "it does not lead to the content"
        return
    tab.keyboard.press("Tab")
    if not tab.evaluate("() => document.activeElement.closest('main, footer') !== null"):
        yield "the next stop is not in the content"


def focus_is_seen(tab: Any) -> Iterator[str]:
    """Whatever can be reached shows that it is reached; after a key, focus given by script shows like any other."""
    tab.keyboard.press("Shift+Tab")
    yield from tab.evaluate(
        """() => {
          const seen = (e) => {
            const style = getComputedStyle(e);
            return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
          };
          const stops = "a[href], button, input, select, textarea, summary, [tabindex]";
          const blind = [], kinds = new Set();
          for (const e of document.querySelectorAll(stops)) {
            if (e.tabIndex < 0 || e.disabled || e.closest("[hidden]") || e.type === "hidden") continue;
            // as many of one kind look alike: a sample of each is enough
            const kind = [e.localName, e.className, e.parentElement?.className, e.closest("table")?.className].join();
            if (kinds.has(kind)) continue;
            e.focus({ preventScroll: true });
            if (document.activeElement !== e) continue;  // in something closed
            kinds.add(kind);
            if (!seen(e)) blind.push("no visible focus: " + e.outerHTML.slice(0, 140));
          }
          document.activeElement.blur();
          return blind;
        }"""
    )


def on_paper(tab: Any) -> Iterator[str]:
    """Light whatever the theme, nothing to click round it, the content there."""
    tab.emulate_media(media="print", color_scheme="dark")
    yield from tab.evaluate(
        """() => {
          const shown = (e) => e && e.checkVisibility() && e.getBoundingClientRect().height > 0;
          const wrong = [];
          for (const out of [".bar nav", ".bar form", ".bar .theme", ".skip", ".sections", "[data-tray]"])
            if ([...document.querySelectorAll(out)].some(shown)) wrong.push(`prints ${out}`);
          if (![...document.querySelectorAll("h1, h2")].some(shown)) wrong.push("prints no heading");
          const words = document.querySelector("main").innerText.trim();
          if (words.length < 40) wrong.push(`prints next to nothing: ${words}`);
          const light = (colour) => colour.match(/[0-9.]+/g).slice(0, 3).every((part) => part > 230);
          if (!light(getComputedStyle(document.body).backgroundColor)) wrong.push("prints a dark ground");
          if (light(getComputedStyle(document.querySelector("main")).color)) wrong.push("prints light ink");
          return wrong;
        }"""
    )
    tab.emulate_media(media="screen", color_scheme="light")


def complete_without_scripts(tab: Any) -> Iterator[str]:
    """Yield what scripts would fetch and no link or form leads to; what only scripts can do is not offered."""
    if tab.evaluate(HEADINGS) != 1:
        yield "not one heading"
    yield from tab.evaluate(
        """() => {
          const wrong = [], say = (what, e) => wrong.push(`${what}: ${e.outerHTML.slice(0, 140)}`);
          const leads = "a[href], form[action]", sends = "button:not([type=button]), input[type=submit]";
          for (const e of document.querySelectorAll("[hx-get], [hx-post]")) {
            if (e.matches("[data-poll]")) continue;  // alive by nature: a reload shows the same
            // what sends itself is what a button beside it sends
            const to = e.matches("form[hidden]") ? e.getAttribute("hx-post") : "";
            const button = to ? document.querySelector(`form[action="${to}"]:not([hidden]) button`) : null;
            if (button?.checkVisibility({ visibilityProperty: true })) continue;
            if (!e.closest(leads) && !e.querySelector(leads)) say("leads nowhere", e);
          }
          for (const form of document.querySelectorAll("form:not([hidden])")) {
            const there = [...form.querySelectorAll(sends)].filter((e) => getComputedStyle(e).display !== "none");
            if (!there.length && !form.matches("[role=search]")) say("cannot be sent", form);
          }
          for (const button of document.querySelectorAll("main button[type=button]"))
            if (button.checkVisibility({ visibilityProperty: true })) say("does nothing", button);
          return wrong;
        }"""
    )


AT_A_DESK: Final[tuple[Rule, ...]] = (
    no_layout_shift,
    weight,
    title,
    not_wider_than_the_screen,
    drawings_have_words,
    labels_can_be_read,
    sizes_of_type,
    few_words,
    one_primary,
    light_html,
    targets_can_be_hit,
    motion_is_still,
    accessible,
    skip_link,
    focus_is_seen,
    on_paper,
)
IN_THE_DARK: Final[tuple[Rule, ...]] = (accessible_in_the_dark,)
ON_A_PHONE: Final[tuple[Rule, ...]] = (
    not_wider_than_the_screen,
    no_layout_shift,
    labels_can_be_read,
    sizes_of_type,
    targets_can_be_hit,
    links_in_a_row_can_be_hit,
    labels_on_a_small_phone,
)
WITHOUT_SCRIPTS: Final[tuple[Rule, ...]] = (complete_without_scripts, not_wider_than_the_screen)


def broken(tab: Any, name: str, rules: tuple[Rule, ...]) -> list[str]:
    """List what is wrong with the open page, each with the page's name and the rule's."""
    return [f"{name}: {rule.__name__}: {what}" for rule in rules for what in rule(tab)]
