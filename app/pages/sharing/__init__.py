"""Forms in which a page is shared: citation, card, embedding, verification."""
