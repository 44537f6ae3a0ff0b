"""How many explanations of trained networks survive each criterion: ``python -m benchmarks.survivors``.

study      trains networks in step, analyses all of them together, and counts survivors network by network
prototype  figures of an earlier prototype that the study reproduces or corrects
spread     medians, quartiles, shares, and how far those of a second sample may lie
funnel     one network under every criterion
document   all of it as the tables of docs/survivors.md
timing     how long all criteria take on one network, as lines of ./run bench
"""
