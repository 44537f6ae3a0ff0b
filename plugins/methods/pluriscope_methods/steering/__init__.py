"""Steering: α times a direction is added at a site. What the network does, what explanations predict, and transfer."""
