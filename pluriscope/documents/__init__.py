"""Documents that pages show: Markdown, the glossary, criteria in words."""
