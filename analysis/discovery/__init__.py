"""Discovery: published methods that answer with one circuit, and where an answer stands among all valid circuits."""
