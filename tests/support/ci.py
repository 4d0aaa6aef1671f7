# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small runners for the recipes of recipes/ci: of a GitHub workflow with its composite action, and of a
GitLab job, each with a forge of its own. They do of those systems only what the recipes use."""
import contextlib
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.parse

import tool
import yaml

SOURCE = os.environ.get("SQST_SRCDIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
RECIPES = os.path.realpath(os.path.join(SOURCE, "recipes", "ci"))
PROGRAMS = ("sqfs-stable-build", "sqfs-stable-check", "sqfs-stable-info", "sqfs-stable-map")

# Plays gh, and answers from the directory $GH_STORE: releases.json, TAG/FILE.
GH = r'''#!/bin/sh
set -eu
: "${GH_TOKEN:?}"
if [ -n "${GH_FAIL-}" ]; then
	echo "HTTP 502: Bad Gateway" >&2
	exit 1
fi
case "$1 $2" in
"api --paginate")
	[ "$3 $4" = "repos/$GH_REPO/releases?per_page=100 --jq" ] && [ "$GH_REPO" = owner/firmware ]
	exec jq -r "$5" "$GH_STORE/releases.json"
	;;
"release download")
	[ "$4 $5 $6 $8 $#" = "--repo owner/firmware --pattern --dir 9" ]
	exec cp "$GH_STORE/$3/$7" "$9"
	;;
"release create")
	tag=$3
	shift 3
	mkdir "$GH_STORE/$tag"
	assets=
	while [ "$1" != --title ]; do
		cp "$1" "$GH_STORE/$tag"
		assets="$assets${assets:+,}{\"name\": \"${1##*/}\"}"
		shift
	done
	[ "$3" = --notes-file ] && [ -s "$4" ]
	jq --arg tag "$tag" "[{tag_name: \$tag, draft: false, assets: [$assets],
		published_at: \"2024-01-\(length + 11)T00:00:00Z\"}] + ." "$GH_STORE/releases.json" >"$GH_STORE/new"
	mv "$GH_STORE/new" "$GH_STORE/releases.json"
	;;
*)
	echo "not known: $*" >&2
	exit 1
	;;
esac
'''


def place(room):
    """A place for jobs: a bin with the programs and what plays other tools. Returns the environment."""
    os.makedirs(room + "/bin")
    os.makedirs(room + "/home")
    for name in PROGRAMS:
        os.symlink(os.path.realpath(tool.program(name)), f"{room}/bin/{name}")
    tool.write(room + "/bin/gh", GH, 0o755)
    tool.write(room + "/bin/apt-get", "#!/bin/sh\necho apt-get \"$@\" >>\"$HOME/apt\"\n", 0o755)
    tool.write(room + "/busybox", "not really busybox\n" * 2000, 0o755)
    return {"PATH": f"{room}/bin:{os.environ['PATH']}", "HOME": room + "/home", "CI": "true",
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""), "BUSYBOX": room + "/busybox",
            "GIT_CONFIG_NOSYSTEM": "1", "TMPDIR": room}


def shell(script, directory, environment, **options):
    return subprocess.run(["sh", "-e", "-c", script], cwd=directory, env=environment, text=True,
                          capture_output=True, check=False, timeout=120, **options)


class Firmware:
    """recipes/ci/example as a git repository with an origin, and the recipes in its folder ci."""

    def __init__(self, room):
        self.room, self.top, self.origin = room, room + "/firmware", room + "/origin.git"
        self.environment = place(room)
        self.clock = 1700000000
        shutil.copytree(RECIPES + "/example", self.top)
        for name in ("sqfs-stable-release", "sqfs-stable-install", "github", "gitlab"):
            there = f"{RECIPES}/{name}"
            os.makedirs(self.top + "/ci", exist_ok=True)
            (shutil.copytree if os.path.isdir(there) else shutil.copy)(there, f"{self.top}/ci/{name}")
        # The source may be read-only, as in make distcheck.
        tool.call("chmod", "-R", "u+w", self.top)
        tool.call("git", "init", "-q", "--bare", "-b", "main", self.origin, env=self.environment)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "developer")
        self.git("config", "user.email", "developer@localhost")
        self.git("config", "merge.sqfs-stable-map.driver", "sqfs-stable-map merge %O %A %B -o %A")
        self.git("remote", "add", "origin", self.origin)
        self.push("a firmware")

    def dated(self):
        """Commits and tags need times that differ."""
        self.clock += 60
        return {"GIT_AUTHOR_DATE": f"{self.clock} +0000", "GIT_COMMITTER_DATE": f"{self.clock} +0000"}

    def git(self, *arguments):
        return tool.call("git", "-C", self.top, *arguments,
                         env={**self.environment, **self.dated()}).decode()

    def put(self, name, content="x\n"):
        path = f"{self.top}/rootfs/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        tool.write(path, content)

    def push(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        self.git("push", "-q", "origin", "HEAD")

    def pull(self):
        self.git("pull", "-q", "--ff-only", "--tags", "origin", self.git("branch", "--show-current").strip())

    def clone(self, branch):
        """What a runner checks out."""
        where = self.room + "/workspace"
        shutil.rmtree(where, ignore_errors=True)
        tool.call("git", "clone", "-q", "-b", branch, self.origin, where, env=self.environment)
        return where


# ---- GitHub

class GitHub:
    """Runs the workflow of a Firmware on a branch."""

    def __init__(self, firmware):
        self.firmware = firmware
        self.store = firmware.room + "/github"
        os.makedirs(self.store)
        tool.write(self.store + "/releases.json", "[]")

    def image(self, tag):
        return f"{self.store}/{tag}/rootfs.sqfs"

    def release(self, version, first=False, branch="main", **environment):
        """Returns the exit status of the job, what was said, its summary, and its artifact."""
        with open(self.firmware.top + "/.github/workflows/release.yml", encoding="utf-8") as file:
            workflow = yaml.safe_load(file)
        job = workflow["jobs"]["release"]
        run = _Run(self, branch)
        run.environment.update(self.firmware.dated(), **environment)
        context = {"inputs": {"version": version, "first-release": str(first).lower()},
                   "vars": {}, "github": {"token": "secret"}, "steps": {}}
        run.environment.update({key: substitute(value, context)
                                for key, value in job["env"].items()})
        for step in job["steps"]:
            run.step(step, context)
        return run


class _Run:
    def __init__(self, forge, branch):
        self.room = forge.firmware.room
        self.workspace, self.branch, self.firmware = None, branch, forge.firmware
        self.status, self.said, self.artifact = 0, "", None
        self.files = {name: f"{self.room}/{name}" for name in ("output", "summary")}
        tool.write(self.files["summary"], "")
        self.environment = dict(forge.firmware.environment, GH_STORE=forge.store, GITHUB_ACTIONS="true",
                                GITHUB_REPOSITORY="owner/firmware", GITHUB_REF_TYPE="branch",
                                GITHUB_SERVER_URL="https://github.com", GITHUB_REF_NAME=branch,
                                GITHUB_OUTPUT=self.files["output"],
                                GITHUB_WORKSPACE=self.room + "/workspace",
                                GITHUB_STEP_SUMMARY=self.files["summary"])

    @property
    def summary(self):
        return tool.read(self.files["summary"]).decode()

    def step(self, step, context, extra=None):
        condition = step.get("if", "success()")
        if not "always()" in condition and self.status:
            return
        if not holds(condition, context):
            return
        given = {key: substitute(value, context) for key, value in step.get("with", {}).items()}
        uses = step.get("uses", "")
        if uses.startswith("actions/checkout@"):
            assert step["with"]["fetch-depth"] == 0
            self.workspace = self.firmware.clone(self.branch)
        elif uses.startswith("actions/upload-artifact@"):
            self.artifact = [os.path.join(self.workspace, line)
                             for line in given["path"].splitlines() if line.strip()]
        elif uses.startswith("./"):
            self.action(step, os.path.join(self.workspace, uses[2:]), given, context)
        else:
            assert "run" in step, step
            self.run(step, context, extra or {})

    def run(self, step, context, extra):
        assert "${{" not in step["run"], "an input in a command line"
        assert step.get("shell", "sh") == "sh"
        tool.write(self.files["output"], "")
        environment = {**self.environment, **extra}
        environment.update({key: substitute(value, context)
                            for key, value in step.get("env", {}).items()})
        done = shell(step["run"], self.workspace or self.room, environment)
        self.said += done.stdout + done.stderr
        self.status = self.status or done.returncode
        outputs = dict(line.split("=", 1) for line in
                       tool.read(self.files["output"]).decode().splitlines())
        context["steps"][step.get("id", "-")] = {"outputs": outputs}

    def action(self, step, where, given, context):
        with open(where + "/action.yml", encoding="utf-8") as file:
            action = yaml.safe_load(file)
        assert action["runs"]["using"] == "composite"
        unknown = given.keys() - action["inputs"].keys()
        assert not unknown, unknown
        inner = {"github": context["github"], "steps": {}}
        inner["inputs"] = {key: given.get(key, substitute(value.get("default", ""), inner))
                           for key, value in action["inputs"].items()}
        for one in action["runs"]["steps"]:
            assert "uses" in one or "shell" in one, "a composite action names each shell"
            self.step(one, inner, {"GITHUB_ACTION_PATH": where})
        context["steps"][step["id"]] = {"outputs": {
            key: substitute(value["value"], inner) for key, value in action["outputs"].items()}}


def lookup(name, context):
    for part in name.strip().split("."):
        context = context.get(part, "") if isinstance(context, dict) else ""
    return str(context)


def substitute(text, context):
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: lookup(found[1], context), str(text))


def holds(condition, context):
    """Of conditions only: terms joined by &&, each a function or NAME != ''."""
    for term in condition.split("&&"):
        found = re.fullmatch(r"([a-z.-]+) != ''", term.strip())
        if found:
            if not lookup(found[1], context):
                return False
        else:
            assert term.strip() in ("always()", "success()"), term
    return True


# ---- GitLab

class Registry(http.server.BaseHTTPRequestHandler):
    """The API of packages, for a job with its token. The server has packages, broken and log."""
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def allowed(self):
        basic = "Basic Z2l0bGFiLWNpLXRva2VuOnNlY3JldA=="
        return self.headers.get("JOB-TOKEN") == "secret" or self.headers.get("Authorization") == basic

    def do_GET(self):  # pylint: disable=invalid-name
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        packages = self.server.packages
        generic = re.fullmatch(r"/api/v4/projects/7/packages/generic/([^/]+)/([^/]+)/([^/]+)", url.path)
        files = re.fullmatch(r"/api/v4/projects/7/packages/(\d+)/package_files", url.path)
        if self.server.broken:
            self.answer(503)
        elif not self.allowed():
            self.answer(401)
        elif url.path == "/api/v4/projects/7/packages":
            # Two a page, and names that only begin alike.
            assert query["package_type"] == "generic" and query["per_page"] == "100"
            listed = [{"id": number, "name": name, "version": version,
                       "created_at": f"2024-01-{number + 1:02}T00:00:00Z"}
                      for number, (name, version) in enumerate(packages)
                      if query["package_name"] in name]
            page = int(query["page"])
            self.answer(200, json.dumps(listed[2 * page - 2:2 * page]).encode())
        elif files:
            content = list(packages.values())[int(files[1])]
            self.answer(200, json.dumps([{"file_name": name} for name in content]).encode())
        elif generic and generic[3] in packages.get((generic[1], generic[2]), {}):
            self.answer(200, packages[generic[1], generic[2]][generic[3]])
        else:
            self.answer(404)

    def do_PUT(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name, version, file = self.path.rsplit("/", 3)[1:]
        if self.allowed():
            self.server.packages.setdefault((name, version), {})[file] = body
        self.answer(201 if self.allowed() else 401)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass

    def handle(self):
        # A job that fails hangs up.
        with contextlib.suppress(ConnectionError):
            super().handle()


@contextlib.contextmanager
def web(handler):
    """A server on this machine, of requests that the handler answers."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.packages, server.broken = {}, False
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Reference(list):
    """!reference [JOB, KEY]"""


class Loader(yaml.SafeLoader):  # pylint: disable=too-many-ancestors
    pass


Loader.add_constructor("!reference", lambda loader, node: Reference(loader.construct_sequence(node)))


def gitlab_job(top, name):
    """A job of .gitlab-ci.yml with what it includes and extends."""
    jobs = {}
    with open(top + "/.gitlab-ci.yml", encoding="utf-8") as file:
        own = yaml.load(file, Loader)  # a SafeLoader with one tag more
    for one in own.pop("include"):
        with open(f"{top}/{one['local']}", encoding="utf-8") as file:
            jobs.update(yaml.load(file, Loader))
    jobs.update(own)
    job = jobs[name]
    base = jobs[job["extends"]]
    merged = {**base, **job, "variables": {**base["variables"], **job["variables"]}}

    def lines(part):
        for line in part:
            if isinstance(line, Reference):
                yield from lines(jobs[line[0]][line[1]])
            else:
                yield line
    for key in ("before_script", "script"):
        merged[key] = list(lines(merged.get(key, [])))
    return merged


class GitLab:
    """Runs the job of a Firmware on a branch."""

    def __init__(self, firmware, server):
        self.firmware, self.server = firmware, server
        self.workspace = firmware.room + "/workspace"

    def image(self, tag):
        path = f"{self.firmware.room}/{tag}.sqfs"
        tool.write(path, self.server.packages["rootfs", tag]["rootfs.sqfs"])
        return path

    def release(self, version, first=False, branch="main", **environment):
        job = gitlab_job(self.firmware.top, "release")
        assert str(job["variables"]["GIT_DEPTH"]) == "0" and job["resource_group"]
        self.firmware.clone(branch)
        tool.call("git", "-C", self.workspace, "checkout", "-q", "--detach", env=self.firmware.environment)
        outer = {"CI_API_V4_URL": f"http://127.0.0.1:{self.server.server_port}/api/v4",
                 "CI_PROJECT_ID": "7", "CI_JOB_TOKEN": "secret", "CI_COMMIT_BRANCH": branch,
                 "CI_SERVER_HOST": "gitlab.example.com", "CI_PROJECT_PATH": "owner/firmware",
                 "RELEASE_TOKEN": "push", "GITLAB_CI": "true",
                 # What a person gives to the pipeline wins over what the file says.
                 "SQFS_STABLE_VERSION": version, "SQFS_STABLE_FIRST_RELEASE": str(first).lower(),
                 "PUSH_URL": self.firmware.origin}
        variables = {**{key: str(value) for key, value in job["variables"].items()}, **outer, **environment}
        for key, value in variables.items():
            variables[key] = re.sub(r"\$\{(\w+)\}", lambda found: variables.get(found[1], ""), value)
        done = shell("\n".join(job["before_script"] + job["script"]), self.workspace,
                     {**self.firmware.environment, **self.firmware.dated(), **variables})
        done.status, done.said = done.returncode, done.stdout + done.stderr
        done.artifact = [os.path.join(self.workspace, path.replace("$SQFS_STABLE_IMAGE", variables["SQFS_STABLE_IMAGE"]))
                         for path in job["artifacts"]["paths"]]
        assert job["artifacts"]["when"] == "always"
        summary = self.workspace + "/sqfs-stable-report/summary.md"
        done.summary = tool.read(summary).decode() if os.path.exists(summary) else ""
        return done
