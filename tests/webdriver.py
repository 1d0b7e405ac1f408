# A browser by hand of WebDriver, which is JSON over HTTP: as much of it as the studio's test needs.
import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def find():
    """Paths of the driver and the browser, or None."""
    driver = shutil.which("chromedriver")
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return (driver, browser) if driver and browser else None


class Browser:
    def __init__(self, width, height, language="en", dark=True, touch=False, mobile=False):
        driver, browser = find()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.folder = tempfile.mkdtemp(prefix="browser")
        self.driver = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        port = None
        while port is None:
            line = self.driver.stdout.readline()
            if not line:
                raise RuntimeError("the browser's driver does not start")
            if "successfully on port" in line:
                port = line.rsplit("port", 1)[1].strip(" .\n")
        self.base = "http://127.0.0.1:%s" % port
        options = {"binary": browser, "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                                               "--lang=" + language, "--user-data-dir=" + self.folder, "--window-size=%d,%d" % (width, height)],
                   "prefs": {"intl.accept_languages": language}}
        if mobile:
            options["mobileEmulation"] = {"deviceMetrics": {"width": width, "height": height, "pixelRatio": 2, "touch": touch}}
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = "/session/" + answer["sessionId"]
        if not mobile:
            self.devtools("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        self.scheme(dark)

    def call(self, method, path, body=None):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with self.opener.open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"].split("\n")[0]) from None

    def devtools(self, command, parameters):
        return self.call("POST", self.session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def scheme(self, dark):
        self.devtools("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def go(self, url):
        self.call("POST", self.session + "/url", {"url": url})

    def run(self, script, *arguments):
        return self.call("POST", self.session + "/execute/sync", {"script": script, "args": list(arguments)})

    def all(self, selector):
        found = self.call("POST", self.session + "/elements", {"using": "css selector", "value": selector})
        return [one[ELEMENT] for one in found]

    def one(self, selector, seconds=15):
        """The first element there is, which is waited for."""
        end = time.monotonic() + seconds
        while True:
            found = self.all(selector)
            if found:
                return found[0]
            if time.monotonic() > end:
                raise RuntimeError("nothing in the page is " + selector)
            time.sleep(0.05)

    def click(self, selector):
        element = self.one(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", {ELEMENT: element})
        self.call("POST", "%s/element/%s/click" % (self.session, element))

    def type(self, selector, text):
        self.call("POST", "%s/element/%s/value" % (self.session, self.one(selector)), {"text": text})

    def text(self, selector):
        """Its text; "" where it is not shown."""
        found = self.all(selector)
        return self.call("GET", "%s/element/%s/text" % (self.session, found[0])) if found else ""

    def wait(self, script, seconds=30, what=""):
        """What the script returns once that is true."""
        end = time.monotonic() + seconds
        while True:
            value = self.run(script)
            if value or time.monotonic() > end:
                if not value:
                    raise RuntimeError("in vain waited for " + (what or script))
                return value
            time.sleep(0.05)

    def keys(self, *keys):
        actions = [action for key in keys for action in ({"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})]
        self.call("POST", self.session + "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def accept(self):
        self.call("POST", self.session + "/alert/accept")

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", self.session + "/screenshot")))

    def log(self):
        """What the page said to the browser's console: errors and warnings."""
        return [entry["message"] for entry in self.call("POST", self.session + "/se/log", {"type": "browser"}) if entry["level"] in ("SEVERE", "WARNING")]

    def close(self):
        try:
            self.call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)
