"""Makes the screenshots of the lecture's book in docs/. Needs Chromium and Pillow, and the book.

trainlab lecture && python docs/lecture_pages.py [runs/lecture/lecture.html]
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
_SHOWN = {  # the chapter and the picture of it that stands at the top
    "lecture-initialization": "picture-03-initialization-0",
    "lecture-update-rules": "picture-06-update-rules-0",
    "lecture-transfer": "12-transfer",
}


def main() -> None:
    """The three screenshots."""
    sys.path.insert(0, str(ROOT / "tests" / "report"))
    from chromium import Browser, program

    book = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/lecture/lecture.html")
    browser = Browser(program())
    tab = browser.open(book, width=1280, height=1000)
    tab.drawn()
    with tempfile.TemporaryDirectory() as folder:
        for name, place in _SHOWN.items():
            tab.ask(f"document.getElementById('{place}').scrollIntoView()")
            tab.picture(Path(folder) / "shot.png", whole=False)
            small = Image.open(io.BytesIO((Path(folder) / "shot.png").read_bytes())).convert("RGB").quantize(96)
            small.save(ROOT / "docs" / f"{name}.png", optimize=True)
    browser.close()


if __name__ == "__main__":
    main()
