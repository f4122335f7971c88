"""The process that watches a run from outside, once a second, and writes down what it sees.

`python -P -m probes.sampler RUN_FOLDER HOME`
"""
