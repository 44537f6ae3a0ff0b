"""What tests of all addresses are given of lessons."""

from pluriscope_learn.lesson import Lesson

WORDS = {"lesson": ["two-circuits", "hand-outs", "nothing"]}
RECORDS = {"A lesson": (Lesson,)}
