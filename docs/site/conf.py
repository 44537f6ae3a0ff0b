"""How Sphinx makes the site of the documents, of the pages that ``build.py`` beside it writes."""

import sys
from typing import Annotated, get_args, get_origin

import pluriscope

for _name in pluriscope.__all__:  # each is imported when it is first asked for
    getattr(pluriscope, _name)

project = "Pluriscope"
version = release = pluriscope.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
templates_path = ["templates"]
default_role = "code"  # `name` in a docstring
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # criteria.md begins below its title's level
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "description"
autodoc_preserve_defaults = True
autodoc_type_aliases = {  # by their names, instead of the checks that they are made of
    alias: alias
    for module in [sys.modules[name] for name in sorted(sys.modules) if name.startswith("pluriscope.")]
    for alias, value in vars(module).items()
    if any(get_origin(one) is Annotated for one in (value, *get_args(value)))
}
napoleon_use_rtype = False

html_theme = "furo"
html_title = "Pluriscope"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {"top_of_page_buttons": []}
html_show_sourcelink = html_copy_source = html_show_copyright = html_show_sphinx = False
