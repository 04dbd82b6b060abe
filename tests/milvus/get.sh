#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# get.sh DIR: the real Milvus 2.3.5 standalone and pymilvus, both from PyPI, unpacked into DIR once.
set -euo pipefail
[ $# = 1 ] && [ "$1" != --help ] || { sed -n '3s/^# //p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)
stamp=$(cat "$here/requirements.txt" "$here/get.sh" | sha256sum | cut -d' ' -f1)
exec 9>"$dir/lock"
flock 9 # two runs at once: the second one waits and finds it done
[ "$(cat "$dir/ready" 2>/dev/null)" != "$stamp" ] || exit 0

rm -rf "$dir/ready" "$dir/venv" "$dir/server"
/usr/bin/python3 -m venv "$dir/venv"
pip() { "$dir/venv/bin/pip" --disable-pip-version-check --no-input "$@" </dev/null; }
pip install --quiet -r "$here/requirements.txt"
pip install --quiet --no-deps milvus==2.3.5
"$dir/venv/bin/python" - "$dir/server" <<'END'
import importlib.util, lzma, pathlib, shutil, sys
data = pathlib.Path(importlib.util.find_spec("milvus").origin).parent / "data"
server = pathlib.Path(sys.argv[1])
(server / "bin").mkdir(parents=True)
for packed in sorted((data / "bin").glob("*.lzma")):  # .xz files by another name
    with lzma.open(packed) as source, open(server / "bin" / packed.stem, "wb") as target:
        shutil.copyfileobj(source, target)
    (server / "bin" / packed.stem).chmod(0o755)
for name in ("config.yaml.template", "glog.conf"):
    shutil.copy(data / name, server / name)
END
pip uninstall --quiet --yes milvus # it is unpacked, 58 MB less
echo "$stamp" >"$dir/ready"
