#!/usr/bin/env bash
# Keras 3: a NaN in the first epoch is the best value for ever.
#
# Guess:     NaN, 0.5, 0.4, 0.3: the next epoch with a number is better than NaN; the best is 0.3.
# Behaviour: EarlyStopping with patience 2 ends after the third epoch and takes back the weights of the first; ModelCheckpoint
#            with save_best_only keeps the first. Nothing is smaller than NaN, and the first value is taken as it is.
#            A NaN in a later epoch counts as no improvement.
# Cure:      TerminateOnNaN does not see it either if only the validation metric is NaN: check the first value yourself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.8.1
export KERAS_BACKEND=jax
env/bin/python - <<'PY'
import math

import keras
import numpy as np


class Given(keras.callbacks.Callback):
    def __init__(self, values):
        super().__init__()
        self.values = values

    def on_epoch_end(self, epoch, logs):
        logs["val_loss"] = self.values[epoch]


def trained(values):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    stop = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    keep = keras.callbacks.ModelCheckpoint("best.keras", monitor="val_loss", save_best_only=True)
    x = np.ones((4, 1))
    done = model.fit(x, x, epochs=len(values), verbose=0, callbacks=[Given(values), stop, keep])
    print(values, "epochs", len(done.epoch), "best", stop.best, "of epoch", stop.best_epoch + 1, "kept", keep.best)
    return len(done.epoch), stop.best_epoch + 1, keep.best


assert trained([0.5, math.nan, 0.4, 0.3]) == (4, 4, 0.3)
epochs, best, kept = trained([math.nan, 0.5, 0.4, 0.3])
assert (epochs, best) == (3, 1) and math.isnan(kept)
PY
echo "as described"
