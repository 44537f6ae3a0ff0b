"""Build the site of the documents: every document of the checkout, a reference made of docstrings, a gallery.

    python -m docs.site.build [FOLDER]

Documents are found by their folders, ours and the plugins'. Links among them lead from page to page; one to another
file of the checkout is its words alone, since the site does not have that file. A link that leads nowhere, a docstring
that cannot be read and code of the gallery that fails end the build.
"""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sphinx.cmd.build import build_main

import pluriscope
from pluriscope.objects.explanations import Explanation
from pluriscope.objects.showing import Drawing

SUMMARY: Final = "Every valid explanation of one small network, side by side."
ROOT: Final = Path(__file__).resolve().parents[2]
HERE: Final = Path(__file__).parent
FOUND: Final = (
    "docs/*.md",
    "docs/findings/*.md",
    "docs/decisions/*.md",
    "plugins/*/docs/*.md",
    "plugins/*/*/docs/*.md",
)
GROUPS: Final = {
    "Use": ("gallery", "importing", "library", "machine-interface", "reference", "counts"),
    "Run": ("self-hosting", "scale"),
    "Understand": ("glossary", "scope", "surveys", "criteria", "errors", "numerics", "bibliography"),
    "Develop": ("architecture", "adding", "decisions/README"),
}
"""Documents by what they are for; those of no group come in a last one."""
RECORDS: Final = (
    "pluriscope.analysis.criteria.criterion:Criterion",
    "pluriscope.analysis.discovery.method:DiscoveryMethod",
    "pluriscope.analysis.edits.edit:Edit",
    "pluriscope_methods.lenses.lens:Lens",
    "pluriscope_methods.lenses.lens:SiteLens",
    "pluriscope.analysis.subjects.subject:SubjectKind",
    "pluriscope.analyses.registry:Analysis",
)
"""What the registries hold."""
_LINK: Final = re.compile(
    r"^```.*?^```|`[^`\n]*`|(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)", re.DOTALL | re.MULTILINE
)
"""A link or a picture; or code, which is left as it is."""
_CHAPTER: Final = re.compile(r"^(?=## )", re.MULTILINE)
_PYTHON: Final = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


def documents() -> dict[Path, str]:
    """Every document, with its page; those of one name, as glossaries are, share one."""
    every = (path for pattern in FOUND for path in sorted(ROOT.glob(pattern)))
    return {path: path.stem if path.parts[-2] == "docs" else f"{path.parts[-2]}/{path.stem}" for path in every}


def merged(texts: Sequence[str]) -> str:
    """Documents of one name as one: the beginning of the first, and the chapters of all by the alphabet."""
    if len(texts) == 1:
        return texts[0]
    head, *chapters = _CHAPTER.split(texts[0])
    chapters += [chapter for text in texts[1:] for chapter in _CHAPTER.split(text)[1:]]
    return "\n\n".join(map(str.strip, [head, *sorted(chapters, key=str.lower)])) + "\n"


def linked(path: Path, pages: dict[Path, str], target: Path) -> str:
    """A document with links that hold on the site; pictures that it shows are put beside it.

    Raises:
        FileNotFoundError: a link leads nowhere.
    """

    def link(found: re.Match[str]) -> str:
        shown, words, to = found.groups()
        if to is None or re.match(r"https?:|#|mailto:", to):
            return found[0]
        name, mark, anchor = to.partition("#")
        there = (path.parent / name).resolve()
        if there in pages:
            return f"[{words}](/{pages[there]}.md{mark}{anchor})"
        if not there.exists():
            raise FileNotFoundError(f"{path.relative_to(ROOT)}: link {to} leads nowhere")
        if not shown:
            return words
        copied = target / "pictures" / there.name
        copied.parent.mkdir(exist_ok=True)
        shutil.copyfile(there, copied)
        return f"![{words}](/pictures/{there.name})"

    return _LINK.sub(link, path.read_text(encoding="utf-8"))


def drawn(text: str, target: Path) -> str:
    """The gallery with what each of its snippets draws below it."""
    known, folder = dict[str, Any](), target / "pictures"
    folder.mkdir(exist_ok=True)

    def run(snippet: re.Match[str]) -> str:
        *lines, last = ast.parse(snippet[1]).body
        exec(compile(ast.Module(lines, []), "gallery.md", "exec"), known)  # noqa: S102  ours
        value = eval(compile(ast.Expression(last.value), "gallery.md", "eval"), known)  # noqa: S307  ours
        if not isinstance(value, Drawing):
            return f"{snippet[0]}\n```{{raw}} html\n{value._repr_html_()}\n```\n"
        picture = folder / f"gallery-{len(list(folder.glob('gallery-*')))}.svg"
        value.save(picture)
        return f"{snippet[0]}\n![{value.words}](/pictures/{picture.name})\n"

    return _PYTHON.sub(run, text)


def reference() -> Iterator[str]:
    """The public names, those that explanations share, and what registries hold."""
    yield "# Reference\n\nEvery public name of `pluriscope`, from its docstring.\n"
    names = [name for name in pluriscope.__all__ if not name.startswith("_")]
    functions = [name for name in names if inspect.isfunction(inspect.unwrap(getattr(pluriscope, name)))]
    records = [tuple(one.split(":")) for one in RECORDS]
    parts = {
        "Functions": [("pluriscope", name) for name in functions],
        "Classes": [("pluriscope", name) for name in names if name not in functions]
        + [(Explanation.__module__, Explanation.__name__)],
        "Records of the registries": records,
    }
    for title, named in parts.items():
        yield f"\n## {title}\n"
        for module, name in named:
            kind = "function" if title == "Functions" else "class"
            yield f"\n```{{eval-rst}}\n.. auto{kind}:: {module}.{name}\n```\n"


def contents(pages: Collection[str]) -> Iterator[str]:
    """The first page: the groups."""
    yield f"# Pluriscope\n\n{SUMMARY}\n\n```{{raw}} html\n<p><a href='../'>To the dashboard</a></p>\n```\n"
    grouped = {page for group in GROUPS.values() for page in group}
    for title, group in {**GROUPS, "Further": sorted({*pages} - grouped)}.items():
        yield listed([page for page in group if page in pages], f":caption: {title}\n:maxdepth: 1")


def listed(pages: Sequence[str], options: str = ":hidden:") -> str:
    """What the navigation has below a page."""
    return f"\n```{{toctree}}\n{options}\n\n" + "".join(f"/{page}\n" for page in pages) + "```\n"


def nested(pages: Iterable[str]) -> dict[str, list[str]]:
    """Pages that stand below another: those of a folder below its README, or the page that is called as the folder."""
    known, below = {*pages}, defaultdict[str, list[str]](list)
    for page in sorted(known):
        folder = page.rpartition("/")[0]
        for above in (f"{folder}/README", folder):
            if folder and above in known and above != page:
                below[above].append(page)
                break
    return below


def build(folder: Path) -> int:
    """Build the site into a folder, which is replaced; 0 where nothing is wrong."""
    pages = documents()
    below = nested(pages.values())
    with TemporaryDirectory() as kept:
        target = Path(kept)
        shutil.copytree(HERE, target, dirs_exist_ok=True)
        for page in dict.fromkeys(pages.values()):
            written = target / f"{page}.md"
            written.parent.mkdir(exist_ok=True)
            text = merged([linked(path, pages, target) for path, its in pages.items() if its == page])
            text = drawn(text, target) if page == "gallery" else text
            written.write_text(text + (listed(below[page]) if page in below else ""), encoding="utf-8")
        (target / "reference.md").write_text("".join(reference()))
        first = {"reference", *pages.values()} - {page for inner in below.values() for page in inner}
        (target / "index.md").write_text("".join(contents(first)))
        shutil.rmtree(folder, ignore_errors=True)
        return build_main(
            ["-q", "-W", "--keep-going", "-b", "dirhtml", "-d", str(target / "_trees"), kept, str(folder)]
        )


if __name__ == "__main__":
    sys.exit(build(Path(*sys.argv[1:] or [ROOT / "site"])))
