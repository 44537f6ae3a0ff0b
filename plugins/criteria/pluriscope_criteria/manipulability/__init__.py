"""Whether explanations predict what a network answers after edits and under doses."""
