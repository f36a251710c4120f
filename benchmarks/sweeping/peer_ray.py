"""The search with Ray Tune: `peer_ray.py ROWS.npz TRIALS EPOCHS FOLDER`, random sampling, two trials at once."""

import os
import sys
from pathlib import Path

os.environ |= {"RAY_AIR_NEW_OUTPUT": "0", "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1", "RAY_DEDUP_LOGS": "1"}
HERE = str(Path(__file__).parent)
os.environ["PYTHONPATH"] = os.pathsep.join([HERE, *filter(None, [os.environ.get("PYTHONPATH")])])

import ray  # noqa: E402 - it reads the environment
from ray import tune  # noqa: E402

FILE, TRIALS, EPOCHS, FOLDER = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])


def trial(config: dict[str, float], file: str, epochs: int) -> None:
    """One trial."""
    from tiny_torch import best_loss

    tune.report({"loss": best_loss(file, config["lr"], int(config["batch_size"]), epochs)})


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    results = tune.Tuner(
        tune.with_resources(tune.with_parameters(trial, file=FILE, epochs=EPOCHS), {"cpu": 1}),
        param_space={"lr": tune.loguniform(1e-3, 1e-1), "batch_size": tune.randint(8, 33)},
        tune_config=tune.TuneConfig(
            metric="loss", mode="min", num_samples=TRIALS, max_concurrent_trials=2, reuse_actors=True
        ),
        run_config=tune.RunConfig(storage_path=str(FOLDER), verbose=0),
    ).fit()
    if results.num_errors or len(results) != TRIALS:
        sys.exit("not every trial was made")
