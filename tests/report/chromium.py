"""A real Chromium without a window, driven over its DevTools protocol: opens a page, asks it things, takes pictures."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def program():
    """The path of the first Chromium there is (TRAINLAB_CHROMIUM names another), or None."""
    named = os.environ.get("TRAINLAB_CHROMIUM")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One process; `open` gives a tab."""

    def __init__(self, executable):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--no-first-run",
            "--remote-debugging-port=0",
            "--remote-allow-origins=*",
            f"--user-data-dir={self.profile.name}",
        ]
        self.process = subprocess.Popen(
            [executable, *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        port = Path(self.profile.name) / "DevToolsActivePort"
        until = time.monotonic() + 30
        while not port.exists() or not port.read_text().strip():
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError(f"{executable} did not start")
            time.sleep(0.05)
        self.port = int(port.read_text().split()[0])

    def open(self, path, *, width=1280, height=900, dark=False):
        """A tab that shows the file, ready when the page's own scripts have run."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - its own browser
            tab = Tab(json.load(answer)["webSocketDebuggerUrl"])
        tab.show(path, width=width, height=height, dark=dark)
        return tab

    def close(self):
        """End the process."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.profile.cleanup()


class Tab:
    """One page. `requests`: every address asked for; `console`: every message and error."""

    def __init__(self, url):
        import websocket

        self.socket = websocket.create_connection(url, timeout=60, max_size=None)
        self.count, self.requests, self.console, self.loaded = 0, [], [], False

    def send(self, method, **params):
        """The answer to a command; events on the way are noted."""
        self.count += 1
        mine = self.count
        self.socket.send(json.dumps({"id": mine, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == mine:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _note(self, event):
        params = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Runtime.consoleAPICalled":
                self.console.append(" ".join(str(a.get("value", a.get("description"))) for a in params["args"]))
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.console.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded":
                self.console.append(params["entry"]["text"])
            case "Page.loadEventFired":
                self.loaded = True

    def show(self, path, *, width, height, dark):
        """Open a file in a window of this size."""
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        self.size(width, height)
        self.send("Emulation.setEmulatedMedia", features=[self._scheme(dark)])
        self.send("Page.navigate", url=path if str(path).startswith("http") else Path(path).resolve().as_uri())
        self.wait("document.readyState === 'complete'")

    def size(self, width, height):
        """Another window size; below 500 as a phone has it."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    @staticmethod
    def _scheme(dark):
        return {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}

    def ask(self, expression):
        """The value of a JavaScript expression."""
        answer = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", answer))
        return answer["result"].get("value")

    def wait(self, expression, seconds=30):
        """Until the expression is true, also of a page that is loaded again meanwhile."""
        until = time.monotonic() + seconds
        while not self._holds(expression):
            if time.monotonic() > until:
                raise TimeoutError(f"not true after {seconds} s: {expression}; console: {self.console}")
            time.sleep(0.02)

    def _holds(self, expression):
        try:
            return self.ask(expression)
        except RuntimeError as error:
            if "navigated" in str(error) or "context" in str(error):
                return False
            raise

    def drawn(self):
        """Wait until every picture of the page is drawn; how many there are."""
        self.wait(
            "document.querySelectorAll('.chart[data-chart]').length === "
            "document.querySelectorAll('.chart[data-state=\"drawn\"]').length"
        )
        return self.ask("document.querySelectorAll('.chart[data-chart]').length")

    def click(self, selector):
        """Click in the middle of the first element that the selector finds, once no picture moves it any more."""
        self.drawn()
        x, y = self.ask(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def mouse(self, kind, x, y):
        """A mouse event at a place of the window."""
        held = {"button": "left", "clickCount": 1, "buttons": 1} if kind != "mouseMoved" else {}
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **held)

    def drag(self, start, end):
        """Press at one place, release at another."""
        self.mouse("mousePressed", *start)
        for i in range(1, 6):
            x, y = (a + (b - a) * i / 5 for a, b in zip(start, end, strict=True))
            self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, button="left", buttons=1)
        self.mouse("mouseReleased", *end)

    def key(self, name):
        """Press a key: Tab, Enter."""
        codes = {"Tab": 9, "Enter": 13}
        text = {"text": "\r"} if name == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=codes[name], **text
            )

    def picture(self, path, *, whole=True):
        """A PNG of the whole page, or of the window."""
        answer = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        if whole:
            size = self.send("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}
            answer = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        Path(path).write_bytes(base64.b64decode(answer["data"]))

    def close(self):
        """Close the tab."""
        self.send("Page.close")
        self.socket.close()
