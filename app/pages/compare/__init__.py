"""Two to six explanations of one network side by side: what they share, where they differ, and who is right."""
