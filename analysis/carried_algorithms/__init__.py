"""Stories: which algorithms each circuit's ablated network carries, beside those of the whole network."""
