"""The trackers themselves, read back by their own readers. Each test is skipped where its package is missing.

`.ci/run trackers` installs them all.
"""

import json
import math
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from moons_run import MOONS, write

from trainlab.core.errors import UserError
from trainlab.inference.evaluate import evaluate
from trainlab.report.replay import replay, tracker_of
from trainlab.store.reading import RunRecord
from trainlab.training.experiment import read
from trainlab.training.train import resume, train

pytestmark = pytest.mark.filterwarnings("ignore")  # of other people's packages
SLOW = MOONS.replace("lr: 0.01", "lr: 1e-5")  # a run with findings


def halves(tmp_path: Path, trackers: str) -> RunRecord:
    """A run that was stopped after its third epoch and resumed."""
    config = read(write(tmp_path, f"{SLOW}trackers: {trackers}\n"))
    folder = train(config, into=tmp_path / "runs" / "slow-1", until=3).folder
    resume(folder)
    record = RunRecord(folder, "slow-1")
    assert record.findings
    return record


def of_epochs(record: RunRecord, column: str) -> list[tuple[int, float]]:
    return list(zip(record.metrics["step"], record.metrics[column], strict=True))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class TestTensorBoard:
    """Event files, read by TensorBoard's own EventAccumulator."""

    def _read(self, folder: Path) -> Any:
        pytest.importorskip("tensorboardX")
        reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
        found = reader.EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0, "tensors": 0})
        found.Reload()
        return found

    def test_diverged_run(self, tmp_path: Path, caplog: pytest.LogCaptureFixture):
        """NaN stays NaN in the curve, and nothing is said of it beside the finding."""
        pytest.importorskip("tensorboardX")
        config = read(write(tmp_path, f"{MOONS}trackers: [{{tensorboard: {{every: 1}}}}]\n"), {"optimizer.lr": 1e30})
        run = train(config, into=tmp_path / "sick")
        losses = [e.value for e in self._read(tmp_path / "sick" / "tensorboard").Scalars("step/loss")]

        assert run.state == "diverged"
        assert math.isnan(losses[-1])
        assert "NaN" not in caplog.text

    def test_resumed_run(self, tmp_path: Path):
        """Both sessions of a run are one curve, with histograms, config, findings and tags as texts."""
        pytest.importorskip("tensorboardX")
        record = halves(tmp_path, "[{tensorboard: {every: 1}}]")
        got = self._read(record.path / "tensorboard")

        assert {e.step: e.value for e in got.Scalars("val/loss")} == pytest.approx(dict(of_epochs(record, "val_loss")))
        assert [e.step for e in got.Scalars("step/loss")] == record.steps["step"]
        histogram = got.Histograms("layer/relu1/outputs")[0].histogram_value
        assert (len(histogram.bucket), sum(histogram.bucket)) == (16, pytest.approx(1))
        texts = {tag: got.Tensors(tag)[-1].tensor_proto.string_val[0].decode() for tag in got.Tags()["tensors"]}
        assert "lr: 1.0e-05" in texts["config/text_summary"]
        for finding in record.findings:
            assert finding["message"] in texts["findings/text_summary"]
            assert f"finding.{finding['code']}: {finding['severity']}" in texts["tags/text_summary"]
        assert "best.safetensors" in texts["model/text_summary"]
        assert got.summary_metadata["_hparams_/session_start_info"].plugin_data.plugin_name == "hparams"

    def test_export_twice(self, tmp_path: Path):
        """An export replaces an earlier one, and says where it is."""
        pytest.importorskip("tensorboardX")
        record = RunRecord(train(read(write(tmp_path, SLOW)), into=tmp_path / "run").folder, "run")
        for _ in range(2):
            where = replay(record, tracker_of(record, "tensorboard"))
        got = self._read(Path(where))

        assert Path(where) == record.path / "tensorboard"
        assert {e.step: e.value for e in got.Scalars("val/loss")} == pytest.approx(dict(of_epochs(record, "val_loss")))


class TestMLflow:
    """A SQLite database, read by MLflow's own client."""

    def _run(self, uri: str) -> tuple[Any, Any]:
        client = import_module("mlflow").MlflowClient(uri)
        (found,) = client.search_runs([client.get_experiment_by_name("trainlab").experiment_id])
        return client, found

    def test_resumed_run(self, tmp_path: Path):
        """Both sessions of a run are one MLflow run: metrics, parameters, tags, note; its model predicts."""
        pytest.importorskip("mlflow")
        uri = f"sqlite:///{tmp_path}/mlflow.db"
        record = halves(tmp_path, f"[{{mlflow: {{uri: '{uri}', every: 1}}}}]")
        client, got = self._run(uri)

        history = client.get_metric_history(got.info.run_id, "val/loss")
        assert [(m.step, m.value) for m in history] == of_epochs(record, "val_loss")
        assert [m.step for m in client.get_metric_history(got.info.run_id, "step/loss")] == record.steps["step"]
        assert (got.info.run_name, got.info.status) == ("slow-1", "FINISHED")
        assert got.data.params["optimizer.lr"] == "1e-05"
        assert got.data.params["train.batch_size"] == "32"
        for finding in record.findings:
            assert got.data.tags[f"finding.{finding['code']}"] == finding["severity"]
            assert finding["message"] in got.data.tags["mlflow.note.content"]
        model = Path(client.download_artifacts(got.info.run_id, "model", str(tmp_path)))
        assert evaluate(model).scores == evaluate(record.path).scores
        assert {a.path for a in client.list_artifacts(got.info.run_id)} == {"model", "layers.csv", "findings.md"}

    def test_export_refuses_a_run_that_is_there(self, tmp_path: Path):
        """A run that MLflow has already is refused, with its id there; another database takes it."""
        pytest.importorskip("mlflow")
        uri = f"sqlite:///{tmp_path}/mlflow.db"
        record = halves(tmp_path, f"[{{mlflow: {{uri: '{uri}'}}}}]")
        _, got = self._run(uri)
        with pytest.raises(UserError, match=f"this run is there already: .*{got.info.run_id}; delete it there first"):
            replay(record, tracker_of(record, "mlflow"))
        where = replay(record, tracker_of(record, "mlflow", [f"uri=sqlite:///{tmp_path}/other.db"]))

        assert where.startswith(f"sqlite:///{tmp_path}/other.db, experiment trainlab, run ")


def test_wandb_has_a_run_once(tmp_path: Path):
    """A second export is refused, and the tags of a diverged run hold each word once."""
    pytest.importorskip("wandb")
    config = read(write(tmp_path, f"{MOONS}trackers: [wandb]\n"), {"optimizer.lr": 1e30})
    record = RunRecord(train(config, into=tmp_path / "runs" / "sick-1").folder, "sick-1")
    (folder,) = (tmp_path / "runs" / "wandb").glob("offline-run-*")
    with pytest.raises(UserError, match=f"this run is there already: .*{folder.name}; delete it there first"):
        replay(record, tracker_of(record, "wandb"))
    runs = [entry.run for kind, entry in whole(next(folder.glob("*.wandb"))) if kind == "run"]

    assert list(runs[-1].tags) == ["diverged"]


def test_wandb(tmp_path: Path):
    """Offline files of Weights & Biases hold scalars, histograms, config, tags and findings, in one run per id."""
    pytest.importorskip("wandb")
    record = halves(tmp_path, "[{wandb: {every: 1}}]")
    folders = sorted((tmp_path / "runs" / "wandb").glob("offline-run-*"))
    losses: dict[int, float] = {}
    config: dict[str, Any] = {}
    tags: set[str] = set()
    notes, bins = "", 0
    for folder in folders:
        for kind, entry in whole(next(folder.glob("*.wandb"))):
            if kind == "history":
                row = {"/".join(i.nested_key) or i.key: json.loads(i.value_json) for i in entry.history.item}
                if "val/loss" in row:
                    losses[row["_step"]] = row["val/loss"]
                bins = max(bins, len(row.get("layer/relu1/outputs/values", ())))
            elif kind == "run":
                config |= {i.key: json.loads(i.value_json) for i in entry.run.config.update}
                tags, notes = set(entry.run.tags) or tags, entry.run.notes or notes

    assert len(folders) == 2
    assert len({folder.name.split("-")[3] for folder in folders}) == 1  # a fifth part: of the same second
    assert sorted(losses.items()) == of_epochs(record, "val_loss")
    assert (bins, config["optimizer"]["lr"]) == (16, 1e-5)
    assert tags == {"finished", *(finding["code"] for finding in record.findings)}
    assert all(finding["message"] in notes for finding in record.findings)


def whole(path: Path) -> list[tuple[str, Any]]:
    """The records of a file whose run has ended: `finish` returns before wandb's own process has written the last."""
    until = time.monotonic() + 60
    while not (found := list(wandb_records(path))) or (found[-1][0] != "exit" and time.monotonic() < until):
        time.sleep(0.1)
    return found


def wandb_records(path: Path) -> Iterator[tuple[str, Any]]:
    """The records of a file that `wandb sync` would send."""
    proto = import_module("wandb.proto.wandb_internal_pb2")
    data, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(data):  # LevelDB's log format: blocks of 32 KiB, records of crc, length and kind
        room = 32768 - at % 32768
        if room < 7:
            at += room
            continue
        length, kind = struct.unpack("<HB", data[at + 4 : at + 7])
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or its last part
            entry = proto.Record()
            entry.ParseFromString(parts)
            parts = b""
            yield entry.WhichOneof("record_type"), entry


def test_trackio(tmp_path: Path):
    """Trackio's database holds both sessions as one run: scalars, histograms, config, and findings as alerts."""
    pytest.importorskip("trackio")
    code = (
        "import json, sys, trackio\n"
        "(run,) = trackio.Api().runs('trainlab')\n"
        "from trackio.sqlite_storage import SQLiteStorage as s\n"
        "logs = s.get_logs('trainlab', run.name, run_id=run.id)\n"
        "alerts = [(a['title'], a['text']) for a in run.alerts()]\n"
        "json.dump([logs, run.config, alerts], sys.stderr)\n"
    )
    config = write(tmp_path, f"{SLOW}trackers: [{{trackio: {{every: 1}}}}]\n")
    folder = tmp_path / "slow-1"
    environment = os.environ | {"TRACKIO_DIR": str(tmp_path / "trackio")}
    for call in ([__file__.replace("test_real_trackers", "real_run"), str(config), str(folder)], ["-c", code]):
        done = subprocess.run(
            [sys.executable, *call], env=environment, capture_output=True, text=True, check=True, timeout=300
        )
    record = RunRecord(folder, "slow-1")
    logs, settings, alerts = json.loads(done.stderr)

    assert [(row["step"], row["val/loss"]) for row in logs if "val/loss" in row] == of_epochs(record, "val_loss")
    assert any(len(row.get("layer/relu1/outputs", {}).get("histogram", ())) == 16 for row in logs) or any(
        "layer/relu1/outputs" in row for row in logs
    )
    assert settings["optimizer.lr"] == 1e-5
    assert {title for title, _ in alerts} == {finding["code"] for finding in record.findings}


AUDIT = """
import os, sys
def hook(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple) and args[1][0] not in ("127.0.0.1", "::1", "localhost"):
        open(os.environ["CONNECTIONS"], "a").write(f"{args[1]}\\n")
    if event == "socket.getaddrinfo" and args[0] not in ("127.0.0.1", "::1", "localhost", None, ""):
        open(os.environ["CONNECTIONS"], "a").write(f"{args[0]}\\n")
sys.addaudithook(hook)
"""


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that notes what it is asked for, and refuses it: what compiled programs ask for passes here."""
    asked: list[str] = []

    class Refusing(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_error(403)

        do_GET = do_POST = do_CONNECT = do_PUT = do_HEAD = answer  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as above
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", ["tensorboard", "mlflow", "wandb", "trackio"])
def test_no_request_leaves_the_machine(tmp_path: Path, name: str):
    """Training, resuming and ending a tracked run asks nothing of another machine, usage statistics included."""
    pytest.importorskip({"tensorboard": "tensorboardX"}.get(name, name))
    audit = tmp_path / "audit"
    audit.mkdir()
    (audit / "sitecustomize.py").write_text(AUDIT)
    config = write(tmp_path, f"{SLOW}trackers: [{name}]\n")
    testing = ("PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS")  # MLflow is silent by itself where it sees one of them
    plain = {k: v for k, v in os.environ.items() if k not in testing and "proxy" not in k.lower()}
    script = __file__.replace("test_real_trackers", "real_run")
    with proxy() as (url, asked):
        environment = plain | {
            "PYTHONPATH": os.pathsep.join([str(audit), os.environ.get("PYTHONPATH", "")]),
            "CONNECTIONS": str(tmp_path / "connections"),
            "TRACKIO_DIR": str(tmp_path / "trackio"),
            "HOME": str(tmp_path),
            "http_proxy": url,
            "https_proxy": url,
            "HTTP_PROXY": url,
            "HTTPS_PROXY": url,
        }
        control = "import urllib.request as u\ntry: u.urlopen('http://example.invalid/')\nexcept OSError: pass"
        for call, want in ((["-c", control], ["GET http://example.invalid/"]), ([script, str(config), "slow-1"], [])):
            asked.clear()
            done = subprocess.run([sys.executable, *call], env=environment, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
            assert asked == want
        assert "the tracker" not in done.stderr
    assert not (tmp_path / "connections").exists(), (tmp_path / "connections").read_text()
