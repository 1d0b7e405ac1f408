#!/usr/bin/env python3
"""A web server on loopback that misbehaves as its paths say, for tests/test_fetch.sh.

    fetch_server.py FILE LOG

prints its port, then serves FILE under any name: /good/NAME (with ranges), /plain/NAME (without), /cut/NAME (half of what is
asked for, then nothing), /redirect/NAME, /loop/NAME, /away/NAME (to a file: address), /shift/NAME (a wrong range),
/wrong/NAME (other bytes), /page/NAME and /hidden/NAME (a web page, said so or not), /stall/NAME, /slow/NAME (1 byte a second),
/large/NAME (says 2 GiB), /reset/NAME (ends without an answer), anything else 404. It is a proxy, too:
an address with a host is served by its path. LOG gets a line for each request: path, range.
"""

import http.server, re, socketserver, sys, time

FILE = open(sys.argv[1], "rb").read()
LOG = open(sys.argv[2], "a", buffering=1)
PAGE = b"\n<!DOCTYPE html><html><head><title>Please log in</title></head></html>\n"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, code, headers, body=b""):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def send_file(self, data, ranges=True, cut=False, shift=0):
        asked = re.match(r"bytes=(\d+)-$", self.headers.get("Range", "")) if ranges else None
        begin = int(asked.group(1)) if asked else 0
        headers = {"Content-Type": "application/octet-stream"}
        if asked and begin >= len(data):
            return self.answer(416, {"Content-Range": "bytes */%d" % len(data), "Content-Length": 0})
        if asked:
            begin = max(0, begin - shift)
            headers["Content-Range"] = "bytes %d-%d/%d" % (begin, len(data) - 1, len(data))
        body = data[begin:]
        headers["Content-Length"] = len(body)
        self.answer(206 if asked else 200, headers, body[: len(body) // 2] if cut else body)

    def trickle(self, pause, first):
        self.answer(200, {"Content-Type": "application/octet-stream", "Content-Length": len(FILE)}, FILE[:first])
        for i in range(first, first + 60):
            time.sleep(pause)
            self.wfile.write(FILE[i : i + 1])
            self.wfile.flush()

    def do_GET(self):
        path = re.sub(r"^http://[^/]*", "", self.path)
        LOG.write("%s %s\n" % (self.path, self.headers.get("Range", "-")))
        kind, name = path.split("/", 2)[1:] if path.count("/") > 1 else ("", "")
        try:
            if kind == "good":
                self.send_file(FILE)
            elif kind == "plain":
                self.send_file(FILE, ranges=False)
            elif kind == "cut":
                self.send_file(FILE, cut=True)
            elif kind == "shift":
                self.send_file(FILE, shift=10)
            elif kind == "wrong":
                self.send_file(FILE[:-1] + bytes([FILE[-1] ^ 1]))
            elif kind == "redirect":
                self.answer(302, {"Location": "/good/" + name, "Content-Length": len(PAGE)}, PAGE)
            elif kind == "loop":
                self.answer(301, {"Location": "/loop/" + name, "Content-Length": 0})
            elif kind == "away":
                self.answer(302, {"Location": "file://" + sys.argv[1], "Content-Length": 0})
            elif kind == "page":
                self.answer(200, {"Content-Type": "text/html; charset=utf-8", "Content-Length": len(PAGE)}, PAGE)
            elif kind == "hidden":
                self.answer(200, {"Content-Type": "application/octet-stream", "Content-Length": len(PAGE)}, PAGE)
            elif kind == "stall":
                self.trickle(60, 5000)
            elif kind == "slow":
                self.trickle(1, 1)
            elif kind == "large":
                self.answer(200, {"Content-Type": "application/octet-stream", "Content-Length": 2 << 30}, FILE[:100])
            elif kind == "reset":
                self.close_connection = True
            else:
                self.answer(404, {"Content-Type": "text/html", "Content-Length": len(PAGE)}, PAGE)
        except OSError:  # the other side has had enough
            self.close_connection = True


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
