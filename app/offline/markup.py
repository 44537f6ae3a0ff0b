"""HTML as a tree that can be changed and written back: what is not touched stays as it was, character by character.

Enough for pages of our own templates; a page of somebody else's, with tags closed by rule, is not what it is for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape, unescape
from typing import Final

VOID: Final = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))
_VERBATIM: Final = frozenset(("script", "style"))
"""What is within them is no markup."""
_MARKUP: Final = re.compile(
    r"<!--.*?-->|<![^>]*>"
    r"|</(?P<end>[a-z][^\s>/]*)[^>]*>"
    r"""|<(?P<start>[a-z][^\s>/]*)(?P<attributes>(?:[^>"']|"[^"]*"|'[^']*')*)>""",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(r"""([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?""")


@dataclass(eq=False, slots=True)
class Element:
    """One element.

    Args:
        tag: its name; "" of a fragment, which is written as its children alone.
        attributes: in their order; None for one without a value.
        written: the start tag as it was, "" once anything about it has changed.
        ended: whether it has an end tag.
    """

    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    written: str = ""
    ended: bool = True
    children: list[Element | str] = field(default_factory=list)
    parent: Element | None = None

    def get(self, name: str) -> str:
        """An attribute's value, "" if it is not there or has none."""
        return self.attributes.get(name) or ""

    def has_class(self, name: str) -> bool:
        return name in self.get("class").split()

    def set(self, name: str, value: str | None) -> None:
        self.attributes[name] = value
        self.written = ""

    def remove_attributes(self, *names: str) -> None:
        for name in names:
            if name in self.attributes:
                del self.attributes[name]
                self.written = ""

    def rename(self, tag: str) -> None:
        self.tag = tag
        self.written = ""

    def append(self, child: Element | str) -> None:
        if isinstance(child, Element):
            child.parent = self
        self.children.append(child)

    def replace(self, *others: Element | str) -> None:
        """Others, or nothing, where this element was."""
        if self.parent is None:
            return
        for other in others:
            if isinstance(other, Element):
                other.parent = self.parent
        where = next(index for index, child in enumerate(self.parent.children) if child is self)
        self.parent.children[where : where + 1] = others
        self.parent = None

    def elements(self) -> Iterator[Element]:
        """Every element within, in document order; the tree may be changed meanwhile."""
        # no generator for each level: every element would be handed on once for each element around it
        waiting = [(self, child) for child in reversed(self.children)]
        while waiting:
            around, child = waiting.pop()
            if isinstance(child, Element):
                yield child
                if child.parent is around:
                    waiting += [(child, within) for within in reversed(child.children)]

    def all(self, wanted: Callable[[Element], bool]) -> list[Element]:
        """Every element within of which this holds, in document order."""
        found: list[Element] = []

        def look(children: list[Element | str]) -> None:
            for child in children:
                if isinstance(child, Element):
                    if wanted(child):
                        found.append(child)
                    if child.children:
                        look(child.children)

        look(self.children)
        return found

    def within(self, wanted: Callable[[Element], bool]) -> Element | None:
        """The nearest element around this one."""
        around = self.parent
        while around is not None and not wanted(around):
            around = around.parent
        return around

    @property
    def text(self) -> str:
        """The characters within, as they are written."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def __str__(self) -> str:
        pieces: list[str] = []
        self._write(pieces)
        return "".join(pieces)

    def _write(self, pieces: list[str]) -> None:
        if self.tag:
            pieces.append(self.written or self._start())
        for child in self.children:
            if isinstance(child, str):
                pieces.append(child)
            else:
                child._write(pieces)
        if self.tag and self.ended:
            pieces.append(f"</{self.tag}>")

    def _start(self) -> str:
        pairs = (
            f" {name}" + ("" if value is None else f'="{escape(value)}"') for name, value in self.attributes.items()
        )
        return f"<{self.tag}{''.join(pairs)}>"


def parse(text: str) -> Element:
    """The tree of a page or a fragment; its root has no tag."""
    root = Element("")
    around = [root]
    done = 0
    while found := _MARKUP.search(text, done):
        start, end = found["start"], found["end"]
        if found.start() > done:
            around[-1].children.append(text[done : found.start()])
        done = found.end()
        if start:
            element = _started(start.lower(), found["attributes"], found[0])
            around[-1].append(element)
            if element.tag in VOID or found["attributes"].endswith("/"):
                continue
            around.append(element)
            if element.tag in _VERBATIM:
                within = re.compile(f"(?=</{element.tag})|$", re.IGNORECASE).search(text, done)
                until = within.start() if within else len(text)
                if until > done:
                    element.children.append(text[done:until])
                done = until
        elif end:
            _end(around, end.lower())
        else:
            around[-1].children.append(found[0])
    if done < len(text):
        around[-1].children.append(text[done:])
    return root


def _started(tag: str, attributes: str, written: str) -> Element:
    return Element(tag, dict(_values_of(attributes)), written, ended=False)


@lru_cache(maxsize=10_000)
def _values_of(attributes: str) -> dict[str, str | None]:
    """Attributes by name, kept: the pages of a copy have most of their tags in common. Nobody may change them."""
    values: dict[str, str | None] = {}
    for found in _ATTRIBUTE.finditer(attributes):
        value = found[found.lastindex] if found.lastindex and found.lastindex > 1 else None
        values[found[1].lower()] = unescape(value) if value and "&" in value else value
    return values


def _end(around: list[Element], tag: str) -> None:
    """Close the innermost open element of that name, and with it whatever was left open within."""
    for depth in range(len(around) - 1, 0, -1):
        if around[depth].tag == tag:
            around[depth].ended = True
            del around[depth:]
            return
