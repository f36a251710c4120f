#!/usr/bin/env bash
# PyTorch on the processor: on a busy machine a second thread multiplies the processor time of a step.
#
# Guess:     beside other programs two threads take as much processor time as one, and share what is left of the cores.
# Behaviour: several times as much, and as much longer by the clock: threads that wait for each other do it by spinning,
#            in the place of the thread that they wait for (libgomp, as in the packages for Linux).
# Cure:      OMP_WAIT_POLICY=passive (or GOMP_SPINCOUNT=1000) before PyTorch is imported, or one thread.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cat > step.py <<'PY'
import os
import sys
import time

cores = sorted(os.sched_getaffinity(0))[:2]
os.sched_setaffinity(0, cores)
if sys.argv[1] == "busy":
    end = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < end and os.getppid() > 1:
        pass
    sys.exit()

import torch

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(3072, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10))
optimizer = torch.optim.Adam(model.parameters(), fused=True)
x, t = torch.randn(200, 3072), torch.randint(0, 10, (200,))


def steps(n):
    for _ in range(n):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), t).backward()
        optimizer.step()


steps(5)
cpu, wall = time.process_time(), time.perf_counter()
steps(60)
print((time.process_time() - cpu) / 60 * 1e3, (time.perf_counter() - wall) / 60 * 1e3)
PY
for _ in 1 2 3 4; do env/bin/python step.py busy 120 & done
timed() { env "${@:2}" env/bin/python step.py "$1"; }
for policy in one spinning passive one spinning passive; do
    case $policy in
    one) found=$(timed 1) ;;
    spinning) found=$(timed 2) ;;
    passive) found=$(timed 2 OMP_WAIT_POLICY=passive) ;;
    esac
    echo "$policy: $found ms of processor time and by the clock a step"
    echo "$policy $found" >> all
done
env/bin/python - <<'PY'
found = {}
for line in open("all"):
    policy, cpu, _ = line.split()
    found[policy] = min(float(cpu), found.get(policy, 1e9))
assert found["spinning"] > 2 * found["one"], found
assert found["passive"] < 1.5 * found["one"], found
PY
echo "as described"
