"""Permission to change things here: the token, sessions of browsers, and the origin of a request."""
