# SPDX-License-Identifier: LGPL-2.1-or-later
"""A PostgreSQL server for one test: in its directory, on a socket there, and gone with it."""
import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

import tap

USER, PASSWORD, DATABASE = "builder", "s3cret word", "builds"


def programs():
    """Where initdb and postgres are; Debian has them in no PATH. Skips without."""
    for place in [os.path.dirname(shutil.which("initdb") or "")] + \
            sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True):
        if place and os.path.exists(place + "/postgres"):
            return place
    return tap.skip("needs postgresql")


class Server:
    def __init__(self, room, place):
        self.room, self.place = room, place
        self.options = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True,
                        "stdout": subprocess.PIPE, "cwd": room, "env": {
                            "PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": room,
                            "PGPASSWORD": PASSWORD}}
        self.process = None
        if os.geteuid() == 0:
            # The server does not run as root.
            name = "postgres" if _has_user("postgres") else "nobody"
            one = pwd.getpwnam(name)
            os.chown(room, one.pw_uid, one.pw_gid)
            self.options |= {"user": one.pw_uid, "group": one.pw_gid, "extra_groups": []}

    def call(self, *arguments):
        done = subprocess.run(arguments, check=False, timeout=120, **self.options)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self):
        with open(self.room + "/password", "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        os.chmod(self.room + "/password", 0o644)
        self.call(self.place + "/initdb", "-D", self.room + "/data", "-U", USER, "--no-sync",
                  "-A", "scram-sha-256", "--pwfile", self.room + "/password")
        self.process = subprocess.Popen(
            [self.place + "/postgres", "-D", self.room + "/data", "-k", self.room,
             "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40"],
            start_new_session=True, **(self.options | {"stderr": subprocess.DEVNULL,
                                                       "stdout": subprocess.DEVNULL}))
        for _ in range(600):
            if os.path.exists(self.room + "/.s.PGSQL.5432"):
                with contextlib.suppress(AssertionError):
                    self.sql(f"CREATE DATABASE {DATABASE}", "postgres")
                    return
            assert self.process.poll() is None, "the server has ended"
            time.sleep(0.1)
        raise AssertionError("the server does not come up")

    def stop(self):
        if not self.process:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def sql(self, statement, database=DATABASE):
        """Rows, with '|' between the columns."""
        return self.call("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.room,
                         "-U", USER, "-d", database, "-c", statement).splitlines()

    def url(self, password=PASSWORD, database=DATABASE, more=""):
        quoted = password.replace(" ", "%20")
        return f"postgresql://{USER}:{quoted}@/{database}?host={self.room}{more}"

    def session(self):
        """A psql that stays, fed through its stdin."""
        return subprocess.Popen(
            ["psql", "-X", "-q", "-A", "-t", "-h", self.room, "-U", USER, "-d", DATABASE],
            **(self.options | {"stdin": subprocess.PIPE, "bufsize": 1}))


def _has_user(name):
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


@contextlib.contextmanager
def server():
    place = programs()
    # A short path: that of a socket has at most 107 bytes.
    room = tempfile.mkdtemp(prefix="sqst-pg-", dir="/var/tmp")
    one = Server(room, place)
    try:
        one.start()
        yield one
    finally:
        one.stop()
        shutil.rmtree(room, ignore_errors=True)
