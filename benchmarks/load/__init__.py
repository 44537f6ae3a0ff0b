"""A server under load: so many requests a second, so many live pages, and what it takes of memory meanwhile."""
