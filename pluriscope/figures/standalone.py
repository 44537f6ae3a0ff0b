"""Drawings as files of their own: the same markup with the few rules of the style sheet that it needs, and as PNG.

The rules are read from the style sheets of the pages, so that a file looks like the page. Variables are resolved, since
not every reader of SVG knows them; of a hue's rules there is one for each hue.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from tempfile import TemporaryFile
from typing import Any, Final, Literal

import resvg_py

from pluriscope.analysis.running.progress import OutOfTime
from pluriscope.figures.svg.tiles import HUES, NEUTRAL
from pluriscope.resources import STATIC

Theme = Literal["light", "dark"]
STYLES: Final = tuple(STATIC / f"{name}.css" for name in ("drawings", "house"))
FONT: Final = STATIC / "fonts" / "STIXGeneral-Regular.otf"
FONT_FAMILY: Final = "STIXGeneral"

_FONTS: Final[dict[str, Any]] = {
    "skip_system_fonts": True,
    "font_files": [str(FONT)],
    **dict.fromkeys(("font_family", "serif_family", "sans_serif_family", "monospace_family"), FONT_FAMILY),
}
_DRAW: Final = """
import json, sys
given = json.load(sys.stdin.buffer)
seconds = given.pop("seconds")
if sys.platform != "win32":
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
import resvg_py
sys.stdout.buffer.write(resvg_py.svg_to_bytes(**given))
"""
_LOOKS: Final = 0.1
"""Seconds after which who waits for a picture can be ended, and the picture with it."""
_CLASSES: Final = re.compile(
    r"\.(e-|n-|dir|lead|lab|halo|w\b|big|tile|capsule|t-|numline|m-|fl-|vs-)"
    r"|^svg (text|tspan)|^svg rect"
)
_RULE: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")
_AT_RULE: Final = re.compile(r"@[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")  # for phones, print and the like
_VARIABLE: Final = re.compile(r"var\((--[\w-]+)\)")
_ROOT: Final = re.compile(r'<svg[^>]*?viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>')
_STYLE: Final = re.compile(r' style="[^"]*"')
_WORDS: Final = re.compile(r"(?:<title>[^<]*</title>)?(?:<desc>[^<]*</desc>)?")


def standalone_svg(markup: str, theme: Theme = "light", *, font: str = "", ground: bool = True) -> str:
    """A drawing with its styles and its size in itself, as a file needs it.

    Args:
        markup: one drawing, as :func:`pluriscope.figures.svg.elements.drawing` makes it.
        theme: its colours.
        font: one family for all text, "" for the families of the pages.
        ground: whether it has the theme's ground behind it, white if it is light, or none.

    Raises:
        ValueError: the markup is no drawing.
    """
    head = root_of(markup)
    width, height = head[1], head[2]
    opening = _STYLE.sub("", head[0])
    opening = re.sub(r' (width|height)="[^"]*"', "", opening)
    opening = opening[:-1] + f' width="{width}" height="{height}">'
    paper = "#fff" if theme == "light" else token("--paper", theme)
    behind = f'<rect width="{width}" height="{height}" fill="{paper}"/>' if ground else ""
    rest = markup[head.end() :]
    body = _WORDS.sub("", rest, count=1)
    words = rest.removesuffix(body)
    return f"{opening}{words}<style>{drawing_rules(theme, font)}</style>{behind}{body}"


def size_of(markup: str) -> tuple[float, float]:
    """Width and height of a drawing in its own pixels.

    Raises:
        ValueError: the markup is no drawing.
    """
    head = root_of(markup)
    return float(head[1]), float(head[2])


def root_of(markup: str) -> re.Match[str]:
    """The opening tag of a drawing, with its width and height."""
    head = _ROOT.match(markup)
    if head is None:
        raise ValueError("this markup is no drawing with a view box from 0 0")
    return head


def png_of(svg: str, *, width: int | None = None) -> bytes:
    """A PNG of a drawing, with the one font that comes with us, so that it is the same on every machine.

    Args:
        svg: a whole document whose text is in :data:`FONT_FAMILY`.
        width: in pixels, the drawing's own if not given.
    """
    return resvg_py.svg_to_bytes(svg_string=svg, width=width, **_FONTS)


def png_apart(svg: str, *, width: int | None = None, seconds: float) -> bytes:
    """A drawing as PNG, made in a process of its own: resvg holds Python's lock, so all other threads of a server would
    stand still for the second that a large picture takes.

    Args:
        svg: as of :func:`png_of`.
        width: likewise.
        seconds: of the processor that it may take, in whole ones. What is raised in the waiting thread ends it, too.

    Raises:
        OutOfTime: it takes more.
    """
    most = math.ceil(seconds)
    given = json.dumps({"svg_string": svg, "width": width, "seconds": most, **_FONTS}).encode()
    own = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # -P: nothing is imported from the folder in which it is called
    command = [sys.executable, "-P", "-c", _DRAW]
    with TemporaryFile() as sent:
        sent.write(given)
        sent.seek(0)
        with subprocess.Popen(command, stdin=sent, stdout=subprocess.PIPE, env=own) as process:  # noqa: S603
            try:
                while process.returncode is None:
                    with suppress(subprocess.TimeoutExpired):
                        drawn, _ = process.communicate(timeout=_LOOKS)
            finally:
                process.kill()
    if process.returncode < 0:
        raise OutOfTime
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[0])
    return drawn


def token(name: str, theme: Theme = "light") -> str:
    """The value of one of the style sheet's variables."""
    return _tokens(theme)[name]


@lru_cache(maxsize=8)
def drawing_rules(theme: Theme = "light", font: str = "") -> str:
    """The style sheet's rules for drawings, without variables.

    Args:
        font: one family for all text, "" for the families of the pages.
    """
    tokens = dict(_tokens(theme))
    if font:
        tokens |= dict.fromkeys(("--serif", "--sans", "--mono"), font)
    rules = []
    for selector, body in _RULE.findall(_AT_RULE.sub("", _sheet())):
        wanted = [part.strip() for part in selector.split(",") if _CLASSES.search(part.strip()) and ":" not in part]
        if wanted:
            rules += _resolved(wanted, body.strip(), tokens)
    return "".join(rules)


def _resolved(selectors: list[str], body: str, tokens: dict[str, str]) -> list[str]:
    """Rules of CSS without variables: one rule, or one for each hue where the colour depends on it."""
    if not re.search(r"var\(--v-(ink|fill|wash)\)", body):
        return [f"{','.join(selectors)}{{{_without_variables(body, tokens)}}}"]
    rules = []
    for hue in (*HUES, NEUTRAL):
        own = {**tokens, **{f"--v-{part}": tokens[f"--v-{hue}-{part}"] for part in ("ink", "fill", "wash")}}
        last = [selector.split()[-1] for selector in selectors]
        both = ",".join(f".v-{hue} {one},{one}.v-{hue}" for one in last)
        rules.append(f"{both}{{{_without_variables(body, own)}}}")
    return rules


def _without_variables(body: str, tokens: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: tokens[found[1]], body)


@lru_cache(maxsize=1)
def _sheet() -> str:
    """The style sheets without comments."""
    return re.sub(r"/\*.*?\*/", "", "\n".join(path.read_text() for path in STYLES), flags=re.DOTALL)


@lru_cache(maxsize=2)
def _tokens(theme: Theme) -> dict[str, str]:
    """The variables of a theme."""
    blocks = [(selector.strip(), body) for selector, body in _RULE.findall(_sheet())]
    light = next(body for selector, body in blocks if selector == ":root")  # print has another, further down
    dark = next(body for selector, body in blocks if selector == ':root[data-theme="dark"]')
    text = light + (dark if theme == "dark" else "")
    return {key: value.strip() for key, value in re.findall(r"(--[\w-]+):\s*([^;]+);", text)}
