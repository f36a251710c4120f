"""The search with Optuna: `peer_optuna.py ROWS.npz TRIALS EPOCHS FOLDER`, random, two processes, one journal."""

import subprocess
import sys
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from tiny_torch import best_loss

FILE, TRIALS, EPOCHS, FOLDER = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])


def objective(trial: optuna.Trial) -> float:
    """One trial."""
    lr = trial.suggest_float("lr", 1e-3, 1e-1, log=True)
    return best_loss(FILE, lr, trial.suggest_int("batch_size", 8, 32), EPOCHS)


def study() -> optuna.Study:
    """The one study of both processes."""
    storage = JournalStorage(JournalFileBackend(str(FOLDER / "journal.log")))
    sampler = optuna.samplers.RandomSampler()
    return optuna.create_study(storage=storage, study_name="tiny", sampler=sampler, load_if_exists=True)


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if len(sys.argv) > 5:
        study().optimize(objective, n_trials=int(sys.argv[5]))
    else:
        halves = (TRIALS // 2, TRIALS - TRIALS // 2)
        workers = [subprocess.Popen([sys.executable, *sys.argv, str(half)]) for half in halves]
        codes = [worker.wait() for worker in workers]
        if any(codes) or len(study().trials) != TRIALS:
            sys.exit("not every trial was made")
