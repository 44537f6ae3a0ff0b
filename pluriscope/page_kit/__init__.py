"""Parts of pages: blocks, each with its template."""
