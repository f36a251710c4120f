"""trainlab: train a network from one YAML file, watch it, and say what is wrong and what to change.

The house has six floors. A package imports only from floors below its own (siblings never import each other):

    6  cli
    5  report
    4  lab
    3  engine diagnose
    2  nn optim data store
    1  core
"""

__version__ = "0.1.0"
