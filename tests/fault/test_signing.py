# SPDX-License-Identifier: Apache-2.0
"""What signing asks of the token, counted, never timed; and what it does when a PIN, a touch or a session is not given,
or a signature is none."""
import re
import struct

import pytest

from harness import parts
from harness.faults import Faults, known
from harness.home import Home
from harness.inventory import Inventory
from harness.run import run

CKU_USER, CKU_CONTEXT_SPECIFIC = "01", "02"
CKR_PIN_INCORRECT, CKR_SESSION_COUNT, CKR_USER_NOT_LOGGED_IN = 0xA0, 0xB1, 0x101
SESSIONS = 16


class Signing:
    """A home whose CA key, on the proxy's token, is made by the token's own tool (words: how) and adopted."""

    def __init__(self, folder, *words, **ca):
        self.home, self.faults, self.stats = Home(folder), Faults(folder), folder / "stats"
        self.home.token.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "ca", "--id", "01",
                             "--usage-sign", *words)
        self.inv = Inventory()
        self.inv.ca.update({"module": str(self.faults.path), **ca})
        self.home.write(self.inv)
        self.run("init", "--adopt")
        self.faults.forget()

    def want(self, n):
        """An inventory of a server and n - 1 clients."""
        names = [f"client-{i}" for i in range(n - 1)]
        self.inv["certificates"] = [self.inv.certificate("server"),
                                    *({"name": c, "profile": "client", "common-name": c} for c in names)]
        self.inv.deployment["clients"] = names
        self.home.write(self.inv)

    def run(self, *args, faults="", env=None, **more):
        env = {**self.faults.env(faults), "MICA_FAULT_STATS": str(self.stats), **(env or {})}
        return self.home.mica(*args, env=env, **more)

    def logins(self):
        """(user type, answer) of each."""
        return [(words[3], int(words[2], 16)) for words in self.faults.calls("C_Login")]

    def counts(self):
        """{function: (calls, most at once)}"""
        names = re.findall(r"^X\((\w+)", (parts.TESTS / "fault/functions.h").read_text(), re.M)
        rows = struct.iter_unpack("5Q", self.stats.read_bytes()[:40 * len(names)])
        return {name: (row[0], row[2]) for name, row in zip(names, rows) if row[0]}

    def count(self, n, **more):
        """One apply of n certificates that are all to be issued; it ends with a CRL."""
        self.want(n)
        self.stats.unlink(missing_ok=True)
        self.run("rotate", "--all", **more)
        return self.counts()

    def nothing_came_of_it(self):
        assert not (self.home / "out/prod/tls/server.pem").exists()
        assert set(self.faults.signed()) <= known(self.home)

    def works_again(self):
        self.run("apply")
        run(["openssl", "verify", "-CAfile", self.home / "out/prod/tls/ca.pem", self.home / "out/prod/tls/server.pem"])


@pytest.fixture
def signing(scratch):
    return Signing(scratch)


def asking(scratch, **ca):
    return Signing(scratch, "--always-auth", **ca)


# --- what it costs -------------------------------------------------------------------------------


def test_two_calls_for_a_signature_and_one_login_for_a_run(signing):
    few, many = signing.count(4), signing.count(40)
    for counts, n in (few, 4), (many, 40):
        assert counts["C_SignInit"][0] == counts["C_Sign"][0] == n + 1, counts  # and the CRL
        assert counts["C_Login"][0] == 1, counts
    more = {f: many[f][0] - few.get(f, (0,))[0] for f in many}
    del more["C_SignInit"], more["C_Sign"]
    assert more.pop("C_OpenSession") < SESSIONS
    assert not any(more.values()), more
    assert "C_GetSessionInfo" not in many


def test_sixteen_at_once_where_the_token_is_far_away(signing):
    counts = signing.count(64, faults="C_Sign@*=delay:20")
    assert counts["C_Sign"] == (64 + 1, SESSIONS)
    assert counts["C_Login"] == (1, 1)
    assert counts["C_OpenSession"][0] < SESSIONS + 3


def test_fewer_sessions_than_wished_for(signing):
    """Those that are there do it all."""
    counts = signing.count(64, faults=f"*@*=delay:2,C_OpenSession@6+=ckr:{CKR_SESSION_COUNT}")
    assert counts["C_Sign"][0] == 64 + 1


# --- a key that wants its PIN each time ------------------------------------------------------------


def test_a_pin_for_each_signature(scratch):
    signing = asking(scratch)
    counts = signing.count(5)
    assert counts["C_Sign"] == (5 + 1, 1)
    assert signing.logins() == [(CKU_USER, 0)] + [(CKU_CONTEXT_SPECIFIC, 0)] * (5 + 1)


def test_a_pin_for_each_signature_at_the_pad(scratch):
    """No PIN is sent: the pad asks for it."""
    signing = asking(scratch)
    signing.inv.ca["pin"] = "pad"
    counts = signing.count(3, env={"MICA_FAULT_PAD": str(signing.home / "pin")})
    assert counts["C_Sign"] == (3 + 1, 1)
    assert signing.logins() == [(CKU_USER, 0)] + [(CKU_CONTEXT_SPECIFIC, 0)] * (3 + 1)


def test_a_pin_that_is_refused_in_the_middle(scratch):
    """The third signature's: none of those behind it is begun, for each would be another try."""
    signing = asking(scratch)
    signing.want(20)
    said = signing.run("apply", faults=f"C_Login@4+=ckr:{CKR_PIN_INCORRECT}", code=1)
    assert "CKR_PIN_INCORRECT" in said.err and "hint:" in said.err, said
    assert signing.logins() == [(CKU_USER, 0)] + [(CKU_CONTEXT_SPECIFIC, 0)] * 2 + \
        [(CKU_CONTEXT_SPECIFIC, CKR_PIN_INCORRECT)]
    assert len(signing.faults.calls("C_SignInit")) == 3
    signing.nothing_came_of_it()


# --- touches --------------------------------------------------------------------------------------


def missed(signing, fault):
    signing.want(6)
    said = signing.run("apply", faults=fault, code=1)
    assert "touch" in said.err and "CKR_USER_NOT_LOGGED_IN" in said.err and "hint:" in said.err, said
    signing.nothing_came_of_it()


def test_a_missed_touch_is_no_lost_login(scratch):
    signing = Signing(scratch, touch=True)
    missed(signing, f"C_Sign@3=ckr:{CKR_USER_NOT_LOGGED_IN}")
    assert signing.logins() == [(CKU_USER, 0)]
    assert len(signing.faults.calls("C_Sign")) == 3
    signing.works_again()


def test_a_missed_touch_after_a_pin(scratch):
    signing = asking(scratch)
    missed(signing, f"C_Sign@3=ckr:{CKR_USER_NOT_LOGGED_IN}")
    assert signing.logins() == [(CKU_USER, 0)] + [(CKU_CONTEXT_SPECIFIC, 0)] * 3
    signing.works_again()


def test_a_login_that_was_lost(signing):
    """Where no touch is expected: one more login, with the PIN that was right before."""
    signing.want(6)
    signing.run("apply", faults=f"C_Sign@3=ckr:{CKR_USER_NOT_LOGGED_IN}")
    assert signing.logins() == [(CKU_USER, 0)] * 2


def test_a_touch_that_the_module_waits_for_without_end(scratch):
    signing = Signing(scratch, touch=True)
    signing.want(4)
    said = signing.run("apply", faults="C_Sign@2=hang", env={"MICA_TOKEN_DEADLINE_MS": "1500"}, code=1)
    assert "hung in C_Sign" in said.err and "touch" in said.err, said
    assert signing.logins() == [(CKU_USER, 0)]
    signing.nothing_came_of_it()


def test_touches_one_after_another(scratch):
    signing = Signing(scratch, touch=True)
    counts = signing.count(6, faults="C_Sign@*=delay:5")
    assert counts["C_Sign"] == (6 + 1, 1)


# --- signatures that are none ---------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["short:0", "short:1", "short:63", "long:1", "long:400", "long:4000"])
@pytest.mark.parametrize("at", [1, 4])
def test_a_signature_of_the_wrong_length(signing, fault, at):
    signing.want(6)
    said = signing.run("apply", faults=f"C_Sign@{at}={fault}", code=1)
    assert "C_Sign" in said.err and "64" in said.err and "hint:" in said.err, said
    signing.nothing_came_of_it()
    signing.works_again()


@pytest.mark.parametrize("at", [1, 4, 6])
def test_every_signature_is_verified(signing, at):
    signing.want(6)
    said = signing.run("apply", faults=f"C_Sign@{at}=flip", code=1)
    assert "signature" in said.err and "hint:" in said.err, said
    signing.nothing_came_of_it()
    signing.works_again()
