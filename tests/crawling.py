"""A visitor who follows every link and presses every button that pages offer."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

ROOT: Final = "http://127.0.0.1"
_NETWORK: Final = re.compile("(?<=/networks/)[^/]+")
_THING: Final = re.compile(r"(?<=/)(?:[ciagdp]-[^/?.]+|[0-9a-f]{12,64})")
_TELLING: Final = ("part", "kind", "way", "rule")  # options whose values make another kind of page
_OF_EACH: Final = ("output", "protocol", "data", "part")  # options that networks of one kind may answer differently
_LAST: Final = ("cancel", "delete", "logout")  # what takes away what others need


@dataclass
class Button:
    """Button, with what is sent when it is pressed.

    Args:
        method: "get" or "post".
        url: where it is sent.
        page: that offers it.
        fields: names and values, as the page has filled them in.
        missing: those that a browser asks for before it sends anything, with the example that the page gives.
        words: on it.
        files: whether a file may be sent along.
    """

    method: str
    url: str
    page: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    words: str = ""
    files: bool = False

    @property
    def kind(self) -> tuple[Any, ...]:
        """Kind of button of which one is enough; empty if it changes something."""
        if self.method == "post":
            return self.url, self.words, tuple(self.fields)
        path = _NETWORK.sub("*", _THING.sub("*", urlsplit(self.url).path))
        return (self.method, path, self.words, *sorted({name for name, _ in self.fields}))

    def press(self, client: Any, filled_in: dict[str, str]) -> Any:
        """The answer, with values for what is asked for."""
        sent = dict[str, list[str]]()
        for name, value in self.fields:
            asked = (self.missing[name] or filled_in[name]) if name in self.missing else value
            sent.setdefault(name, []).append(asked)
        if self.method == "get":
            return client.get(self.url, params=sent, follow_redirects=True)
        files = {"file": ("", b"")} if self.files else None
        return client.post(self.url, data=sent, files=files, follow_redirects=True)


class Page(HTMLParser):
    """The links and buttons of a page."""

    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self.url, self.links, self.buttons = url, list[str](), list[Button]()
        self._form: Button | None = None
        self._pressed: list[dict[str, str]] = []
        self._filling: str = ""  # the name of a text or choice that is read, or "button"
        self._text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.links += [urljoin(self.url, given[name]) for name in ("href", "src", "hx-get") if given.get(name)]
        form, name, kind = self._form, given.get("name", ""), given.get("type", "text")
        if tag == "form" and given.get("method") != "dialog":
            url = urljoin(self.url, given.get("action", ""))
            self._form = Button(given.get("method", "get"), url, self.url, files="enctype" in given)
            self._pressed = []
        elif form is None:
            return
        elif tag == "button" and kind == "submit":
            self._pressed.append(given)
            self._filling, self._text = "button", []
        elif tag in ("select", "textarea"):
            self._filling, self._text = name, []
            if tag == "textarea":  # one for which there may be a file instead is filled in, too
                form.missing[name] = given.get("placeholder", "")
        elif tag == "option" and ("selected" in given or not self._text):
            self._text = [given.get("value", "")]
        elif tag == "input" and name and kind != "file" and (kind not in ("checkbox", "radio") or "checked" in given):
            form.fields.append((name, given.get("value", "")))
            if "required" in given and not given.get("value"):
                form.missing[name] = given.get("placeholder", "").partition(",")[0]

    def handle_data(self, data: str) -> None:
        if self._filling and self._form is not None:
            self._text += [] if self.lasttag == "option" else [data]

    def handle_endtag(self, tag: str) -> None:
        form = self._form
        if form is None:
            return
        if tag in ("textarea", "select"):
            form.fields.append((self._filling, "".join(self._text).strip()))
            if form.fields[-1][1]:
                form.missing.pop(self._filling, "")
            self._filling = ""
        elif tag == "button" and self._pressed:
            self._pressed[-1]["words"] = " ".join("".join(self._text).split())
            self._filling = ""
        elif tag == "form":
            for one in self._pressed or [{}]:
                also = [(one["name"], one.get("value", ""))] if one.get("name") else []
                method, url = one.get("formmethod", form.method), urljoin(form.url, one.get("formaction", form.url))
                missing = {} if "formnovalidate" in one else form.missing
                fields, words = [*form.fields, *also], one.get("words", "")
                self.buttons.append(Button(method, url, self.url, fields, missing, words, form.files))
            self._form = None


@dataclass
class Visitor:
    """Visitor of an application, with what it has seen.

    Args:
        client: asks for pages, and follows no redirection by itself.
        most: addresses of one kind that links are followed to.
        own: networks of which each is looked at by itself; of the others one stands for all.
    """

    client: Any
    most: int = 1
    own: frozenset[str] = frozenset()
    asked: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    buttons: dict[tuple[Any, ...], Button] = field(default_factory=dict)

    def follow(self, *starts: str) -> None:
        """Follow all links of some pages, and of those that they lead to."""
        waiting, seen, kinds = deque(starts), {*starts}, Counter[tuple[str, str]]()
        while waiting:
            path = waiting.popleft()
            answer = self.client.get(path)
            self.asked[path] = answer.status_code
            if answer.status_code >= 400:
                self.broken.append(f"{answer.status_code} {path}")
            links = [urljoin(ROOT + path, answer.headers["location"])] if "location" in answer.headers else []
            if answer.headers.get("content-type", "").startswith("text/html"):
                page = Page(ROOT + path, answer.text)
                links += page.links
                for button in page.buttons:
                    self.buttons.setdefault(button.kind, button)
            for link in links:
                url = urldefrag(link)[0].removeprefix(ROOT)
                if not url.startswith("/") or url.startswith("/static/") or url in seen:
                    continue
                seen.add(url)
                shows = self._kinds(url)
                if any(kinds[one] < self.most for one in shows):
                    kinds.update(shows)
                    waiting.append(url)

    def press(self, filled_in: dict[str, str]) -> list[str]:
        """Press the first button of each kind; returns those that are answered with an error, with the answer.

        Args:
            filled_in: values for what a browser asks for, by name.
        """
        found = []
        for button in sorted(self.buttons.values(), key=lambda one: any(word in one.url for word in _LAST)):
            answer = button.press(self.client, filled_in)
            if answer.status_code == 410:  # it was deleted, which can be undone where that is said
                (undo,) = (one for one in Page(button.url, answer.text).buttons if one.url.endswith("/restore"))
                answer = undo.press(self.client, filled_in)
            if answer.status_code >= 400:
                found.append(f"{answer.status_code} {button}")
        return found

    def _kinds(self, url: str) -> list[tuple[str, str]]:
        """Kinds of page that an address shows: with one of its options, of each network but for most options."""
        parts = urlsplit(url)
        path = _THING.sub("*", parts.path)
        reply = [(name, f"{name}={value}" if name in _TELLING else name) for name, value in parse_qsl(parts.query)]
        of_any, network = _NETWORK.sub("*", path), _NETWORK.search(path)
        of_each = path if network is not None and network[0] in self.own else of_any
        return [(of_each if name in _OF_EACH else of_any, said) for name, said in reply] or [(of_each, "")]
