"""All explanations of one network as dots: near ones predict nearly the same."""
