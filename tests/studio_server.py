# For the studio's tests: the server as a child with a folder of its own, requests to it, pictures made of nothing but the
# standard library, and checks that are counted.
import http.client
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

SOURCE = os.environ.get("NSCL_TEST_SOURCE", ".")
BUILD = os.environ.get("NSCL_TEST_BUILD", "build")
PROGRAM = os.path.join(BUILD, "nscl-studio")
PHOTO = os.path.join(SOURCE, "data/pictures/lakeside.jpg")

failures = 0


def check(good, what, said=""):
    global failures
    if not good:
        failures += 1
        print("FAIL: %s%s" % (what, "\n    | %.600s" % (said,) if said != "" else ""), flush=True)
    return good


def finish():
    if failures:
        print("%d checks failed" % failures)
    else:
        print("all well")
    sys.exit(1 if failures else 0)


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


class Server:
    def __init__(self, *options, folder=None, environment=None):
        self.own = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="studio")
        self.options = options
        self.environment = environment
        self.start()

    def start(self):
        environment = dict(os.environ, **(self.environment or {}))
        self.process = subprocess.Popen([PROGRAM, "--port", "0", "--output", self.folder, *self.options], stdout=subprocess.PIPE,
                                        text=True, env=environment)
        line = self.process.stdout.readline()
        if not line.startswith("nscl-studio: http://"):
            raise SystemExit("the studio does not start: " + line)
        self.url = line.split()[1]
        self.port = int(self.url.rsplit(":", 1)[1].split("/")[0])

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(60)
        self.process.stdout.close()
        return status

    def close(self):
        if self.process.poll() is None:
            check(self.end() == 0, "the studio ends with status 0", self.process.returncode)
        if self.own:
            shutil.rmtree(self.folder, ignore_errors=True)

    def memory(self):
        """Resident bytes of the server itself."""
        with open("/proc/%d/status" % self.process.pid) as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * 1024

    def raw(self, method, path, body=None, headers=None, timeout=30):
        """Status, headers and bytes of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def ask(self, method, path, json_body=None, **more):
        """Status and JSON of /api/v1 + path."""
        body, headers = None, dict(more.pop("headers", {}))
        if json_body is not None:
            body = json.dumps(json_body)
            headers.setdefault("Content-Type", "application/json")
        status, _, data = self.raw(method, "/api/v1" + path, body, headers, **more)
        try:
            return status, json.loads(data)
        except ValueError:
            return status, {"bytes": data}

    def upload(self, data, kind="image/jpeg", name="photo.jpg"):
        return self.ask_raw("POST", "/pictures?name=" + name, data, {"Content-Type": kind})

    def ask_raw(self, method, path, data, headers):
        status, _, answer = self.raw(method, "/api/v1" + path, data, headers)
        return status, json.loads(answer)

    def order(self, content, **more):
        return self.ask("POST", "/jobs", dict({"content": content, "styles": [{"picture": "style:swirls"}], "size": 64, "evaluations": 5,
                                              "network": "builtin"}, **more))

    def wait(self, job, states, seconds=60, also=lambda job: True):
        """The job once its state is one of these, or as it is in the end."""
        end = time.monotonic() + seconds
        while True:
            status, now = self.ask("GET", "/jobs/" + job)
            if status != 200 or (now["state"] in states and also(now)) or time.monotonic() > end:
                return now
            time.sleep(0.03)

    def children(self):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as file:
            own = [int(pid) for pid in file.read().split()]
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        return sorted(set(own) | {int(pid) for pid in listed if os.path.exists("/proc/" + pid)})

    def worker(self, seconds=10):
        """The process that paints, once there is one."""
        end = time.monotonic() + seconds
        while True:
            for pid in self.children():
                try:
                    with open("/proc/%d/cmdline" % pid, "rb") as file:
                        if b"--work" in file.read():
                            return pid
                except OSError:
                    pass
            if time.monotonic() >= end:
                return None
            time.sleep(0.02)

    def kill_worker(self, how=signal.SIGKILL):
        os.kill(self.worker(), how)

    def has_device(self):
        return bool(self.ask("GET", "/devices")[1]["devices"])


OVER = ("done", "stopped", "failed")


def png(width, height, pixel=lambda x, y: (x % 256, y % 256, 128), rows=None):
    """A PNG file; `rows` fewer than the height make it a broken one."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    raw = b"".join(b"\0" + bytes(value for x in range(width) for value in pixel(x, y)) for y in range(height if rows is None else rows))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw)) +
            chunk(b"IEND", b""))


def turned(jpeg, orientation):
    """The JPEG with an EXIF orientation."""
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 1) + struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0) + struct.pack("<I", 0)
    exif = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def photo():
    with open(PHOTO, "rb") as file:
        return file.read()
