"""How explanations of each kind are stored and listed: one file a kind, and what they have in common."""
