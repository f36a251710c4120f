"""The PyTorch backend: training and evaluation by PyTorch, on the CPU or a GPU."""

import os
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from trainlab.core.errors import UserError
from trainlab.core.types import Array
from trainlab.engine.backend import Backend, Evaluation, Passes, Statistics, TrainingJob, TrainSteps
from trainlab.engine.buffers import Workspace
from trainlab.engine.graph import Node
from trainlab.engine.probe_sums import ProbeSums
from trainlab.engine.torch.memory import Mirror
from trainlab.engine.torch.network import TorchNetwork
from trainlab.engine.torch.processes import count
from trainlab.engine.torch.training import Placement, TorchTraining
from trainlab.nn.layer import Layer
from trainlab.nn.loss import Loss

Device = Literal["auto", "cpu", "cuda", "mps"]  # the setting `train.device`


class TorchBackend(Backend):
    """Trains and evaluates by PyTorch. Layers are measured and probed by the backend `host`, in the arrays."""

    name = "torch"

    def __init__(self, place: Placement, host: Backend) -> None:
        self.place, self.host, self.remote = place, host, place.remote

    def describe(self) -> dict[str, Any]:
        """The name, PyTorch's version, the device, and what differs from plain float32 or float64."""
        torch, kind = self.place.torch, self.place.device.type
        model = {"model": torch.cuda.get_device_name(self.place.device)} if kind == "cuda" else {}
        chosen = {"bfloat16": self.place.bfloat16, "compile": self.place.compile}
        found = {"name": self.name, "version": torch.__version__, "device": kind, **model}
        return found | {key: True for key, on in chosen.items() if on}

    def prepare_training(self, job: TrainingJob) -> TrainSteps:
        """Step by step: autograd computes the gradient, and on the CPU the host's kernels the update if it has them.

        Raises UserError for a component without a PyTorch form.
        """
        _require_forms(job.batch.work.nodes, job.config.loss)
        return TorchTraining(job, self.place, self.host).run

    def prepare_evaluation(self, work: Workspace, loss: Loss) -> Evaluation:
        """Outputs only: the evaluator scores them."""
        _require_forms(work.nodes, loss)
        torch, mirror = self.place.torch, Mirror(self.place.torch, self.place.device)
        params = {f"{name}.{key}": mirror.of(p) for name, slot in work.slots.items() for key, p in slot.p.items()}
        network = TorchNetwork(torch, work, params)

        def forward(rows: int) -> None:
            with torch.inference_mode():
                y = network(torch.from_numpy(work.x[:rows]).to(self.place.device), {})
            work.y[:rows] = y.cpu().numpy()

        return Evaluation(forward, lambda x, t, w: None, mirror.push)

    def prepare_statistics(self, nodes: Sequence[Node], work: Workspace, step: Mapping[str, Array]) -> Statistics:
        """By the host, of the outputs that the last step of a call leaves in the workspace."""
        return self.host.prepare_statistics(nodes, work, step)

    def prepare_passes(self, work: Workspace, sums: ProbeSums) -> Passes:
        """By the host: a probe is a few hundred rows."""
        return self.host.prepare_passes(work, sums)


def torch_backend(device: Device, dtype: np.dtype[np.generic], host: Backend, **options: bool) -> TorchBackend:
    """The backend on this device; options: `bfloat16`, `compile`.

    Raises UserError if PyTorch is not installed, has no such device or no such float type there, or cannot compile.
    """
    if find_spec("torch") is None:
        raise UserError("train.engine: torch needs PyTorch: pip install 'trainlab[torch]'")
    torch: Any = import_module("torch")
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    found = next(kind for kind in ("cuda", "mps", "cpu") if there[kind]) if device == "auto" else device
    if not there[found]:
        raise UserError(f"train.device: PyTorch {torch.__version__} sees no {found} device here; use `auto`, or `cpu`")
    if found == "mps" and count() > 1:
        raise UserError("train.device: processes of torchrun cannot share a Mac's GPU; use `train.device: cpu`")
    if found == "mps" and dtype == np.float64:
        raise UserError("train.dtype: float64 does not exist on mps; use float32, or `train.device: cpu`")
    if options.get("compile"):
        _require_compiler(torch, found)
    place = torch.device(found, int(os.environ.get("LOCAL_RANK", "0"))) if found == "cuda" else torch.device(found)
    return TorchBackend(Placement(torch, place, **options), host)


@cache
def _require_compiler(torch: Any, kind: str) -> None:
    """Compiles a function of nothing, so that a missing compiler is an error before a run is made, not in it.

    Raises UserError.
    """
    warnings.filterwarnings("ignore", message="Dynamo detected a call to a `functools.lru_cache`")  # of no effect here
    try:
        torch.compile(torch.nn.Tanh())(torch.zeros(2, device=kind))
    except RuntimeError as error:
        told = " ".join(str(error).split("Set TORCHDYNAMO_VERBOSE")[0].split())
        raise UserError(
            f"train.compile: torch.compile does not work here ({told[:300]}); on the processor it "
            "needs a C++ compiler, on a GPU Triton. Install it, or leave out train.compile"
        ) from None


def _require_forms(nodes: Sequence[Node], loss: Loss) -> None:
    """Raises UserError for a layer or a loss without a PyTorch form."""
    inner = {node.layer.name: node.layer for top in nodes for node in top.walk() if not node.layer.view}
    missing = [f"layer `{name}`" for name, layer in inner.items() if type(layer).torch is Layer.torch]
    missing += [f"loss `{loss.name}`"] if type(loss).torch is Loss.torch else []
    if missing:
        raise UserError(
            f"train.engine: torch cannot compute the {' and the '.join(missing)}: the class has no method `torch`; "
            "write one (docs/plugins.md), or use `train.engine: auto`"
        )
