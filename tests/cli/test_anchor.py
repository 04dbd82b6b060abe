# SPDX-License-Identifier: Apache-2.0
"""A ledger that lost something is told by the CRLs that lie outside of it, before anything is signed or changed."""
import re
import shutil

import pytest

from harness import crl
from harness.faults import Faults
from harness.generations import Generations
from harness.home import LEDGER_SIDE
from harness.inventory import Inventory
from harness.tree import difference

TLS, CLIENT, STATE, LEDGER = "out/prod/tls", "out/prod/clients/ingest", "state/g1.crl", "state/ledger.db"
EVERY = (["plan"], ["apply"], ["rotate", "--all"], ["status"], ["init"])


class World:
    """A home that has signed three times, and what of it was kept before the last time."""

    def __init__(self, scratch, home):
        self.home, self.faults, self.backup = home, Faults(scratch), scratch / "backup"
        inv = Inventory()
        inv.ca["module"] = str(self.faults.path)
        home.write(inv)
        self.run("init")
        self.run("apply")
        shutil.copytree(home / "state", self.backup)
        self.run("rotate", "--all")

    def run(self, *args, **more):
        return self.home.mica(*args, env=self.faults.env(), **more)

    def restore(self, *names):
        for name in names:
            shutil.copy2(self.backup / name, self.home / "state" / name)

    def refused(self, file, verbs=EVERY):
        """By every verb, with both heads and the file; the token is not asked, and nothing changes."""
        head, ahead = self.head(), crl.anchor(self.home / file)
        before, calls = self.home.snapshot(mtime=True), self.token_calls()
        for words in verbs:
            said = self.run(*words, code=3)
            events, records, digest = head
            assert f"'{file}'" in said.err, said
            assert f"event {events}, record {records}, hash {digest[:16]}" in said.err, said
            events, records, digest = ahead
            assert f"event {events}, record {records}, hash {digest[:16]}" in said.err, said
            assert "audit --accept-restore" in said.err and said.out == "", said
        changed = difference(before, self.home.snapshot(mtime=True))
        assert not changed, changed
        assert self.token_calls() == calls, "the token was asked"

    def token_calls(self):
        return [len(self.faults.calls(f)) for f in ("C_Initialize", "C_Login", "C_Sign")]

    def head(self):
        with self.home.ledger() as db:
            hashes = crl.chain(db)
            return max(hashes), db.execute("SELECT max(seq) FROM record").fetchone()[0], hashes[max(hashes)].hex()


@pytest.fixture
def world(scratch, home):
    return World(scratch, home)


# --- older than what lies outside ------------------------------------------------------------------


def test_restored_from_an_older_copy(world):
    world.restore("ledger.db")
    world.refused(STATE)


def test_restored_with_the_crl_of_that_time(world):
    """The whole state directory: the delivered files are ahead of it."""
    world.restore("ledger.db", "g1.crl")
    world.refused(f"{TLS}/crl.pem")


@pytest.fixture
def crossing(home):
    """g1 certifies g2's key in a run that signs nothing else; and what the state directory was before."""
    ca = Generations(home, Inventory()).add(2).write()
    home.mica("init")
    home.mica("apply")
    shutil.copytree(home / "state", home.scratch / "backup")
    ca.of("g2")["cross-sign"] = True
    ca.write()
    return home


def test_restored_to_before_a_cross_certificate(crossing):
    """It lies in no place of delivery, and the CRL that was signed with it does."""
    home, before = crossing, crl.anchor(crossing / TLS / "crl.pem")
    said = home.mica("plan").out
    assert re.search(r"server +deliver .*crl.pem must change", said) and re.search(r"g2 +certify ", said), said
    assert "restart" not in said, said
    home.mica("apply")
    ahead = crl.anchor(home / STATE)
    assert crl.anchor(home / TLS / "crl.pem") == crl.anchor(home / CLIENT / "crl.pem") == ahead != before
    assert "nothing to do" in home.mica("apply").out
    replace(home / "state", home.scratch / "backup")
    with home.unchanged(mtime=True):
        for words in EVERY:
            said = home.mica(*words, code=3)
            assert f"'{TLS}/crl.pem'" in said.err and f"event {ahead[0]}, record {ahead[1]}" in said.err, said


def test_restored_to_before_a_ca_was_renewed(home):
    """No apply came between: init itself hands out the CRL that it signed."""
    home.begin(Inventory())
    home.mica("apply")
    shutil.copytree(home / "state", home.scratch / "backup")
    kept = (home / TLS / "ca.pem").read_bytes()
    home.mica("init", "--renew")
    ahead = crl.anchor(home / STATE)
    assert crl.anchor(home / TLS / "crl.pem") == crl.anchor(home / CLIENT / "crl.pem") == ahead
    assert (home / TLS / "ca.pem").read_bytes() == kept, "ca.pem waits for apply"
    shutil.copytree(home / "state", home.scratch / "newest")
    replace(home / "state", home.scratch / "backup")
    with home.unchanged(mtime=True):
        assert f"'{TLS}/crl.pem'" in home.mica("apply", code=3).err
    replace(home / "state", home.scratch / "newest")
    home.mica("apply")
    home.mica("audit")


@pytest.mark.parametrize("what", ["a client", "a deployment"])
def test_who_alone_had_the_newest_left(home, what):
    """Another directory gets it, when the one that was written last belongs to the inventory no more."""
    inv, fewer = Inventory(), Inventory()
    inv["certificates"].append({"name": "query", "profile": "client", "common-name": "query"})
    if what == "a client":
        inv.deployment["clients"].append("query")
    else:
        inv["milvus"].append({**inv.deployment, "name": "test", "out": "out/test", "clients": ["query"]})
        inv["shared-trust"] = True
    home.begin(inv)
    home.mica("apply")
    shutil.copytree(home / "state", home.scratch / "backup")
    home.mica("rotate", "query")
    ahead, places = crl.anchor(home / STATE), (home / TLS / "crl.pem", home / CLIENT / "crl.pem")
    assert ahead not in map(crl.anchor, places)
    home.write(fewer)
    assert re.search(r"deliver .*no directory has the newest crl.pem any more: put in", home.mica("plan").out)
    home.mica("apply")
    assert [crl.anchor(place) == ahead for place in places].count(True) == 1, "one is enough"
    with home.unchanged(mtime=True):
        assert "nothing to do" in home.mica("plan").out
    assert "nothing to do" in home.mica("apply").out
    replace(home / "state", home.scratch / "backup")
    with home.unchanged(mtime=True):
        for words in EVERY:
            said = home.mica(*words, code=3)
            assert f"event {ahead[0]}, record {ahead[1]}" in said.err, said


def replace(folder, copy):
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)


def test_one_client_is_enough(world):
    world.restore("ledger.db", "g1.crl")
    (world.home / TLS / "crl.pem").unlink()
    world.refused(f"{CLIENT}/crl.pem")


def test_restored_to_before_the_first_apply(world):
    """The ledger of a state directory that has only its CA: not even init goes on."""
    with world.home.ledger() as db:
        cut(db, keep="SELECT max(seq) FROM event WHERE record = 1")
    world.refused(STATE)


def test_restored_to_before_a_ca_was_made(home):
    """Such a ledger knows nobody who could have signed what lies outside: the certificates beside that tell."""
    inv, backup = Inventory(), home.scratch / "backup"
    home.begin(inv)
    shutil.copytree(home / "state", backup)
    inv["ca"].append({**inv.ca, "name": "g2", "state": "trusted", "key": "pkcs11:token=milvus-ca;object=ca2",
                      "subject": {"CN": "Milvus CA g2"}})
    home.write(inv).mica("init")
    home.mica("apply")
    inv["ca"][0]["state"], inv["ca"][1]["state"] = "trusted", "issuing"
    home.write(inv).mica("apply")
    shutil.copy(home / "state/g2.pem", home / "g2.pem")
    ahead = crl.anchor(home / "state/g2.crl")

    for name in ("ledger.db", *LEDGER_SIDE):
        (home / "state" / name).unlink(missing_ok=True)
    shutil.copy2(backup / "ledger.db", home / "state")
    refused(home, "state/g2.crl", ahead, [["init"], ["init", "--adopt", "g2"]])
    shutil.rmtree(home / "state")
    shutil.copytree(backup, home / "state")
    refused(home, f"{TLS}/crl.pem", ahead, [["init", "g2"]])
    inv["ca"][0]["state"], inv["ca"][1]["state"] = "issuing", "trusted"
    home.write(inv)
    refused(home, f"{TLS}/crl.pem", ahead, [["plan"], ["apply"], ["rotate", "--all"], ["audit", "--accept-restore"]])

    inv["ca"][1]["certificate"] = "g2.pem"  # what the refusal says
    home.write(inv).mica("init", "--adopt", "g2")
    assert "event 22" in home.mica("rotate", "--all", code=3).err
    assert "taken over: 2 certificates, 2 CRLs" in home.mica("audit", "--accept-restore").out
    home.mica("apply")
    home.mica("audit")


def refused(home, file, ahead, verbs):
    with home.unchanged(mtime=True):
        for words in verbs:
            said = home.mica(*words, code=3)
            assert f"'{file}', of CA 'g2', which the ledger does not know" in said.err, said
            assert f"event {ahead[0]}, record {ahead[1]}, hash {ahead[2][:16]}" in said.err, said


# --- cut and edited by somebody who knows the format ------------------------------------------------


def cut(db, keep):
    """The events behind one, the records that only they speak of, and what hangs on those."""
    last = db.execute(keep).fetchone()[0]
    db.execute("DELETE FROM event WHERE seq > ?", (last,))
    gone = "SELECT seq FROM record WHERE seq NOT IN (SELECT record FROM event)"
    for table in ("tbs", "certificate", "delivery"):
        db.execute(f"DELETE FROM {table} WHERE record IN ({gone})")
    db.execute(f"DELETE FROM record WHERE seq IN ({gone})")
    for seq, state in db.execute("SELECT record, state FROM event ORDER BY seq").fetchall():
        db.execute("UPDATE record SET state = ? WHERE seq = ?", (state, seq))
    crl.mend(db)


@pytest.mark.parametrize("back", [1, 6, 10])
def test_cut(world, back):
    with world.home.ledger() as db:
        newest = crl.anchor(world.home / STATE)[0]
        cut(db, keep=f"SELECT {newest - back}")
    world.refused(STATE)


@pytest.mark.parametrize("more", [0, 1, 3])
def test_cut_right_behind_the_anchor(world, more):
    """The ledger reaches the anchor, and not the CRL that has it: what was signed with it would be forgotten."""
    with world.home.ledger() as db:
        cut(db, keep=f"SELECT {crl.anchor(world.home / STATE)[0] + more}")
        db.execute("DELETE FROM certificate WHERE record NOT IN (SELECT record FROM event WHERE state = 'issued')")
    world.refused(STATE)


def test_what_was_signed_is_cut_out_of_the_middle(world):
    """Not the number of events tells: the same number, and another history."""
    with world.home.ledger() as db:
        db.execute("UPDATE event SET at = at - 1 WHERE seq = 3")
        crl.mend(db)
    world.refused(STATE)


def test_an_edited_certificate(world):
    """Another definition for a record, and the chain mended behind it."""
    with world.home.ledger() as db:
        db.execute("UPDATE event SET detail = zeroblob(32) WHERE seq = (SELECT min(seq) FROM event WHERE record = 4)")
        crl.mend(db)
    world.refused(STATE)


def test_what_comes_after_the_anchor_is_no_loss(world):
    """Deliveries are recorded behind the signatures: a run that died there left the same."""
    with world.home.ledger() as db:
        last = db.execute("SELECT max(seq) FROM event").fetchone()[0]
        assert last > crl.anchor(world.home / STATE)[0]
    world.run("status")


# --- two of them -------------------------------------------------------------------------------------


def test_both_copies_are_used(world):
    """Each goes on from the same ledger, into the same directories: the second to sign is refused."""
    home = world.home
    shutil.copytree(home / "state", home / "other")
    inv = Inventory(**{"state-dir": "other"})
    inv.ca["module"] = str(world.faults.path)
    home.write(inv, "other.yaml")
    world.run("-f", "other.yaml", "rotate", "ingest")
    world.refused(f"{CLIENT}/crl.pem")
    world.run("-f", "other.yaml", "rotate", "server")
    world.refused(f"{TLS}/crl.pem" if crl.anchor(home / TLS / "crl.pem")[0] >
                  crl.anchor(home / CLIENT / "crl.pem")[0] else f"{CLIENT}/crl.pem")


def test_neither_of_two_that_both_signed_goes_on(world):
    """They share no directory but the one of a client."""
    home = world.home
    shutil.copytree(home / "state", home / "other")
    shutil.copytree(home / "out", home / "elsewhere", symlinks=True)
    inv = Inventory(**{"state-dir": "other"})
    inv.ca["module"], inv.deployment["out"] = str(world.faults.path), "elsewhere/prod"
    home.write(inv, "other.yaml")
    world.run("-f", "other.yaml", "rotate", "--all")
    world.run("rotate", "--all")  # nothing tells of the other yet
    shutil.rmtree(home / CLIENT)
    shutil.copytree(home / "elsewhere/prod/clients/ingest", home / CLIENT, symlinks=True)
    world.refused(f"{CLIENT}/crl.pem")


# --- the same CA by another name ----------------------------------------------------------------------


def test_a_ca_that_was_renamed(home):
    """Its CRLs are records of the name that it had, and no news: it is told what needs that name, and the name comes
    back."""
    inv = Inventory()
    home.begin(inv)
    home.mica("apply")
    shutil.copy(home / "state/g1.pem", home / "g1.pem")
    shutil.copytree(home / "state", home.scratch / "backup")
    inv.ca.update(name="first", certificate="g1.pem")
    home.write(inv).mica("init", "--adopt")
    for words in (["plan"], ["apply"]):
        said = home.mica(*words, code=3).err
        assert "does not know" not in said and "CA 'g1' is no longer in the inventory, and is still needed" in said, said
        assert "put it back into the list" in said
    home.mica("status")
    home.mica("audit")
    inv.ca.update(name="g1")
    home.write(inv)
    assert "nothing to do" in home.mica("apply").out
    home.mica("rotate", "--all")
    replace(home / "state", home.scratch / "backup")  # the anchors hold as ever
    inv.ca.update(name="first")
    home.write(inv)
    home.mica("init", "--adopt")
    assert f"'{TLS}/crl.pem'" in home.mica("apply", code=3).err


# --- nothing to hold it against -----------------------------------------------------------------------


def test_all_of_them_are_gone(world):
    home, (events, records, digest) = world.home, world.head()
    for path in (home / STATE, home / TLS / "crl.pem", home / CLIENT / "crl.pem"):
        path.unlink()
    before = home.snapshot(mtime=True)
    for words in EVERY:
        said = world.run(*words, code=3)
        assert f"event {events}, record {records}, hash {digest[:16]}" in said.err, said
        assert "'state/g1.crl'" in said.err and "none of them lies outside" in said.err, said
        assert "audit --accept-restore" in said.err, said
    assert not difference(before, home.snapshot(mtime=True))
    shutil.copy2(world.backup / "g1.crl", home / STATE)  # an older one that the ledger reaches will do
    world.run("apply")
    assert len(crl.lists(home / TLS / "crl.pem")) == 1


def test_the_file_in_the_state_directory_alone(world):
    home, wanted = world.home, (world.home / STATE).read_bytes()
    for spoil in (lambda p: p.unlink(), lambda p: p.write_bytes(b"nothing\n"), lambda p: p.write_bytes(wanted[:-50]),
                  lambda p: shutil.copy2(world.backup / "g1.crl", p)):
        spoil(home / STATE)
        world.run("plan", "--exit-code", code=0)
        assert not (home / STATE).exists() or (home / STATE).read_bytes() != wanted
        logins = len(world.faults.calls("C_Login"))
        said = world.run("apply")
        assert "'state/g1.crl' was not the newest CRL of CA 'g1': written again from the ledger" in said.err, said
        assert (home / STATE).read_bytes() == wanted and len(world.faults.calls("C_Login")) == logins


def test_a_list_that_the_ca_did_not_sign_says_nothing(world):
    """A signature that was spoilt is an edit like another: delivered again."""
    home = world.home
    text = (home / STATE).read_text()
    at = text.rindex("\n-----END") - 12
    forged = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]
    (home / TLS / "crl.pem").resolve().write_text(forged)
    before = (home / STATE).read_bytes()
    said = world.run("plan").out
    assert re.search(r"server +deliver .*crl.pem was changed in", said), said
    world.run("apply")
    assert (home / TLS / "crl.pem").read_bytes() == before == (home / STATE).read_bytes()


# --- and the other refusals come first ----------------------------------------------------------------


def test_a_lost_ledger_is_not_made_anew(world):
    for name in ("ledger.db", *LEDGER_SIDE):
        (world.home / "state" / name).unlink(missing_ok=True)
    before = world.home.snapshot(mtime=True)
    for words in EVERY:
        said = world.run(*words, code=None)
        assert said.code in (1, 3) and "ledger" in said.err, said
    assert not difference(before, world.home.snapshot(mtime=True))
