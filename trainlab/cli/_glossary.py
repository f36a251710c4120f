"""The terms of trainlab, each in two sentences: `trainlab explain TERM` and docs/glossary.md show these texts.

To add a term, add it to `_TEXT`; `python docs/generate.py` writes the page.
"""

import re

_TEXT = """\
backend: The code that does the arithmetic of a network: `compiled` (C kernels) or `numpy` (the readable reference).
    Both give the same run folder; `trainlab components engine` shows the backend of this machine.
baseline: A simple rule or model, such as the most frequent class or a linear model, fitted to the same data. A
    network that scores below a baseline has not learned what is in the data.
batch: The training rows of one step. `train.batch_size` sets their number.
best epoch: The epoch with the best value of the watched metric. Its weights are in checkpoints/best.safetensors.
callback: An object whose methods the training loop calls at fixed moments, such as the end of a step. Logging,
    checkpoints, monitoring and progress are callbacks.
chance: The score of a prediction that ignores the input: the class shares, or the mean of the target. A loss at the
    level of chance means that nothing is learned.
checkpoint: A file with the weights, the optimizer state and the random state of a run at one moment. `trainlab
    train --resume` continues from the last checkpoint to the same final weights.
code: The stable name of a kind of finding, such as `dead-relu`. `trainlab explain CODE` prints its page.
component: A class that a config can name: a layer, an optimizer, a data source, a monitor and so on. `trainlab
    components` lists all of them with their settings.
confidence: How sure it is that a finding names the fault: the share of the zoo's runs with this finding in which it
    did. A finding that another one has caused has a share of its own, which is small, because the other one names it.
config: The YAML file that describes an experiment: data, model, optimizer, training. Arguments of the form
    KEY=VALUE override its settings.
cross-validation: Training one run per fold, each validated on another part of the rows. `sweep.folds` sets the
    number of folds.
dead unit: A unit whose output is zero for all inspected rows. It gets no gradient, so it cannot recover by itself.
ensemble: Several trained networks whose predictions are combined. `trainlab ensemble` writes one as a folder.
epoch: One pass over all training rows. The network is validated after each epoch.
evidence: The measured numbers that led to a finding. They are in the file diagnoses.jsonl and on the HTML page.
experiment: All settings of a config with the defaults filled in. The same experiment and seed give the same run.
failure pattern: A failure that several trials of a sweep share, such as a divergence at a high learning rate. The
    report of a sweep lists them with the setting that separates these trials from the others.
fault: An error that is put into the data or the config on purpose. The zoo measures whether the monitors detect
    faults.
finding: A problem or an advice that a monitor reports: code, severity, message, evidence, advice. A run's findings
    are in its diagnoses.jsonl; at most three are told at the end, the likeliest cause first.
fold: One of the parts into which cross-validation splits the rows. Each fold is the validation split once.
gradient norm: The Euclidean length of the gradient of all weights. A sudden rise precedes a divergence; a value
    near zero means that nothing is learned.
held-out: Not used to fit the model at hand. Scores on held-out rows or trials show how well a model generalizes.
importance: The share of a setting in the differences between the scores of a sweep's trials. It is measured by
    shuffling the setting in a model of the scores.
inspection: Statistics of the network's layers, gradients and outputs on some rows, taken during training.
    Inspections are scheduled so that they cost a small share of the training time.
kernel: A function of the compiled backend, written in C. A network whose parts all have kernels is trained without
    Python in the inner loop.
learning rate: The factor between the optimizer's direction and the step of the weights. `trainlab lr-range`
    suggests one.
metric: A number that measures a network, such as `val_loss` or `test_accuracy`. The prefix names the split.
monitor: A rule that checks a run before, during or after training and reports findings. Its thresholds are settings
    under `monitors`.
patch: A change of the config as dotted keys with values, such as `optimizer.lr=0.001`. A finding can suggest
    patches; `trainlab fix` tries them.
probe: A fixed sample of training rows for inspections. The same rows are used every time, so that the numbers can
    be compared.
resume: Continuing a stopped run or sweep. The result is the same as without the stop.
run: One training of one network. It writes a run folder.
run folder: The folder with everything about a run: config, metrics, findings, checkpoints, environment. Reports
    read nothing else.
schedule: The rule by which the learning rate changes during training. `schedule.name` selects it.
search space: The settings that a sweep varies, each with its distribution. It is the `sweep.space` part of a
    config.
seed: The number that fixes all random choices of a run. Runs with different seeds show how much of a score is
    chance.
severity: How serious a finding is: error (the run is worthless as configured), warning (the run ends clearly worse
    than it could) or info (advice). `--fail-on` makes a command fail from a severity on.
split: One of the three parts of the rows: train (fits the weights), val (selects epochs and settings), test (scored
    once, at the end). `data.split` sets their shares.
step: One update of the weights from one batch. An epoch has as many steps as there are batches.
strategy: The method by which a sweep chooses its trials, such as random search, TPE or ASHA. `sweep.strategy`
    selects it.
sweep: A search for better settings: many trials of one experiment. `trainlab sweep` runs it.
trial: One point of a sweep's search space, trained as a run or as several runs. Its values depend only on the
    config and its number.
update ratio: The norm of a step divided by the norm of the weights, per layer. Values around 0.001 are usual.
withdrawn: Said of a finding that a run has disproved by ending well. It stays in diagnoses.jsonl as history, with the
    reason and the severity info.
worker: A process that trains the trials of a sweep, one after the other. `--workers N` trains N trials at the same
    time.
zoo: The benchmark of the monitors: experiments with known faults and healthy ones. `trainlab zoo` measures
    detections and false positives.
"""
_LINES = re.sub(r"\n +", " ", _TEXT).splitlines()
TERMS: dict[str, str] = dict(line.split(": ", 1) for line in _LINES)  # term -> its two sentences


def glossary() -> str:
    """The glossary as a Markdown page; each term is a heading, so that links and a search lead to it."""
    head = "# Glossary\n\nThe terms of trainlab. `trainlab explain TERM` prints the same texts.\n"
    return "\n".join([head, *(f"## {term}\n\n{text}\n" for term, text in TERMS.items())])
