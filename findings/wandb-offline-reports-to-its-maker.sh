#!/usr/bin/env bash
# wandb: a run with mode="offline" asks for a connection to its maker's server.
#
# Guess:     offline sends nothing; `wandb sync` does that later.
# Behaviour: its process posts usage metrics to /sdk/otel/v1/metrics of the server: api.forge.coreweave.com, or WANDB_BASE_URL.
#            It does so without a login. DO_NOT_TRACK=1 changes nothing.
# Cure:      WANDB_ERROR_REPORTING=false before wandb starts, or mode="disabled".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check wandb==0.31.0
cat > seen.py <<'PY'
"""Makes an offline run behind a proxy that refuses everything, and prints what was asked of it."""
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RUN = "import wandb; run = wandb.init(project='p', mode='offline'); run.log({'a': 1}); run.finish()"


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
proxies = {name: url for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
plain = {k: v for k, v in os.environ.items() if k.lower() not in ("no_proxy", "wandb_error_reporting")} | proxies
for name, more, wanted in (
    ("offline", {}, ["api.forge.coreweave.com:443"]),
    ("offline, own server", {"WANDB_BASE_URL": "http://127.0.0.1:9"}, ["http://127.0.0.1:9/sdk/otel/v1/metrics"]),
    ("offline, DO_NOT_TRACK=1", {"DO_NOT_TRACK": "1"}, ["api.forge.coreweave.com:443"]),
    ("offline, WANDB_ERROR_REPORTING=false", {"WANDB_ERROR_REPORTING": "false"}, []),
):
    asked.clear()
    subprocess.run([sys.executable, "-c", RUN], env=plain | more, check=True, capture_output=True)
    print(f"{name}: {sorted(set(asked)) or 'nothing'}")
    assert sorted(set(asked)) == wanted
PY
env/bin/python seen.py
echo "as described"
