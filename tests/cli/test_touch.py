# SPDX-License-Identifier: Apache-2.0
"""What signatures ask of a person beside the one login, a touch or the PIN for each, is said before they begin, and an
unattended run is refused before it logs in."""
import contextlib
import sqlite3

import pytest

from harness.faults import Faults
from harness.inventory import Inventory


class World:
    def __init__(self, home, **ca):
        self.home, self.faults = home, Faults(home.scratch)
        self.inventory = Inventory()
        self.inventory.ca.update(module=str(self.faults.path), **ca)
        home.write(self.inventory)

    def run(self, *args, **more):
        return self.home.mica(*args, env=self.faults.env(), **more)

    def counted(self, function):
        return len(self.faults.calls(function))

    def refused(self, *args, words):
        """Nothing is changed, and the module is not even started."""
        self.faults.forget()
        with self.home.unchanged():
            said = self.run(*args, "--unattended", code=3)
        assert words in said.err, said
        assert self.counted("C_Initialize") == 0 and self.counted("C_Login") == 0

    def meta(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self.home / "state/ledger.db")) as db, db:
            return db.execute(statement, values).fetchall()


def always_authenticated(home):
    home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "9c", "--always-auth")
    return World(home)


def test_touch_is_said_before_and_at_each_signature(home):
    world = World(home, touch=True)
    world.refused("init", words="the key of CA 'g1' wants a touch for each signature, and --unattended says")
    said = world.run("init").err
    assert "2 signatures, 2 touches\ntouch the token for signature 1 of 2\n" in said, said  # a certificate and a CRL
    assert "touch the token for signature 2 of 2\n" in said, said
    plan = world.run("plan")
    assert plan.out.endswith("3 signatures, 3 touches\n"), plan
    found = world.run("plan", "--json").json
    assert (found["signatures"], found["touches"], found["pin-for-each"]) == (3, 3, False)
    world.refused("apply", words="wants a touch for each signature")
    said = world.run("apply").err
    assert said.index("3 signatures, 3 touches\ntouch the token for signature 1 of 3\n") < \
        said.index("touch the token for signature 3 of 3\n"), said
    world.refused("rotate", "--all", words="wants a touch for each signature")


def test_nothing_to_sign_needs_nobody(home):
    world = World(home, touch=True)
    world.run("init")
    world.run("apply")
    world.run("apply", "--unattended")
    assert "touch" not in world.run("plan").out
    (home / "out/prod/tls/server.pem").unlink()  # is delivered again, without a signature
    said = world.run("apply", "--unattended")
    assert "touch" not in said.out + said.err


def test_the_pin_for_each_signature(home):
    world = always_authenticated(home)
    world.run("init", "--adopt", "--unattended", code=3)
    assert not (home / "state").exists()
    said = world.run("init", "--adopt").err
    assert "2 signatures, the PIN for each\n" in said, said
    assert world.run("plan").out.endswith("3 signatures, the PIN for each\n")
    assert world.run("plan", "--json").json["pin-for-each"] is True
    world.refused("apply", words="the key of CA 'g1' wants the PIN for each signature, and --unattended says")
    world.faults.forget()
    said = world.run("apply").err
    assert "3 signatures, the PIN for each\n" in said, said
    assert world.counted("C_Login") == 4  # the one of the run, and the same PIN for each signature
    world.refused("rotate", "--all", words="wants the PIN for each signature")


def test_both(home):
    world = always_authenticated(home)
    world.inventory.ca["touch"] = True
    home.write(world.inventory)
    world.run("init", "--adopt")
    assert world.run("plan").out.endswith("3 signatures, 3 touches, the PIN for each\n")


def test_what_no_run_has_seen_yet_costs_one_login(home):
    """A state directory of before it was noted, or a note that was lost."""
    world = always_authenticated(home)
    world.run("init", "--adopt")
    world.meta("DELETE FROM meta WHERE name LIKE 'key-pin:%'")
    world.faults.forget()
    said = world.run("apply", "--unattended", code=3).err
    assert "wants the PIN for each signature" in said and world.counted("C_Login") == 1
    assert world.counted("C_SignInit") == 0 and not (home / "out").exists()
    world.refused("apply", words="wants the PIN for each signature")


def test_a_note_that_is_stale_is_put_right(home):
    world = World(home)
    world.run("init")
    world.meta("INSERT INTO meta (name, value) VALUES ('key-pin:g1', ?)", b"each signature")
    world.refused("apply", words="wants the PIN for each signature")
    world.run("apply")
    assert world.meta("SELECT * FROM meta WHERE name LIKE 'key-pin:%'") == []
    world.run("rotate", "--all", "--unattended")


@pytest.mark.parametrize("touch", [True, False])
def test_the_run_has_one_login(home, touch):
    world = World(home, touch=touch)
    world.run("init")
    for i in range(5):
        world.inventory["certificates"].append({"name": f"c{i}", "profile": "client", "common-name": f"c{i}"})
        world.inventory.deployment["clients"].append(f"c{i}")
    home.write(world.inventory)
    world.faults.forget()
    said = world.run("apply").err
    assert ("8 signatures, 8 touches" in said) == touch
    assert world.counted("C_Login") == 1 and world.counted("C_Sign") == 8
