"""Display of results: drawings, and tables as HTML or for pandas.

Nothing needs scripts. A drawing stands in a page as an image whose document carries its own styles, so that it looks
alike in JupyterLab, Colab, VS Code, marimo and what nbconvert writes, and changes nothing around it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from markupsafe import Markup, escape
from pydantic import Field

from pluriscope.analysis.errors import AnalysisError, needing
from pluriscope.arguments import FilePath, checked
from pluriscope.errors import writing
from pluriscope.figures.standalone import FONT_FAMILY, Theme, png_of, standalone_svg

if TYPE_CHECKING:
    import pandas as pd

ROWS_SHOWN: Final = 10
FEW: Final = 5
"""Of these in plain text."""
_CELL, _LINE = 24, 90  # characters
Row = Mapping[str, Any]
"""What a table says of one thing: column to value."""
Width = Annotated[int, Field(ge=16, le=10_000)]
"""Of a drawing in pixels."""


@checked
@dataclass(frozen=True)
class Drawing:
    """A drawing as the pages have it.

    Args:
        markup: as :mod:`pluriscope.figures.svg` draws it.
    """

    markup: str

    @property
    def words(self) -> str:
        """Content in one sentence."""
        return unescape(self.markup.partition("<title>")[2].partition("</title>")[0])

    def svg(self, theme: Theme = "light") -> str:
        """A whole SVG document with its styles inside.

        Args:
            theme: "light" or "dark".
        """
        return standalone_svg(self.markup, theme)

    def png(self, width: Width | None = None, theme: Theme = "light") -> bytes:
        """The drawing as PNG.

        Args:
            width: in pixels; the drawing's own if not given.
            theme: "light" or "dark".
        """
        return png_of(standalone_svg(self.markup, theme, font=FONT_FAMILY), width=width)

    def save(self, path: FilePath, *, width: Width | None = None, theme: Theme = "light") -> Path:
        """Write it to a file, as SVG or PNG by the name's ending.

        Raises:
            AnalysisError: a name with another ending, or the file cannot be written.
        """
        target = Path(path)
        if target.suffix not in (".svg", ".png"):
            raise AnalysisError(f"file {target.name!r}", "ends in neither .svg nor .png", "give it one of these")
        content = self.svg(theme).encode() if target.suffix == ".svg" else self.png(width, theme)
        with writing(target):
            target.write_bytes(content)
        return target

    def __html__(self) -> str:
        return self.image()

    def image(self, width: Width | None = None) -> Markup:
        """The drawing as an image that stands by itself in any HTML.

        Args:
            width: in pixels; its own if not given.
        """
        data = b64encode(self.svg().encode()).decode()
        wide = f"width:{width}px;" if width else ""
        style = f"{wide}max-width:100%;height:auto"
        return Markup('<img src="data:image/svg+xml;base64,{}" alt="{}" style="{}">').format(data, self.words, style)

    def _repr_html_(self) -> str:
        return str(self.image())

    def __repr__(self) -> str:
        return f"<Drawing: {self.words}>"


class Rows(list[Row]):
    """Rows of a table, which show themselves as one.

    Args:
        rows: each column to value.
        caption: what they are.
    """

    most: ClassVar[int] = ROWS_SHOWN

    def __init__(self, rows: Iterable[Row], caption: Markup | str = "") -> None:
        super().__init__(rows)
        self.caption = caption

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame of them."""
        return frame(self)

    def _repr_html_(self) -> str:
        more = f" The first {self.most}:" if len(self) > self.most else ""
        return str(heading(self.caption, after=more) + table(self[: self.most]))

    def __repr__(self) -> str:
        return aligned(self[:FEW], escape(self.caption).striptags(), n=len(self))


class Tabled(dict[str, Any]):
    """A mapping that shows itself as a table."""

    @property
    def rows(self) -> Rows:
        """Rows of the table."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return self.rows._repr_html_()

    def __repr__(self) -> str:
        return aligned(self.rows, escape(self.rows.caption).striptags())


def table(rows: Iterable[Row]) -> Markup:
    """Rows as an HTML table; the columns are those of the first row. Drawings and counts show themselves."""
    listed = list(rows)
    if not listed:
        return Markup("")
    head = Markup("").join(Markup('<th style="text-align:left">{}</th>').format(name) for name in listed[0])
    body = Markup("").join(Markup("<tr>{}</tr>").format(Markup("").join(map(_cell, row.values()))) for row in listed)
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)


def aligned(rows: Iterable[Row], words: str = "", *, n: int = 0) -> str:
    """Rows as lines of text, numbers at the right of their columns, without addresses.

    Args:
        words: what they are, in a line before them.
        n: how many there are, if these are the first.
    """
    some = [{name: value for name, value in row.items() if name != "address"} for row in rows]
    columns: list[list[str]] = []
    names = list(dict.fromkeys(name for row in some for name in row))
    for name in names:
        values = [row.get(name, "") for row in some]
        most = _LINE if name == names[-1] else _CELL
        cells = [_short(str(one), most) for one in (name, *map(shown, values))]
        wide = max(map(len, cells))
        columns.append([one.ljust(wide) if isinstance(values[0], str) else one.rjust(wide) for one in cells])
    lines = ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]
    more = [f"… and {n - len(some):,} more"] if n > len(some) else []
    return "\n".join(_short(line, _LINE) for line in (words, *lines, *more) if line)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def facts(row: Row) -> Markup:
    """HTML table of one row with a line for each column."""
    lines = (
        Markup('<tr><th style="text-align:left">{}</th>{}</tr>').format(name, _cell(value))
        for name, value in row.items()
    )
    return Markup("<table><tbody>{}</tbody></table>").format(Markup("").join(lines))


def _cell(value: Any) -> Markup:
    return Markup('<td style="text-align:left">{}</td>').format(shown(value))


def shown(value: Any) -> Any:
    """A value of a table for people."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return value


def link(address: str, words: str) -> Markup:
    """A link where an address leads to a server; else the words alone."""
    if not address.startswith(("http://", "https://")):
        return escape(words)
    return Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(address, words)


def beside(parts: Iterable[Any]) -> Markup:
    """Pieces of HTML next to each other, below each other where there is no room."""
    cells = Markup("").join(Markup('<div style="flex:0 1 auto">{}</div>').format(part) for part in parts)
    return Markup('<div style="display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start">{}</div>').format(cells)


def heading(words: Any, *, after: Any = "") -> Markup:
    """The title of an HTML view, and a quieter line behind it."""
    return Markup('<p style="margin:0 0 8px"><strong>{}</strong> {}</p>').format(words, after)


def frame(columns: Mapping[str, Any] | Iterable[Row]) -> pd.DataFrame:
    """A pandas DataFrame, from columns or from rows.

    Raises:
        MissingLibrary: pandas is not installed.
    """
    with needing("pandas", "to_pandas()", "pluriscope[notebook]"):
        import pandas as pd
    return pd.DataFrame(columns if isinstance(columns, Mapping) else list(columns))


def arrow_stream(rows: list[Row], requested_schema: Any) -> Any:
    """A stream of Arrow of rows; a column with integers beyond 64 bits, or with values of several types, is of texts.

    Raises:
        MissingLibrary: pyarrow is not installed.
    """
    with needing("pyarrow", "an Arrow stream", "pluriscope[notebook]"):
        import pyarrow as pa
    columns = dict[str, Any]()
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values)
        except (OverflowError, pa.ArrowInvalid, pa.ArrowTypeError):
            columns[name] = pa.array([None if one is None else str(one) for one in values])
    return pa.table(columns).__arrow_c_stream__(requested_schema)
