"""A page as the application sends it, made into a file that needs no application.

1. Parts that htmx would fetch when they come into sight, or are unfolded, are put in place (:func:`inline_parts`).
2. Links lead to files of the copy; those to pages that are not in it are marked and lead to an explanation, or to the
   live site where one is named.
3. Forms, the compare tray and whatever else needs a server go; a sentence says so where a reader would look for them.
   Counts that stand beside a filter stay, since they are findings.
4. The panel for passing a page on gives way to one that works without a server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Final

from jinja2.utils import htmlsafe_json_dumps

from app.offline.markup import Element, parse
from app.offline.names import FRONT, NOT_INCLUDED, file_of, relative, split
from app.offline.selection import Selection

ASKED: Final = "This is asked of a running Pluriscope; a copy on a disk cannot compute it."
OF_THE_COPY: Final = "file:"
"""Begins links of the copy's own templates to its files."""
SENTENCE: Final = (
    f'<a href="{OF_THE_COPY}{FRONT}#about">Filtering, searching and computing need a running Pluriscope</a>.'
)
_LIVE: Final = ("load", "revealed", "intersect", "near", "toggle")
_ABSOLUTE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_CONTROLS: Final = frozenset(("input", "select", "textarea", "button"))
_WORKS_ALONE: Final = frozenset(("readonly", "data-input", "data-local"))
"""Marks of controls that need no server."""
_OF_A_SERVER: Final = ("hx-", "data-")
_FOR_OTHERS: Final = re.compile(r"(og|twitter):")

Panel = Callable[[str, Mapping[str, str]], str]


def inline_parts(page: Element, fetch: Callable[[str], str]) -> None:
    """Put every part that would be fetched by itself where it would stand.

    Args:
        page: the page's tree, changed.
        fetch: address → markup of the part, "" if there is none; then the link that stands there remains.
    """
    for element in page.all(lambda one: bool(one.get("hx-get")) and _first_trigger(one) in _LIVE):
        markup = fetch(element.get("hx-get"))
        if not markup:
            continue
        part = parse(markup)
        if element.get("hx-swap").startswith("outerHTML"):
            element.replace(*part.children)
        else:
            element.children = []
            for child in part.children:
                element.append(child)


def _first_trigger(element: Element) -> str:
    return re.split("[ ,]", element.get("hx-trigger"))[0]


class Rewriter:
    """Makes pages into files of one copy.

    Args:
        selection: what is in it.
        live: address of the live site without a slash at the end, "" if there is none.
        panel: address of a page and what its own panel holds → the panel of the copy.
    """

    def __init__(self, selection: Selection, live: str, panel: Panel) -> None:
        self.selection = selection
        self.live = live
        self.panel = panel
        self.static: set[str] = set()
        self.files: dict[str, None] = {}
        """Addresses of files beside pages that were linked to, for whoever writes them; in their order."""

    def rewrite(self, page: Element, address: str, file: str) -> str:
        """The page as a file.

        Args:
            page: its tree, changed.
            address: where the application shows it.
            file: of the copy, relative to its root.
        """
        self.file = file
        self.address = address
        self._head(page)
        self._panels(page)
        for element in page.all(lambda one: "data-live" in one.attributes):  # what it promises, only a server keeps
            element.replace()
        self._trays(page)
        self._forms(page)
        for element in page.all(lambda _: True):
            if element.parent is not None:
                self._element(element)
        return str(page)

    # ---------- where links lead

    def link(self, target: str) -> tuple[str, bool]:
        """What a link becomes, and whether that is in the copy.

        Args:
            target: as the page has it: a path with options and fragment, a fragment alone, or an address elsewhere.
        """
        bare, hash_, fragment = target.partition("#")
        tail = hash_ + fragment
        if bare.startswith(OF_THE_COPY):
            return relative(bare.removeprefix(OF_THE_COPY), self.file) + tail, True
        if _ABSOLUTE.match(target) or not bare:
            return target, True
        if bare.startswith("?"):
            bare = split(self.address)[0] + bare
        if bare.startswith("/static/"):
            name = bare.partition("?")[0].removeprefix("/")
            self.static.add(name)
            return relative(name, self.file), True
        path, options = split(bare)
        if path in ("/", "/networks"):
            return relative(FRONT, self.file) + tail, True
        if path == "/compare" and sum(key == "e" for key, _ in options) < 2:
            return f"{relative(FRONT, self.file)}#comparisons", True
        if self.selection.has_page(bare):
            return relative(file_of(bare), self.file) + tail, True
        if data := self.selection.data(bare):
            self.files[data] = None
            return relative(file_of(data), self.file), True
        return self._elsewhere(target), False

    def _elsewhere(self, target: str) -> str:
        if self.live:
            return self.live + target
        return f"{relative(NOT_INCLUDED, self.file)}#{target.partition('#')[0]}"

    # ---------- parts of a page

    def _head(self, page: Element) -> None:
        head = next((one for one in page.elements() if one.tag == "head"), None)
        if head is None:
            return
        for element in head.all(lambda one: one.tag in ("meta", "link", "script")):
            name, source = element.get("property") or element.get("name"), element.get("src")
            if _FOR_OTHERS.match(name) or name == "htmx-config" or "htmx" in source:
                element.replace()
            if element.get("rel") == "canonical" and not self.live:
                element.replace()
        link = Element("link", {"rel": "stylesheet", "href": "/static/offline.css"}, ended=False)
        script = Element("script", {"src": "/static/offline.js"})
        for element in (link, script):  # the script is not deferred: the theme must be known before anything is drawn
            head.append(element)
            head.append("\n")

    def _panels(self, page: Element) -> None:
        for panel in page.all(lambda one: one.tag == "details" and (one.has_class("share") or one.get("id") == "cite")):
            texts, name = {}, ""
            for one in panel.elements():
                if one.tag == "textarea":
                    texts[one.get("id").removeprefix("share-")] = unescape(one.text)
                elif one.tag == "strong":
                    name = one.text.strip().lower()
                elif one.tag == "pre":
                    texts[name] = unescape(one.text)
            given = parse(self.panel(self.address, texts))
            for one in given.all(lambda one: one.tag == "details"):
                one.set("id", panel.get("id"))  # where links to it lead
            panel.replace(*given.children)

    def _trays(self, page: Element) -> None:
        for tray in page.all(lambda one: "data-tray" in one.attributes):
            tray.replace()
        for box in page.all(lambda one: "data-compare" in one.attributes):
            label = box.within(lambda one: one.tag == "label")
            (label or box).replace()

    def _forms(self, page: Element) -> None:
        for form in page.all(lambda one: one.tag == "form"):
            if form.parent is None:
                continue
            if form.get("role") == "search":
                form.replace(*form.all(lambda one: "data-theme-switch" in one.attributes))
            elif form.get("method").lower() == "post":
                form.replace(*parse(f'<p class="small soft offline-note">{ASKED}</p>').children)
            else:
                self._read_only(form)

    def _read_only(self, form: Element) -> None:
        """A form of filters without its controls: what is left are links and counts."""
        holds_list = any(one.tag in ("table", "svg") and not one.within(_is_fieldset) for one in form.elements())
        for label in form.all(lambda one: one.tag == "label"):
            if any(one.has_class("n") and one.text.strip() for one in label.elements()):
                label.rename("span")
                label.set("class", f"{label.get('class')} offline-count".strip())
                label.remove_attributes("for")
            else:
                label.replace()
        for control in form.all(lambda one: one.tag in _CONTROLS):
            control.replace()
        for group in form.all(lambda one: one.tag == "fieldset"):
            told = group.all(lambda one: one.tag == "a" or (one.has_class("n") and bool(one.text.strip())))
            if group.parent is not None and not told:
                group.replace()
        for empty in form.all(_serves_fields):
            empty.replace()
        for rest in form.all(lambda one: one.tag in ("details", "div", "span", "noscript")):
            if rest.parent is not None and not _shows(rest):
                rest.replace()
        if form.has_class("jump") or form.within(lambda one: one.tag == "header"):
            form.replace()
            return
        form.rename("div")
        form.remove_attributes("method", "action")
        if form.get("aria-label"):
            form.set("role", "group")
        if not holds_list:
            form.append(parse(f'<p class="small soft offline-note">{SENTENCE}</p>').children[0])

    def _element(self, element: Element) -> None:
        tag = element.tag
        if spare := [name for name in element.attributes if name.startswith(_OF_A_SERVER) and _is_spare(element, name)]:
            element.remove_attributes(*spare)
        if "data-theme-switch" in element.attributes:
            element.rename("button")
            element.remove_attributes("href")
            element.set("type", "button")
            element.set("hidden", None)
        elif tag == "a":
            self._anchor(element)
        elif "data-copy" in element.attributes:
            self._copy(element)
        elif tag in _CONTROLS and not _WORKS_ALONE & element.attributes.keys():
            label = element.within(lambda one: one.tag == "label")
            (label or element).replace()
        elif tag == "script" and element.get("type") == "application/json":
            self._plot(element)
        elif tag in ("link", "script", "img", "iframe"):
            for name in ("href", "src", "data-plotly"):
                value = element.get(name)
                if value and element.get("rel") != "canonical":
                    link, inside = self.link(value)
                    if inside:
                        element.set(name, link)
                    else:
                        element.replace()
                        return

    def _anchor(self, element: Element) -> None:
        target = element.get("href")
        if not target:
            return
        link, inside = self.link(target)
        element.set("href", link)
        if inside:
            if _ABSOLUTE.match(target):
                element.set("rel", "noreferrer")
            return
        if element.within(_leads_around):
            element.replace()
            return
        if element.within(lambda one: one.has_class("take-files")):
            (element.within(lambda one: one.tag == "li") or element).replace()
            return
        element.remove_attributes("download", "rel", "data-compare-link")
        element.set("class", f"{element.get('class')} off-copy".strip())
        words = "on the live site" if self.live else "not in this copy"
        if self.live:
            element.set("rel", "external noreferrer")
        element.set("title", f"{element.get('title')} ({words})" if element.get("title") else words.capitalize())
        if element.get("aria-label"):
            element.set("aria-label", f"{element.get('aria-label')} ({words})")
        elif element.get("aria-hidden") != "true":
            element.append(Element("span", {"class": "vh"}, children=[f" ({words})"]))

    def _copy(self, element: Element) -> None:
        value = element.get("data-copy")
        if not value.startswith("/"):
            return
        if self.live:
            element.set("data-copy", self.live + value)
        else:
            element.replace()

    def _plot(self, element: Element) -> None:
        """Where bars lead, within a plot's data."""
        plot = json.loads(element.text)
        for trace in plot["data"]:
            if "customdata" in trace:
                trace["customdata"] = [self.link(address)[0] for address in trace["customdata"]]
        element.children = [str(htmlsafe_json_dumps(plot))]


def _is_spare(element: Element, name: str) -> bool:
    """Whether an attribute asks something of a server; addresses in data but two lead nowhere without one."""
    if name.startswith(("hx-", "data-poll")):
        return True
    return name not in ("data-copy", "data-plotly") and element.get(name).startswith("/")


def _leads_around(element: Element) -> bool:
    """Whether it holds links that are on every page; those that lead nowhere from a copy are left out of it."""
    if element.tag == "nav":
        return element.get("aria-label") in ("Main", "Pluriscope") or element.has_class("net")
    return element.tag == "footer"


def _serves_fields(element: Element) -> bool:
    """Words between fields, and links beside their buttons: of no use where the fields are gone."""
    return element.has_class("range") or (element.tag in ("div", "span") and element.has_class("btns"))


def _is_fieldset(element: Element) -> bool:
    return element.tag == "fieldset"


def _shows(element: Element) -> bool:
    """Whether there is anything to see in it."""
    if element.tag == "details":
        return any(_shows(child) for child in element.children if isinstance(child, Element) and child.tag != "summary")
    return bool(unescape(element.text).strip()) or any(one.tag in ("svg", "img") for one in element.elements())
