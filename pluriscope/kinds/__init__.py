"""Storage and listing of the explanations of each kind: one module a kind, and what they have in common."""
