"""A network of each kind that this plugin brings, for tests that ask networks of every kind."""

from plugins.stories.tests.test_gru import drawn
from pluriscope_stories.gru import GRU

MODELS = {"gru": GRU.write(drawn(2, 1, 2))}
