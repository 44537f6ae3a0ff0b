"""Lessons about one network, with slides, hand-outs, teacher's notes and plans for a class."""
