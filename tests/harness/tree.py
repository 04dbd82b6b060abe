# SPDX-License-Identifier: Apache-2.0
"""A directory tree as a value: paths, kinds, modes, owners, bytes and link targets."""
import hashlib
import os
import stat


def snapshot(top, skip=(), mtime=False):
    """{path: (kind, mode, uid, gid, what)}. skip: names of files not looked at. mtime: modification times as well."""
    top = str(top)
    seen = {}
    for folder, dirs, files in os.walk(top):
        for name in dirs + files + (["."] if folder == top else []):
            if name in skip:
                continue
            path = os.path.join(folder, name)
            st = os.lstat(path)
            if stat.S_ISLNK(st.st_mode):
                kind, what = "link", os.readlink(path)
            elif stat.S_ISDIR(st.st_mode):
                kind, what = "dir", None
            elif stat.S_ISREG(st.st_mode):
                kind = "file"
                with open(path, "rb") as file:
                    what = hashlib.sha256(file.read()).hexdigest()
            else:
                kind, what = "other", None
            entry = (kind, oct(stat.S_IMODE(st.st_mode)), st.st_uid, st.st_gid, what)
            if mtime and kind != "dir" and name != "lock":  # who holds it is written into a lock, and taken out
                entry += (st.st_mtime_ns,)
            seen[os.path.relpath(path, top)] = entry
    return seen


def difference(before, after):
    """Lines that say what differs; empty when nothing does."""
    lines = []
    for path in sorted(set(before) | set(after)):
        if before.get(path) != after.get(path):
            lines.append(f"{path}: {before.get(path, 'absent')} -> {after.get(path, 'absent')}")
    return "\n".join(lines)
