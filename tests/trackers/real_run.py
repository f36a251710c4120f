"""Trains a run with trackers in a process of its own, as the tests of requests need it: CONFIG and a folder."""

import sys
from pathlib import Path

from trainlab.training.experiment import read
from trainlab.training.train import resume, train

if __name__ == "__main__":
    config, folder = sys.argv[1], Path(sys.argv[2])
    train(read(config), into=folder, until=2)
    resume(folder)
