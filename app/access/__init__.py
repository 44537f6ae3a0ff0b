"""Who may change things here: the token, sessions of browsers, and where a request comes from."""
