"""onnxruntime-web 1.30.0 (WebAssembly, in Node)."""
# pip: numpy==2.4.6
# npm: onnxruntime-web@1.30.0

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

SCRIPT = """
const ort = require("onnxruntime-web");
ort.env.wasm.numThreads = 1;
(async () => {
  const {file, x, shape, names} = JSON.parse(require("fs").readFileSync(0));
  const session = await ort.InferenceSession.create(require("fs").readFileSync(file));
  const numbers = new Float32Array(new Uint8Array(Buffer.from(x, "base64")).buffer);  // JSON has no NaN
  const found = await session.run({x: new ort.Tensor("float32", numbers, shape)}, names);
  const told = names.map((name) => [name, {dims: found[name].dims, data: Array.from(found[name].data, Number)}]);
  console.log("FOUND " + JSON.stringify(Object.fromEntries(told)));
})().catch((error) => { console.log("ERROR " + error.message.split("\\n")[0]); });
"""


def run(file, x, names):
    """Outputs by name."""
    asked = json.dumps({"file": file, "x": base64.b64encode(x.tobytes()).decode(), "shape": x.shape, "names": names})
    place = Path(sys.executable).parents[1]
    done = subprocess.run(
        [shutil.which("node") or "node", "-e", SCRIPT], input=asked, capture_output=True, text=True, cwd=place
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith(("FOUND ", "ERROR "))]
    if not lines or lines[-1].startswith("ERROR"):
        raise RuntimeError(lines[-1][6:] if lines else done.stderr.strip().splitlines()[-1])
    found = json.loads(lines[-1][6:])
    return {name: np.array(value["data"]).reshape(value["dims"]) for name, value in found.items()}
