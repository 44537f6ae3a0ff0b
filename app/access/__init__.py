"""Who may change things here: tokens, one-time links, sessions, and where a request comes from."""
