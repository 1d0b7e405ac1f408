#!/usr/bin/env python3
# Fifty visitors of nscl-studio at once for a minute: some watch, some load the page and its pictures, some upload, some order and steer.
# Every answer is one that a visitor may get, the server's memory stays within bounds, and in the end all is given back.
#
# usage: NSCL_TEST_SOURCE=TREE NSCL_TEST_BUILD=FOLDER tests/test_studio_load.py [SECONDS]
# Status: 0 all well, 1 a check failed.
import collections
import os
import random
import socket
import sys
import threading
import time

from studio_server import Server, check, finish, photo

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 60
CLIENTS = 50
GROWTH = 192 << 20 # of the resident memory of the server


def browse(server, chance, count):
    for path in ("/", "/app.js", "/style.css", "/api/v1", "/api/v1/styles", "/api/v1/jobs", "/api/v1/devices",
                 "/api/v1/styles/%s/thumb" % chance.choice(("swirls", "waves", "mosaic", "weave", "batik"))):
        count(path, server.raw("GET", path)[0], {200})
    for job in server.ask("GET", "/jobs")[1]["jobs"][-3:]:
        for what in ("picture", "thumb", "before"):
            count(what, server.raw("GET", "/api/v1/jobs/%s/%s" % (job["id"], what))[0], {200, 404})


def upload(server, chance, count):
    data = photo()
    bad = chance.random() < 0.3
    status, body = server.upload(data[:chance.randrange(1000, 60000)] if bad else data)
    count("upload", status, {422} if bad else {201})
    if status == 201 and chance.random() < 0.5:
        count("delete", server.ask("DELETE", "/pictures/" + body["id"])[0], {200})


def order(server, chance, count, picture):
    status, job = server.order("picture:" + picture, evaluations=chance.randrange(1, 20))
    count("order", status, {201, 503, 422})
    if status != 201:
        return
    for what in ({"action": "pause"}, {"action": "resume"}, {"strength": chance.randrange(100)}, {"action": "stop"}):
        count("steer", server.ask("PATCH", "/jobs/" + job["id"], what)[0], {200, 409})
    if chance.random() < 0.7:
        count("remove", server.ask("DELETE", "/jobs/" + job["id"])[0], {200})


def watch(server, chance, count):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        link.sendall(b"GET /api/v1/events?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        end = time.monotonic() + chance.uniform(0.5, 5)
        head = link.recv(4096)
        count("watch", int(head.split()[1]), {200})
        link.settimeout(6)
        while time.monotonic() < end and link.recv(4096):
            pass


def visit(server, number, picture, end, said):
    chance = random.Random(number)

    def count(what, status, allowed):
        said["%s %d" % (what.split("/")[-1], status)] += 1
        check(status in allowed, what, status)

    while time.monotonic() < end:
        try:
            if number % 5 == 0:
                watch(server, chance, count)
            elif number % 5 == 1:
                upload(server, chance, count)
            elif number % 5 == 2:
                order(server, chance, count, picture)
            else:
                browse(server, chance, count)
        except OSError as error:
            check(False, "visitor %d" % number, repr(error))
            return


def main():
    # AddressSanitizer keeps what is freed for a while, which is not to count.
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8:thread_local_quarantine_size_kb=64"
    server = Server("--max-upload", "4", environment={"ASAN_OPTIONS": sanitizer})
    try:
        picture = server.upload(photo())[1]["id"]
        before, most, said = server.memory(), 0, collections.Counter()
        threads_before = len(os.listdir("/proc/%d/task" % server.process.pid))
        end = time.monotonic() + SECONDS
        visitors = [threading.Thread(target=visit, args=(server, i, picture, end, said)) for i in range(CLIENTS)]
        for visitor in visitors:
            visitor.start()
        while any(visitor.is_alive() for visitor in visitors):
            most = max(most, server.memory())
            time.sleep(0.2)
        check(most - before < GROWTH, "memory", "%d MiB before, %d at most" % (before >> 20, most >> 20))
        memory = tuple(bytes >> 20 for bytes in (before, most, server.memory()))
        print("%d answers in %.0f s; memory %d MiB before, %d at most, %d after" % (sum(said.values()), SECONDS, *memory))
        print(", ".join("%s: %d" % one for one in sorted(said.items())))
        for job in server.ask("GET", "/jobs")[1]["jobs"]:
            server.ask("DELETE", "/jobs/" + job["id"])
        ended = time.monotonic() + 30
        while len(os.listdir("/proc/%d/task" % server.process.pid)) > threads_before + 2 and time.monotonic() < ended:
            time.sleep(0.2)
        check(time.monotonic() < ended, "threads end")
    finally:
        server.close()
    finish()


main()
