"""A run and a sweep whose every text tries to become part of the page, the terminal or a formula."""

from run_folders import make_run

from trainlab.store.json_file import write_json

EVIL = "<script>alert(1)</script>"
TEXTS = (
    EVIL,
    '"><img src=x onerror=alert(2)>',
    "</script><script>alert(3)</script>",
    "\x1b[2J\u202e'); alert(4)//",
    "${7*7}",
)


def hostile_run(runs, name="hostile"):
    """A run folder that says EVIL and worse wherever a run folder holds text."""
    finding = {
        "code": "overfitting",
        "severity": "warning",
        "epoch": 2,
        "step": 20,
        "layer": EVIL,
        "message": TEXTS[1],
        "evidence": {EVIL: TEXTS[2], "counts": {EVIL: 3, "b": 4}, "best_epoch": 1},
        "because": [TEXTS[3]],
        "advice": TEXTS[2],
        "patches": [{"optimizer.lr": TEXTS[1]}],
    }
    config = {"description": TEXTS[2], "data": {"name": EVIL}, EVIL: TEXTS[1], "model": {"hidden": [EVIL]}}
    folder = make_run(runs, name, config=config, findings=[finding], reason=TEXTS[1], test={EVIL: 0.5})
    classes = [EVIL, TEXTS[1], TEXTS[2]]
    data = {"source": EVIL, "kind": "classification", "shape": [2], "rows": {"train": 3, "val": 2}, "classes": classes}
    data |= {"counts": {"train": [1, 1, 1]}, "chance": {"loss": 1.1, EVIL: 0.3}, "columns": [{"name": TEXTS[1]}]}
    data["plane"] = {"names": [EVIL, TEXTS[1]], "ends": [0, 1, 0, 1], "side": 2, "points": [[0.5, 0.5, 0], [EVIL], 3]}
    write_json(folder.data, data)
    cells = ["ABCD", EVIL.replace(",", " "), "", "<<<<"]
    grids = [f'{epoch},{epoch},0,1,"{text}"' for epoch, text in enumerate(cell.replace('"', '""') for cell in cells)]
    folder.regions.write_text("\n".join(["epoch,step,low,high,cells", *grids, ""]))
    layer = {"name": EVIL, "kind": TEXTS[1], "output": [3], "parameters": 9, "settings": {EVIL: TEXTS[2]}}
    write_json(folder.network, {"input": [2], "output": [3], "parameters": 9, "multiply_adds": 6, "layers": [layer]})
    worst = [{"row": 1, "true": 0, "predicted": 1, "certainty": 0.9}]
    table = {"columns": [EVIL, "b"], "more": 0, "rows": [[TEXTS[1], TEXTS[2]]]}
    mistakes = {"part": "test", "epoch": EVIL, "rows": 3, "wrong": 1, "measure": "probability", "worst": worst}
    points = {name: [0.9, 0.4] for name in ("threshold", "recall", "false_positive_rate", "precision")}
    rated = {"class": EVIL, "rows": 2, "roc_auc": 0.7, "average_precision": 0.6, "points": points}
    broken = [{**rated, "points": {**points, "recall": [EVIL]}}, {"class": TEXTS[1], "points": 3}, TEXTS[2]]
    bins = [{"rows": 2, "probability": 0.4, "frequency": 0.5, "low": 0.1, "high": 0.9}, {"rows": EVIL}]
    reliability = {"class": TEXTS[1], "calibration_error": 0.1, "bins": bins}
    curves = {"measure": "probability", "rows": 3, "classes": [rated, *broken], "reliability": reliability}
    mistakes |= {"confusion": [[0, 1, 0], [0, 1, 0], [0, 0, 1]], "table": table, "curves": curves}
    write_json(folder.mistakes, mistakes)
    threshold = {"value": 0.3, "positive": EVIL, "metric": TEXTS[1], "rows": 2, "score": [0.1, 0.2]}
    write_json(folder.decision, {"temperature": {"value": 2.0, "rows": 2, "reason": TEXTS[2]}, "threshold": threshold})
    write_json(folder.defaults, {EVIL: TEXTS[1], "data.name": None})
    write_json(folder.environment, {"command": TEXTS[2], "git": {"commit": EVIL}, "packages": {EVIL: "1"}})
    quoted = EVIL.replace('"', '""')
    rows = [
        f'{step},"{quoted}",{q},{v}' for step in (10, 20) for q, v in (("dead", 0.6), ("grad_norm", 0.1), ("bin00", 1))
    ]
    folder.layers.write_text("\n".join(["step,layer,quantity,value", *rows, ""]))
    return folder


def hostile_sweep(runs, name="hostile-sweep-1"):
    """A sweep whose parameters, values and reasons are hostile."""
    sweep = runs / name
    (sweep / "trials").mkdir(parents=True)
    space = "{optimizer.lr: {log: [0.001, 1]}, model.<b>x: {choice: [a, b]}}"
    (sweep / "sweep.yaml").write_text(
        f"sweep: {{metric: val_accuracy, strategy: {{name: {EVIL!r}}}, space: {space}}}\n"
    )
    lines = ["trial,status,optimizer.lr,model.<b>x,val_accuracy,best_epoch,epochs,seconds,diagnoses,reason"]
    for i in range(1, 15):
        value = EVIL if i % 2 else "'); alert(5)//"
        lines.append(f"{i},finished,{0.001 * i},{value},{0.5 + 0.01 * i},3,5,0.1,,")
    lines.append(f"15,failed,0.5,{EVIL},,,0,0.1,,{EVIL}")
    (sweep / "trials.csv").write_text("\n".join(lines) + "\n")
    return sweep
