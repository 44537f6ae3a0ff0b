"""HTML as a tree that can be changed and written back: what is not touched stays as it was, character by character.

Enough for pages of our own templates; a page of somebody else's, with tags closed by rule, is not what it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Final

VOID: Final = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))


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
        return [element for element in self.elements() if wanted(element)]

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

    def parts(self) -> Iterator[str]:
        """What is written of it, piece by piece."""
        if self.tag:
            yield self.written or self._start()
        for child in self.children:
            if isinstance(child, str):
                yield child
            else:
                yield from child.parts()
        if self.tag and self.ended:
            yield f"</{self.tag}>"

    def __str__(self) -> str:
        return "".join(self.parts())

    def _start(self) -> str:
        pairs = (
            f" {name}" + ("" if value is None else f'="{escape(value)}"') for name, value in self.attributes.items()
        )
        return f"<{self.tag}{''.join(pairs)}>"


def parse(text: str) -> Element:
    """The tree of a page or a fragment; its root has no tag."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    return builder.root


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.root = Element("")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), self.get_starttag_text() or "", ended=False)
        self.open[-1].append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].append(Element(tag, dict(attrs), self.get_starttag_text() or "", ended=False))

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self.open) - 1, 0, -1):
            if self.open[depth].tag == tag:
                self.open[depth].ended = True
                del self.open[depth:]
                return

    def handle_data(self, data: str) -> None:
        self.open[-1].append(data)

    def handle_entityref(self, name: str) -> None:
        self.open[-1].append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.open[-1].append(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self.open[-1].append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.open[-1].append(f"<!{decl}>")
