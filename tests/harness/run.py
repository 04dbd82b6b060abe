# SPDX-License-Identifier: Apache-2.0
"""Programs run without a shell, everything captured, and looked through for what must never be there."""
import json
import os
import re
import shlex
import subprocess

SANITIZER = re.compile(r"runtime error:|ERROR: (Address|Leak|UndefinedBehavior)Sanitizer|SUMMARY: \w+Sanitizer")
PRIVATE_KEY = re.compile(r"-----BEGIN (RSA |EC |ENCRYPTED )?PRIVATE KEY")


class Result:
    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"$ {shlex.join(map(str, self.argv))}\nexit {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


def run(argv, code=0, cwd=None, env=None, stdin=None, timeout=60, pass_fds=()):
    """Runs argv. code: the exit status that must come, or None for any. stdin: text, or None for /dev/null."""
    argv = [str(a) for a in argv]
    done = subprocess.run(argv, cwd=cwd, env=env, timeout=timeout, pass_fds=pass_fds, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}))
    result = Result(argv, done.returncode, done.stdout, done.stderr)
    assert not SANITIZER.search(result.err), f"the sanitizer spoke\n{result}"
    if code is not None:
        assert result.code == code, f"exit {result.code}, not {code}\n{result}"
    return result


def capless():
    """A prefix that gives up every capability: root is then bound by file modes as anybody is."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
