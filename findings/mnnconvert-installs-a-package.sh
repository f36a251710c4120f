#!/usr/bin/env bash
# MNN: `mnnconvert` installs a package into your environment, reads the machine's id and asks its maker's server.
#
# Guess:     a converter reads one file and writes another.
# Behaviour: without the package aliyun.log each start runs `pip install -U aliyun-log-python-sdk`, with whatever pip is
#            first on the PATH. With it, says its source (MNN/tools/utils/log.py), it sends the arguments, the sizes, a
#            number of the model and /etc/machine-id to its maker's cloud after the conversion.
# Cure:      python -c "import sys, MNN, _tools; _tools.mnnconvert(sys.argv)" with the same arguments.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6 MNN==3.6.1
mkdir bin
cat > bin/pip <<'SH'
#!/bin/sh
echo "pip $*" >> "$SEEN"
SH
chmod +x bin/pip
cat > seen.py <<'PY'
"""Converts a file with a pip that only notes how it is called, behind a proxy that refuses everything."""
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from onnx import helper, numpy_helper

value = helper.make_tensor_value_info
w = numpy_helper.from_array(np.eye(2, dtype=np.float32), "w")
graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", *([value(n, 1, [1, 2])] for n in "xy"), [w])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
Path("a.onnx").write_bytes(model.SerializeToString())


class Refusing(BaseHTTPRequestHandler):
    def do_CONNECT(self):
        asked.append(self.path)
        self.send_error(403)

    do_GET = do_POST = do_CONNECT

    def log_message(self, *_):
        pass


asked = []
server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
plain = {k: v for k, v in os.environ.items() if k.lower() != "no_proxy"}
plain |= {name: url for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
seen = Path("seen").absolute()
plain |= {"PATH": f"{Path('bin').absolute()}:{os.environ['PATH']}", "SEEN": str(seen)}


def converted(*command):
    seen.write_text("")
    asked.clear()
    words = [*command, "-f", "ONNX", "--modelFile", "a.onnx", "--MNNModel", "a.mnn"]
    Path("a.mnn").unlink(missing_ok=True)
    subprocess.run(words, env=plain, capture_output=True)
    made = Path("a.mnn").exists()
    print(f"{Path(command[0]).name}: written {made}; {seen.read_text().strip() or 'no pip'}; asked {asked or 'nothing'}")
    return made, seen.read_text().strip(), list(asked)


install = "pip install -U aliyun-log-python-sdk"
made, called, hosts = converted("env/bin/mnnconvert")
assert made and set(called.splitlines()) == {install}
made, called, hosts = converted(sys.executable, "-c", "import sys, MNN, _tools; _tools.mnnconvert(sys.argv)")
assert made and not called and not hosts
source = next(Path("env").glob("lib/*/site-packages/MNN/tools/utils/log.py")).read_text()
assert "/etc/machine-id" in source and "put_logs" in source
print("its log.py reads /etc/machine-id and calls put_logs")
PY
env/bin/python seen.py
echo "as described"
