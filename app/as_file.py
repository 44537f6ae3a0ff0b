"""A page as the application sends it, made into a file that needs no application and no scripts: one of a copy that
holds many, or one by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from posixpath import relpath
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

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
_OF_BARS: Final = "nav a, footer a, .btns a, .pager a"
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
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(text)

    def link(target: str) -> str:
        """Target of a link within the copy; "" where it leads to nothing of the copy."""
        where, hash_, fragment = urljoin(address, target).partition("#")
        if _ELSEWHERE.match(target) or target.startswith("#"):
            return target
        found = find(where if where.startswith("/static/") else normal(where))
        return quote(relpath(found, file.rpartition("/")[0] or "."), safe="/._-=") + hash_ + fragment if found else ""

    def remove(what: str) -> None:
        for one in page.css(what):
            one.decompose()

    remove(_OF_A_SERVER if live else f"{_OF_A_SERVER}, link[rel=canonical]")
    for one in page.css("*"):
        for name in [name for name in one.attrs if name.startswith(_ASKS)]:
            del one.attrs[name]
    for place, form in enumerate(page.css("form")):
        if not place:
            note = page.create_node("p")
            note.attrs["class"] = "small muted offline-note"
            note.insert_child(SENTENCE)
            form.insert_before(note, move=True)
        for one in form.css(".views"):
            form.insert_before(one, move=True)
    remove("form, input, select, textarea, button")
    for one in page.css("details.more[open]"):
        del one.attrs["open"]
    in_drawings, others = {one.mem_id for one in page.css("svg a")}, page.css(f"a[href]:not({_OF_BARS})")
    for one in page.css(f"a[href]:is({_OF_BARS}), link[href], img[src], script[src]"):
        name = "href" if "href" in one.attrs else "src"
        if found := link(one.attrs.sget(name)):
            one.attrs[name] = found
        else:
            one.decompose()
    for one in others:
        where = urljoin(address, target := one.attrs.sget("href"))
        if found := link(target):
            one.attrs["href"] = found
        elif live and where.partition("?")[0] != address.partition("?")[0]:
            one.attrs["href"], one.attrs["title"] = live + normal(where), f"On the live site: {normal(where)}"
            one.attrs["class"] = f"{one.attrs.sget('class')} off-copy".strip()
        elif "download" in one.attrs:
            one.decompose()
        else:  # what is not in the copy, or the same list, otherwise sorted or filtered
            words = page.create_node("g" if one.mem_id in in_drawings else "span")
            for name, value in one.attrs.items():
                if name not in ("href", "aria-label"):
                    words.attrs[name] = value
            words.attrs["title"] = one.attrs.sget("aria-label", f"Not in this copy: {normal(where)}")
            while one.first_child is not None:
                words.insert_child(one.first_child, move=True)
            one.replace_with(words, move=True)
    remove(":is(details.menu, nav, .choice-l, .foot):not(:has(a))")
    for one in page.css("svg[role=group]:not(:has(a))"):
        one.attrs["role"] = "img"
    styles = link("/static/offline.css")
    return str(page.html).replace(
        "</head>", f'<link rel="stylesheet" href="{styles}"></head>' if styles else "</head>", 1
    )


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
