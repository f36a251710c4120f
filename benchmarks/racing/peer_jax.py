"""JAX: `step`, a call of a jitted function for each step; `scan`, one call for many steps (lax.scan)."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from racing.workloads import read

MOMENTUM, B1, B2, EPS = 0.9, 0.9, 0.999, 1e-8


class Contender:
    """Steps by JAX."""

    def __init__(self, folder: Path, name: str, variant: str, threads: int, *, dropout: bool) -> None:
        del threads  # JAX takes the cores that the process may use
        m = read(folder, name, dropout=dropout)
        self.x, self.t = jnp.asarray(m.x), jnp.asarray(m.t.astype(np.int32))
        self.batches, self.scans = m.batches(), variant == "scan"
        params = [{k: jnp.asarray(a) for k, a in layer.weights.items() if _trained(k)} for layer in m.layers]
        running = [{k: jnp.asarray(a) for k, a in layer.weights.items() if not _trained(k)} for layer in m.layers]
        m_and_v = [jax.tree_util.tree_map(jnp.zeros_like, params) for _ in range(2)]
        self.state: Any = (params, running, *m_and_v, jnp.zeros((), jnp.int32), jax.random.PRNGKey(0))
        step = _step(m.layers, m.workload.optimizer, m.workload.l2)
        if self.scans:
            self.run_many = jax.jit(lambda s, x, t, i: lax.scan(lambda s, i: step(s, x, t, i), s, i), donate_argnums=0)
        else:
            self.run_one = jax.jit(step, donate_argnums=0)

    def run(self, steps: int) -> np.ndarray:
        """Losses of the next steps."""
        if self.scans:
            index = self.batches.many(steps).astype(np.int32)
            self.state, losses = self.run_many(self.state, self.x, self.t, index)
            return np.asarray(losses)
        losses = []
        for _ in range(steps):
            self.state, loss = self.run_one(self.state, self.x, self.t, self.batches.next().astype(np.int32))
            losses.append(loss)
        return np.array(losses)


def _trained(name: str) -> bool:
    return name not in ("mean", "var")


def _step(layers: Any, optimizer: dict[str, Any], l2: float) -> Any:
    def loss_of(params: Any, running: Any, x: Any, t: Any, key: Any) -> Any:
        kept = []
        for layer, p, r in zip(layers, params, running, strict=True):
            x, r, key = _forward(layer, p, r, x, key)
            kept.append(r)
        picked = jnp.take_along_axis(jax.nn.log_softmax(x), t[:, None], 1)
        return -picked.mean(), (kept, key)

    def step(state: Any, x: Any, t: Any, index: Any) -> Any:
        params, running, m, v, n, key = state
        (loss, (running, key)), g = jax.value_and_grad(loss_of, has_aux=True)(params, running, x[index], t[index], key)
        if l2:
            g = [
                {k: (d + l2 * p[k] if k == "W" else d) for k, d in gs.items()} for gs, p in zip(g, params, strict=True)
            ]
        n, each, lr = n + 1, jax.tree_util.tree_map, optimizer["lr"]
        if optimizer["name"] == "adam":
            m = each(lambda m, g: B1 * m + (1 - B1) * g, m, g)
            v = each(lambda v, g: B2 * v + (1 - B2) * g * g, v, g)
            c1, c2 = 1 - B1**n, jnp.sqrt(1 - B2**n)
            params = each(lambda p, m, v: p - lr / c1 * m / (jnp.sqrt(v) / c2 + EPS), params, m, v)
        else:
            m = each(lambda m, g: MOMENTUM * m + g, m, g)
            params = each(lambda p, m: p - lr * m, params, m)
        return (params, running, m, v, n, key), loss

    return step


def _forward(layer: Any, p: Any, r: Any, x: Any, key: Any) -> tuple[Any, Any, Any]:
    kind, s = layer.kind, layer.settings
    if kind == "dense":
        x = x @ p["W"]
    elif kind == "conv":
        pad = "VALID" if s.get("pad") == "valid" else "SAME"
        x = lax.conv_general_dilated(x, p["W"], (1, 1), pad, dimension_numbers=("NHWC", "HWIO", "NHWC"))
    elif kind == "batch_norm":
        axes, n = tuple(range(x.ndim - 1)), x.size // x.shape[-1]
        mean, var = x.mean(axes), x.var(axes)
        r = {"mean": 0.9 * r["mean"] + 0.1 * mean, "var": 0.9 * r["var"] + 0.1 * var * n / (n - 1)}
        x = (x - mean) * (lax.rsqrt(var + 1e-5) * p["scale"]) + p["shift"]
    elif kind == "relu":
        x = jnp.maximum(x, 0)
    elif kind == "dropout":
        key, now = jax.random.split(key)
        x = jnp.where(jax.random.bernoulli(now, 1 - s["drop"], x.shape), x / (1 - s["drop"]), 0)
    elif kind == "max_pool":
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    elif kind == "flatten":
        x = x.reshape(x.shape[0], -1)
    return (x + p["b"] if "b" in p else x), r, key
