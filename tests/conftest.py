"""What holds for every test."""

from hypothesis import settings

# a busy machine is no failure, and the same code must give the same verdict every time
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.load_profile("steady")
