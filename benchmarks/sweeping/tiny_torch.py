"""The tiny network in PyTorch, as one would write it: what a trial of the peers trains, in few lines."""

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)


def best_loss(file: str, lr: float, batch_size: int, epochs: int) -> float:
    """The best validation loss of the network 10-4-1 under SGD; nothing is written, watched or saved."""
    with np.load(file) as arrays:
        x, t, x_val, t_val = (torch.from_numpy(arrays[name]) for name in ("x", "t", "x_val", "t_val"))
    model = nn.Sequential(nn.Linear(x.shape[1], 4), nn.ReLU(), nn.Linear(4, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    best = float("inf")
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x[rows]), t[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            best = min(best, float(nn.functional.mse_loss(model(x_val), t_val)))
    return best
