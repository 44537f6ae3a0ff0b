"""How networks of each kind are shown: a module a kind, with the same record."""
