"""A page as the application sends it, made into a file that needs no application and no scripts: one of a copy that
holds many, or one by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from posixpath import relpath
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from pluriscope.addresses.naming import DEFAULT_PROTOCOL
from pluriscope.app.options import OF_THE_READER
from pluriscope.page_kit.templating import PART
from pluriscope.resources import static_file

FRONT: Final = "index.html"
_DEFAULTS: Final = {("output", "0"), ("protocol", DEFAULT_PROTOCOL), ("data", "")}
_PLAIN: Final = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")  # names that Windows keeps
_FORMS: Final = re.compile(r"\.(csv|json|svg)$")
_ELSEWHERE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_OF_A_SERVER: Final = (
    "head script, meta[property], meta[name^=twitter], meta[name=htmx-config], noscript, dialog, [data-tray], .tick, "
    "[data-live], [data-theme-switch], form[role=search], [data-announce], .range, .only-phone, .menu small, "
    "a[href*='part=file'], link[rel=expect], #working, .answer .next > p"
)
_ASKS: Final = ("hx-", "data-poll", "data-compare", "data-copy", "data-chart")
_LOADED: Final = (("a", "href"), ("link", "href"), ("img", "src"), ("script", "src"))
_STYLES: Final = re.compile(r'<link rel="stylesheet" href="[^"?]*/static/([\w.-]+)')
SENTENCE: Final = "Filtering, searching and computing need a running Pluriscope."


def normal(address: str) -> str:
    """An address without its fragment, without what is the reader's own and without options that have their default.

    Options are in the order of their names; those of one name keep their own order, which may mean something.
    """
    parts = urlsplit(address)
    options = parse_qsl(parts.query, keep_blank_values=True)
    options = [pair for pair in options if pair[0] not in (*OF_THE_READER, PART) and pair not in _DEFAULTS]
    query = urlencode(sorted(options, key=lambda pair: pair[0]))
    return (parts.path.rstrip("/") or "/") + (f"?{query}" if query else "")


def file_of(address: str) -> str:
    """The file of a normal address, relative to the copy's root: the same in every copy, and of no other address.

    The path is its folders; options follow behind two underscores, or a digest of them where they are long or hold what
    a file system may refuse.
    """
    path, _, query = address.partition("?")
    ending = _FORMS.search(path)
    form = ending[0] if ending else ".json" if path.startswith("/api/") else ".html"
    suffix = "".join(f"__{key}={value}" for key, value in parse_qsl(query, keep_blank_values=True))
    if suffix and (len(suffix) > 60 or not _PLAIN.fullmatch(suffix[2:].replace("__", ".").replace("=", "."))):
        suffix = f"__{_digest(query)}"
    return "/".join(map(_segment, path.removesuffix(form).strip("/").split("/"))) + suffix + form


def _segment(segment: str) -> str:
    name = unquote(segment)
    plain = _PLAIN.fullmatch(name) and len(name) <= 80 and not _DEVICES.fullmatch(name)
    return name if plain else f"x__{_digest(name)}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def rewritten(text: str, address: str, file: str, find: Callable[[str], str], live: str) -> str:
    """A page as a file of the copy.

    Args:
        text: as the application sends it.
        address: where it does.
        file: of the copy, relative to its root.
        find: normal address → file of the copy, "" if it is not in it.
        live: address of the live site without a slash at the end, "" if there is none.
    """
    page = BeautifulSoup(text, "html.parser")

    def link(target: str) -> str:
        """Target of a link within the copy; "" where it leads to nothing of the copy."""
        where, hash_, fragment = urljoin(address, target).partition("#")
        if _ELSEWHERE.match(target) or target.startswith("#"):
            return target
        found = find(where if where.startswith("/static/") else normal(where))
        return quote(relpath(found, file.rpartition("/")[0] or "."), safe="/._-=") + hash_ + fragment if found else ""

    for one in page.select(_OF_A_SERVER):
        one.decompose()
    tags: dict[str, list[Tag]] = {}  # each is looked for once: to select takes longer than to read the page
    for one in page.find_all(True):
        tags.setdefault(one.name, []).append(one)
        for name in [name for name in one.attrs if name.startswith(_ASKS)]:
            del one[name]

    def left(*names: str) -> Iterator[Tag]:
        return (one for name in names for one in tags.get(name, ()) if not one.decomposed)

    _without_forms(page, left)
    for one in left("details"):
        if "more" in one.get_attribute_list("class"):
            del one["open"]
    for tag, name in _LOADED:
        for one in left(tag):
            if one.get("rel") == ["canonical"] and not live:
                one.decompose()
            elif one.has_attr(name):
                _lead(one, name, link, address, live)
    for one in page.select("details.menu, nav, .choice-l, .foot"):
        if not one.find("a"):
            one.decompose()
    for one in left("svg"):
        if one.get("role") == "group" and not one.find("a"):
            one["role"] = "img"
    if page.head and (styles := link("/static/offline.css")):
        page.head.append(page.new_tag("link", rel="stylesheet", href=styles))
    return str(page)


def alone(text: str, address: str, live: str) -> str:
    """A page as one file that holds its own styles; its links lead to the live site, where there is one.

    Args:
        text: as the application sends it.
        address: where it does.
        live: see :func:`rewritten`.
    """
    styles = "".join(static_file(name).read_text() for name in (*_STYLES.findall(text), "offline.css"))
    found = rewritten(text, address, FRONT, lambda _: "", live)
    return found.replace("</head>", f"<style>{styles}</style></head>", 1)


def _without_forms(page: BeautifulSoup, left: Callable[..., Iterator[Tag]]) -> None:
    """Forms; a sentence where the first was."""
    for place, form in enumerate(left("form")):
        if not place:
            note = page.new_tag("p", attrs={"class": "small muted offline-note"})
            note.string = SENTENCE
            form.insert_before(note)
        for one in form.select(".views"):
            form.insert_before(one.extract())
        form.decompose()
    for one in left("input", "select", "textarea", "button"):
        one.decompose()


def _lead(one: Tag, name: str, link: Callable[[str], str], address: str, live: str) -> None:
    target = str(one[name])
    found = link(target)
    if found:
        one[name] = found
    elif one.name != "a" or one.find_parent(["nav", "footer"]) or one.find_parent(class_=["btns", "pager"]):
        one.decompose()
    elif live and urljoin(address, target).partition("?")[0] != address.partition("?")[0]:
        wanted = normal(urljoin(address, target))
        one["href"], one["title"] = live + wanted, f"On the live site: {wanted}"
        one["class"] = " ".join([*one.get_attribute_list("class"), "off-copy"])
    elif one.has_attr("download"):
        one.decompose()
    else:  # what is not in the copy, or the same list, otherwise sorted or filtered
        one.name = "g" if one.find_parent("svg") else "span"
        del one["href"]
        one["title"] = one.attrs.pop("aria-label", f"Not in this copy: {normal(urljoin(address, target))}")
