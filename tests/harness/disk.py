# SPDX-License-Identifier: Apache-2.0
"""A disk that loses power: what may be found afterwards, made from a log of what was done (mica-crash --record).

What is on the disk for certain: bytes and lengths of a file that were synced by fsync or fdatasync of it, its mode and
owner by fsync, and the names in a directory by a sync of that directory; all of it by syncfs. Of everything else any part
may be there or not: each file's bytes by themselves, each directory's names by themselves, though in their order (a
directory is not found with a name that came after one that is missing). That is less than any file system with a journal
promises. A file whose name is there and whose bytes are not is empty, or ends early, or reads as zeros.

SQLite's -shm is written through a mapping, which no log sees; after a power cut it holds anything."""
import collections
import hashlib
import os
import shutil
import stat

from .crash import TOLD

SHM = "ledger.db-shm"
GARBAGE = b"\xa5" * 32768
SYNCS = ("fsync", "fdatasync", "syncfs")
NOT_MODELLED = ("writev", "pwritev", "pwritev2", "copy_file_range", "sendfile", "fallocate", "truncate", "mknodat")
O_CREAT, O_TRUNC = os.O_CREAT, os.O_TRUNC


class Node:
    """A file, a directory or a symbolic link as it was before the run, and what was done to it since."""

    def __init__(self, kind, mode=0, owner=(0, 0), content=None, modified=0):
        self.kind, self.mode, self.owner, self.content, self.modified = kind, mode, owner, content, modified
        self.effects, self.syncs = [], []


# what one call did to one node. data: (offset, bytes) of a write, a length; names: ((name, node or None), ...)
Effect = collections.namedtuple("Effect", "n node what data")


class Disk:
    """One directory as it is, and what a run's calls do to it."""

    def __init__(self, top, began=0.0):
        """began: when the run does, for the times of what it changes."""
        self.top, self.began = str(top), began
        self.inodes, self.numbers, self.effects, self.full_syncs = {}, [], [], []
        self.root = self._read(self.top)

    def take(self, calls):
        self.numbers = [call["n"] for call in calls]
        for call in calls:
            self._take(call)

    # --- the log ---

    def _read(self, path):
        st = os.lstat(path)
        if st.st_ino in self.inodes:  # links of one file are one file
            return self.inodes[st.st_ino]
        kind = "link" if stat.S_ISLNK(st.st_mode) else "dir" if stat.S_ISDIR(st.st_mode) else "file"
        node = Node(kind, stat.S_IMODE(st.st_mode), (st.st_uid, st.st_gid), modified=st.st_mtime)
        self.inodes[st.st_ino] = node
        if kind == "link":
            node.content = os.readlink(path)
        elif kind == "dir":
            node.content = {name: self._read(os.path.join(path, name)) for name in os.listdir(path)}
        else:
            with open(path, "rb") as file:
                node.content = file.read()
        return node

    def _inside(self, path):
        return path == self.top or path.startswith(self.top + "/")

    def _directory(self, path):
        """(node of the directory, name) by what the names are now."""
        folder, name = os.path.split(os.path.normpath(path))
        return self._find(folder), name

    def _find(self, path):
        node = self.root
        for name in os.path.relpath(path, self.top).split("/"):
            if name != ".":
                node = self._names(node)[name]
                assert node.kind == "dir", path
        return node

    @staticmethod
    def _names(node):
        names = dict(node.content)
        for effect in node.effects:
            if effect.what == "names":
                apply_names(names, effect.data)
        return names

    def _add(self, call, node, what, data):
        effect = Effect(call["n"], node, what, data)
        node.effects.append(effect)
        self.effects.append(effect)

    def _take(self, call):
        name = call["call"]
        paths = [p for p in (call.get("path"), call.get("path2"), call.get("file", {}).get("path")) if p]
        if name in TOLD or call["result"] is None or call["result"] < 0:
            return
        if name == "syncfs":
            self.full_syncs.append(call["n"])
        elif paths and self._inside(paths[-1]):
            assert name not in NOT_MODELLED, f"{name} is not known to the model of the disk"
            getattr(self, "_" + KINDS[name])(call)

    def _by_descriptor(self, call):
        return self.inodes[call["file"]["inode"]]

    def _made(self, call, node, path):
        folder, name = self._directory(path)
        self.inodes[call["inode"]] = node
        self._add(call, folder, "names", ((name, node),))

    def _sync(self, call):
        self._by_descriptor(call).syncs.append((call["n"], call["call"]))

    def _write(self, call):
        self._add(call, self._by_descriptor(call), "bytes", (call["file"]["offset"], bytes.fromhex(call["bytes"])))

    def _cut(self, call):
        self._add(call, self._by_descriptor(call), "length", call["value"])

    def _rights(self, call):
        node = self._by_descriptor(call) if "file" in call else self.inodes[call["inode"]]
        owner = call["call"].endswith("own")
        self._add(call, node, "owner" if owner else "mode",
                  (call["value"], call["value2"]) if owner else call["value"])

    def _open(self, call):
        flags = call.get("value", O_CREAT | O_TRUNC)
        folder, name = self._directory(call["path"])
        if name not in self._names(folder):
            self._made(call, Node("file", call.get("value2", 0) & 0o7777, (os.geteuid(), os.getegid()), b""), call["path"])
        elif flags & O_TRUNC:
            self._add(call, self._names(folder)[name], "length", 0)

    def _mkdir(self, call):
        self._made(call, Node("dir", call["value"] & 0o7777, (os.geteuid(), os.getegid()), {}), call["path"])

    def _symlink(self, call):
        self._made(call, Node("link", 0o777, (os.geteuid(), os.getegid()), call["text"]), call["path"])

    def _link(self, call):
        folder, name = self._directory(call["path"])
        self._made(call, self._names(folder)[name], call["path2"])

    def _unlink(self, call):
        folder, name = self._directory(call["path"])
        self._add(call, folder, "names", ((name, None),))

    def _rename(self, call):
        (folder, name), (to, new) = self._directory(call["path"]), self._directory(call["path2"])
        assert folder is to, "a rename across directories is not known to the model of the disk"
        self._add(call, folder, "names", ((name, None), (new, self._names(folder)[name])))

    # --- what is left of it ---

    def is_durable(self, effect, after):
        """Was it synced by the first `after` calls?"""
        if any(effect.n < n <= after for n in self.full_syncs):
            return True
        rights = effect.what in ("mode", "owner")
        return any(effect.n < n <= after and not (rights and call == "fdatasync") for n, call in effect.node.syncs)

    def loose(self, after):
        """What was done by the first `after` calls, and is not durable."""
        return [e for e in self.effects if e.n <= after and not self.is_durable(e, after)]

    def build(self, after, kept, torn=None, zeros=False):
        """{path: (kind, mode, owner, content, modified)}. kept: which loose effects are there; torn: one of them of which
        the first half is; zeros: what is not kept of a file's bytes beyond its end reads as zeros."""
        kept = {id(e) for e in kept}

        def there(effect):
            return effect.n <= after and (id(effect) in kept or self.is_durable(effect, after))

        found = {}

        def walk(node, path):
            effects = [e for e in node.effects if e.n <= after]
            rights = {"mode": node.mode, "owner": node.owner}
            rights.update((e.what, e.data) for e in effects if e.what in rights and there(e))
            touched = [e.n for e in effects if e.what == "names" and there(e)]
            modified = self.began + touched[-1] / 1000 if touched else node.modified
            content = node.content
            if node.kind == "file":
                content = GARBAGE if os.path.basename(path) == SHM else self._bytes(node, effects, there, torn, zeros)
            found[path] = (node.kind, rights["mode"], rights["owner"], None if node.kind == "dir" else content, modified)
            if node.kind == "dir":
                names = dict(node.content)
                for effect in effects:
                    if effect.what == "names" and there(effect):
                        apply_names(names, effect.data)
                for name in sorted(names):
                    walk(names[name], os.path.join(path, name))

        walk(self.root, ".")
        return found

    @staticmethod
    def _bytes(node, effects, there, torn, zeros):
        content = bytearray(node.content)
        for effect in effects:
            if effect.what == "length" and there(effect):
                content = content[:effect.data].ljust(effect.data, b"\0")
            if effect.what != "bytes":
                continue
            offset, new = effect.data
            if there(effect):
                new = new[:len(new) // 2] if effect is torn else new
            elif zeros:
                new = content[offset:offset + len(new)].ljust(len(new), b"\0")
            else:
                continue
            content = content.ljust(offset, b"\0")
            content[offset:offset + len(new)] = new
        return bytes(content)

    def variants(self, after):
        """(name, tree) of what may be found when the power is cut after so many calls; the likeliest first."""
        loose = self.loose(after)
        data = [e for e in loose if e.what in ("bytes", "length")]
        names = [e for e in loose if e not in data]
        yield "all that was not synced is lost", self.build(after, [])
        yield "all of it is there", self.build(after, loose)
        yield "names without bytes", self.build(after, names)
        yield "names with zeros", self.build(after, names, zeros=True)
        yield "bytes without names", self.build(after, data)
        half = data[:len(data) // 2 + 1]
        if half and half[-1].what == "bytes":
            yield "names, half of the bytes, the last of them torn", self.build(after, names + half, torn=half[-1])
        for part in {id(e.node): e.node for e in loose}.values():
            own = [e for e in loose if e.node is part]
            if len(own) < len(loose):
                yield f"of call {own[0].n} on, only one {part.kind}", self.build(after, own)
                yield f"of call {own[0].n} on, all but one {part.kind}", self.build(after, [e for e in loose if e not in own])

    def rarer(self, after):
        """More of them: every prefix of the bytes lost, each write lost by itself, each the only one there."""
        loose = self.loose(after)
        data = [e for e in loose if e.what in ("bytes", "length")]
        names = [e for e in loose if e not in data]
        for i, effect in enumerate(data):
            yield f"the first {i + 1} of {len(data)} writes lost", self.build(after, names + data[i + 1:])
            yield f"write {i + 1} of {len(data)} lost", self.build(after, names + data[:i] + data[i + 1:])
            yield f"only write {i + 1} of {len(data)} there", self.build(after, names + [effect])
        for i in range(1, len(names)):
            yield f"{i} of {len(names)} changes of names there", self.build(after, data + names[:i])


KINDS = {"fsync": "sync", "fdatasync": "sync", "write": "write", "pwrite64": "write", "ftruncate": "cut",
         "fchmod": "rights", "fchown": "rights", "chmod": "rights", "chown": "rights", "lchown": "rights",
         "fchmodat": "rights", "fchownat": "rights",
         "open": "open", "openat": "open", "creat": "open", "mkdir": "mkdir", "mkdirat": "mkdir",
         "symlink": "symlink", "symlinkat": "symlink", "link": "link", "linkat": "link",
         "unlink": "unlink", "unlinkat": "unlink", "rmdir": "unlink",
         "rename": "rename", "renameat": "rename", "renameat2": "rename"}


def apply_names(names, changes):
    for name, node in changes:
        names.pop(name, None)
        if node is not None:
            names[name] = node


def digest(tree):
    """The same for the same names, modes and bytes, whenever they were written."""
    return hashlib.sha256(repr(sorted((path, entry[:4]) for path, entry in tree.items())).encode()).digest()


def lay(tree, top):
    """Makes the directory that a tree describes, in the place of what is there."""
    shutil.rmtree(top, ignore_errors=True)
    for path, (kind, mode, owner, content, _) in tree.items():
        here = os.path.normpath(os.path.join(top, path))
        if kind == "dir":
            os.mkdir(here)
        elif kind == "link":
            os.symlink(content, here)
            continue
        else:
            with open(here, "wb") as file:
                file.write(content)
        if owner != (os.geteuid(), os.getegid()) and -1 not in owner:
            os.chown(here, *owner)
        os.chmod(here, mode)
    for path, (kind, _, _, _, modified) in reversed(tree.items()):
        os.utime(os.path.join(top, path), (modified, modified), follow_symlinks=False)
