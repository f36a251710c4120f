"""A terminal of a given size for a child process, and what stands on it in the end."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence


def on_terminal(command: Sequence[str], env: Mapping[str, str], columns: int) -> tuple[int, str, str]:
    """Run a command with its stderr on a terminal; its exit code, what the terminal got, and its stdout.

    The terminal tells its size; what the environment says of another one's is left out.
    """
    env = {name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")}
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(command, env=env, stdin=child, stdout=subprocess.PIPE, stderr=child)
    os.close(child)
    got = bytearray()
    while True:
        ready, _, _ = select.select([parent], [], [], 20)
        try:
            data = os.read(parent, 65536) if ready else b""
        except OSError:  # the terminal's other end is closed
            data = b""
        if not data:
            break
        got += data
    out = process.communicate(timeout=20)[0]
    os.close(parent)
    return process.returncode, got.decode(env.get("PYTHONIOENCODING", "utf-8")), out.decode()


def screen(written: str) -> list[str]:
    """The lines that are left when line feeds, returns, `up` and `erase line` are obeyed, as rich uses them."""
    lines, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif not part.startswith("\x1b") and part != "\r":
            lines[row] += part
    return lines


def colors(written: str) -> list[str]:
    """The codes that set colors or weights."""
    return [code for code in re.findall(r"\x1b\[([0-9;]*)m", written) if code not in ("", "0")]
