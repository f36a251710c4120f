#!/usr/bin/env bash
# Ignite: EarlyStopping never ends a training whose score is NaN.
#
# Guess:     with patience 2, NaN is no improvement: the training ends after the second NaN.
# Behaviour: it goes on to the last epoch: each NaN counts as an improvement, and becomes the best score.
# Cure:      TerminateOnNan on the engine that computes the score.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pytorch-ignite==0.5.5 torch==2.13.0
env/bin/python - <<'PY'
import math

from ignite.engine import Engine, Events
from ignite.handlers import EarlyStopping


def epochs(scores):
    trainer = Engine(lambda engine, batch: None)
    stop = EarlyStopping(patience=2, score_function=lambda engine: engine.state.score, trainer=trainer)

    @trainer.on(Events.EPOCH_COMPLETED)
    def score(engine):
        engine.state.score = scores[engine.state.epoch - 1]
        stop(engine)

    trainer.run([0], max_epochs=len(scores))
    print(scores, "epochs", trainer.state.epoch, "best", stop.best_score)
    return trainer.state.epoch


assert epochs([0.5, 0.6, 0.6, 0.6, 0.6, 0.6]) == 4
assert epochs([0.5, 0.6, math.nan, math.nan, math.nan, math.nan]) == 6
PY
echo "as described"
