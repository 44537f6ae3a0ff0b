"""The part of the build that pyproject.toml cannot express: folders that lie beside the packages and go into one of
them.

``pluriscope/resources.py`` finds them, in a checkout and in a wheel.
"""

from pathlib import Path

from setuptools import find_packages, setup

PACKAGES = ["pluriscope*"]  # analysis and app are links in a checkout, folders in what is built
RESOURCES = {
    "docs": [  # those that pages show
        "bibliography.md",
        "counts.md",
        "errors.md",
        "glossary.md",
        "importing.md",
        "library.md",
        "machine-interface.md",
        "numerics.md",
        "scope.md",
        "self-hosting.md",
    ],
    "migrations": ["script.py.mako", "versions/*.py"],
    "static": ["*", "fonts/*", "vendor/*"],
    "templates": ["*.html", "**/*.html"],
    **({"site": ["**/*"]} if Path("site").is_dir() else {}),  # made by ./run docs
}

setup(
    include_package_data=False,  # what is listed below, and not what an earlier build left in a manifest
    packages=[*find_packages(include=PACKAGES), *(f"pluriscope._resources.{folder}" for folder in RESOURCES)],
    package_dir={f"pluriscope._resources.{folder}": folder for folder in RESOURCES},
    package_data={
        "pluriscope": ["py.typed"],
        "pluriscope.app.bundled": ["*.json", "models/*.json"],
        **{f"pluriscope._resources.{folder}": patterns for folder, patterns in RESOURCES.items()},
    },
)
