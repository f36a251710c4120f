"""Makes screenshot.svg: what a terminal of 116 columns holds after real commands, drawn by rich.

    python docs/screenshot.py        # in the repository's root; trains for a second or two

The commands run on a pseudo-terminal, as they would for a person; what they print is kept as a terminal would
keep it, the lines that are redrawn in place included.
"""

import fcntl
import os
import pty
import re
import shlex
import struct
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
COLUMNS, ROWS = 116, 40
COMMANDS = [
    "trainlab train configs/digits.yaml",
    "trainlab train configs/digits.yaml optimizer.lr=30 --name too-fast",
    "trainlab report",
]


def captured(command: list[str], folder: Path) -> str:
    """All that a command writes to its terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ |= {"TERM": "xterm-256color", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        os.environ.pop("NO_COLOR", None)
        os.execvp(command[0], command)  # noqa: S606 - the commands stand above
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    written = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # how a pseudo-terminal ends on Linux
            break
        if not more:
            break
        written += more
    os.waitpid(pid, 0)
    return written.decode()


def screen(written: str) -> list[str]:
    """The lines that stay on the screen, with their colours: cursor moves and erased lines are carried out."""
    lines, at, fresh = [""], 0, True
    for part in re.findall(r"\x1b\[[\d;?]*[A-Za-z]|\r\n|\r|\n|[^\x1b\r\n]+", written):
        if part in ("\n", "\r\n"):
            at, fresh = at + 1, True
            lines += [""] * (at + 1 - len(lines))
        elif part == "\r":
            fresh = True
        elif part.endswith("A") and part.startswith("\x1b["):
            at -= int(part[2:-1] or 1)
        elif part.endswith("K") and part.startswith("\x1b["):
            lines[at] = ""
        elif part.endswith("m") or not part.startswith("\x1b"):
            lines[at] = part if fresh else lines[at] + part
            fresh = False
    return lines


def main() -> None:
    """Run the commands and draw."""
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "configs").symlink_to(ROOT / "configs")
        for command in COMMANDS:
            console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
            for line in screen(captured(shlex.split(command), folder)):
                text = Text.from_ansi(line)
                for row in text.divide(range(COLUMNS, len(text), COLUMNS)) or [text]:  # a terminal breaks anywhere
                    console.print(row, no_wrap=True)
    svg = console.export_svg(title="trainlab", unique_id="trainlab")
    fonts = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # no fonts from elsewhere: the viewer's own will do
    svg = fonts.sub("", svg).replace("Fira Code, monospace", "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace")
    (ROOT / "docs/screenshot.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")


if __name__ == "__main__":
    main()
