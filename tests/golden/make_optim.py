"""Makes optim.json: steps of torch's optimizers and values of torch's schedules.

    python tests/golden/make_optim.py            # writes optim.json beside this file
    python tests/golden/make_optim.py --check    # makes them anew and compares to 1e-6; exit 1 where they differ

Needs torch 2.13; knows nothing of trainlab.
"""

import json
import math
import sys
import warnings
from pathlib import Path
from unittest import mock

import torch
from torch.optim import lr_scheduler

FILE = Path(__file__).with_suffix("").with_name("optim.json")
STEPS = 20
WEIGHTS = 4  # the first four numbers are weights, the last two biases

# f(theta) = 0.5 (theta - c)' A (theta - c) + sum (theta - c)^4 / 4, A symmetric, eigenvalues from 0.1 to 30 or so
A = [
    [9.0, 2.0, 0.5, 0.0, 1.0, 0.3],
    [2.0, 30.0, 0.0, 1.5, 0.2, 0.1],
    [0.5, 0.0, 0.4, 0.1, 0.0, 0.05],
    [0.0, 1.5, 0.1, 3.0, 0.6, 0.0],
    [1.0, 0.2, 0.0, 0.6, 1.0, 0.2],
    [0.3, 0.1, 0.05, 0.0, 0.2, 0.2],
]
CENTER = [0.5, -1.0, 2.0, 0.0, -0.25, 1.5]
START = [1.0, 0.5, -0.5, 2.0, 0.75, -1.25]

OPTIMIZERS = [
    # trainlab name, its settings, torch class, torch arguments; lr_factors is the ratio of the biases' rate to lr
    ("sgd", {"lr": 0.02, "lr_factors": {"bias": 0.1}}, "SGD", {"lr": 0.02}),
    ("adamw", {"lr": 0.1, "lr_factors": {"bias": 3.0}}, "AdamW", {"lr": 0.1, "weight_decay": 0.01}),
    ("adamax", {}, "Adamax", {}),
    ("adamax", {"lr": 0.1, "b1": 0.7, "b2": 0.5, "eps": 0.1}, "Adamax", {"lr": 0.1, "betas": (0.7, 0.5), "eps": 0.1}),
    ("sgd", {"lr": 0.02}, "SGD", {"lr": 0.02}),
    ("momentum", {"lr": 0.01}, "SGD", {"lr": 0.01, "momentum": 0.9}),
    ("momentum", {"lr": 0.02, "momentum": 0.5}, "SGD", {"lr": 0.02, "momentum": 0.5}),
    ("nesterov", {"lr": 0.01}, "SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
    ("nesterov", {"lr": 0.02, "momentum": 0.5}, "SGD", {"lr": 0.02, "momentum": 0.5, "nesterov": True}),
    ("adagrad", {}, "Adagrad", {"lr": 0.01}),
    ("adagrad", {"lr": 0.3, "eps": 0.1}, "Adagrad", {"lr": 0.3, "eps": 0.1}),
    ("adadelta", {}, "Adadelta", {}),
    ("adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3}, "Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3}),
    ("rmsprop", {}, "RMSprop", {"lr": 0.001}),
    ("rmsprop", {"lr": 0.05, "rho": 0.8, "eps": 0.1}, "RMSprop", {"lr": 0.05, "alpha": 0.8, "eps": 0.1}),
    ("adam", {}, "Adam", {}),
    ("adam", {"lr": 0.1, "b1": 0.7, "b2": 0.95, "eps": 0.1}, "Adam", {"lr": 0.1, "betas": (0.7, 0.95), "eps": 0.1}),
    ("adamw", {}, "AdamW", {}),
    (
        "adamw",
        {"lr": 0.1, "b1": 0.7, "b2": 0.95, "eps": 0.1, "weight_decay": 0.4},
        "AdamW",
        {"lr": 0.1, "betas": (0.7, 0.95), "eps": 0.1, "weight_decay": 0.4},
    ),
    ("nadam", {}, "NAdam", {}),
    (
        "nadam",
        {"lr": 0.1, "b1": 0.7, "b2": 0.95, "eps": 0.1, "momentum_decay": 0.3},
        "NAdam",
        {"lr": 0.1, "betas": (0.7, 0.95), "eps": 0.1, "momentum_decay": 0.3},
    ),
    ("nadam", {"lr": 0.01, "momentum_decay": 0.0}, "NAdam", {"lr": 0.01, "momentum_decay": 0.0}),
]

LOSSES = [
    1.0,
    0.8,
    0.79999,
    0.9,
    0.85,
    0.81,
    0.7,
    0.71,
    0.72,
    0.73,
    0.74,
    0.6,
    0.61,
    0.62,
    0.6,
    0.61,
    0.63,
    0.6,
    0.59,
    0.6,
]
SCORES = [0.3, 0.5, 0.50001, 0.4, 0.45, 0.5, 0.6, 0.6, 0.59, 0.6, 0.58, 0.7, 0.7, 0.69, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]

SCHEDULES = [
    # trainlab name, its settings, torch class, torch arguments; lr 1, one value per epoch 0, 1, ... 20 of a run of 20
    ("constant", {}, "ConstantLR", {"factor": 1.0}),
    ("step", {"every": 7.0, "decay": 0.3}, "StepLR", {"step_size": 7, "gamma": 0.3}),
    ("step", {}, "StepLR", {"step_size": 6, "gamma": 0.1}),
    ("milestones", {"when": [3.0, 4.0, 11.0], "decay": 0.3}, "MultiStepLR", {"milestones": [3, 4, 11], "gamma": 0.3}),
    ("milestones", {}, "MultiStepLR", {"milestones": [10, 15]}),
    ("exponential", {}, "ExponentialLR", {"gamma": 0.95}),
    ("exponential", {"decay": 1.5}, "ExponentialLR", {"gamma": 1.5}),
    ("linear", {"end": 0.2}, "LinearLR", {"start_factor": 1.0, "end_factor": 0.2, "total_iters": 20}),
    ("linear", {}, "LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 20}),
    ("cosine", {}, "CosineAnnealingLR", {"T_max": 20}),
    ("cosine", {"end": 0.1}, "CosineAnnealingLR", {"T_max": 20, "eta_min": 0.1}),
    ("cosine_restarts", {}, "CosineAnnealingWarmRestarts", {"T_0": 4}),
    (
        "cosine_restarts",
        {"period": 3.0, "growth": 2.0, "end": 0.1},
        "CosineAnnealingWarmRestarts",
        {"T_0": 3, "T_mult": 2, "eta_min": 0.1},
    ),
    ("cyclic", {}, "CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 2, "cycle_momentum": False}),
    (
        "cyclic",
        {"period": 7.0, "low": 0.2, "rise": 3 / 7, "decay": 0.5},
        "CyclicLR",
        {
            "base_lr": 0.2,
            "max_lr": 1.0,
            "step_size_up": 3,
            "step_size_down": 4,
            "mode": "triangular2",
            "cycle_momentum": False,
        },
    ),
    # torch's cycle ends at step 20 of 0 ... 20 and turns at pct_start * 21 - 1
    ("one_cycle", {}, "OneCycleLR", {"max_lr": 1.0, "total_steps": 21, "pct_start": 1 / 3, "cycle_momentum": False}),
    (
        "one_cycle",
        {"rise": 6.0, "start": 0.1, "end": 0.001},
        "OneCycleLR",
        {
            "max_lr": 1.0,
            "total_steps": 21,
            "pct_start": 1 / 3,
            "div_factor": 10.0,
            "final_div_factor": 100.0,
            "cycle_momentum": False,
        },
    ),
    ("plateau", {"patience": 2}, "ReduceLROnPlateau", {"patience": 2}),
    (
        "plateau",
        {"patience": 0, "decay": 0.5, "cooldown": 2, "lowest": 0.2},
        "ReduceLROnPlateau",
        {"patience": 0, "factor": 0.5, "cooldown": 2, "min_lr": 0.2},
    ),
    (
        "plateau",
        {"patience": 3, "decay": 0.5, "threshold": 0.1},
        "ReduceLROnPlateau",
        {"patience": 3, "factor": 0.5, "threshold": 0.1},
    ),
    (
        "plateau",
        {"metric": "val_accuracy", "patience": 2, "decay": 0.5, "threshold": 0.01},
        "ReduceLROnPlateau",
        {"mode": "max", "patience": 2, "factor": 0.5, "threshold": 0.01},
    ),
]


def path(name: str, arguments: dict, dtype: torch.dtype, factor: float) -> list[list[float]]:
    """Theta after each of STEPS steps of a torch optimizer; factor: on the rate of the biases."""
    torch.set_default_dtype(dtype)  # NAdam keeps its product of momenta in the default type
    a, center = torch.tensor(A, dtype=dtype), torch.tensor(CENTER, dtype=dtype)
    start = torch.tensor(START, dtype=dtype)
    weights = start[:WEIGHTS].clone().requires_grad_()
    biases = start[WEIGHTS:].clone().requires_grad_()
    groups = [{"params": [weights]}, {"params": [biases]}]
    if factor != 1:
        groups[1]["lr"] = factor * arguments["lr"]
    if name == "AdamW":
        groups[1]["weight_decay"] = 0.0
    optimizer = getattr(torch.optim, name)(groups, foreach=False, **arguments)
    found = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        d = torch.cat([weights, biases]) - center
        (0.5 * d @ a @ d + (d**4).sum() / 4).backward()
        optimizer.step()
        digits = 9 if dtype == torch.float32 else 16
        found.append([float(f"{x:.{digits}g}") for x in torch.cat([weights, biases]).detach().double().tolist()])
    return found


MATRIX = [[0.6, -1.2, 0.3, 0.9, -0.4], [1.5, 0.2, -0.7, -0.1, 0.8], [-0.3, 0.4, 1.1, -1.6, 0.5]]
MUON = [
    # settings, torch arguments, whether the matrix is the other way round
    ({"lr": 0.1, "adjust": "original", "weight_decay": 0.0}, {"lr": 0.1, "weight_decay": 0.0}, False),
    ({"lr": 0.1, "adjust": "original", "weight_decay": 0.0}, {"lr": 0.1, "weight_decay": 0.0}, True),
    ({"lr": 0.05}, {"lr": 0.05, "adjust_lr_fn": "match_rms_adamw"}, True),
    (
        {"lr": 0.02, "momentum": 0.7, "nesterov": False, "weight_decay": 0.3, "iterations": 3},
        {
            "lr": 0.02,
            "momentum": 0.7,
            "nesterov": False,
            "weight_decay": 0.3,
            "ns_steps": 3,
            "adjust_lr_fn": "match_rms_adamw",
        },
        False,
    ),
]


def muon(arguments: dict, turned: bool) -> dict:
    """A matrix (inputs, units) after each of ten steps of torch's Muon on sum (W - 1)^4 / 4, without its bfloat16."""
    start = torch.tensor(MATRIX, dtype=torch.float64)
    start = start.T if turned else start
    weights = start.T.clone().requires_grad_()  # torch has units first
    optimizer, found = torch.optim.Muon([weights], **arguments), []
    with mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone):
        for _ in range(10):
            optimizer.zero_grad()
            ((weights - 1) ** 4).sum().div(4).backward()
            optimizer.step()
            found.append(weights.detach().T.tolist())
    return {"start": start.tolist(), "path": found}


def rates(name: str, arguments: dict) -> list[float]:
    """Learning rate of a torch schedule in epochs 0 ... 20, with lr 1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = getattr(lr_scheduler, name)(optimizer, **arguments)
    found = [optimizer.param_groups[0]["lr"]]
    values = SCORES if arguments.get("mode") == "max" else LOSSES
    for value in values:
        optimizer.step()
        if name == "ReduceLROnPlateau":
            schedule.step(value)
        else:
            schedule.step()
        found.append(float(optimizer.param_groups[0]["lr"]))
    return found


def golden() -> dict:
    """Everything that goes into the file."""
    return {
        "made_with": f"torch {torch.__version__}",
        "bowl": {"A": A, "center": CENTER, "start": START, "weights": WEIGHTS},
        "losses": LOSSES,
        "scores": SCORES,
        "optimizers": [
            {
                "name": name,
                "settings": settings,
                "float64": path(cls, arguments, torch.float64, settings.get("lr_factors", {}).get("bias", 1.0)),
                "float32": path(cls, arguments, torch.float32, settings.get("lr_factors", {}).get("bias", 1.0)),
            }
            for name, settings, cls, arguments in OPTIMIZERS
        ],
        "muon": [{"settings": settings, **muon(arguments, turned)} for settings, arguments, turned in MUON],
        "schedules": [
            {"name": name, "settings": settings, "factors": rates(cls, arguments)}
            for name, settings, cls, arguments in SCHEDULES
        ],
    }


def differences(got, want, where: str = "") -> list[str]:
    """Where two trees of lists, dicts and numbers differ by more than 1e-6 relative."""
    if isinstance(want, dict) and isinstance(got, dict) and got.keys() == want.keys():
        return [d for k in want if k != "made_with" for d in differences(got[k], want[k], f"{where}.{k}")]
    if isinstance(want, list) and isinstance(got, list) and len(got) == len(want):
        return [d for i in range(len(want)) for d in differences(got[i], want[i], f"{where}[{i}]")]
    if isinstance(want, float) and isinstance(got, float):
        return [] if math.isclose(got, want, rel_tol=1e-6, abs_tol=1e-9) else [f"{where}: {got} is not {want}"]
    return [] if got == want else [f"{where}: {got} is not {want}"]


def main() -> int:
    """Write the file, or compare with it."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    made = json.loads(json.dumps(golden()))
    if "--check" not in sys.argv[1:]:
        FILE.write_text(json.dumps(made) + "\n")
        return 0
    found = differences(made, json.loads(FILE.read_text()))
    print("\n".join(found) or f"{FILE.name} agrees with {made['made_with']}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
