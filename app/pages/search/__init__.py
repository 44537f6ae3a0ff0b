"""Find anything: networks, explanations by reference or formula, studies, terms and actions, by one text."""
